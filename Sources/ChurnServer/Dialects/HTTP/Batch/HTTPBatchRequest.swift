internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// The body of a batch: customers by their numbers or by their texts, or features by column.
///
///     {"model": "seed-logistic", "customer_ids": [12347, 12348]}
///     {"customers": ["CUST-0001", "12347", 12348]}
///     {"features": {"Frequency": [7, 1], "Monetary": [4310, 12.5], "AvgOrderValue": [615.7, 12.5]}}
struct HTTPBatchRequest {
    enum Rows {
        case ids([Int64])
        case texts(CustomerTextList)
        case columns([(name: [CChar], values: [Double])])
    }

    var rows: Rows
    /// As calls have it.
    var selector: [CChar]
    var deadline: NIODeadline?

    static let names = ["model", "timeout_ms", "customer_ids", "customers", "features"]

    /// - Parameter arrival: what the deadline is counted from.
    init(_ bytes: UnsafeRawBufferPointer, arrival: NIODeadline) throws(HTTPFault) {
        do throws(Fault) {
            var reader = JSONReader(bytes, depthLimit: HTTPLimits.jsonDepth)
            self = try Self.read(&reader, arrival)
            try Self.json { () throws(JSONFault) in try reader.finish() }
        } catch {
            switch error {
            case .json(let fault):
                throw HTTPFault(.badRequest, "the body is no JSON: \(fault.message), at byte \(fault.offset)")
            case .http(let fault): throw fault
            }
        }
    }

    private init(rows: Rows, selector: [CChar], deadline: NIODeadline?) {
        (self.rows, self.selector, self.deadline) = (rows, selector, deadline)
    }

    private enum Fault: Error {
        case json(JSONFault)
        case http(HTTPFault)

        static func invalid(_ detail: String) -> Fault { .http(HTTPFault(.badRequest, detail)) }
    }

    private static func json<Value>(_ body: () throws(JSONFault) -> Value) throws(Fault) -> Value {
        do throws(JSONFault) { return try body() } catch { throw .json(error) }
    }

    private static func http<Value>(_ body: () throws(HTTPFault) -> Value) throws(Fault) -> Value {
        do throws(HTTPFault) { return try body() } catch { throw .http(error) }
    }

    private static func read(_ reader: inout JSONReader, _ arrival: NIODeadline) throws(Fault) -> HTTPBatchRequest {
        var (rows, model): (Rows?, String?) = (nil, nil)
        var deadline: NIODeadline?
        var seen: Set<String> = []
        try require(.object, "the body", &reader)
        try json { () throws(JSONFault) in try reader.beginObject() }
        var isFirst = true
        while let name = try json({ () throws(JSONFault) in try reader.nextName(&isFirst) })?.string {
            guard names.contains(name) else {
                throw .invalid(
                    "the body has no field \(quotedForPeer(name)); these are: \(names.joined(separator: ", "))"
                )
            }
            guard seen.insert(name).inserted else { throw .invalid("the field \(name) is there twice") }
            switch name {
            case "model":
                try require(.string, name, &reader)
                model = try json { () throws(JSONFault) in try reader.readString() }.string
            case "timeout_ms":
                try require(.number, name, &reader)
                let number = try json { () throws(JSONFault) in try reader.readNumber() }
                deadline = arrival + (try http { () throws(HTTPFault) in try HTTPCallOptions.timeout(number.integer) })
            case "customer_ids": rows = try merged(rows, .ids(try readIDs(&reader)))
            case "customers": rows = try merged(rows, .texts(try readTexts(&reader)))
            default: rows = try merged(rows, .columns(try readColumns(&reader)))
            }
        }
        guard let rows else { throw .invalid("the body has neither customer_ids nor customers nor features") }
        let selector = try http { [model] () throws(HTTPFault) in try HTTPCallOptions.selector(model: model) }
        return HTTPBatchRequest(rows: rows, selector: selector, deadline: deadline)
    }

    private static func merged(_ rows: Rows?, _ more: Rows) throws(Fault) -> Rows {
        guard rows == nil else {
            throw .invalid("the body has two of customer_ids, customers and features; send one of them")
        }
        return more
    }

