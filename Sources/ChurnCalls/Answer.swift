/// What a call is answered with. A view into memory that the answerer keeps until it has been delivered.
package enum Answer {
    case prediction(PredictByIDAnswer, model: ModelIdentityView)
    case batch(PredictBatchAnswer, model: ModelIdentityView)
    case health(HealthReport)
    case failure(CallFailure)
}

/// What a server answers to one PredictById, pointing into memory that the server keeps.
package struct PredictByIDAnswer {
    /// 0 for a customer whose id is a text.
    package var customer: Int64
    /// What the caller named it by, if that was a text; else empty.
    package var customerText = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
    package var probability: Double
    package var logOdds: Double
    package var churn: Bool
    package var features: UnsafeBufferPointer<Double>
    /// Seconds since 1970-01-01 00:00 on the clock of the transactions.
    package var featureTime: Int64
    /// NUL-terminated; `nil` when customers are not segmented.
    package var segment: UnsafePointer<CChar>?
    /// Empty unless they were asked for.
    package var contributions: UnsafeBufferPointer<Double>
    package var baseline: Double
    /// NUL-terminated, one a feature; empty unless they were asked for.
    package var names: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>

    package init(
        customer: Int64,
        probability: Double,
        logOdds: Double,
        churn: Bool,
        features: UnsafeBufferPointer<Double>,
        featureTime: Int64,
        segment: UnsafePointer<CChar>?,
        contributions: UnsafeBufferPointer<Double>,
        baseline: Double,
        names: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>
    ) {
        self.customer = customer
        self.probability = probability
        self.logOdds = logOdds
        self.churn = churn
        self.features = features
        self.featureTime = featureTime
        self.segment = segment
        self.contributions = contributions
        self.baseline = baseline
        self.names = names
    }
}

/// The identity of a model, as every answer carries it.
package struct ModelIdentityView {
    /// NUL-terminated.
    package var name: UnsafePointer<CChar>
    /// NUL-terminated.
    package var version: UnsafePointer<CChar>
    package var schemaID: UInt64
    package var threshold: Double

    package init(name: UnsafePointer<CChar>, version: UnsafePointer<CChar>, schemaID: UInt64, threshold: Double) {
        self.name = name
        self.version = version
        self.schemaID = schemaID
        self.threshold = threshold
    }
}

/// What a server answers to one PredictBatch, one element a row.
package struct PredictBatchAnswer {
    package var probabilities: UnsafeBufferPointer<Double>
    /// Empty: no row is a churner.
    package var decisions: UnsafeBufferPointer<UInt8>
    /// Empty: every row is OK.
    package var statuses: UnsafeBufferPointer<UInt8>
    /// 0 when the features came with the request.
    package var featureTime: Int64
    /// The row of the request that the first of these is, where an answer has several parts.
    package var firstRow = 0

    package init(
        probabilities: UnsafeBufferPointer<Double>,
        decisions: UnsafeBufferPointer<UInt8>,
        statuses: UnsafeBufferPointer<UInt8>,
        featureTime: Int64
    ) {
        self.probabilities = probabilities
        self.decisions = decisions
        self.statuses = statuses
        self.featureTime = featureTime
    }
}
