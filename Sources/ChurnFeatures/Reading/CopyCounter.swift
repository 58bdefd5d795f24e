/// Counts equal lines of one file: 0 for the first, 1 for the second, and so on.
///
/// Memory is fixed: equal lines are told apart while no more than `window` lines lie between one and the next; a line seen
/// again later than that counts as a first. Lines are compared by two 64-bit hashes, made independently of each other and
/// with seeds drawn once a process: two different lines are taken for equal with a probability of about
/// `window * 2^-128` a line, and a prepared file cannot aim at it. Such a mistake would give a line a wrong `copy`; it
/// would still be a line of its own.
///
/// Most lines are the first of their kind. So a byte for each of many hash slots says in which eighth of a window a line was
/// last there: a small table, and a branch that is foreseen. Only where that was lately is the line looked for.
///
/// The last `window` lines stand in a ring, in order. Each hash bucket names its newest line, and each line the one of
/// its bucket before it. Nothing is ever deleted: what is older than the window has been overwritten, and a chain is left
/// when the ages stop growing.
struct CopyCounter: ~Copyable {
    private struct Entry {
        var first: UInt64
        var second: UInt64
        /// Its `copy`; stays at the largest value.
        var copy: UInt32
        /// Sequence number of the next older line of the bucket.
        var older: UInt32
    }

    /// What the words of one hash are added to.
    private struct Keys {
        let customer = random(), minute = random(), amount = random(), rest = random(), invoice = random()
        let stockCode = random()

        private static func random() -> UInt64 { .random(in: .min ... .max) }
    }

    private static let keys = (first: Keys(), second: Keys())

    private let ring: UnsafeMutablePointer<Entry>
    private let newest: UnsafeMutablePointer<UInt32>
    /// By slot, the generation of the last line there; wraps.
    private let lately: UnsafeMutablePointer<UInt8>
    private let slotMask: UInt64
    /// Lines of a generation are 2 to the power of this.
    private let generationShift: UInt32
    private let window: UInt32
    private let bucketMask: UInt64
    private let keys = CopyCounter.keys
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
        let slots = window * 8
        lately = .allocate(capacity: slots)
        lately.initialize(repeating: 0, count: slots)
        slotMask = UInt64(slots - 1)
        generationShift = UInt32(max(0, window.trailingZeroBitCount - 3))
    }

    deinit {
        ring.deallocate()
        newest.deallocate()
        lately.deallocate()
    }

    /// Notes a line, given by its key, and returns its `copy`. Scalars, because a `TransactionLine` would be copied for the
    /// call, which took a tenth of the reading time.
    ///
    /// - Parameters:
    ///   - invoice: followed by 7 readable bytes, as is `stockCode`.
    ///   - quantityMilli: within 48 bits.
    @inline(__always)
    mutating func count(
        invoice: UnsafeBufferPointer<UInt8>,
        stockCode: UnsafeBufferPointer<UInt8>,
        customer: Int64,
        customerCheck: UInt64,
        minute: Int64,
        quantityMilli: Int64,
        amountMilli: Int64
    ) -> Int64 {
        let words = Words(
            customer: UInt64(bitPattern: customer) &+ customerCheck,
            minute: UInt64(bitPattern: minute),
            amount: UInt64(bitPattern: amountMilli),
            // The lengths have 7 bits each: with them, no two lists of fields give the same words.
            rest: UInt64(invoice.count) << 56 | UInt64(stockCode.count) << 48
                | (UInt64(bitPattern: quantityMilli) & 0xFFFF_FFFF_FFFF),
            invoice: Self.word(invoice, 0),
            stockCode: Self.word(stockCode, 0)
        )
        var first = words.hash(keys.first)
        var second = words.hash(keys.second)
        if invoice.count > 8 { Self.mix(&first, &second, invoice) }
        if stockCode.count > 8 { Self.mix(&first, &second, stockCode) }
        return Int64(note(first, second))
    }

    @inline(__always)
    private mutating func note(_ first: UInt64, _ second: UInt64) -> UInt32 {
        let bucket = Int(truncatingIfNeeded: (first ^ second >> 32) & bucketMask)
        let head = newest[bucket]
        let slot = Int(truncatingIfNeeded: second & slotMask)
        let generation = UInt8(truncatingIfNeeded: sequence >> generationShift)
        // What lies within the window is at most this many generations ago, and one more for the one that is not over.
        let isLately = generation &- lately[slot] <= UInt8(truncatingIfNeeded: window >> generationShift) + 1
        lately[slot] = generation
        let copy = isLately ? copies(of: first, second, from: head) : 0
        ring[Int(sequence & (window - 1))] = Entry(first: first, second: second, copy: copy, older: head)
        newest[bucket] = sequence
        sequence &+= 1
        return copy
    }

    /// One more than the `copy` of the equal line in the bucket that begins with `head`; 0 when there is none.
    private func copies(of first: UInt64, _ second: UInt64, from head: UInt32) -> UInt32 {
        var older = head
        var age: UInt32 = 0
        while true {
            let olderAge = sequence &- older
            guard olderAge > age, olderAge <= window else { return 0 }
            age = olderAge
            let entry = ring + Int(older & (window - 1))
            if entry.pointee.first == first, entry.pointee.second == second {
                return min(entry.pointee.copy + 1, PackedNumbers.copyLimit)
            }
            older = entry.pointee.older
        }
    }

    /// The words of a key, but for the ends of long texts.
    private struct Words {
        var customer: UInt64, minute: UInt64, amount: UInt64, rest: UInt64, invoice: UInt64, stockCode: UInt64

        /// Products of two words each, so that none waits for another: a third of the time of a chain.
        @inline(__always)
        func hash(_ keys: Keys) -> UInt64 {
            CopyCounter.fold(customer &+ keys.customer, rest &+ keys.rest)
                ^ CopyCounter.fold(minute &+ keys.minute, stockCode &+ keys.stockCode)
                ^ CopyCounter.fold(invoice &+ keys.invoice, amount &+ keys.amount)
        }
    }

    /// The halves of the 128-bit product, folded together (the step of wyhash, W. Yi, public domain).
    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }

    /// The bytes of a text from `index` on, at most 8; 0 where there is none.
    @inline(__always)
    private static func word(_ bytes: UnsafeBufferPointer<UInt8>, _ index: Int) -> UInt64 {
        guard let base = bytes.baseAddress else { return 0 }
        let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
        let missing = max(0, 8 - (bytes.count - index))
        return word << UInt64(missing * 8)
    }

    /// The bytes after the eighth.
    private static func mix(_ first: inout UInt64, _ second: inout UInt64, _ bytes: UnsafeBufferPointer<UInt8>) {
        for index in stride(from: 8, to: bytes.count, by: 8) {
            let word = word(bytes, index)
            first = fold(first ^ word, 0xA076_1D64_78BD_642F)
            second = fold(second ^ word, 0xE703_7ED1_A0B4_28DB)
        }
    }
}
