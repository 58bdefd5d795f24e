internal import ChurnBase
internal import NIOCore

/// JSON without white space, as Python's `json` writes it with compact separators: what the prototype's clients compare.
extension ByteBuffer {
    mutating func writeLiteral(_ text: StaticString) {
        writeBytes(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func writeDecimal(_ value: Int64) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { space in
            var digits = 1
            var limit = value.magnitude / 10
            while limit > 0 { (digits, limit) = (digits + 1, limit / 10) }
            let sign = value < 0 ? 1 : 0
            var rest = value.magnitude
            for position in (sign..<(sign + digits)).reversed() {
                space[position] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            if sign == 1 { space[0] = UInt8(ascii: "-") }
            return sign + digits
        }
    }

    /// 16 lower-case hexadecimal digits within quotes, as models and entity tags are told.
    mutating func writeQuotedHexadecimal(_ value: UInt64) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 18) { space in
            space[0] = UInt8(ascii: "\"")
            for index in 0..<16 {
                let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
                space[1 + index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            }
            space[17] = UInt8(ascii: "\"")
            return 18
        }
    }

    /// The shortest text that reads back as the same double, as Python's `repr` has it. `null` for what JSON has no word for.
    mutating func writeDouble(_ value: Double) {
        guard value.isFinite else { return writeLiteral("null") }
        // From 2^53 on Swift writes an exponent, Python from 10^16 on: these are whole numbers of 16 digits.
        if value.magnitude >= 0x1p53, value.magnitude < 1e16 {
            writeDecimal(Int64(value))
            writeLiteral(".0")
        } else {
            writeString("\(value)")
        }
    }

    mutating func writeBool(_ value: Bool) {
        writeLiteral(value ? "true" : "false")
    }

    /// With its quotes.
    mutating func writeQuoted(_ text: String) {
        var text = text
        text.withUTF8 { writeQuoted(UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter text: NUL-terminated UTF-8.
    mutating func writeQuoted(_ text: UnsafePointer<CChar>) {
        writeQuoted(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// - Parameter text: UTF-8.
    mutating func writeQuoted(_ text: UnsafeRawBufferPointer) {
        writeInteger(UInt8(ascii: "\""))
        var start = 0
        for index in 0..<text.count {
            let byte = text[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            writeBytes(text[start..<index])
            start = index + 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                writeInteger(UInt8(ascii: "\\"))
                writeInteger(byte)
            case 0x08: writeLiteral("\\b")
            case 0x09: writeLiteral("\\t")
            case 0x0A: writeLiteral("\\n")
            case 0x0C: writeLiteral("\\f")
            case 0x0D: writeLiteral("\\r")
            default: writeString("\\u" + padded(UInt64(byte), to: 4, radix: 16))
            }
        }
        writeBytes(text[start...])
        writeInteger(UInt8(ascii: "\""))
    }

    /// A value that was read. Numbers are written as Python would have read them: whole ones exactly, others as doubles.
    mutating func writeJSON(_ value: JSONValue) {
        switch value {
        case .null: writeLiteral("null")
        case .bool(let flag): writeBool(flag)
        case .string(let text): writeQuoted(text)
        case .number(let text):
            if text.utf8.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "-") }) {
                writeString(text == "-0" ? "0" : text)
            } else {
                writeDouble(Double(text) ?? .nan)
            }
        case .array(let values):
            writeInteger(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { writeInteger(UInt8(ascii: ",")) }
                writeJSON(value)
            }
            writeInteger(UInt8(ascii: "]"))
        case .object(let fields):
            writeInteger(UInt8(ascii: "{"))
            for (index, field) in fields.enumerated() {
                if index > 0 { writeInteger(UInt8(ascii: ",")) }
                writeQuoted(field.name)
                writeInteger(UInt8(ascii: ":"))
                writeJSON(field.value)
            }
            writeInteger(UInt8(ascii: "}"))
        }
    }
}
