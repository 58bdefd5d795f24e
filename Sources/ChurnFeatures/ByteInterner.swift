/// Numbers distinct byte strings 0, 1, 2, ... in the order of their first appearance.
///
/// Open addressing over one arena of bytes, so that a text seen before costs no allocation. `removeAll` costs what was
/// used since the last one, not the capacity: one customer with a million invoices must not slow down every later one.
struct ByteInterner {
    /// End of each text in `bytes`; a text starts where the one before it ends.
    private var ends: [Int] = []
    private var bytes: [UInt8] = []
    private var hashes: [UInt64] = []
    /// Where each text stands in `slots`.
    private var places: [Int] = []
    /// Number of a text plus 1, or 0 when free. The count is a power of two, at least twice the number of texts.
    private var slots = [Int](repeating: 0, count: 64)

    var count: Int { ends.count }

    /// The number of `text`, a new one (equal to the `count` before) when it was not seen yet.
    mutating func number(of text: UnsafeBufferPointer<UInt8>) -> Int {
        let hash = Self.hash(text)
        var place = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[place] != 0 {
            let number = slots[place] - 1
            if hashes[number] == hash, holds(text, at: number) { return number }
            place = (place + 1) & (slots.count - 1)
        }
        let number = ends.count
        bytes.append(contentsOf: text)
        ends.append(bytes.count)
        hashes.append(hash)
        places.append(place)
        slots[place] = number + 1
        if ends.count * 2 > slots.count { grow() }
        return number
    }

    /// Forgets every text and keeps the memory.
    mutating func removeAll() {
        for place in places { slots[place] = 0 }
        ends.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
        hashes.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    private func holds(_ text: UnsafeBufferPointer<UInt8>, at number: Int) -> Bool {
        let start = number == 0 ? 0 : ends[number - 1]
        guard ends[number] - start == text.count else { return false }
        for (offset, byte) in text.enumerated() where bytes[start + offset] != byte { return false }
        return true
    }

    private mutating func grow() {
        slots = [Int](repeating: 0, count: slots.count * 2)
        for number in hashes.indices {
            var place = Int(truncatingIfNeeded: hashes[number]) & (slots.count - 1)
            while slots[place] != 0 { place = (place + 1) & (slots.count - 1) }
            slots[place] = number + 1
            places[number] = place
        }
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
