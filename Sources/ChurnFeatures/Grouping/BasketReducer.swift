/// Turns baskets in order (`Basket.isBefore`) into the facts of each customer, and drops lines that are there again: a
/// store would have them once.
struct BasketReducer: ~Copyable {
    private(set) var totals = FactsTotals()
    private let asOfMinute: Int64
    private var accumulator: FactsAccumulator?
    /// The first basket with the key of the current one, and a later one without what was there before.
    private let first: UnsafeMutableRawPointer
    private let rest: UnsafeMutableRawPointer
    private var hasFirst = false
    /// The lines with this key so far; empty until there is a second basket with it.
    private var seen = ByteInterner()

    init(asOfMinute: Int64) {
        self.asOfMinute = asOfMinute
        first = .allocate(byteCount: GroupingLimits.basketBytes, alignment: 64)
        rest = .allocate(byteCount: GroupingLimits.basketBytes, alignment: 64)
    }

    deinit {
        first.deallocate()
        rest.deallocate()
    }

    /// - Throws: `GroupingError`, or what `body` throws, which is called with a customer's facts when they are complete.
    mutating func add(_ basket: Basket, _ body: (CustomerFacts) throws -> Void) throws {
        guard basket.minute < asOfMinute else { return }
        if accumulator?.customer != basket.customer {
            try finish(body)
            // In place: a copy would give up the memory that `reset` keeps.
            if accumulator == nil {
                accumulator = FactsAccumulator(customer: basket.customer)
            } else {
                accumulator?.reset(customer: basket.customer)
            }
        }
        let counted: Basket?
        if hasFirst, Basket(base: first).hasSameKey(as: basket) {
            counted = try unseen(basket)
        } else {
            if seen.count > 0 { seen.removeAll() }
            first.copyMemory(from: basket.base, byteCount: basket.byteCount)
            hasFirst = true
            counted = basket
        }
        guard let counted else { return }
        do throws(FactsError) {
            try accumulator?.add(counted)
        } catch {
            throw GroupingError.facts(error)
        }
    }

    /// The basket without the lines that an earlier one with its key has; nil when that are all.
    private mutating func unseen(_ basket: Basket) throws(GroupingError) -> Basket? {
        if seen.count == 0 { Basket(base: first).forEachLine { _ = seen.number(of: $0.bytes) } }
        var byteCount = basket.lines - basket.base
        var lineCount = 0
        rest.copyMemory(from: basket.base, byteCount: byteCount)
        basket.forEachLine { line in
            let seenBefore = seen.count
            guard seen.number(of: line.bytes) == seenBefore else { return }
            (rest + byteCount).copyMemory(from: line.base, byteCount: line.byteCount)
            byteCount += line.byteCount
            lineCount += 1
        }
        guard seen.count <= GroupingLimits.repeatedLines else {
            throw .tooManyRepeatedLines(customer: basket.customer, limit: GroupingLimits.repeatedLines)
        }
        guard lineCount > 0 else { return nil }
        Basket.setCounts(of: rest, lineCount: lineCount, byteCount: byteCount)
        return Basket(base: rest)
    }

    /// The last customer, whom no other follows.
    mutating func finish(_ body: (CustomerFacts) throws -> Void) throws {
        guard let accumulator, accumulator.lineCount > 0 else { return }
        if let facts = totals.add(accumulator) { try body(facts) }
    }
}
