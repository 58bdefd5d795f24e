internal import ChurnBase

/// The quick rules for the fields of a line. Text comes trimmed; numbers are exact, no floating point is used.
enum FieldParsing {
    /// The text in `="17850"`, which keeps a spreadsheet from making a number of it; any other text as it is.
    ///
    /// - Parameters:
    ///   - text: trimmed.
    ///   - isQuoted: quotes in it are doubled.
    @inline(__always)
    static func withoutFormula(_ text: UnsafeBufferPointer<UInt8>, isQuoted: Bool) -> UnsafeBufferPointer<UInt8> {
        text.first == UInt8(ascii: "=") ? formulaText(text, isQuoted: isQuoted) : text
    }

    private static func formulaText(_ text: UnsafeBufferPointer<UInt8>, isQuoted: Bool) -> UnsafeBufferPointer<UInt8> {
        let quotes = isQuoted ? 2 : 1
        let inner = text.dropFirst(1 + quotes).dropLast(quotes)
        guard text.count >= 1 + 2 * quotes,
            text.dropFirst().prefix(quotes).allSatisfy({ $0 == UInt8(ascii: "\"") }),
            text.suffix(quotes).allSatisfy({ $0 == UInt8(ascii: "\"") }), !inner.contains(UInt8(ascii: "\""))
        else { return text }
        return Blanks.trimmed(UnsafeBufferPointer(rebasing: inner))
    }

    /// `6`, `-6`, `+6`, within 32 bits; nil for any other number, which is for `NumberText`.
    @inline(__always)
    static func plainQuantity(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
        guard let first = text.first else { return nil }
        let isNegative = first == UInt8(ascii: "-")
        var index = isNegative || first == UInt8(ascii: "+") ? 1 : 0
        // Nine digits are within 32 bits.
        guard text.count > index, text.count - index <= 9 else { return nil }
        var magnitude: Int64 = 0
        while index < text.count {
            guard text[index] &- 0x30 <= 9 else { return nil }
            magnitude = magnitude &* 10 &+ Int64(text[index] &- 0x30)
            index += 1
        }
        return isNegative ? -magnitude : magnitude
    }

    /// A decimal number of at most three decimals in thousandths: `2.55` is 2550. Nil for any other number, which is for
    /// `NumberText`.
    ///
    /// - Parameter decimal: 0 where the sign is not known, so that only whole numbers are read.
    @inline(__always)
    static func plainMilli(_ text: UnsafeBufferPointer<UInt8>, decimal: UInt8) -> Int64? {
        // Nine digits before the sign are below the limit of a price.
        guard text.count > 0, text.count <= 13 else { return nil }
        var index = 0
        var units: Int64 = 0
        while index < text.count, text[index] &- 0x30 <= 9 {
            units = units &* 10 &+ Int64(text[index] &- 0x30)
            index += 1
        }
        guard index <= 9 else { return nil }
        let milli = units &* 1000
        if index == text.count { return milli }
        guard text[index] == decimal, text.count &- index <= 4, text.count > 1 else { return nil }
        let decimals = text.count &- index &- 1
        var fraction: Int64 = 0
        index += 1
        while index < text.count {
            guard text[index] &- 0x30 <= 9 else { return nil }
            fraction = fraction &* 10 &+ Int64(text[index] &- 0x30)
            index += 1
        }
        if decimals == 2 { fraction &*= 10 } else if decimals == 1 { fraction &*= 100 }
        return milli &+ fraction
    }
}

/// Memory in which text fields that cannot be used as they stand are rewritten: doubled quotes, Windows-1252.
struct TextScratch: ~Copyable {
    /// Limit of a text field's bytes; longer ones are not rewritten.
    static let fieldBytes = max(ReadingLimits.descriptionBytes, ReadingLimits.countryBytes)
    // Every byte may be a doubled quote, or become several; whole words are read by `CopyCounter`.
    private static let regionBytes = 2 * fieldBytes * Windows1252.maxBytes + 16
    private static let regionCount = 5
    private let memory: UnsafeMutablePointer<UInt8>

    init() {
        memory = .allocate(capacity: Self.regionBytes * Self.regionCount)
        memory.initialize(repeating: 0, count: Self.regionBytes * Self.regionCount)
    }

    deinit { memory.deallocate() }

    /// Writes a text of at most `fieldBytes` bytes to a region.
    func write(_ text: some Collection<UInt8>, region: Int) -> UnsafeBufferPointer<UInt8> {
        let target = memory + region * Self.regionBytes
        var length = 0
        for byte in text.prefix(Self.fieldBytes) {
            target[length] = byte
            length += 1
        }
        return UnsafeBufferPointer(start: target, count: length)
    }

    /// Doubled quotes become one each, Windows-1252 becomes UTF-8.
    ///
    /// - Parameters:
    ///   - text: at most `2 * fieldBytes` bytes.
    ///   - region: 0 to 4; its earlier text is overwritten.
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
            if isLatin1 {
                Windows1252.forEachUTF8(byte) {
                    target[length] = $0
                    length += 1
                }
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

/// Whether a digit of the full-width forms that are typed with East Asian keyboards (U+FF10 to U+FF19) is in the text.
func hasFullWidthDigit(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count >= 3 else { return false }
    return (0..<(text.count - 2)).contains { index in
        text[index] == 0xEF && text[index + 1] == 0xBC && (0x90...0x99).contains(text[index + 2])
    }
}
