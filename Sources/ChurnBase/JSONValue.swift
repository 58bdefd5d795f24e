/// A JSON text that has been read whole, for callers that do not know what is in it.
package indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// As it is written: nothing is rounded.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In the order of the text; no two have the same name.
    case object([Field])

    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: JSONValue

        package init(name: String, value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// - Parameter bytes: one JSON text in UTF-8, and nothing else.
    package init(_ bytes: UnsafeRawBufferPointer, depthLimit: Int) throws(JSONFault) {
        var reader = JSONReader(bytes, depthLimit: depthLimit)
        self = try Self.read(&reader)
        try reader.finish()
    }

    /// Reads one value, and leaves the reader behind it.
    package static func read(_ reader: inout JSONReader) throws(JSONFault) -> JSONValue {
        switch try reader.peek() {
        case .null:
            try reader.readNull()
            return .null
        case .bool: return .bool(try reader.readBool())
        case .number: return .number(String(decoding: try reader.readNumber().text, as: UTF8.self))
        case .string: return .string(try reader.readString().string)
        case .array:
            try reader.beginArray()
            var values: [JSONValue] = []
            var isFirst = true
            while try reader.nextElement(&isFirst) { values.append(try read(&reader)) }
            return .array(values)
        case .object:
            try reader.beginObject()
            var fields: [Field] = []
            var names: Set<String> = []
            var isFirst = true
            while true {
                guard let name = try reader.nextName(&isFirst)?.string else { break }
                guard names.insert(name).inserted else { throw JSONFault(.duplicateName, at: reader.offset) }
                fields.append(Field(name: name, value: try read(&reader)))
            }
            return .object(fields)
        }
    }

    /// The field of an object; `nil` when there is none.
    package subscript(_ name: String) -> JSONValue? {
        guard case .object(let fields) = self else { return nil }
        return fields.first { $0.name == name }?.value
    }
}
