internal import ChurnFeatures

/// How a customer's facts lie in a collection of features: `_id` is the customer.
///
/// Holds what reading them needs; one of it reads any number of documents.
struct FactsDocument: ~Copyable {
    private let days = BSONReader()
    /// The field with the customer's segment; empty when the build has none.
    private let segmentField: String
    /// The last document's segment: a position in the build's names.
    private(set) var segment: Int?
    /// The last document's purchase lines with an empty stock code; nil where the build is of before they were counted,
    /// when an empty one was a product.
    private(set) var linesWithoutProduct: Int64?
    /// The last document's sums of the marks of its lines; nil where the build is of before there were marks.
    private(set) var purchaseMark: Int64?
    private(set) var cancelMark: Int64?

    init(segmentField: String) {
        self.segmentField = segmentField
    }

    enum Outcome: Equatable {
        case read
        /// A sum does not fit 64 bits.
        case overflow
        /// A field is missing, or of another type, or the record cannot be.
        case malformed
    }

    /// Overwrites `facts`, whose memory for the days is used again. The customer is 0 where it is none.
    mutating func read(_ reader: borrowing BSONReader, into facts: inout CustomerFacts) -> Outcome {
        facts.customer = 0
        facts.check = 0
        segment = nil
        linesWithoutProduct = nil
        purchaseMark = nil
        cancelMark = nil
        var seen = 0
        while reader.next() {
            let field: Int
            let isSound: Bool
            switch reader.key {
            case "_id": (field, isSound) = (0, reader.read(into: &facts.customer))
            case "purchase_lines": (field, isSound) = (1, reader.read(into: &facts.purchaseLines))
            case "purchase_invoices": (field, isSound) = (2, reader.read(into: &facts.purchaseInvoices))
            case "cancel_lines": (field, isSound) = (3, reader.read(into: &facts.cancelLines))
            case "cancel_invoices": (field, isSound) = (4, reader.read(into: &facts.cancelInvoices))
            case "units_milli": (field, isSound) = (5, reader.read(into: &facts.unitsMilli))
            case "amount_milli": (field, isSound) = (6, reader.read(into: &facts.amountMilli))
            case "first_minute": (field, isSound) = (7, reader.read(into: &facts.firstMinute))
            case "last_minute": (field, isSound) = (8, reader.read(into: &facts.lastMinute))
            case "distinct_products": (field, isSound) = (9, reader.read(into: &facts.distinctProducts))
            case "last_day_products": (field, isSound) = (10, reader.read(into: &facts.lastDayProducts))
            case "max_quantity_milli": (field, isSound) = (11, reader.read(into: &facts.maxQuantityMilli))
            case "invoice_minutes_of_day": (field, isSound) = (12, reader.read(into: &facts.invoiceMinutesOfDay))
            case "days": (field, isSound) = (13, readDays(reader, into: &facts.days))
            case "cancel_units_milli": (field, isSound) = (14, reader.read(into: &facts.cancelUnitsMilli))
            case "cancel_amount_milli": (field, isSound) = (15, reader.read(into: &facts.cancelAmountMilli))
            case "check":
                // Null of a number in a store that has texts, too.
                facts.check = UInt64(bitPattern: reader.integer ?? 0)
                continue
            case "lines_without_product":
                linesWithoutProduct = reader.integer
                continue
            case "mark":
                purchaseMark = reader.integer
                continue
            case "cancel_mark":
                cancelMark = reader.integer
                continue
            default:
                if !segmentField.isEmpty, reader.key == segmentField {
                    segment = reader.integer.flatMap { Int(exactly: $0) }
                }
                continue
            }
            guard isSound else { return .malformed }
            seen |= 1 << field
        }
        // A bit a field: a document may have one twice.
        guard seen == 0xFFFF else { return .malformed }
        let beyond = FactsPipelines.beyond64Bits
        let sums = [facts.unitsMilli, facts.amountMilli, facts.cancelUnitsMilli, facts.cancelAmountMilli]
        if sums.contains(beyond) { return .overflow }
        return facts.isConsistent ? .read : .malformed
    }

