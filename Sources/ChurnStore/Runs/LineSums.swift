internal import ChurnBase
internal import ChurnFeatures

/// The hashes of one line.
struct LineHash {
    /// Of the key.
    let key: UInt64
    /// Of the key and what else the line has.
    let text: UInt64

    @inline(__always)
    static func key(of line: TransactionLine) -> UInt64 {
        var hash = WordHash()
        hash.combine(text: line.invoice)
        hash.combine(text: line.stockCode)
        hash.combine(line.customer, line.minute)
        hash.combine(line.quantityMilli, line.amountMilli)
        hash.combine(line.copy, 0)
        return hash.value
    }

    @inline(__always)
    init(_ line: TransactionLine) {
        key = Self.key(of: line)
        var hash = WordHash(seed: key)
        hash.combine(text: line.description)
        hash.combine(text: line.country)
        text = hash.value
    }
}

/// What is kept of the lines of one run and day: their number, and sums of their hashes modulo 2^64. Sums do not depend on
/// an order, and lines can be taken out of them.
struct LineSums: Equatable, Sendable {
    var lines: Int64 = 0
    var keyHash: UInt64 = 0
    var textHash: UInt64 = 0

    init() {}

    init(lines: Int64, keyHash: UInt64, textHash: UInt64) {
        self.lines = lines
        self.keyHash = keyHash
        self.textHash = textHash
    }

    mutating func add(_ hash: LineHash) {
        lines += 1
        keyHash &+= hash.key
        textHash &+= hash.text
    }

    /// Adds a line of which only the key is looked at.
    mutating func add(key: UInt64) {
        lines += 1
        keyHash &+= key
    }

    static func += (left: inout LineSums, right: LineSums) {
        left.lines += right.lines
        left.keyHash &+= right.keyHash
        left.textHash &+= right.textHash
    }

    static func -= (left: inout LineSums, right: LineSums) {
        left.lines -= right.lines
        left.keyHash &-= right.keyHash
        left.textHash &-= right.textHash
    }

    /// Whether the numbers of lines and the hashes of their keys are the same.
    func hasSameKeys(as other: LineSums) -> Bool { lines == other.lines && keyHash == other.keyHash }
}

/// The sums of runs and days. A look-up is a few nanoseconds: one is made for every line of a build.
struct RunDayTable {
    private(set) var parts: [RunDay] = []
    private(set) var sums: [LineSums] = []
    /// Positions in `parts`, by the hash of the run and day; -1 is free. Its count is a power of 2, more than twice theirs.
    private var slots = [Int32](repeating: -1, count: 64)
    private var last = 0

    var isEmpty: Bool { parts.isEmpty }

    /// - Returns: the position of the run and day in `parts` and `sums`.
    @inline(__always)
    mutating func position(of part: RunDay) -> Int {
        if last < parts.count, parts[last] == part { return last }
        last = find(part)
        return last
    }

    @inline(__always)
    mutating func add(_ hash: LineHash, to part: RunDay) {
        sums[position(of: part)].add(hash)
    }

    @inline(__always)
    mutating func add(key: UInt64, to part: RunDay) {
        sums[position(of: part)].add(key: key)
    }

    mutating func add(_ more: LineSums, to part: RunDay) {
        sums[position(of: part)] += more
    }

    mutating func removeAll() {
        self = RunDayTable()
    }

    private mutating func find(_ part: RunDay) -> Int {
        var slot = firstSlot(part)
        while slots[slot] >= 0 {
            let position = Int(slots[slot])
            if parts[position] == part { return position }
            slot = (slot + 1) & (slots.count - 1)
        }
        parts.append(part)
        sums.append(LineSums())
        slots[slot] = Int32(parts.count - 1)
        if parts.count * 2 >= slots.count { grow() }
        return parts.count - 1
    }

    private func firstSlot(_ part: RunDay) -> Int {
        let hash = UInt64(bitPattern: part.day &+ part.run &* 100_003) &* 0x9e37_79b9_7f4a_7c15
        return Int(hash >> 32) & (slots.count - 1)
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 4)
        for position in parts.indices {
            var slot = firstSlot(parts[position])
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(position)
        }
    }
}
