internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnStore
internal import NIOCore

/// Answers decoded calls, on whatever thread it is used: each event loop has one for small calls, and a worker makes
/// one for a large frame. It knows nothing of connections.
///
/// Not `Sendable`: its scratch memory serves one call at a time.
final class CallDispatcher {
    private let health: HealthMonitor
    private let batchScratch = BatchScratch()
    /// The raw features of one customer, then their contributions.
    private let row = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * ModelLimits.inputs)

    init(health: HealthMonitor) {
        self.health = health
    }

    /// Rows of the largest batch so far, whose memory is kept.
    var batchRows: Int { batchScratch.probabilities.count }

    deinit {
        row.deallocate()
    }

    /// Appends the answer to `request` to `output`: a result, or a status.
    ///
    /// - Parameters:
    ///   - arrival: what the call's deadline is counted from.
    ///   - checkpoint: called between slices of a batch; throws to end the call.
    func answer(
        _ request: RequestView,
        with snapshot: ServingSnapshot,
        arrival: NIODeadline,
        to output: inout ByteBuffer,
        checkpoint: () throws(CallFailure) -> Void = {}
    ) {
        do throws(CallFailure) {
            let deadline = arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
            func check() throws(CallFailure) {
                if let deadline, NIODeadline.now() >= deadline { throw CallFailure.deadlineExceeded }
                try checkpoint()
            }
            try check()
            switch request.method {
            case .predictByID(let customer, let contributions, let names):
                let wish = PredictByIDCall.Wish(customer: customer, contributions: contributions, names: names)
                let call = try PredictByIDCall(request, wish, snapshot: snapshot, arrival: arrival)
                guard let resident = snapshot.resident else { throw .noFeatures }
                guard let row = resident.table.row(of: customer) else { throw .unknownCustomer(customer) }
                let found = FoundCustomer(
                    row: resident.table.features(row: row),
                    featureTime: resident.featureTime,
                    segment: resident.segment(row: row)
                )
                write(call, found, to: &output)
            case .predictBatchByIDs(let ids):
                let batch = try batchScoring(request, snapshot)
                let answer = try batch.score(ids: ids, checkpoint: check)
                ResponseEncoder.write(answer, model: batch.identity, callID: request.callID, to: &output)
            case .predictBatchByColumns(let columns):
                let batch = try batchScoring(request, snapshot)
                let answer = try batch.score(columns: columns, checkpoint: check)
                ResponseEncoder.write(answer, model: batch.identity, callID: request.callID, to: &output)
            case .predictBatchEmpty:
                throw .invalidArgument("the batch has neither ids nor columns")
            case .health(let names):
                ResponseEncoder.write(health.report(snapshot, names: names), callID: request.callID, to: &output)
            case .unknown:
                throw .unknownMethod
            }
        } catch {
            ResponseEncoder.write(failure: error, callID: request.callID, to: &output)
        }
    }

    /// Appends the answer to a call whose customer was looked up in the store.
    func answer(
        _ call: PredictByIDCall,
        with answer: FeatureLookup.Answer,
        _ readThrough: ReadThrough,
        to output: inout ByteBuffer
    ) {
        if let deadline = call.deadline, NIODeadline.now() >= deadline {
            ResponseEncoder.write(failure: .deadlineExceeded, callID: call.callID, to: &output)
        } else if case .found(let record) = answer {
            readThrough.withRow(of: record) { row in
                func write(_ segment: UnsafePointer<CChar>?) {
                    let found = FoundCustomer(row: row, featureTime: record.featureTime, segment: segment)
                    self.write(call, found, to: &output)
                }
                if let segment = record.segment { segment.withCString(write) } else { write(nil) }
            }
        } else if let failure = CallFailure(answer, of: call) {
            ResponseEncoder.write(failure: failure, callID: call.callID, to: &output)
        }
    }

    /// A customer's numbers, from the table or from the store.
    private struct FoundCustomer {
        /// Of the layout that the served models were made with.
        let row: UnsafePointer<Double>
        let featureTime: Int64
        /// NUL-terminated.
        let segment: UnsafePointer<CChar>?
    }

    private func write(_ call: PredictByIDCall, _ customer: FoundCustomer, to output: inout ByteBuffer) {
        let served = call.served
        let count = served.inputCount
        for position in 0..<count { row[position] = customer.row[served.featureColumns[position]] }

        let (logOdds, probability) = served.score(row: customer.row)
        var contributions = UnsafeBufferPointer<Double>(start: nil, count: 0)
        if call.wish.contributions {
            let out = UnsafeMutableBufferPointer(rebasing: row[count..<(2 * count)])
            served.scorer.contributions(
                inputs: customer.row + served.inputColumns.lowerBound,
                into: out.baseAddress.unsafelyUnwrapped
            )
            contributions = UnsafeBufferPointer(out)
        }
        let answer = PredictByIDAnswer(
            customer: call.wish.customer,
            probability: probability,
            logOdds: logOdds,
            churn: probability >= served.model.threshold,
            features: UnsafeBufferPointer(rebasing: row[..<count]),
            featureTime: customer.featureTime,
            segment: customer.segment,
            contributions: contributions,
            baseline: call.wish.contributions ? served.scorer.baseline : 0,
            names: call.wish.names ? served.names : UnsafeBufferPointer(start: nil, count: 0)
        )
        ResponseEncoder.write(answer, model: served.identity, callID: call.callID, to: &output)
    }

    private func batchScoring(_ request: RequestView, _ snapshot: ServingSnapshot) throws(CallFailure) -> BatchScoring {
        BatchScoring(
            snapshot: snapshot,
            modelIndex: try snapshot.requireModel(request.model),
            scratch: batchScratch
        )
    }
}

extension NIODeadline {
    /// When a call that arrived now ends at the latest; `nil` when it has no deadline.
    ///
    /// - Parameter timeoutMilliseconds: as on the wire, 0 for none.
    @inline(__always)
    func deadline(timeoutMilliseconds: UInt32) -> NIODeadline? {
        timeoutMilliseconds == 0 ? nil : self + .milliseconds(Int64(timeoutMilliseconds))
    }
}

extension BatchScoring {
    var identity: ModelIdentityView { snapshot.models[modelIndex].identity }
}

extension ResponseEncoder {
    static func write(failure: CallFailure, callID: UInt64, to output: inout ByteBuffer) {
        write(
            status: failure.code,
            message: failure.message,
            notProcessed: failure.notProcessed,
            callID: callID,
            to: &output
        )
    }
}
