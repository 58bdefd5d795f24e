/// Turns baskets in order (`Basket.isBefore`) into the facts of each customer, and drops lines that are there again: a
/// store would have them once.
///
/// Of texts with the same number, the one whose first line came first keeps it, as in a store; the others are counted in
/// `FactsTotals.collided`.
struct BasketReducer: ~Copyable {
    private(set) var totals = FactsTotals()
    private let asOfMinute: Int64
    private var accumulator: FactsAccumulator?
    private var arrival = Arrival()
    /// The first of the texts before that have the number of the current one, where there are any.
    private var earlier: FactsAccumulator?
    private var earlierArrival = Arrival()
    /// The first basket with the key of the current one, and a later one without what was there before.
    private let first: UnsafeMutableRawPointer
    private let rest: UnsafeMutableRawPointer
    private var hasFirst = false
    /// The lines with this key so far; empty until there is a second basket with it.
    private var seen = ByteInterner()

    /// Of all lines of a text, also of those that come again or are after the history.
    private struct Arrival {
        var first = UInt64.max
        var purchases: Int64 = 0
        var cancellations: Int64 = 0

        mutating func add(_ basket: Basket) {
            first = min(first, basket.arrival)
            basket.forEachLine { if $0.quantityMilli < 0 { cancellations += 1 } else { purchases += 1 } }
        }
    }

    init(asOfMinute: Int64) {
        self.asOfMinute = asOfMinute
        first = .allocate(byteCount: GroupingLimits.basketBytes, alignment: 64)
        rest = .allocate(byteCount: GroupingLimits.basketBytes, alignment: 64)
    }

    deinit {
        first.deallocate()
        rest.deallocate()
    }

    /// Gets the facts of a customer, and the customer's text, which is empty of a number and valid only inside the call.
    typealias CustomerBody = (CustomerFacts, UnsafeBufferPointer<UInt8>) throws -> Void

    /// - Throws: `GroupingError`, or what `body` throws, which is called with a customer's facts when they are complete.
    mutating func add(_ basket: Basket, _ body: CustomerBody) throws {
        if accumulator?.customer != basket.customer || accumulator?.check != basket.customerCheck {
            try begin(basket, body)
        }
        if basket.customer < 0 { arrival.add(basket) }
        guard basket.minute < asOfMinute else { return }
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

    private mutating func begin(_ basket: Basket, _ body: CustomerBody) throws {
        if accumulator?.customer == basket.customer { keepEarlier() } else { try finish(body) }
        arrival = Arrival()
        let (number, check) = (basket.customer, basket.customerCheck)
        // In place: a copy would give up the memory that `reset` keeps.
        if accumulator == nil {
            accumulator = FactsAccumulator(customer: number, check: check, text: basket.customerText)
        } else {
            accumulator?.reset(customer: number, check: check, text: basket.customerText)
        }
    }

    /// Of the current text and the earlier one, keeps as `earlier` the one whose lines came first, and counts the other as
    /// collided.
    private mutating func keepEarlier() {
        if earlier == nil || arrival.first < earlierArrival.first {
            swap(&accumulator, &earlier)
            swap(&arrival, &earlierArrival)
        }
        guard let text = accumulator?.text else { return }
        totals.collided.add(text, purchases: arrival.purchases, cancellations: arrival.cancellations)
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
    mutating func finish(_ body: CustomerBody) throws {
        if earlier != nil {
            keepEarlier()
            swap(&accumulator, &earlier)
            earlier = nil
        }
        guard let accumulator, accumulator.lineCount > 0 else { return }
        if let facts = totals.add(accumulator) {
            try accumulator.text.withUnsafeBufferPointer { text in try body(facts, text) }
        }
    }
}