    /// The set that MongoDB collected has no order.
    private func readDays(_ reader: borrowing BSONReader, into days: inout [Int32]) -> Bool {
        days.removeAll(keepingCapacity: true)
        var areDays = true
        let isArray = reader.forEach(with: self.days) { element in
            guard let day = element.integer.flatMap(Int32.init(exactly:)) else {
                areDays = false
                return
            }
            days.append(day)
        }
        guard isArray, areDays else { return false }
        days.sort()
        return true
    }
}

/// The pipelines that make facts of transactions, in integers only. Each ends in the features collection, where the
/// record of a customer has the sums of the marks of its lines, too.
///
/// A customer's distinct invoices and products are grouped first by one text of customer and invoice (or product), which
/// no two pairs share, since the customer is digits and comes first; then by customer.
struct FactsPipelines {
    let asOfMinute: Int64
    let collection: String
    /// Whose; nil: everybody's.
    let customers: [Int64]?
    /// Whether there are customers that are texts, whose lines have a check.
    let hasTexts: Bool

    /// In their order: the first makes a document for every customer with a purchase, the others complete it.
    var all: [String] { [purchases, invoices, products, cancellations] }

    /// Stands for a sum that leaves 64 bits. No sum is negative.
    static let beyond64Bits: Int64 = -1

    /// A field with a sum, of which MongoDB makes a double where it leaves 64 bits.
    static func within64Bits(_ field: String) -> String {
        """
        {"$cond": [{"$gt": ["$\(field)", {"$numberLong": "\(Int64.max)"}]}, \(beyond64Bits), "$\(field)"]}
        """
    }

    private var purchases: String {
        """
        {"pipeline": [
            \(match("$gte")),
            {"$group": {
                "_id": "$customer",
                "purchase_lines": {"$sum": 1},
                "units_milli": {"$sum": "$quantity_milli"},
                "amount_milli": {"$sum": "$amount_milli"},
                "first_minute": {"$min": "$minute"},
                "last_minute": {"$max": "$minute"},
                "max_quantity_milli": {"$max": "$quantity_milli"},
                "mark": {"$sum": "$mark"},\(hasTexts ? "\n                \"check\": {\"$max\": \"$check\"}," : "")
                "days": {"$addToSet": "$day"}
            }},
            {"$addFields": {
                "units_milli": \(Self.within64Bits("units_milli")), "amount_milli": \(Self.within64Bits("amount_milli")),
                "cancel_lines": 0, "cancel_invoices": 0, "cancel_mark": 0, "cancel_units_milli": 0,
                "cancel_amount_milli": 0
            }},
            {"$merge": {"into": "\(collection)", "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}}
        ]}
        """
    }

    /// The minute of the day of an invoice's earliest line is its minute less its day's: the earliest minute lies in the
    /// earliest day.
    private var invoices: String {
        """
        {"pipeline": [
            \(match("$gte")),
            {"$group": {
                "_id": {"$concat": [{"$toString": "$customer"}, " ", "$invoice"]},
                "customer": {"$first": "$customer"},
                "minute": {"$min": "$minute"},
                "day": {"$min": "$day"}
            }},
            {"$group": {
                "_id": "$customer",
                "purchase_invoices": {"$sum": 1},
                "invoice_minutes_of_day": {"$sum": {"$subtract": ["$minute", {"$multiply": ["$day", 1440]}]}}
            }},
            \(complete)
        ]}
        """
    }

    /// Before every day that facts can have.
    private static let noDay = Int64(Int32.min) - 1

