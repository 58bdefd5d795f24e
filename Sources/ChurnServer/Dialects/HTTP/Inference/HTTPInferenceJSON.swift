internal import ChurnBase
internal import ChurnCalls

/// Reads the JSON of the Open Inference Protocol, with faults in the words of requests. Fields that it does not know are
/// passed over, since clients of other servers send some.
struct HTTPInferenceJSON {
    private let bytes: UnsafeRawBufferPointer
    private var reader: JSONReader

    /// - Parameter bytes: they must outlive what is read.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        reader = JSONReader(bytes, depthLimit: HTTPLimits.jsonDepth)
    }

    private mutating func read<Value>(
        _ body: (inout JSONReader) throws(JSONFault) -> Value
    ) throws(HTTPFault) -> Value {
        do throws(JSONFault) {
            return try body(&reader)
        } catch {
            throw HTTPFault(.badRequest, "the body is no JSON: \(error.message), at byte \(error.offset)")
        }
    }

    private mutating func require(_ kind: JSONReader.Kind, _ what: String) throws(HTTPFault) {
        let found = try read { (reader) throws(JSONFault) in try reader.peek() }
        guard found == kind else {
            throw HTTPFault(.badRequest, "\(what) is of the type \(found), and must be of the type \(kind)")
        }
    }

    // MARK: Values

    mutating func text(_ what: String) throws(HTTPFault) -> String {
        try require(.string, what)
        return try read { (reader) throws(JSONFault) in try reader.readString().string }
    }

    mutating func integer(_ what: String) throws(HTTPFault) -> Int64 {
        try require(.number, what)
        let number = try read { (reader) throws(JSONFault) in try reader.readNumber() }
        guard let integer = number.integer else {
            throw HTTPFault(.badRequest, "\(what) is not a whole number of 64 bits")
        }
        return integer
    }

    mutating func flag(_ what: String) throws(HTTPFault) -> Bool {
        try require(.bool, what)
        return try read { (reader) throws(JSONFault) in try reader.readBool() }
    }

    /// - Returns: the text of the next value, whatever it is.
    mutating func skipped() throws(HTTPFault) -> UnsafeRawBufferPointer {
        // White space before it does not matter.
        let start = reader.offset
        try read { (reader) throws(JSONFault) in try reader.skipValue() }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<reader.offset])
    }

    mutating func skip() throws(HTTPFault) {
        _ = try skipped()
    }

    mutating func finish() throws(HTTPFault) {
        try read { (reader) throws(JSONFault) in try reader.finish() }
    }

    // MARK: Objects and arrays

    /// Calls `body` for each field, which is to read its value.
    mutating func forEachField(
        _ what: String,
        _ body: (_ name: String, _ json: inout HTTPInferenceJSON) throws(HTTPFault) -> Void
    ) throws(HTTPFault) {
        try require(.object, what)
        try read { (reader) throws(JSONFault) in try reader.beginObject() }
        var (isFirst, names) = (true, Set<String>())
        while let name = try read({ (reader) throws(JSONFault) in try reader.nextName(&isFirst) })?.string {
            guard names.count < HTTPLimits.inferenceFields else {
                throw HTTPFault(.badRequest, "\(what) has more than \(HTTPLimits.inferenceFields) fields")
            }
            guard names.insert(name).inserted else {
                throw HTTPFault(.badRequest, "\(what) has the field \(quotedForPeer(name)) twice")
            }
            try body(name, &self)
        }
    }

    /// Calls `body` for each element, which is to read it.
    mutating func forEachElement(
        _ what: String,
        atMost limit: Int,
        _ body: (_ index: Int, _ json: inout HTTPInferenceJSON) throws(HTTPFault) -> Void
    ) throws(HTTPFault) {
        try require(.array, what)
        try read { (reader) throws(JSONFault) in try reader.beginArray() }
        var (isFirst, index) = (true, 0)
        while try read({ (reader) throws(JSONFault) in try reader.nextElement(&isFirst) }) {
            guard index < limit else { throw HTTPFault(.badRequest, "\(what) has more than \(limit) elements") }
            try body(index, &self)
            index += 1
        }
    }
}

extension JSONReader {
    /// Reads one value, and keeps nothing of it.
    mutating func skipValue() throws(JSONFault) {
        switch try peek() {
        case .null: try readNull()
        case .bool: _ = try readBool()
        case .number: _ = try readNumber()
        case .string: _ = try readString()
        case .array:
            try beginArray()
            var isFirst = true
            while try nextElement(&isFirst) { try skipValue() }
        case .object:
            try beginObject()
            var isFirst = true
            while try nextName(&isFirst) != nil { try skipValue() }
        }
    }
}
