/// JSON to be written: fields keep their order, and equal values give equal bytes.
indirect enum ReportJSON {
    case null
    case bool(Bool)
    case integer(Int64)
    /// The fewest digits that read back to the same double; null when it is not finite, which JSON has no word for.
    case number(Double)
    case string(String)
    case list([ReportJSON])
    /// One field a line.
    case object([(name: String, value: ReportJSON)])
    /// All on one line.
    case row([(name: String, value: ReportJSON)])

    static func integer(_ value: Int) -> ReportJSON { .integer(Int64(value)) }

    static func optional<Value>(_ value: Value?, _ make: (Value) -> ReportJSON) -> ReportJSON {
        value.map(make) ?? .null
    }

    /// Numbers by name.
    static func figures(_ figures: [String: Double]) -> ReportJSON {
        .object(figures.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
    }

    /// With a line feed at its end.
    var text: String {
        var text = ""
        write(to: &text, indent: "")
        return text + "\n"
    }

    private func write(to text: inout String, indent: String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += "\(value)"
        case .number(let value): text += value.isFinite ? "\(value)" : "null"
        case .string(let value): Self.write(value, to: &text)
        case .list(let values):
            Self.write(values.count, "[", "]", to: &text, indent: indent) { index, text in
                values[index].write(to: &text, indent: indent + "  ")
            }
        case .object(let fields):
            Self.write(fields.count, "{", "}", to: &text, indent: indent) { index, text in
                Self.write(fields[index].name, to: &text)
                text += ": "
                fields[index].value.write(to: &text, indent: indent + "  ")
            }
        case .row(let fields):
            text += "{"
            for (index, field) in fields.enumerated() {
                text += index > 0 ? ", " : " "
                Self.write(field.name, to: &text)
                text += ": "
                field.value.write(to: &text, indent: indent)
            }
            text += " }"
        }
    }

    private static func write(
        _ count: Int,
        _ open: String,
        _ close: String,
        to text: inout String,
        indent: String,
        _ element: (Int, inout String) -> Void
    ) {
        guard count > 0 else {
            text += open + close
            return
        }
        text += open
        for index in 0..<count {
            text += (index > 0 ? ",\n" : "\n") + indent + "  "
            element(index, &text)
        }
        text += "\n" + indent + close
    }

    private static func write(_ value: String, to text: inout String) {
        text += "\""
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
        text += "\""
    }
}
