/// JSON to be written: keeps the order of its fields, and equal values give equal bytes on every platform.
package indirect enum JSON {
    case null
    case bool(Bool)
    case string(String)
    case integer(Int64)
    /// Written with the fewest digits that read back to the same double; null when it is not finite, which JSON has no word
    /// for.
    case number(Double)
    /// Thousandths, with exactly three decimals.
    case milli(Int64)
    case array([JSON])
    /// In a document, one field a line.
    case object([(String, JSON)])
    /// All fields on one line, in a document too.
    case row([(String, JSON)])

    package static func integer(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// `nil` is `null`.
    package static func optional<Value>(_ value: Value?, _ make: (Value) -> JSON) -> JSON { value.map(make) ?? .null }

    /// Numbers by name, in the order of the names.
    package static func figures(_ figures: [String: Double]) -> JSON {
        .object(figures.sorted { $0.key < $1.key }.map { ($0.key, .number($0.value)) })
    }

    /// One line, without its end. Whole numbers have no fraction.
    package var text: String {
        var writer = JSONLine()
        writer.write(self)
        return writer.text
    }

    /// As UTF-8, indented by two spaces, with a line feed at its end. Every `number` has a fraction or an exponent, so that
    /// a reader sees which fields hold doubles.
    package var document: [UInt8] {
        var writer = JSONDocument()
        writer.write(self, indent: "")
        return Array((writer.text + "\n").utf8)
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
                text += "\\u" + padded(UInt64(scalar.value), to: 4, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }

    /// The text of a value without parts; `nil` for the others.
    fileprivate func scalarText(_ number: (Double) -> String) -> String? {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .string(let value): Self.quoted(value)
        case .integer(let value): String(value)
        case .number(let value): value.isFinite ? number(value) : "null"
        case .milli(let value): decimalText(milli: value)
        case .array, .object, .row: nil
        }
    }
}

private struct JSONLine {
    var text = ""

    mutating func write(_ value: JSON) {
        switch value {
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                write(value)
            }
            text += "]"
        case .object(let fields), .row(let fields):
            text += "{"
            for (index, (name, value)) in fields.enumerated() {
                if index > 0 { text += ", " }
                text += JSON.quoted(name) + ": "
                write(value)
            }
            text += "}"
        default: text += value.scalarText(shortText) ?? ""
        }
    }
}

private struct JSONDocument {
    var text = ""

    mutating func write(_ value: JSON, indent: String) {
        switch value {
        case .array(let values):
            writeLines(values, "[", "]", indent) { writer, value, indent in writer.write(value, indent: indent) }
        case .object(let fields):
            writeLines(fields, "{", "}", indent) { writer, field, indent in writer.write(field: field, indent: indent) }
        case .row(let fields):
            text += "{ "
            for (index, field) in fields.enumerated() {
                if index > 0 { text += ", " }
                write(field: field, indent: indent)
            }
            text += " }"
        default: text += value.scalarText { "\($0)" } ?? ""
        }
    }

    private mutating func write(field: (String, JSON), indent: String) {
        text += JSON.quoted(field.0) + ": "
        write(field.1, indent: indent)
    }

    private mutating func writeLines<Element>(
        _ elements: [Element],
        _ open: String,
        _ close: String,
        _ indent: String,
        _ write: (_ writer: inout JSONDocument, _ element: Element, _ indent: String) -> Void
    ) {
        text += open
        for (index, element) in elements.enumerated() {
            text += (index == 0 ? "\n" : ",\n") + indent + "  "
            write(&self, element, indent + "  ")
        }
        text += (elements.isEmpty ? "" : "\n" + indent) + close
    }
}
