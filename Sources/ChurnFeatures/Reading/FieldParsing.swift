/// A number, or why it is none.
enum ParsedNumber {
    case value(Int64)
    case rejected(RejectReason)
}

/// The rules for the fields of a line. Text comes trimmed; numbers are exact, no floating point is used.
enum FieldParsing {
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    /// Without ASCII blanks (space, tab, line ends) at both ends.
    @inline(__always)
    static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard var start = text.baseAddress else { return text }
        var end = start + text.count
        while end > start, isBlank(end[-1]) { end -= 1 }
        while start < end, isBlank(start[0]) { start += 1 }
        return UnsafeBufferPointer(start: start, count: end - start)
    }

    /// `17850` or `17850.0`. The field is not empty.
    @inline(__always)
    static func customer(_ text: UnsafeBufferPointer<UInt8>) -> ParsedNumber {
        guard let number = wholeNumber(text, from: 0), number > 0 else { return .rejected(.badCustomer) }
        return .value(number)
    }

    /// `6`, `-6`, `+6` or `6.0`, within 32 bits and not zero.
    @inline(__always)
    static func quantity(_ text: UnsafeBufferPointer<UInt8>) -> ParsedNumber {
        guard let first = text.first else { return .rejected(.badQuantity) }
        let isNegative = first == UInt8(ascii: "-")
        let signLength = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        guard let magnitude = wholeNumber(text, from: signLength) else { return .rejected(.badQuantity) }
        let number = isNegative ? -magnitude : magnitude
        guard number >= Int64(Int32.min), number <= Int64(Int32.max) else { return .rejected(.badQuantity) }
        return number == 0 ? .rejected(.zeroQuantity) : .value(number)
    }

    /// A plain decimal number in thousandths: `2.55` is 2550. Decimals after the third must be zeros.
    @inline(__always)
    static func priceMilli(_ text: UnsafeBufferPointer<UInt8>) -> ParsedNumber {
        guard let first = text.first else { return .rejected(.badPrice) }
        let isNegative = first == UInt8(ascii: "-")
        var index = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        let digitsStart = index
        var units: Int64 = 0
        while index < text.count, text[index] &- 0x30 <= 9 {
            units = units &* 10 &+ Int64(text[index] &- 0x30)
            guard units <= ReadingLimits.priceUnits else { return .rejected(.badPrice) }
            index += 1
        }
        var digitCount = index - digitsStart
        var milli = units * 1000
        var isTooPrecise = false
        if index < text.count, text[index] == UInt8(ascii: ".") {
            index += 1
            var weight: Int64 = 100
            while index < text.count, text[index] &- 0x30 <= 9 {
                let digit = Int64(text[index] &- 0x30)
                milli += digit * weight
                if weight == 0, digit != 0 { isTooPrecise = true }
                weight /= 10
                digitCount += 1
                index += 1
            }
        }
        guard index == text.count, digitCount > 0, milli <= ReadingLimits.priceUnits * 1000 else {
            return .rejected(.badPrice)
        }
        if isNegative, milli > 0 || isTooPrecise { return .rejected(.negativePrice) }
        return isTooPrecise ? .rejected(.pricePrecision) : .value(milli)
    }

    /// 1 to 18 digits, then perhaps a point and zeros; nil for anything else.
    @inline(__always)
    private static func wholeNumber(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int64? {
        var index = start
        var number: Int64 = 0
        while index < text.count, text[index] &- 0x30 <= 9 {
            guard index - start < 18 else { return nil }
            number = number &* 10 &+ Int64(text[index] &- 0x30)
            index += 1
        }
        guard index > start else { return nil }
        if index == text.count { return number }
        guard text[index] == UInt8(ascii: "."), index + 1 < text.count else { return nil }
        index += 1
        while index < text.count {
            guard text[index] == UInt8(ascii: "0") else { return nil }
            index += 1
        }
        return number
    }
}

/// Memory in which text fields that cannot be used as they stand are rewritten: doubled quotes, Latin-1.
struct TextScratch: ~Copyable {
    /// Limit of a text field's bytes; longer ones are not rewritten.
    static let fieldBytes = max(ReadingLimits.descriptionBytes, ReadingLimits.countryBytes)
    // Every byte may be a doubled quote; every byte of Latin-1 may become two; whole words are read by `CopyCounter`.
    private static let regionBytes = 4 * fieldBytes + 16
    private static let regionCount = 4
    private let memory: UnsafeMutablePointer<UInt8>

    init() {
        memory = .allocate(capacity: Self.regionBytes * Self.regionCount)
        memory.initialize(repeating: 0, count: Self.regionBytes * Self.regionCount)
    }

    deinit { memory.deallocate() }

    /// Doubled quotes become one each, Latin-1 becomes UTF-8.
    ///
    /// - Parameters:
    ///   - text: at most `2 * fieldBytes` bytes.
    ///   - region: 0 to 3; its earlier text is overwritten.
    func rewrite(
        _ text: UnsafeBufferPointer<UInt8>,
        region: Int,
        isQuoted: Bool,
        isLatin1: Bool
    ) -> UnsafeBufferPointer<UInt8> {
        let target = memory + region * Self.regionBytes
        var length = 0
        var index = 0
        while index < text.count, index < 2 * Self.fieldBytes {
            let byte = text[index]
            index += isQuoted && byte == UInt8(ascii: "\"") ? 2 : 1
            if isLatin1, byte >= 0x80 {
                target[length] = 0xC0 | byte >> 6
                target[length + 1] = 0x80 | byte & 0x3F
                length += 2
            } else {
                target[length] = byte
                length += 1
            }
        }
        return UnsafeBufferPointer(start: target, count: length)
    }
}

/// Whether the bytes are UTF-8 (no overlong forms, no surrogates).
func isUTF8(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    (try? UTF8Span(validating: bytes.span)) != nil
}

/// Whether all bytes are below 0x80.
func isASCII(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    bytes.allSatisfy { $0 < 0x80 }
}
