/// What text that is not UTF-8 is read as: Latin-1, with the letters and signs that Windows has in place of its second set of
/// control characters, among them the euro sign, curly quotes and dashes.
enum Windows1252 {
    /// Of 0x80 to 0x9F; five bytes stand for no sign and stay what they are in Latin-1 (the WHATWG Encoding Standard).
    private static let signs: [UInt16] = [
        0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D,
        0x017D, 0x008F, 0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A,
        0x0153, 0x009D, 0x017E, 0x0178,
    ]

    /// Bytes of UTF-8 that one byte may become.
    static let maxBytes = 3

    /// Calls `append` with each byte of the character in UTF-8.
    @inline(__always)
    static func forEachUTF8(_ byte: UInt8, _ append: (UInt8) -> Void) {
        guard byte >= 0x80 else { return append(byte) }
        let scalar = byte < 0xA0 ? signs[Int(byte) - 0x80] : UInt16(byte)
        if scalar < 0x800 {
            append(0xC0 | UInt8(scalar >> 6))
        } else {
            append(0xE0 | UInt8(scalar >> 12))
            append(0x80 | UInt8(scalar >> 6 & 0x3F))
        }
        append(0x80 | UInt8(scalar & 0x3F))
    }

    static func text(_ bytes: some Collection<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count * 2)
        for byte in bytes { forEachUTF8(byte) { text.append($0) } }
        return String(decoding: text, as: UTF8.self)
    }
}
