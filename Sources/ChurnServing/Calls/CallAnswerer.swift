package import ChurnBase
package import ChurnCalls
internal import ChurnModel
internal import NIOCore

/// Answers calls, on whatever thread it is used: each event loop has one for small calls, and a worker has one for a large
/// one. It does not depend on connections, nor on what calls come in.
///
/// Not `Sendable`: its scratch memory serves one call at a time.
package final class CallAnswerer {
    private let health: HealthMonitor
    private let customerHash: CustomerHash
    private let batchScratch = BatchScratch()
    /// The raw features of one customer, then their contributions.
    private let row = UnsafeMutableBufferPointer<Double>.allocate(capacity: 2 * ModelLimits.inputs)

    /// - Parameter customerHash: what the numbers of text customers were made with.
    package init(health: HealthMonitor, customerHash: CustomerHash) {
        self.health = health
        self.customerHash = customerHash
    }

    /// Rows of the largest batch so far, whose memory is kept.
    package var capacityRows: Int { batchScratch.capacityRows }

    deinit {
        row.deallocate()
    }

    /// Answers a call, at once where its customers are at hand.
    ///
    /// - Parameters:
    ///   - deliver: called once with the answer, a view that is valid within the call only, unless it comes late.
    ///   - later: makes what is called once, on any thread, with an answer that comes late. Not called otherwise.
    /// - Returns: whether the answer comes late.
    package func answer(
        _ call: Call,
        _ context: CallContext,
        with snapshot: ServingSnapshot,
        deliver: (Answer) -> Void,
        later: () -> @Sendable (LateAnswer) -> Void
    ) -> Bool {
        do throws(CallFailure) {
            try context.check()
            switch call.method {
            case .predictByID(let arguments):
                return try predict(arguments, call, context, snapshot, deliver, later)
            case .predictBatchByIDs(let ids):
                return try scoreBatch(call, rows: ids.count, context, snapshot, deliver, later) { BatchCustomers(ids) }
            case .predictBatchByTexts(let texts):
                return try scoreBatch(call, rows: texts.count, context, snapshot, deliver, later) {
                    () throws(CallFailure) in
                    try BatchCustomers(texts, customerHash, context)
                }
            case .predictBatchByColumns(let columns):
                let served = try snapshot.models.model(call.model)
                let answer = try served.score(
                    columns: columns,
                    firstRow: call.firstRow,
                    context,
                    scratch: batchScratch
                )
                deliver(.batch(answer, model: served.identity))
            case .predictBatchEmpty:
                throw .invalidArgument("the batch has neither ids nor customers nor columns")
            case .health(let names):
                deliver(.health(health.report(snapshot, names: names)))
            case .unknown:
                throw .unknownMethod
            case .contradictory(let failure):
                throw failure
            }
        } catch {
            deliver(.failure(error))
        }
        return false
    }

    /// Delivers an answer that came late.
    package func deliver(_ late: LateAnswer, _ deliver: (Answer) -> Void) {
        switch late {
        case .prediction(let pending, let answer):
            if let deadline = pending.context.deadline, NIODeadline.now() >= deadline {
                deliver(.failure(.deadlineExceeded))
            } else {
                write(pending, answer, deliver)
            }
        case .batch(.scored(let batch)): batch.deliver(deliver)
        case .batch(.failed(let failure)): deliver(.failure(failure))
        }
    }

    /// The state of the server, for a Health that is answered although other calls are not.
    package func deliverHealth(_ snapshot: ServingSnapshot, names: Bool, _ deliver: (Answer) -> Void) {
        deliver(.health(health.report(snapshot, names: names)))
    }

    private func predict(
        _ arguments: PredictByIDArguments,
        _ call: Call,
        _ context: CallContext,
        _ snapshot: ServingSnapshot,
        _ deliver: (Answer) -> Void,
        _ later: () -> @Sendable (LateAnswer) -> Void
    ) throws(CallFailure) -> Bool {
        let served = try snapshot.models.model(call.model)
        guard let features = snapshot.features else { throw .noFeatures }
        try snapshot.requireFeatures(of: served)
        let pending = PendingPrediction(
            customer: try arguments.customer.resolved(customerHash),
            contributions: arguments.contributions,
            names: arguments.names,
            served: served,
            context: context
        )
        let answer = features.find(pending.customer, context) {
            let done = later()
            return { done(.prediction(pending, $0)) }
        }
        guard let answer else { return true }
        write(pending, answer, deliver)
        return false
    }

    private func scoreBatch(
        _ call: Call,
        rows: Int,
        _ context: CallContext,
        _ snapshot: ServingSnapshot,
        _ deliver: (Answer) -> Void,
        _ later: () -> @Sendable (LateAnswer) -> Void,
        customers: () throws(CallFailure) -> BatchCustomers
    ) throws(CallFailure) -> Bool {
        let served = try snapshot.models.model(call.model)
        try requireRows(rows)
        guard let features = snapshot.features else { throw .noFeatures }
        try snapshot.requireFeatures(of: served)
        let answer = try features.score(try customers(), with: served, context, scratch: batchScratch) {
            let done = later()
            return { done(.batch($0)) }
        }
        guard let answer else { return true }
        deliver(.batch(answer, model: served.identity))
        return false
    }

    private func write(_ call: PendingPrediction, _ answer: FeatureAnswer, _ deliver: (Answer) -> Void) {
        switch answer {
        case .found(let customer):
            customer.withRow { values, segment in
                var answer = prediction(call, values, segment, featureTime: customer.featureTime)
                guard let text = call.customer.text else {
                    return deliver(.prediction(answer, model: call.served.identity))
                }
                text.withUnsafeBufferPointer { text in
                    answer.customerText = text
                    deliver(.prediction(answer, model: call.served.identity))
                }
            }
        case .failed(let failure):
            deliver(.failure(failure))
        }
    }

    /// - Parameter values: a row of the layout that the served model was made with.
    private func prediction(
        _ call: PendingPrediction,
        _ values: UnsafePointer<Double>,
        _ segment: UnsafePointer<CChar>?,
        featureTime: Int64
    ) -> PredictByIDAnswer {
        let served = call.served
        let count = served.inputCount
        for position in 0..<count { row[position] = values[served.featureColumns[position]] }

        let (logOdds, probability) = served.score(row: values)
        var contributions = UnsafeBufferPointer<Double>(start: nil, count: 0)
        if call.contributions {
            let out = UnsafeMutableBufferPointer(rebasing: row[count..<(2 * count)])
            served.scorer.contributions(
                inputs: values + served.inputColumns.lowerBound,
                into: out.baseAddress.unsafelyUnwrapped
            )
            contributions = UnsafeBufferPointer(out)
        }
        return PredictByIDAnswer(
            customer: call.customer.id.isText ? 0 : call.customer.id.number,
            probability: probability,
            logOdds: logOdds,
            churn: probability >= served.model.threshold,
            features: UnsafeBufferPointer(rebasing: row[..<count]),
            featureTime: featureTime,
            segment: segment,
            contributions: contributions,
            baseline: call.contributions ? served.scorer.baseline : 0,
            names: call.names ? served.names : UnsafeBufferPointer(start: nil, count: 0)
        )
    }
}
