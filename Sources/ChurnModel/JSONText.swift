/// JSON to be written: keeps the order of its fields, and equal values give equal bytes on every platform.
indirect enum JSONText {
    case string(String)
    case integer(Int)
    /// Finite. Written with the fewest digits that read back to the same double.
    case number(Double)
    case list([JSONText])
    /// One field a line.
    case object([(name: String, value: JSONText)])
    /// All fields on one line.
    case row([(name: String, value: JSONText)])

    /// The document as UTF-8, indented by two spaces, with a line feed at its end.
    var document: [UInt8] {
        var text = ""
        write(to: &text, indent: "")
        text += "\n"
        return Array(text.utf8)
    }

    private func write(to text: inout String, indent: String) {
        switch self {
        case .string(let value): Self.write(value, to: &text)
        case .integer(let value): text += "\(value)"
        case .number(let value): text += "\(value)"
        case .list(let values) where values.isEmpty: text += "[]"
        case .list(let values):
            text += "["
            for (index, value) in values.enumerated() {
                text += index == 0 ? "\n" : ",\n"
                text += "\(indent)  "
                value.write(to: &text, indent: indent + "  ")
            }
            text += "\n\(indent)]"
        case .object(let fields) where fields.isEmpty: text += "{}"
        case .object(let fields):
            text += "{"
            for (index, field) in fields.enumerated() {
                text += index == 0 ? "\n" : ",\n"
                text += "\(indent)  "
                Self.write(field.name, to: &text)
                text += ": "
                field.value.write(to: &text, indent: indent + "  ")
            }
            text += "\n\(indent)}"
        case .row(let fields):
            text += "{ "
            for (index, field) in fields.enumerated() {
                if index > 0 { text += ", " }
                Self.write(field.name, to: &text)
                text += ": "
                field.value.write(to: &text, indent: indent)
            }
            text += " }"
        }
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
