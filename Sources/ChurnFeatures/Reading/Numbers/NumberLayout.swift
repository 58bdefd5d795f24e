/// The signs within the numbers of a file.
struct NumberLayout: Equatable, Sendable {
    /// Nil until a number shows it: one that may be read in two ways is then a fault.
    var decimal: DecimalSign?
    /// Nil: any but the decimal sign.
    var thousands: ThousandsSign?

    /// For the quick reading of plain numbers: 0, which no number has, until the sign is known.
    var decimalByte: UInt8 { decimal?.rawValue ?? 0 }
}

/// What the points and commas of a number show.
enum DecimalEvidence: Equatable {
    /// There is none.
    case nothing
    /// It can only be read with this decimal sign.
    case proves(DecimalSign)
    /// It may be either: one sign, one to three digits before it and three after it.
    case ambiguous
    case invalid
}

extension NumberText {
    func evidence() -> DecimalEvidence {
        let asPoint = ExactNumber(self, NumberLayout(decimal: .point)) != nil
        let asComma = ExactNumber(self, NumberLayout(decimal: .comma)) != nil
        switch (asPoint, asComma) {
        case (false, false): return .invalid
        case (true, false): return .proves(.point)
        case (false, true): return .proves(.comma)
        case (true, true):
            let hasSign = digits.contains { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") }
            return hasSign ? .ambiguous : .nothing
        }
    }
}

/// A number without rounding: `digits * 10^-scale`.
struct ExactNumber {
    var isNegative: Bool
    /// At most 19 digits; what follows them only shows in `hasMore`.
    var digits: UInt64 = 0
    var scale = 0
    /// Digits other than 0 were left out behind the last.
    var hasMore = false

    /// Nil when the number does not have this layout.
    init?(_ text: NumberText, _ layout: NumberLayout) {
        isNegative = text.isNegative
        let bytes = text.digits
        let decimal = (layout.decimal ?? .point).rawValue
        let point = bytes.firstIndex(of: decimal)
        if let point, bytes[(point + 1)...].contains(where: { $0 &- 0x30 > 9 }) { return nil }
        let whole = UnsafeBufferPointer(rebasing: bytes[..<(point ?? bytes.count)])
        guard point != nil || !whole.isEmpty, add(whole: whole, layout) else { return nil }
        if let point {
            guard bytes.count > 1 else { return nil }
            for byte in bytes[(point + 1)...] { append(byte &- 0x30, isFraction: true) }
        }
        scale -= text.exponent
    }

    private mutating func append(_ digit: UInt8, isFraction: Bool) {
        // 19 digits fit: 9,999,999,999,999,999,999 is below 2^64.
        if digits < 1_000_000_000_000_000_000 {
            digits = digits * 10 + UInt64(digit)
            if isFraction { scale += 1 }
        } else {
            if digit != 0 { hasMore = true }
            if !isFraction { scale -= 1 }
        }
    }

    /// Digits with thousands signs: one to three, then groups of three; also 12,34,567, as in India. All signs are alike.
    private mutating func add(whole: UnsafeBufferPointer<UInt8>, _ layout: NumberLayout) -> Bool {
        var sign: ThousandsSign?
        var groups: [Int] = [0]
        var index = 0
        while index < whole.count {
            if whole[index] &- 0x30 <= 9 {
                append(whole[index] &- 0x30, isFraction: false)
                groups[groups.count - 1] += 1
                index += 1
                continue
            }
            guard let (found, length) = Self.thousands(whole, index), sign == nil || sign == found,
                found.byte != (layout.decimal ?? .point).rawValue, layout.thousands == nil || layout.thousands == found
            else { return false }
            sign = found
            groups.append(0)
            index += length
        }
        guard groups.count > 1 else { return true }
        let middle = groups.dropFirst().dropLast()
        let startsWithZero = whole[0] == UInt8(ascii: "0")
        let areThrees = middle.allSatisfy { $0 == 3 } && (1...3).contains(groups[0])
        let areTwos = !middle.isEmpty && middle.allSatisfy { $0 == 2 } && (1...2).contains(groups[0]) && sign == .comma
        return groups[groups.count - 1] == 3 && (areThrees || areTwos) && !startsWithZero
    }

