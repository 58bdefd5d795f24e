/// Counts equal lines of one file: 0 for the first, 1 for the second, and so on.
///
/// Memory is fixed: equal lines are told apart while no more than `window` lines lie between one and the next; a line seen
/// again later than that counts as a first. Lines are compared by two 64-bit hashes, made independently of each other and
/// with seeds drawn once a process: two different lines are taken for equal with a probability of about
/// `window * 2^-128` a line, and a prepared file cannot aim at it. Such a mistake would give a line a wrong `copy`; it
/// would still be a line of its own.
///
/// The last `window` lines stand in a ring, in order. Each hash bucket names its newest line, and each line the one of
/// its bucket before it. Nothing is ever deleted: what is older than the window has been overwritten, and a chain is left
/// when the ages stop growing.
struct CopyCounter: ~Copyable {
    private struct Entry {
        var first: UInt64
        var second: UInt64
        /// Its `copy`; stays at the largest value, after four thousand million equal lines.
        var copy: UInt32
        /// Sequence number of the next older line of the bucket.
        var older: UInt32
    }

    private static let seeds: (first: UInt64, second: UInt64) = (
        .random(in: .min ... .max), .random(in: .min ... .max)
    )

    private let ring: UnsafeMutablePointer<Entry>
    private let newest: UnsafeMutablePointer<UInt32>
    private let window: UInt32
    private let bucketMask: UInt64
    private let seeds = CopyCounter.seeds
    /// Of the line to come. Wraps; ages are differences. Starts where the zeros of `newest` are too old.
    private var sequence: UInt32

    /// - Parameter window: a power of two, at most 2^20.
    init(window: Int) {
        self.window = UInt32(window)
        sequence = UInt32(window) + 1
        // Not initialised: a place of the ring is read only when a line within the window was written to it.
        ring = .allocate(capacity: window)
        let buckets = window * 2
        newest = .allocate(capacity: buckets)
        newest.initialize(repeating: 0, count: buckets)
        bucketMask = UInt64(buckets - 1)
    }

    deinit {
        ring.deallocate()
        newest.deallocate()
    }

    /// Notes a line, given by its key, and returns its `copy`. Scalars, because a `TransactionLine` would be copied for the
    /// call, which took a tenth of the reading time.
    ///
    /// - Parameters:
    ///   - invoice: followed by 7 readable bytes, as is `stockCode`.
    ///   - quantity: within 32 bits.
    @inline(__always)
    mutating func count(
        invoice: UnsafeBufferPointer<UInt8>,
        stockCode: UnsafeBufferPointer<UInt8>,
        customer: Int64,
        minute: Int64,
        quantity: Int64,
        priceMilli: Int64
    ) -> Int64 {
        var first = seeds.first
        var second = seeds.second
        Self.mix(&first, &second, UInt64(bitPattern: customer))
        Self.mix(&first, &second, UInt64(bitPattern: minute))
        Self.mix(&first, &second, UInt64(bitPattern: priceMilli))
        // The lengths have 7 bits each: with them, no two lists of fields give the same words.
        let lengths = UInt64(invoice.count) << 40 | UInt64(stockCode.count) << 32
        Self.mix(&first, &second, lengths | UInt64(UInt32(truncatingIfNeeded: quantity)))
        Self.mix(&first, &second, invoice)
        Self.mix(&first, &second, stockCode)
        return Int64(note(first, second))
    }

    private mutating func note(_ first: UInt64, _ second: UInt64) -> UInt32 {
        let bucket = Int(truncatingIfNeeded: (first ^ second >> 32) & bucketMask)
        let head = newest[bucket]
        var copy: UInt32 = 0
        var older = head
        var age: UInt32 = 0
        while true {
            let olderAge = sequence &- older
            guard olderAge > age, olderAge <= window else { break }
            age = olderAge
            let entry = ring + Int(older & (window - 1))
            if entry.pointee.first == first, entry.pointee.second == second {
                copy = entry.pointee.copy == .max ? .max : entry.pointee.copy + 1
                break
            }
            older = entry.pointee.older
        }
        ring[Int(sequence & (window - 1))] = Entry(first: first, second: second, copy: copy, older: head)
        newest[bucket] = sequence
        sequence &+= 1
        return copy
    }

    @inline(__always)
    private static func mix(_ first: inout UInt64, _ second: inout UInt64, _ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        var index = 0
        while index < bytes.count {
            var word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
            let missing = 8 - (bytes.count - index)
            if missing > 0 { word = word << UInt64(missing * 8) }
            mix(&first, &second, word)
            index += 8
        }
    }

    /// The step of MurmurHash64A (A. Appleby, public domain) and, beside it, one of the same form with other constants
    /// (those of the finaliser of MurmurHash3).
    @inline(__always)
    private static func mix(_ first: inout UInt64, _ second: inout UInt64, _ word: UInt64) {
        first = (first ^ word) &* 0xC6A4_A793_5BD1_E995
        first ^= first >> 32
        second = (second ^ word) &* 0xFF51_AFD7_ED55_8CCD
        second = (second ^ second >> 29) &* 0xC4CE_B9FE_1A85_EC53
    }
}
