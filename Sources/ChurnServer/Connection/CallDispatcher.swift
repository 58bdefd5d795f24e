internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol
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
                try predict(
                    customer,
                    contributions: contributions,
                    names: names,
                    request: request,
                    snapshot: snapshot,
                    to: &output
                )
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

    private func predict(
        _ customer: Int64,
        contributions wantsContributions: Bool,
        names wantsNames: Bool,
        request: RequestView,
        snapshot: ServingSnapshot,
        to output: inout ByteBuffer
    ) throws(CallFailure) {
        let index = try modelIndex(request, snapshot)
        guard let resident = snapshot.resident else { throw .noFeatures }
        guard let tableRow = resident.table.row(of: customer) else { throw .unknownCustomer(customer) }
        let served = snapshot.models[index]
        let count = served.inputCount
        let values = resident.table.features(row: tableRow)
        let inputs = values + served.inputColumns.lowerBound
        for position in 0..<count { row[position] = values[served.featureColumns[position]] }

        let (logOdds, probability) = served.scorer.score(inputs: inputs)
        var contributions = UnsafeBufferPointer<Double>(start: nil, count: 0)
        if wantsContributions {
            let out = UnsafeMutableBufferPointer(rebasing: row[count..<(2 * count)])
            served.scorer.contributions(inputs: inputs, into: out.baseAddress.unsafelyUnwrapped)
            contributions = UnsafeBufferPointer(out)
        }
        let answer = PredictByIDAnswer(
            customer: customer,
            probability: probability,
            logOdds: logOdds,
            churn: probability >= served.model.threshold,
            features: UnsafeBufferPointer(rebasing: row[..<count]),
            featureTime: resident.featureTime,
            segment: resident.segment(row: tableRow),
            contributions: contributions,
            baseline: wantsContributions ? served.scorer.baseline : 0,
            names: wantsNames ? served.names : UnsafeBufferPointer(start: nil, count: 0)
        )
        ResponseEncoder.write(answer, model: served.identity, callID: request.callID, to: &output)
    }

    private func batchScoring(_ request: RequestView, _ snapshot: ServingSnapshot) throws(CallFailure) -> BatchScoring {
        BatchScoring(snapshot: snapshot, modelIndex: try modelIndex(request, snapshot), scratch: batchScratch)
    }

    private func modelIndex(_ request: RequestView, _ snapshot: ServingSnapshot) throws(CallFailure) -> Int {
        guard let index = snapshot.modelIndex(request.model) else {
            throw .unknownModel(request.model, serving: snapshot)
        }
        return index
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
