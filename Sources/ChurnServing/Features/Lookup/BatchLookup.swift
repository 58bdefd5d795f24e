internal import ChurnBase
internal import ChurnCalls
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// A PredictBatch by customers whose customers have to be looked up: a slice at a time, each row scored as soon as its customer
/// is there, so that no more than a slice of it waits in the look-up's queue, and nothing of the customers is kept.
///
/// A customer that cannot be had fails its row and not the batch: NOT_FOUND, UNAVAILABLE while the store is gone, DATA_LOSS,
/// or RESOURCE_EXHAUSTED while too many wait.
///
/// `Sendable`: threads write different rows of the batch, and each reports to `state` behind its lock when it has; the one
/// that takes the last row off it sees them all.
final class BatchLookup: Sendable {
    private struct State {
        /// Rows of the slice in hand that wait for their customer.
        var waiting = 0
        /// The oldest of the rows', seconds since 1970-01-01 00:00.
        var featureTime = Int64.max
        var failedRows = 0
        /// The store could not be asked: the rows that are left are answered from the cache, or not at all.
        var storeIsGone = false
    }

    private let numbers: [Int64]
    /// Of texts; `nil` for a batch of numbers.
    private let checks: [UInt64]?
    private let invalidRows: [Int]
    private let batch: ScoredBatch
    private let served: ServedModel
    private let context: CallContext
    private let features: ReadThroughFeatures
    private let done: @Sendable (BatchOutcome) -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - customers: of 1 row or more; copied.
    ///   - done: called once, on any thread.
    init(
        _ customers: BatchCustomers,
        served: ServedModel,
        context: CallContext,
        features: ReadThroughFeatures,
        done: @escaping @Sendable (BatchOutcome) -> Void
    ) {
        numbers = Array(customers.numbers)
        checks = customers.checks.map { Array($0) }
        invalidRows = customers.invalidRows
        batch = ScoredBatch(rows: numbers.count, served: served)
        self.served = served
        self.context = context
        self.features = features
        self.done = done
    }

    /// Blocks for no look-up, but scores what is in the cache: to be called on a worker.
    func start() {
        lookUp(from: 0)
    }

    private func lookUp(from first: Int) {
        do throws(CallFailure) {
            try context.check()
        } catch {
            return done(.failed(error))
        }
        guard first < numbers.count else { return finish() }
        let end = min(first + ServingLimits.lookupRowsPerSlice, numbers.count)
        let storeIsGone = state.withLockedValue { state in
            state.waiting = end - first
            return state.storeIsGone
        }
        let now = NIODeadline.now()
        let until = storeIsGone ? now : features.waitDeadline(context, from: now)
        for row in first..<end {
            guard let customer = customer(row) else {
                take(.unknown, row: row, end: end)
                continue
            }
            let answer = features.lookup.find(customer, until: until) { [self] in take($0, row: row, end: end) }
            if let answer { take(answer, row: row, end: end) }
        }
    }

    /// `nil` where the row names nobody that there could be.
    private func customer(_ row: Int) -> CustomerID? {
        let number = numbers[row]
        if let checks { return number == 0 ? nil : CustomerID(number: number, check: checks[row]) }
        return number > 0 ? CustomerID(number: number) : nil
    }

    /// - Parameter end: of the slice.
    private func take(_ answer: FeatureLookup.Answer, row: Int, end: Int) {
        let status: StatusCode
        var probability = Double.nan
        var featureTime: Int64?
        // When the caller's deadline has passed, the whole batch fails, not the row.
        let customer = ResolvedCustomer(id: customer(row) ?? CustomerID(number: 0), text: nil)
        switch features.answer(answer, customer, hasDeadline: false) {
        case .found(let customer):
            status = .ok
            featureTime = customer.featureTime
            probability = customer.withRow { row, _ in served.score(row: row).probability }
        case .failed(let failure): status = failure.code
        }
        batch.probabilities[row] = probability
        batch.statuses[row] = UInt8(status.rawValue)
        let isLast = state.withLockedValue { state in
            if status != .ok { state.failedRows += 1 }
            if status == .unavailable { state.storeIsGone = true }
            if let featureTime { state.featureTime = min(state.featureTime, featureTime) }
            state.waiting -= 1
            return state.waiting == 0
        }
        // On a worker again: this thread may be the one that queries the store. When it is the server that ends, so that
        // there are no workers any more, there is no connection either that waits for the answer.
        guard isLast else { return }
        features.workers.submit { [self] state in if state == .active { lookUp(from: end) } }
    }

    private func finish() {
        let state = state.withLockedValue { $0 }
        for row in invalidRows { batch.statuses[row] = UInt8(StatusCode.invalidArgument.rawValue) }
        batch.hasStatuses = state.failedRows > 0
        // Without a single customer there is no time either.
        batch.featureTime = state.featureTime == .max ? features.featureTime : state.featureTime
        done(.scored(batch))
    }
}
