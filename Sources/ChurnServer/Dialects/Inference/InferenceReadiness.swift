internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing

/// Whether requests to infer are answered, from the same report as every other health check.
enum InferenceReadiness {
    /// - Returns: why the model is not ready; `nil` when it is.
    static func unready(_ served: ServedModel, on loop: LoopContext) -> String? {
        unready(served, loop.snapshot, server: loop.unreadyReason)
    }

    /// - Parameter reason: why the server is not ready.
    private static func unready(_ served: ServedModel, _ snapshot: ServingSnapshot, server reason: String?) -> String? {
        reason ?? snapshot.withheld.first { $0.model === served }?.reason
    }

    /// A model of the repository.
    struct Entry {
        let name: String
        let version: String
        let state: String
        let reason: String
    }

    static func index(on loop: LoopContext, readyOnly: Bool) -> [Entry] {
        let (snapshot, server) = (loop.snapshot, loop.unreadyReason)
        return snapshot.models.models.compactMap { served in
            let reason = unready(served, snapshot, server: server)
            guard reason == nil || !readyOnly else { return nil }
            return Entry(
                name: served.model.name,
                version: "\(served.model.version)",
                state: reason == nil ? "READY" : "UNAVAILABLE",
                reason: reason ?? ""
            )
        }
    }
}
