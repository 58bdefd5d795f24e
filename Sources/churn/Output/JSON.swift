internal import ChurnModel

/// A JSON value whose keys keep their order.
enum JSON {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Not a number and the infinities become `null`: JSON has no word for them.
    case number(Double)
    /// Thousandths, with exactly three decimals.
    case milli(Int64)
    case string(String)
    case array([JSON])
    case object([(String, JSON)])

    static func integer(_ value: Int) -> JSON { .integer(Int64(value)) }

    /// `nil` is `null`.
    static func optional<Value>(_ value: Value?, _ make: (Value) -> JSON) -> JSON { value.map(make) ?? .null }

    /// One line, without its end.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .number(let value): text += value.isFinite ? shortText(value) : "null"
        case .milli(let value): text += decimalText(milli: value)
        case .string(let value): text += JSONText.quoted(value)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += ", " }
                value.write(to: &text)
            }
            text += "]"
        case .object(let members):
            text += "{"
            for (index, (key, value)) in members.enumerated() {
                if index > 0 { text += ", " }
                text += JSONText.quoted(key) + ": "
                value.write(to: &text)
            }
            text += "}"
        }
    }
}
