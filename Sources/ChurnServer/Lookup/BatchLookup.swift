internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnStore
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// A PredictBatch by ids whose customers have to be looked up: a slice at a time, each row scored as soon as its customer
/// is there, so that no more than a slice of it waits in the look-up's queue, and nothing of the customers is kept.
///
/// A customer that cannot be had fails its row and not the batch: NOT_FOUND, UNAVAILABLE while the store is gone, DATA_LOSS,
/// or RESOURCE_EXHAUSTED while too many wait.
///
/// `@unchecked Sendable`: threads write different rows, and each tells `state` behind its lock when it has; who takes the
/// last row off it sees them all.
final class BatchLookup: @unchecked Sendable {
    private struct State {
        /// Rows of the slice in hand that wait for their customer.
        var waiting = 0
        /// The oldest of the rows', seconds since 1970-01-01 00:00.
        var featureTime = Int64.max
        var failedRows = 0
        /// The store could not be asked: the rows that are left are answered from the cache, or not at all.
        var storeIsGone = false
    }

    private let ids: [Int64]
    private let callID: UInt64
    private let served: ServedModel
    private let deadline: NIODeadline?
    private let job: LargeFrameJob
    private let readThrough: ReadThrough
    private let done: @Sendable (LargeFrameJob.Outcome) -> Void
    private let probabilities: UnsafeMutableBufferPointer<Double>
    private let statuses: UnsafeMutableBufferPointer<UInt8>
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - request: a batch of `ids`; nothing of it is kept but them.
    ///   - job: whose frame it is.
    ///   - done: called once, on any thread.
    init(
        _ request: RequestView,
        ids: UnsafeBufferPointer<Int64>,
        job: LargeFrameJob,
        readThrough: ReadThrough,
        done: @escaping @Sendable (LargeFrameJob.Outcome) -> Void
    ) throws(CallFailure) {
        try BatchScoring.requireRows(ids.count)
        served = job.snapshot.models[try job.snapshot.requireModel(request.model)]
        self.ids = Array(ids)
        callID = request.callID
        deadline = job.arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
        self.job = job
        self.readThrough = readThrough
        self.done = done
        probabilities = .allocate(capacity: ids.count)
        statuses = .allocate(capacity: ids.count)
    }

    deinit {
        probabilities.deallocate()
        statuses.deallocate()
    }

    /// Blocks for no look-up, but scores what is in the cache: to be called on a worker.
    func start() {
        lookUp(from: 0)
    }

    private func lookUp(from first: Int) {
        let now = NIODeadline.now()
        if let deadline, now >= deadline { return fail(.deadlineExceeded) }
        guard !job.life.hasEnded else { return fail(.connectionClosed) }
        guard first < ids.count else { return finish() }
        let end = min(first + ServerLimits.lookupRowsPerSlice, ids.count)
        let storeIsGone = state.withLockedValue { state in
            state.waiting = end - first
            return state.storeIsGone
        }
        let until = storeIsGone ? now : ReadThrough.patience(deadline, arrival: now)
        for row in first..<end {
            let answer = readThrough.lookup.find(ids[row], until: until) { [self] in
                take($0, row: row, end: end)
            }
            if let answer { take(answer, row: row, end: end) }
        }
    }

    /// - Parameter end: of the slice.
    private func take(_ answer: FeatureLookup.Answer, row: Int, end: Int) {
        let status: StatusCode
        var probability = Double.nan
        var featureTime: Int64?
        switch answer {
        case .found(let record):
            status = .ok
            featureTime = record.featureTime
            probability = readThrough.withRow(of: record) { served.score(row: $0).probability }
        case .unknown: status = .notFound
        case .unavailable(.damaged): status = .dataLoss
        case .overloaded: status = .resourceExhausted
        case .unavailable, .late, .stopping: status = .unavailable
        }
        probabilities[row] = probability
        statuses[row] = UInt8(status.rawValue)
        let isLast = state.withLockedValue { state in
            if status != .ok { state.failedRows += 1 }
            if status == .unavailable { state.storeIsGone = true }
            if let featureTime { state.featureTime = min(state.featureTime, featureTime) }
            state.waiting -= 1
            return state.waiting == 0
        }
        // On a worker again: this thread may be the one that asks the store. When it is the server that ends, so that
        // there are no workers any more, there is no connection either that waits for the answer.
        guard isLast else { return }
        job.services.workers.submit { [self] state in if state == .active { lookUp(from: end) } }
    }

    private func finish() {
        let state = state.withLockedValue { $0 }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ids.count) { decisions in
            let answer = served.batchAnswer(
                rows: ids.count,
                probabilities: probabilities,
                decisions: decisions,
                statuses: state.failedRows > 0 ? statuses : nil,
                featureTime: state.featureTime == .max ? job.snapshot.build?.featureTime ?? 0 : state.featureTime
            )
            var output = ByteBuffer()
            ResponseEncoder.write(answer, model: served.identity, callID: callID, to: &output)
            done(.answer(output))
        }
    }

    private func fail(_ failure: CallFailure) {
        var output = ByteBuffer()
        ResponseEncoder.write(failure: failure, callID: callID, to: &output)
        done(.answer(output))
    }
}
