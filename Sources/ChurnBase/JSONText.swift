/// A number of a JSON text, as it is written there.
package struct JSONNumber {
    package let text: UnsafeRawBufferPointer
    /// Without a fraction and without an exponent.
    package let isWhole: Bool

    init(_ text: UnsafeRawBufferPointer, isWhole: Bool) {
        self.text = text
        self.isWhole = isWhole
    }

    /// `nil` unless it is whole and within the range.
    package var integer: Int64? { isWhole ? decimalInteger(text) : nil }

    /// The double nearest to it; `nil` when it is beyond all doubles.
    package var double: Double? {
        // Exact: 2^53 and less have doubles of their own.
        if text.count <= 15, let integer, integer != 0 { return Double(integer) }
        return Double(String(decoding: text, as: UTF8.self)).flatMap { $0.isFinite ? $0 : nil }
    }
}

/// Digits, perhaps with a minus sign before them, as a number; `nil` for anything else, and beyond the range.
package func decimalInteger(_ text: UnsafeRawBufferPointer) -> Int64? {
    let isNegative = text.first == UInt8(ascii: "-")
    let digits = text.count - (isNegative ? 1 : 0)
    guard digits > 0 else { return nil }
    var value: Int64 = 0
    for index in (text.count - digits)..<text.count {
        let digit = text[index] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        // Below zero, where there is one number more.
        let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
        let (next, underflow) = tenfold.subtractingReportingOverflow(Int64(digit))
        guard !overflow, !underflow else { return nil }
        value = next
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}

/// A string of a JSON text, as it is written there between its quotes. Its escapes are correct, and it is UTF-8.
package struct JSONText {
    package let bytes: UnsafeRawBufferPointer
    package let hasEscapes: Bool

    init(_ bytes: UnsafeRawBufferPointer, hasEscapes: Bool) {
        self.bytes = bytes
        self.hasEscapes = hasEscapes
    }

    package static func == (text: JSONText, other: StaticString) -> Bool {
        if text.hasEscapes { return text.string == "\(other)" }
        let count = other.utf8CodeUnitCount
        guard text.bytes.count == count else { return false }
        return count == 0 || memcmp(text.bytes.baseAddress.unsafelyUnwrapped, other.utf8Start, count) == 0
    }

    package var string: String {
        guard hasEscapes else { return String(decoding: bytes, as: UTF8.self) }
        var units: [UInt8] = []
        units.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                units.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): units.append(0x08)
            case UInt8(ascii: "f"): units.append(0x0C)
            case UInt8(ascii: "n"): units.append(0x0A)
            case UInt8(ascii: "r"): units.append(0x0D)
            case UInt8(ascii: "t"): units.append(0x09)
            case UInt8(ascii: "u"):
                let (scalar, length) = Self.scalar(bytes, at: index) ?? ("\u{FFFD}", 6)
                units += Array(String(Character(scalar)).utf8)
                index += length
                continue
            case let other: units.append(other)
            }
            index += 2
        }
        return String(decoding: units, as: UTF8.self)
    }

    /// - Parameter start: where the string begins in the whole text.
    func checkEscapes(at start: Int) throws(JSONFault) {
        var index = 0
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            // A backslash is never the last byte: it would have hidden the quote.
            switch bytes[index + 1] {
            case UInt8(ascii: "u"):
                guard let (_, length) = Self.scalar(bytes, at: index) else {
                    throw JSONFault(.unicodeEscape, at: start + index + 1)
                }
                index += length
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                index += 2
            default: throw JSONFault(.escape, at: start + index)
            }
        }
    }

    /// - Returns: the scalar of an escape such as \u00e4, or of two that are a pair of surrogates, and its bytes; `nil` when
    ///   there is none.
    private static func scalar(_ bytes: UnsafeRawBufferPointer, at index: Int) -> (Unicode.Scalar, length: Int)? {
        guard let first = unit(bytes, at: index) else { return nil }
        if let scalar = Unicode.Scalar(first) { return (scalar, 6) }
        guard first < 0xDC00, let second = unit(bytes, at: index + 6), (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
        else { return nil }
        return (scalar, 12)
    }

    private static func unit(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt32? {
        guard index + 6 <= bytes.count, bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var value: UInt32 = 0
        for byte in bytes[(index + 2)..<(index + 6)] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}

/// Where bytes cease to be UTF-8; `nil` when they are UTF-8 to their end. (Unicode 15, table 3-7.)
package func firstInvalidUTF8(_ bytes: UnsafeRawBufferPointer) -> Int? {
    var index = 0
    while index < bytes.count {
        let lead = bytes[index]
        let (length, second): (Int, ClosedRange<UInt8>)
        switch lead {
        case 0x00...0x7F:
            index += 1
            continue
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return index
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return index }
        for position in (index + 2)..<max(index + 2, index + length) {
            guard (0x80...0xBF).contains(bytes[position]) else { return index }
        }
        index += length
    }
    return nil
}
