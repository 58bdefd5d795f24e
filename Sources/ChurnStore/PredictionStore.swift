/// Keeps what batch jobs predicted, each prediction once by (model, version, as-of, customer). Blocking, like
/// `TransactionStore`.
package protocol PredictionStore: Sendable {
    /// Writes predictions, over those of the same key, and returns when they are durable.
    func write(_ predictions: [StoredPrediction], of run: PredictionRun) throws(StoreError)

    /// The largest customer with a prediction of the run; nil when there is none. A job that goes through the customers in
    /// ascending order, and was interrupted, goes on behind it.
    func lastPredicted(in run: PredictionRun) throws(StoreError) -> Int64?

    /// Calls `body` with each prediction of a run, customers ascending.
    ///
    /// - Throws: `StoreError` of the store, or what `body` throws, which ends the reading.
    func forEachPrediction(of run: PredictionRun, _ body: (StoredPrediction) throws -> Void) throws
}

/// What predictions of one job have in common.
package struct PredictionRun: Hashable, Sendable {
    package var model: String
    package var version: String
    /// The features hold what happened before it, in minutes since 1970-01-01 on the shop's clock.
    package var asOfMinute: Int64

    package init(model: String, version: String, asOfMinute: Int64) {
        self.model = model
        self.version = version
        self.asOfMinute = asOfMinute
    }
}

package struct StoredPrediction: Equatable, Sendable {
    package var customer: Int64
    /// In [0, 1].
    package var probability: Double
    /// The model's decision at its threshold.
    package var isChurn: Bool

    package init(customer: Int64, probability: Double, isChurn: Bool) {
        self.customer = customer
        self.probability = probability
        self.isChurn = isChurn
    }
}
