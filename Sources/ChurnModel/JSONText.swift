/// JSON to be written: keeps the order of its fields, and equal values give equal bytes on every platform.
package indirect enum JSONText {
    case null
    case bool(Bool)
    case string(String)
    case integer(Int64)
    /// Written with the fewest digits that read back to the same double; null when it is not finite, which JSON has no word
    /// for.
    case number(Double)
    case list([JSONText])
    /// One field a line.
    case object([(name: String, value: JSONText)])
    /// All fields on one line.
    case row([(name: String, value: JSONText)])

    package static func integer(_ value: Int) -> JSONText { .integer(Int64(value)) }

    /// `nil` is `null`.
    package static func optional<Value>(_ value: Value?, _ make: (Value) -> JSONText) -> JSONText {
        value.map(make) ?? .null
    }

    /// Numbers by name.
    package static func figures(_ figures: [String: Double]) -> JSONText {
        .object(figures.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
    }

    /// The document as UTF-8, indented by two spaces, with a line feed at its end.
    package var document: [UInt8] {
        var text = ""
        write(to: &text, indent: "")
        text += "\n"
        return Array(text.utf8)
    }

    private func write(to text: inout String, indent: String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .string(let value): text += Self.quoted(value)
        case .integer(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .list(let values):
            Self.writeLines(values.count, "[", "]", to: &text, indent) { index, text, indent in
                values[index].write(to: &text, indent: indent)
            }
        case .object(let fields):
            Self.writeLines(fields.count, "{", "}", to: &text, indent) { index, text, indent in
                text += Self.quoted(fields[index].name) + ": "
                fields[index].value.write(to: &text, indent: indent)
            }
        case .row(let fields):
            text += "{ "
            for (index, field) in fields.enumerated() {
                if index > 0 { text += ", " }
                text += Self.quoted(field.name) + ": "
                field.value.write(to: &text, indent: indent)
            }
            text += " }"
        }
    }

    private static func writeLines(
        _ count: Int,
        _ open: String,
        _ close: String,
        to text: inout String,
        _ indent: String,
        _ element: (_ index: Int, _ text: inout String, _ indent: String) -> Void
    ) {
        text += open
        for index in 0..<count {
            text += (index == 0 ? "\n" : ",\n") + indent + "  "
            element(index, &text, indent + "  ")
        }
        text += (count == 0 ? "" : "\n" + indent) + close
    }

    /// A string as JSON has it, quotes included.
    package static func quoted(_ value: String) -> String {
        var text = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