    private static func require(
        _ kind: JSONReader.Kind,
        _ name: String,
        _ reader: inout JSONReader
    ) throws(Fault) {
        let found = try json { () throws(JSONFault) in try reader.peek() }
        guard found == kind else { throw .invalid("\(name) is of the type \(found), and must be of the type \(kind)") }
    }

    /// Whole numbers, or their texts where a client's numbers are doubles.
    private static func readIDs(_ reader: inout JSONReader) throws(Fault) -> [Int64] {
        var ids: [Int64] = []
        try require(.array, "customer_ids", &reader)
        try json { () throws(JSONFault) in try reader.beginArray() }
        var isFirst = true
        while try json({ () throws(JSONFault) in try reader.nextElement(&isFirst) }) {
            guard ids.count < CallLimits.batchRows else { throw tooManyRows }
            var id: Int64?
            switch try json({ () throws(JSONFault) in try reader.peek() }) {
            case .number: id = try json { () throws(JSONFault) in try reader.readNumber() }.integer
            case .string: id = decimalInteger(try json { () throws(JSONFault) in try reader.readString() }.bytes)
            default: break
            }
            guard let id else {
                throw .invalid("row \(ids.count) of customer_ids is not a whole number of 64 bits")
            }
            ids.append(id)
        }
        return ids
    }

    /// Texts, or numbers, which are read as the text that they are.
    private static func readTexts(_ reader: inout JSONReader) throws(Fault) -> CustomerTextList {
        var texts = CustomerTextList()
        try require(.array, "customers", &reader)
        try json { () throws(JSONFault) in try reader.beginArray() }
        var isFirst = true
        while try json({ () throws(JSONFault) in try reader.nextElement(&isFirst) }) {
            guard texts.count < CallLimits.batchRows else { throw tooManyRows }
            switch try json({ () throws(JSONFault) in try reader.peek() }) {
            case .number: texts.append(try json { () throws(JSONFault) in try reader.readNumber() }.text)
            case .string:
                let string = try json { () throws(JSONFault) in try reader.readString() }
                if string.hasEscapes { texts.append(string.string.utf8) } else { texts.append(string.bytes) }
            default: throw .invalid("row \(texts.count) of customers is neither a text nor a number")
            }
        }
        return texts
    }

    private static var tooManyRows: Fault {
        .invalid("the batch has more rows than the limit of \(CallLimits.batchRows)")
    }

    private static func readColumns(
        _ reader: inout JSONReader
    ) throws(Fault) -> [(name: [CChar], values: [Double])] {
        var columns: [(name: [CChar], values: [Double])] = []
        try require(.object, "features", &reader)
        try json { () throws(JSONFault) in try reader.beginObject() }
        var isFirst = true
        while let name = try json({ () throws(JSONFault) in try reader.nextName(&isFirst) })?.string {
            guard columns.count < CallLimits.batchColumns else {
                throw .invalid("the batch has more columns than the limit of \(CallLimits.batchColumns)")
            }
            guard !name.utf8.contains(0) else { throw .invalid("the name of a column has a NUL in it") }
            try require(.array, "the column \(quotedForPeer(name))", &reader)
            let values = try readValues(&reader, name)
            columns.append((name.utf8.map { CChar(bitPattern: $0) } + [0], values))
        }
        return columns
    }

    private static func readValues(_ reader: inout JSONReader, _ name: String) throws(Fault) -> [Double] {
        var values: [Double] = []
        try json { () throws(JSONFault) in try reader.beginArray() }
        var isFirst = true
        while try json({ () throws(JSONFault) in try reader.nextElement(&isFirst) }) {
            guard values.count < CallLimits.batchRows else { throw tooManyRows }
            let kind = try json { () throws(JSONFault) in try reader.peek() }
            guard kind == .number, let value = try json({ () throws(JSONFault) in try reader.readNumber() }).double
            else {
                throw .invalid("row \(values.count) of the column \(quotedForPeer(name)) is not a finite number")
            }
            values.append(value)
        }
        return values
    }
}
