/// What the text of a customer's id is.
package enum CustomerText {
    /// Its own number, from 1 to 2^63 - 1: decimal digits without leading zeros, also `17850.0`.
    case number(Int64)
    /// Empty, `0`, `-1`: no customer.
    case none
    /// `1.785E+04`, `17850.5`: a number that a program has changed.
    case damaged
    /// Anything else, without blanks at its ends.
    case text(UnsafeBufferPointer<UInt8>)

    /// - Parameter text: blanks at its ends are left out. Words such as `guest` are texts here (see `noCustomerWords`).
    @inlinable
    @inline(__always)
    package init(_ text: UnsafeBufferPointer<UInt8>) {
        // Up to 18 digits, the first of them not 0.
        if let first = text.first, text.count <= 18, first &- 0x31 <= 8 {
            var number: Int64 = 0
            var index = 0
            while index < text.count, text[index] &- 0x30 <= 9 {
                number = number &* 10 &+ Int64(text[index] &- 0x30)
                index += 1
            }
            if index == text.count {
                self = .number(number)
                return
            }
        }
        self = text.isEmpty ? .none : Self.unusual(HardBlanks.trimmed(text))
    }

    /// Words in place of a customer, in lower case: also what Excel writes where a formula fails.
    package static let noCustomerWords = [
        "nan", "null", "none", "n/a", "na", "guest", "#n/a", "#ref!", "#value!", "#name?", "#div/0!", "#null!", "#num!",
    ]

    @usableFromInline
    static func unusual(_ text: UnsafeBufferPointer<UInt8>) -> CustomerText {
        if text.isEmpty { return .none }
        var index = 0
        let sign = text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "+") ? text[0] : 0
        if sign != 0 { index = 1 }
        let digitsStart = index
        var number: Int64 = 0
        var fits = true
        while index < text.count, text[index] &- 0x30 <= 9 {
            let (product, overflows) = number.multipliedReportingOverflow(by: 10)
            let (sum, sumOverflows) = product.addingReportingOverflow(Int64(text[index] &- 0x30))
            fits = fits && !overflows && !sumOverflows
            number = fits ? sum : 0
            index += 1
        }
        let digitCount = index - digitsStart
        guard digitCount > 0 else { return .text(text) }
        var hasDecimals = false
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            let start = index
            while index < text.count, text[index] &- 0x30 <= 9 {
                if text[index] != UInt8(ascii: "0") { hasDecimals = true }
                index += 1
            }
            if index == start { hasDecimals = true }
        }
        if index < text.count {
            return isExponent(UnsafeBufferPointer(rebasing: text[index...])) ? .damaged : .text(text)
        }
        if hasDecimals { return .damaged }
        if fits, number == 0, digitCount == 1 { return .none }
        if sign != 0 { return sign == UInt8(ascii: "-") && fits && number == 1 ? .none : .damaged }
        // Digits that a number would not be written with, or too many for one, are a text.
        return fits && text[0] != UInt8(ascii: "0") ? .number(number) : .text(text)
    }

    private static func isExponent(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard text[0] | 0x20 == UInt8(ascii: "e") else { return false }
        let hasSign = text.count > 1 && (text[1] == UInt8(ascii: "-") || text[1] == UInt8(ascii: "+"))
        let digits = text.dropFirst(hasSign ? 2 : 1)
        return !digits.isEmpty && digits.allSatisfy { $0 &- 0x30 <= 9 }
    }
}
