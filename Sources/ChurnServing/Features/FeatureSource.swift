package import ChurnCalls

/// Where the features of customers come from: a table in memory, or the store behind a cache.
package protocol FeatureSource: Sendable {
    /// Whether everything is answered at once. Otherwise calls may wait, and batches belong on a worker.
    var isImmediate: Bool { get }

    /// The features of one customer.
    ///
    /// - Parameter completion: makes what is called once, on any thread, if the customer has to be waited for. Not called
    ///   when there is nothing to wait for, so that an immediate answer costs no closure.
    /// - Returns: the answer; `nil` when it comes to the completion.
    func find(
        _ customer: ResolvedCustomer,
        _ context: CallContext,
        _ completion: () -> @Sendable (FeatureAnswer) -> Void
    ) -> FeatureAnswer?

    /// Scores the customers of a batch.
    ///
    /// - Parameters:
    ///   - scratch: what an answer that is returned points into.
    ///   - completion: as for `find`; called with what can be delivered on any thread.
    /// - Returns: the answer; `nil` when it comes to the completion.
    /// - Throws: why the batch as a whole fails. Customers that fail by themselves have a status each.
    func score(
        _ customers: BatchCustomers,
        with served: ServedModel,
        _ context: CallContext,
        scratch: BatchScratch,
        _ completion: () -> @Sendable (BatchOutcome) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer?
}

/// What a search for one customer's features came to.
package enum FeatureAnswer: Sendable {
    case found(CustomerFeatures)
    case failed(CallFailure)
}