    /// Of each product the last day; the products of the last purchase day are those whose last day is the latest. An
    /// empty stock code is no product, but its last day may be the last purchase day: it is grouped like a product, and
    /// taken off.
    private var products: String {
        """
        {"pipeline": [
            \(match("$gte")),
            {"$group": {
                "_id": {"$concat": [{"$toString": "$customer"}, " ", "$stock_code"]},
                "customer": {"$first": "$customer"},
                "stock_code": {"$first": "$stock_code"},
                "lines": {"$sum": 1},
                "day": {"$max": "$day"}
            }},
            {"$group": {
                "_id": "$customer",
                "days": {"$push": "$day"},
                "products": {"$sum": {"$cond": [{"$eq": ["$stock_code", ""]}, 0, 1]}},
                "without": {"$max": {"$cond": [{"$eq": ["$stock_code", ""]}, "$day", \(Self.noDay)]}},
                "lines_without_product": {"$sum": {"$cond": [{"$eq": ["$stock_code", ""]}, "$lines", 0]}}
            }},
            {"$project": {
                "distinct_products": "$products",
                "lines_without_product": 1,
                "last_day_products": {"$subtract": [
                    {"$size": {"$filter": {
                        "input": "$days", "as": "day", "cond": {"$eq": ["$$day", {"$max": "$days"}]}
                    }}},
                    {"$cond": [{"$eq": ["$without", {"$max": "$days"}]}, 1, 0]}
                ]}
            }},
            \(complete)
        ]}
        """
    }

    private var cancellations: String {
        """
        {"pipeline": [
            \(match("$lt")),
            {"$group": {
                "_id": "$customer",
                "cancel_lines": {"$sum": 1},
                "invoices": {"$addToSet": "$invoice"},
                "cancel_mark": {"$sum": "$mark"},
                "cancel_units_milli": {"$sum": {"$subtract": [0, "$quantity_milli"]}},
                "cancel_amount_milli": {"$sum": "$amount_milli"}
            }},
            {"$project": {
                "cancel_lines": 1, "cancel_invoices": {"$size": "$invoices"}, "cancel_mark": 1,
                "cancel_units_milli": \(Self.within64Bits("cancel_units_milli")),
                "cancel_amount_milli": \(Self.within64Bits("cancel_amount_milli"))
            }},
            \(complete)
        ]}
        """
    }

    /// What `CustomerHistory` holds, of every customer with a line: one whose quantity is a number, as for the others.
    var histories: String {
        """
        {"pipeline": [
            {"$match": {\(history), "quantity_milli": {"$gte": {"$numberLong": "\(Int64.min)"}}}},
            {"$group": {
                "_id": "$customer",
                "lines": {"$sum": 1},
                "purchases": {"$sum": {"$cond": [{"$gte": ["$quantity_milli", 0]}, 1, 0]}},
                "mark": {"$sum": "$mark"}
            }}
        ]}
        """
    }

    /// The records of a build before, as they are but for its segments.
    static func copy(into collection: String) -> String {
        let fields = [
            "check", "purchase_lines", "purchase_invoices", "cancel_lines", "cancel_invoices", "units_milli",
            "amount_milli",
            "cancel_units_milli", "cancel_amount_milli", "first_minute", "last_minute", "distinct_products",
            "last_day_products", "max_quantity_milli",
            "invoice_minutes_of_day", "days", "lines_without_product", "mark", "cancel_mark",
        ]
        return """
            {"pipeline": [
                {"$project": {\(fields.map { "\"\($0)\": 1" }.joined(separator: ", "))}},
                {"$merge": {"into": "\(collection)", "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}}
            ]}
            """
    }

    /// `$gte` for purchases, `$lt` for cancellations.
    private func match(_ comparison: String) -> String {
        """
        {"$match": {\(history), "quantity_milli": {"\(comparison)": 0}}}
        """
    }

    private var history: String {
        let before = "\"minute\": {\"$lt\": {\"$numberLong\": \"\(asOfMinute)\"}}"
        guard let customers else { return before }
        let among = customers.map { "{\"$numberLong\": \"\($0)\"}" }.joined(separator: ", ")
        return "\"customer\": {\"$in\": [\(among)]}, " + before
    }

    /// Into the customer's document. A customer with cancellations only has none, and gets none.
    private var complete: String {
        """
        {"$merge": {"into": "\(collection)", "on": "_id", "whenMatched": "merge", "whenNotMatched": "discard"}}
        """
    }
}
