package import ChurnCalls

/// A PredictById that waits for its customer: all that its answer needs besides the customer's numbers.
package struct PendingPrediction: Sendable {
    let customer: ResolvedCustomer
    let contributions: Bool
    let names: Bool
    let served: ServedModel
    let context: CallContext
}

/// What a call that could not be answered at once has come to. It goes to `CallAnswerer.deliver`.
package enum LateAnswer: Sendable {
    /// To be scored where the call's connection is served: cheap.
    case prediction(PendingPrediction, FeatureAnswer)
    /// Scored already; large, so best encoded on the thread that it comes on.
    case batch(BatchOutcome)
}

/// A batch by ids whose customers had to be waited for.
package enum BatchOutcome: Sendable {
    case scored(ScoredBatch)
    case failed(CallFailure)
}

/// The rows of a batch, in memory of its own.
///
/// `@unchecked Sendable`: threads write different rows, and hand the batch on only when all are written.
package final class ScoredBatch: @unchecked Sendable {
    let rows: Int
    let served: ServedModel
    let probabilities: UnsafeMutableBufferPointer<Double>
    let statuses: UnsafeMutableBufferPointer<UInt8>
    /// Seconds since 1970-01-01 00:00. Written before the batch is handed on, as is the next.
    var featureTime: Int64 = 0
    var hasStatuses = false

    init(rows: Int, served: ServedModel) {
        self.rows = rows
        self.served = served
        probabilities = .allocate(capacity: rows)
        statuses = .allocate(capacity: rows)
    }

    deinit {
        probabilities.deallocate()
        statuses.deallocate()
    }

    func deliver(_ body: (Answer) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: rows) { decisions in
            let answer = served.batchAnswer(
                rows: rows,
                probabilities: probabilities,
                decisions: decisions,
                statuses: hasStatuses ? statuses : nil,
                featureTime: featureTime
            )
            body(.batch(answer, model: served.identity))
        }
    }
}
