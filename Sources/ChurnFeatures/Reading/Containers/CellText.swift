/// Turns the values of cells into fields of CSV.
enum CellText {
    /// Appends a text, with quotes where CSV needs them and around every other sign that may separate fields.
    ///
    /// - Parameter text: its `_xHHHH_` escapes are replaced in place.
    static func appendField(_ text: inout [UInt8], to output: inout [UInt8]) {
        putBackEscapes(&text)
        guard needsQuotes(text) else {
            output += text
            return
        }
        output.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") { output.append(byte) }
            output.append(byte)
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func needsQuotes(_ text: [UInt8]) -> Bool {
        text.contains { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "\t"),
                UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                true
            default: false
            }
        }
    }

    /// ECMA-376, ST_Xstring: a character that XML cannot hold stands as `_xHHHH_`, and an underscore that would begin
    /// such a sequence as `_x005F_`. A NUL and halves of surrogate pairs stay as they stand.
    private static func putBackEscapes(_ text: inout [UInt8]) {
        guard let first = text.indices.first(where: { escape(text, at: $0) != nil }) else { return }
        var out = Array(text[..<first])
        var position = first
        while position < text.count {
            if let scalar = escape(text, at: position) {
                out += Array(String(scalar).utf8)
                position += 7
            } else {
                out.append(text[position])
                position += 1
            }
        }
        text = out
    }

    private static func escape(_ text: [UInt8], at position: Int) -> Unicode.Scalar? {
        guard text[position] == UInt8(ascii: "_"), position + 7 <= text.count,
            text[position + 1] == UInt8(ascii: "x"), text[position + 6] == UInt8(ascii: "_")
        else { return nil }
        var value: UInt32 = 0
        for byte in text[(position + 2)..<(position + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
            value = value << 4 | UInt32(digit)
        }
        return value == 0 ? nil : Unicode.Scalar(value)
    }

    /// Appends a number as its shortest decimal text: 71053, or 2.55 for the 2.5499999999999998 that a program may write.
    /// Other text is appended as it is.
    static func appendNumber(_ text: inout [UInt8], to output: inout [UInt8]) {
        if let plain = PlainDecimal(text) {
            plain.append(text, to: &output)
        } else if let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite {
            appendShortest(value, to: &output)
        } else {
            appendField(&text, to: &output)
        }
    }

    /// The digits of Swift's shortest description, written without an exponent where that is at most 40 places long.
    static func appendShortest(_ value: Double, to output: inout [UInt8]) {
        let text = Array(value.description.utf8)
        guard let mark = text.firstIndex(of: UInt8(ascii: "e")) else {
            let isWhole = text.suffix(2).elementsEqual(".0".utf8)
            output += value == 0 ? [UInt8(ascii: "0")] : Array(isWhole ? text.dropLast(2) : text[...])
            return
        }
        guard let exponent = Int(String(decoding: text[(mark + 1)...], as: UTF8.self)), abs(exponent) <= 40 else {
            output += text
            return
        }
        if value < 0 { output.append(UInt8(ascii: "-")) }
        var digits = text[..<mark].filter { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
        // The description has one digit before the point, and ".0" after a lone one.
        while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
        let zero = UInt8(ascii: "0")
        if exponent < 0 {
            output += [zero, UInt8(ascii: ".")] + [UInt8](repeating: zero, count: -exponent - 1) + digits
        } else if digits.count <= exponent + 1 {
            output += digits + [UInt8](repeating: zero, count: exponent + 1 - digits.count)
        } else {
            output += digits[...exponent] + [UInt8(ascii: ".")] + digits[(exponent + 1)...]
        }
    }
}

/// A number of at most 15 digits without an exponent: its shortest text is the one that stands there, without zeros in
/// front and, after a point, at the end. A double keeps 15 digits.
private struct PlainDecimal {
    private let isNegative: Bool
    /// Of the digits and the point, without outer zeros.
    private let range: Range<Int>
    private let beginsWithPoint: Bool

    init?(_ text: [UInt8]) {
        isNegative = text.first == UInt8(ascii: "-")
        var start = isNegative ? 1 : 0
        var end = text.count
        guard end - start >= 1, end - start <= 16 else { return nil }
        var point: Int?
        for index in start..<end {
            if text[index] == UInt8(ascii: "."), point == nil {
                point = index
            } else if text[index] < UInt8(ascii: "0") || text[index] > UInt8(ascii: "9") {
                return nil
            }
        }
        guard end - start - (point == nil ? 0 : 1) <= 15, text[start] != UInt8(ascii: "."), point != end - 1 else {
            return nil
        }
        let wholeEnd = point ?? end
        while start < wholeEnd, text[start] == UInt8(ascii: "0") { start += 1 }
        if point != nil {
            while text[end - 1] == UInt8(ascii: "0") { end -= 1 }
            if text[end - 1] == UInt8(ascii: ".") { end -= 1 }
        }
        beginsWithPoint = start == wholeEnd && start < end
        range = start..<max(start, end)
    }

    func append(_ text: [UInt8], to output: inout [UInt8]) {
        guard !range.isEmpty else {
            output.append(UInt8(ascii: "0"))
            return
        }
        if isNegative { output.append(UInt8(ascii: "-")) }
        if beginsWithPoint { output.append(UInt8(ascii: "0")) }
        output += text[range]
    }
}