    private static func thousands(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> (ThousandsSign, Int)? {
        func has(_ bytes: UInt8...) -> Bool {
            bytes.indices.allSatisfy { index + $0 < text.count && text[index + $0] == bytes[$0] }
        }
        switch text[index] {
        case UInt8(ascii: ","): return (.comma, 1)
        case UInt8(ascii: "."): return (.point, 1)
        case UInt8(ascii: "'"): return (.apostrophe, 1)
        // A blank that does not break: in Latin-1, and in UTF-8 the usual one, the narrow ones and that of a digit's width.
        case UInt8(ascii: " "), 0xA0: return (.blank, 1)
        case 0xC2: return has(0xC2, 0xA0) ? (.blank, 2) : nil
        case 0xE2:
            if has(0xE2, 0x80, 0xAF) || has(0xE2, 0x80, 0x87) || has(0xE2, 0x80, 0x89) { return (.blank, 3) }
            return has(0xE2, 0x80, 0x99) ? (.apostrophe, 3) : nil
        default: return nil
        }
    }
}

extension ThousandsSign {
    /// Of the signs that may be a decimal sign as well.
    fileprivate var byte: UInt8? { self == .comma ? UInt8(ascii: ",") : self == .point ? UInt8(ascii: ".") : nil }
}

extension ExactNumber {
    /// In thousandths, rounded half to even; nil above `limit` thousandths, which is below 2^62.
    func milli(limit: Int64) -> (value: Int64, isRounded: Bool)? {
        Self.scaled(UInt128(digits), scale: scale - 3, hasMore: hasMore, limit: limit)
    }

    /// A whole number, at most `limit`; nil when it has decimals other than 0.
    func whole(limit: Int64) -> Int64? {
        guard let (value, isRounded) = Self.scaled(UInt128(digits), scale: scale, hasMore: hasMore, limit: limit) else {
            return nil
        }
        return isRounded ? nil : value
    }

    /// The product of two, in thousandths, rounded once.
    static func productMilli(_ left: ExactNumber, _ right: ExactNumber, limit: Int64) -> (
        value: Int64, isRounded: Bool
    )? {
        scaled(
            UInt128(left.digits) * UInt128(right.digits),
            scale: left.scale + right.scale - 3,
            hasMore: left.hasMore || right.hasMore,
            limit: limit
        )
    }

    /// `number * 10^-scale`, rounded half to even.
    private static func scaled(
        _ number: UInt128,
        scale: Int,
        hasMore: Bool,
        limit: Int64
    ) -> (value: Int64, isRounded: Bool)? {
        if number == 0 { return (0, hasMore) }
        var value = number
        var scale = scale
        while scale < 0 {
            guard value <= UInt128(limit) else { return nil }
            value *= 10
            scale += 1
        }
        var remainder = hasMore ? Remainder.belowHalf : .none
        if scale > 0 {
            // Above 39 digits nothing of the number is left before the point.
            guard scale <= 38 else { return (0, true) }
            var divisor: UInt128 = 1
            for _ in 0..<scale { divisor *= 10 }
            let (quotient, rest) = value.quotientAndRemainder(dividingBy: divisor)
            value = quotient
            let half = divisor / 2
            if rest > half || (rest == half && hasMore) {
                remainder = .aboveHalf
            } else if rest == half {
                remainder = .half
            } else if rest != 0 {
                remainder = .belowHalf
            }
        }
        if remainder == .aboveHalf || (remainder == .half && value % 2 == 1) { value += 1 }
        guard value <= UInt128(limit) else { return nil }
        return (Int64(value), remainder != .none)
    }

    private enum Remainder { case none, belowHalf, half, aboveHalf }
}
