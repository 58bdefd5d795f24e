/// ASCII blanks: space, tab, line ends.
package enum Blanks {
    @inlinable
    @inline(__always)
    package static func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    /// Without blanks at both ends.
    @inlinable
    @inline(__always)
    package static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard var start = text.baseAddress, text.count > 0 else { return text }
        var end = start + text.count
        // Nearly always: one comparison at either end.
        if start[0] > 0x20, end[-1] > 0x20 { return text }
        while end > start, isBlank(end[-1]) { end -= 1 }
        while start < end, isBlank(start[0]) { start += 1 }
        return UnsafeBufferPointer(start: start, count: end - start)
    }
}

/// Blanks at which a line is not broken. Pages and spreadsheets put them into numbers, dates and ids.
package enum HardBlanks {
    /// U+00A0, U+202F, U+2007, U+2009 and U+FEFF in UTF-8. U+00A0 in Latin-1 is the byte 0xA0.
    private static let forms: [[UInt8]] = [
        [0xC2, 0xA0], [0xE2, 0x80, 0xAF], [0xE2, 0x80, 0x87], [0xE2, 0x80, 0x89], [0xEF, 0xBB, 0xBF],
    ]
    private static let latin1: UInt8 = 0xA0

    /// Without these and ASCII blanks at both ends.
    package static func trimmed(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var rest = Blanks.trimmed(text)
        while let first = rest.first, let last = rest.last, first >= 0x80 || last >= 0x80 {
            let before = rest.count
            for blank in forms {
                if rest.starts(with: blank) { rest = UnsafeBufferPointer(rebasing: rest.dropFirst(blank.count)) }
                if rest.suffix(blank.count).elementsEqual(blank) {
                    rest = UnsafeBufferPointer(rebasing: rest.dropLast(blank.count))
                }
            }
            if rest.first == latin1 { rest = UnsafeBufferPointer(rebasing: rest.dropFirst()) }
            // The byte of Latin-1 may also end a letter of UTF-8.
            if rest.last == latin1, rest.count == 1 || rest[rest.count - 2] < 0x80 {
                rest = UnsafeBufferPointer(rebasing: rest.dropLast())
            }
            rest = Blanks.trimmed(rest)
            if rest.count == before { break }
        }
        return rest
    }

    /// A copy in which each is a space; nil where there is none.
    package static func replaced(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        guard text.contains(where: { $0 >= 0x80 }) else { return nil }
        var result: [UInt8] = []
        var index = 0
        while index < text.count {
            let rest = text[index...]
            if let blank = forms.first(where: { rest.starts(with: $0) }) {
                result.append(UInt8(ascii: " "))
                index += blank.count
            } else {
                let isBlank = text[index] == latin1 && (index == 0 || text[index - 1] < 0x80)
                result.append(isBlank ? UInt8(ascii: " ") : text[index])
                index += 1
            }
        }
        return result
    }
}
