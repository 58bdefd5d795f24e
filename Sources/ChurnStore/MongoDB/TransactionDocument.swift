internal import ChurnBase
internal import ChurnFeatures

/// How a transaction line lies in the collection `transactions`.
enum TransactionDocument {
    /// Writes the line's document.
    ///
    /// `_id` is the key of the line as a text that begins with the invoice, so that inserts of a growing shop stay local
    /// in its index: `LENGTH:INVOICE/CUSTOMER MINUTE QUANTITY AMOUNT COPY STOCKCODE`. The length keeps two keys apart
    /// whatever their texts hold, and the slash keeps them apart from those of schema version 1, which had a blank. Where the collection is sharded by customer, the server sees to the uniqueness of
    /// `_id` within a shard only; that is enough, because the customer is a part of it.
    ///
    /// `day` saves every pipeline a floored division, which MongoDB has for doubles only. `mark` is 32 bits of a hash of
    /// the key: the sum of a customer's marks tells one set of lines from another (see `CustomerHistory`).
    /// - Parameters:
    ///   - run: the run of the line.
    ///   - id: memory that is used again.
    static func write(_ line: TransactionLine, run: Int64, to document: borrowing BSONDocument, id: inout [UInt8]) {
        id.removeAll(keepingCapacity: true)
        append(Int64(line.invoice.count), to: &id)
        id.append(UInt8(ascii: ":"))
        id.append(contentsOf: line.invoice)
        var separator = UInt8(ascii: "/")
        for integer in [line.customer, line.minute, line.quantityMilli, line.amountMilli, line.copy] {
            id.append(separator)
            append(integer, to: &id)
            separator = UInt8(ascii: " ")
        }
        id.append(UInt8(ascii: " "))
        id.append(contentsOf: line.stockCode)

        document.clear()
        id.withUnsafeBufferPointer { document.append("_id", $0) }
        document.append("customer", line.customer)
        if line.customer < 0 { document.append("check", Int64(bitPattern: line.customerCheck)) }
        document.append("invoice", line.invoice)
        document.append("minute", line.minute)
        document.append("day", CivilTime.split(minute: line.minute).day)
        document.append("stock_code", line.stockCode)
        document.append("quantity_milli", line.quantityMilli)
        document.append("amount_milli", line.amountMilli)
        document.append("copy", line.copy)
        document.append("mark", mark(of: id))
        document.append("run", run)
        document.append("description", line.description)
        document.append("country", line.country)
    }

    private static func mark(of id: [UInt8]) -> Int64 {
        var hash = StableHash()
        id.withUnsafeBytes { hash.combine($0) }
        return Int64((hash.value >> 32) ^ (hash.value & 0xFFFF_FFFF))
    }

    /// Decimal digits. As a `String`, this was an allocation each.
    private static func append(_ integer: Int64, to bytes: inout [UInt8]) {
        if integer < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = integer.magnitude
        let start = bytes.count
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Reads a document whose fields may stand in any order.
    ///
    /// - Parameter withPayload: whether description and country must be there.
    /// - Returns: nil when a field is missing or of another type.
    static func read(_ reader: borrowing BSONReader, withPayload: Bool) -> TransactionLine? {
        var line = TransactionLine.empty
        var seen = 0
        while reader.next() {
            let field: Int
            let isSound: Bool
            switch reader.key {
            case "customer": (field, isSound) = (0, reader.read(into: &line.customer))
            case "check":
                line.customerCheck = UInt64(bitPattern: reader.integer ?? 0)
                continue
            case "minute": (field, isSound) = (1, reader.read(into: &line.minute))
            case "quantity_milli": (field, isSound) = (2, reader.read(into: &line.quantityMilli))
            case "amount_milli": (field, isSound) = (3, reader.read(into: &line.amountMilli))
            case "copy": (field, isSound) = (4, reader.read(into: &line.copy))
            case "invoice": (field, isSound) = (5, reader.read(into: &line.invoice))
            case "stock_code": (field, isSound) = (6, reader.read(into: &line.stockCode))
            case "description": (field, isSound) = (7, reader.read(into: &line.description))
            case "country": (field, isSound) = (8, reader.read(into: &line.country))
            default: continue
            }
            guard isSound else { return nil }
            seen |= 1 << field
        }
        // A bit a field: a document may have one twice.
        guard seen == (withPayload ? 0x1FF : 0x7F), line.customer != 0, line.amountMilli >= 0 else { return nil }
        return line
    }

    /// The ids of an invoice's lines begin with it and a slash; those of all others lie before or behind them.
    static func idRange(invoice: [UInt8]) -> (lower: [UInt8], upper: [UInt8]) {
        var id: [UInt8] = []
        append(Int64(invoice.count), to: &id)
        id.append(UInt8(ascii: ":"))
        id.append(contentsOf: invoice)
        return (id + [UInt8(ascii: "/")], id + [UInt8(ascii: "/") + 1])
    }

    static let key = ["invoice", "customer", "minute", "stock_code", "quantity_milli", "amount_milli", "copy"]
}
