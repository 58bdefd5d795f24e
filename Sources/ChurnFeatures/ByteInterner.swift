/// Numbers distinct byte strings 0, 1, 2, ... in the order of their first appearance.
///
/// Open addressing over one arena of bytes, so that a text seen before costs no allocation. `removeAll` costs what was
/// used since the last one, not the capacity: one customer with a million invoices must not slow down every later one.
struct ByteInterner {
    private struct Entry {
        /// The text itself when it has at most 8 bytes, filled up with zeros; else its hash.
        var word: UInt64
        var byteCount: Int
        /// End of the text in `bytes`, where a longer one lies behind the one before.
        var end: Int
        /// Where it stands in `slots`.
        var place: Int
    }

    private var entries: [Entry] = []
    private var bytes: [UInt8] = []
    /// Number of a text plus 1, or 0 when free. The count is a power of two, at least twice the number of texts.
    private var slots = [Int](repeating: 0, count: 64)

    var count: Int { entries.count }

    /// The number of `text`, a new one (equal to the `count` before) when it was not seen yet.
    mutating func number(of text: UnsafeBufferPointer<UInt8>) -> Int {
        let isShort = text.count <= 8
        let word = isShort ? Self.word(text) : Self.hash(text)
        let mask = slots.count - 1
        var place = Self.place(of: word, text.count) & mask
        while slots[place] != 0 {
            let number = slots[place] - 1
            if entries[number].word == word, entries[number].byteCount == text.count, isShort || holds(text, at: number)
            {
                return number
            }
            place = (place + 1) & mask
        }
        if !isShort { bytes.append(contentsOf: text) }
        let number = entries.count
        entries.append(Entry(word: word, byteCount: text.count, end: bytes.count, place: place))
        slots[place] = number + 1
        if entries.count * 2 > slots.count { grow() }
        return number
    }

    /// Forgets every text and keeps the memory.
    mutating func removeAll() {
        for entry in entries { slots[entry.place] = 0 }
        entries.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }

    private func holds(_ text: UnsafeBufferPointer<UInt8>, at number: Int) -> Bool {
        let start = entries[number].end - text.count
        for (offset, byte) in text.enumerated() where bytes[start + offset] != byte { return false }
        return true
    }

    private mutating func grow() {
        slots = [Int](repeating: 0, count: slots.count * 2)
        for number in entries.indices {
            var place = Self.place(of: entries[number].word, entries[number].byteCount) & (slots.count - 1)
            while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
            slots[place] = number + 1
            entries[number].place = place
        }
    }

    @inline(__always)
    private static func place(of word: UInt64, _ byteCount: Int) -> Int {
        Int(truncatingIfNeeded: fold(word ^ seed &+ UInt64(truncatingIfNeeded: byteCount)))
    }

    /// The bytes of a text of at most 8, filled up with zeros. Parts may overlap: they agree where they do.
    @inline(__always)
    private static func word(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        let count = raw.count
        if count == 8 { return UInt64(littleEndian: raw.loadUnaligned(as: UInt64.self)) }
        if count >= 4 {
            let first = UInt32(littleEndian: raw.loadUnaligned(as: UInt32.self))
            let last = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self))
            return UInt64(first) | UInt64(last) << UInt64(8 * (count - 4))
        }
        guard count > 0 else { return 0 }
        let middle = count / 2
        return UInt64(raw[0]) | UInt64(raw[middle]) << UInt64(8 * middle)
            | UInt64(raw[count - 1]) << UInt64(8 * (count - 1))
    }

    /// A new one each run: the texts come from outside, and nobody shall choose them to collide. No result depends on
    /// it.
    private static let seed = UInt64.random(in: .min ... .max)

    private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        let raw = UnsafeRawBufferPointer(text)
        var state = seed ^ UInt64(truncatingIfNeeded: raw.count)
        var offset = 0
        while offset + 8 <= raw.count {
            state = fold(state ^ raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < raw.count {
            tail = tail << 8 | UInt64(raw[offset])
            offset += 1
        }
        return fold(fold(state ^ tail))
    }

    /// Both halves of the 128-bit product, which every bit of `word` reaches (the step of wyhash).
    private static func fold(_ word: UInt64) -> UInt64 {
        let product = (word ^ 0xa076_1d64_78bd_642f).multipliedFullWidth(by: 0xe703_7ed1_a0b4_28db)
        return product.high ^ product.low
    }
}
