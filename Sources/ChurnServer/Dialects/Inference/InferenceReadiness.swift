internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing

/// Whether requests to infer are answered, from the same report as every other health check.
enum InferenceReadiness {
    /// - Returns: why the server is not ready; `nil` when it is.
    static func unready(_ report: HealthReport?) -> String? {
        guard let report else { return "no report" }
        return report.state == .notServing ? report.reason : nil
    }

    /// - Returns: why the model is not ready; `nil` when it is.
    static func unready(_ served: ServedModel, _ snapshot: ServingSnapshot, _ report: HealthReport?) -> String? {
        unready(report) ?? snapshot.withheld.first { $0.model === served }?.reason
    }

    /// A model of the repository.
    struct Entry {
        let name: String
        let version: String
        let state: String
        let reason: String
    }

    static func index(_ snapshot: ServingSnapshot, _ report: HealthReport?, readyOnly: Bool) -> [Entry] {
        snapshot.models.models.compactMap { served in
            let reason = unready(served, snapshot, report)
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
