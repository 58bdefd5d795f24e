internal import ChurnBase

/// A number as exports write it, taken apart: sign, currency, digits with their signs, exponent. Nothing is decided yet
/// about which sign is the decimal one.
struct NumberText {
    var isNegative = false
    /// Up to eight bytes of the currency's name or sign; 0 where there is none.
    var currency: UInt64 = 0
    /// Digits, points, commas and other signs between them.
    var digits = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    var exponent = 0

    /// Nil for what is no number in any layout.
    ///
    /// - Parameter text: trimmed.
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        let text = HardBlanks.trimmed(text)
        guard !text.isEmpty, text.count <= ReadingLimits.numberBytes else { return nil }
        var rest = text
        if text[0] == UInt8(ascii: "("), text[text.count - 1] == UInt8(ascii: ")") {
            isNegative = true
            rest = HardBlanks.trimmed(UnsafeBufferPointer(rebasing: text[1..<(text.count - 1)]))
        }
        // A sign may stand before the currency, behind it, or behind the number.
        var signs = 0
        func takeSign(_ rest: inout UnsafeBufferPointer<UInt8>) -> Bool? {
            let isPlus = rest.first == UInt8(ascii: "+")
            guard let byteCount = isPlus ? 1 : Self.minusBytes(rest.first, rest.prefix(3)) else { return nil }
            rest = HardBlanks.trimmed(UnsafeBufferPointer(rebasing: rest.dropFirst(byteCount)))
            return !isPlus
        }
        if let minus = takeSign(&rest) {
            signs += 1
            if minus { isNegative = true }
        }
        guard let start = Self.numberStart(rest) else { return nil }
        if start > 0 {
            var name = HardBlanks.trimmed(UnsafeBufferPointer(rebasing: rest[..<start]))
            // The point of a name such as Rs. is not that of the number, and -£5 may also be £-5.
            if let byteCount = Self.minusBytes(name.last, name.suffix(3)) {
                name = HardBlanks.trimmed(UnsafeBufferPointer(rebasing: name.dropLast(byteCount)))
                signs += 1
                isNegative = true
            }
            guard name.isEmpty || take(currency: name) else { return nil }
        }
        rest = UnsafeBufferPointer(rebasing: rest[start...])
        guard let last = rest.lastIndex(where: { $0 &- 0x30 <= 9 || $0 == UInt8(ascii: ".") }) else { return nil }
        var tail = HardBlanks.trimmed(UnsafeBufferPointer(rebasing: rest[(last + 1)...]))
        if let sign = takeSign(&tail) {
            signs += 1
            if sign { isNegative = true }
        }
        guard tail.isEmpty || (currency == 0 && take(currency: tail)) else { return nil }
        digits = UnsafeBufferPointer(rebasing: rest[...last])
        guard signs <= 1, signs == 0 || text[0] != UInt8(ascii: "("), takeExponent() else { return nil }
    }

    /// Bytes of a minus at one end of a text: `-`, or what typesetting programs write, the minus of mathematics (U+2212) and
    /// hyphens and dashes (U+2010 to U+2013).
    ///
    /// - Parameters:
    ///   - byte: the outermost one.
    ///   - bytes: the outermost three.
    private static func minusBytes(_ byte: UInt8?, _ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
        if byte == UInt8(ascii: "-") { return 1 }
        guard bytes.count == 3, bytes.first == 0xE2 else { return nil }
        let rest = (bytes[bytes.startIndex + 1], bytes[bytes.startIndex + 2])
        return rest == (0x88, 0x92) || (rest.0 == 0x80 && (0x90...0x93).contains(rest.1)) ? 3 : nil
    }

    /// The first digit, or the point or comma right before it.
    private static func numberStart(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let digit = text.firstIndex(where: { $0 &- 0x30 <= 9 }) else { return nil }
        guard digit > 0 else { return digit }
        let before = text[digit - 1]
        return before == UInt8(ascii: ".") || before == UInt8(ascii: ",") ? digit - 1 : digit
    }

    /// Three capital letters, or one of the signs that are known.
    private mutating func take(currency name: UnsafeBufferPointer<UInt8>) -> Bool {
        guard name.count <= 8 else { return false }
        let text = String(decoding: name, as: UTF8.self)
        let isCode = name.count == 3 && name.allSatisfy { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
        let isLatin1Sign = name.count == 1 && [0x80, 0xA3, 0xA4, 0xA5].contains(name[0])
        guard (isCode && text != "NAN" && text != "INF") || isLatin1Sign || Self.signs.contains(text) else {
            return false
        }
        for byte in name { currency = currency << 8 | UInt64(byte) }
        return true
    }

    private static let signs: Set<String> = [
        "$", "£", "€", "¥", "₹", "₽", "₩", "₺", "₪", "฿", "₫", "₴", "₦", "₱", "zł", "kr", "kr.", "Kč", "Ft", "Fr.",
        "R$", "US$",
        "A$", "C$", "CA$", "AU$", "NZ$", "HK$", "S$", "R", "Rs", "Rs.", "RM", "lei", "лв",
    ]

    /// `E+02` behind the digits.
    private mutating func takeExponent() -> Bool {
        guard let mark = digits.firstIndex(where: { $0 | 0x20 == UInt8(ascii: "e") }) else { return true }
        var index = mark + 1
        let isMinus = index < digits.count && digits[index] == UInt8(ascii: "-")
        if isMinus || (index < digits.count && digits[index] == UInt8(ascii: "+")) { index += 1 }
        guard index < digits.count, digits.count - index <= 3 else { return false }
        var value = 0
        while index < digits.count {
            guard digits[index] &- 0x30 <= 9 else { return false }
            value = value * 10 + Int(digits[index] &- 0x30)
            index += 1
        }
        exponent = isMinus ? -value : value
        digits = UnsafeBufferPointer(rebasing: digits[..<mark])
        return !digits.isEmpty
    }
}
