package import ChurnCalls
internal import ChurnModel
internal import NIOConcurrencyHelpers
internal import NIOCore

/// What is known of the store and of the server's own life. Shared by all threads; read by Health only.
package final class HealthMonitor: Sendable {
    private struct State {
        var isDraining = false
        var storeKind: String?
        var storeProblem: String?
        var lastStoreCheck: NIODeadline?
    }

    private let started = NIODeadline.now()
    private let state: NIOLockedValueBox<State>

    package init(storeKind: String?) {
        state = NIOLockedValueBox(State(storeKind: storeKind))
    }

    package func beginDraining() {
        state.withLockedValue { $0.isDraining = true }
    }

    /// The store answered, and what it holds newest is being served.
    package func storeIsFresh() {
        state.withLockedValue {
            $0.storeProblem = nil
            $0.lastStoreCheck = .now()
        }
    }

    /// - Parameter problem: one line for callers.
    /// - Returns: whether this is news.
    package func storeFailed(_ problem: String) -> Bool {
        state.withLockedValue { state in
            defer { state.storeProblem = problem }
            return state.storeProblem != problem
        }
    }

    package func report(_ snapshot: ServingSnapshot, names: Bool) -> HealthReport {
        let state = state.withLockedValue { $0 }
        let now = NIODeadline.now()
        let (serving, reason) = verdict(state, snapshot)
        return HealthReport(
            state: serving,
            reason: reason,
            draining: state.isDraining,
            serverVersion: ChurnVersion.current,
            uptimeMilliseconds: milliseconds(from: started, to: now),
            models: snapshot.models.models.map {
                .init(
                    name: $0.model.name,
                    version: String($0.model.version),
                    schemaID: $0.identity.schemaID,
                    threshold: $0.model.threshold,
                    features: names ? $0.model.inputs.map(\.feature) : []
                )
            },
            features: snapshot.build.map {
                .init(
                    customers: UInt64(clamping: $0.customers),
                    generation: UInt64(clamping: $0.generation),
                    featureTime: $0.featureTime
                )
            },
            store: state.storeKind.map {
                .init(
                    kind: $0,
                    reachable: state.storeProblem == nil,
                    checkedMillisecondsAgo: state.lastStoreCheck.map { milliseconds(from: $0, to: now) } ?? 0
                )
            }
        )
    }

    private func verdict(_ state: State, _ snapshot: ServingSnapshot) -> (HealthReport.State, String) {
        if state.isDraining { return (.notServing, "draining: the server is shutting down") }
        if snapshot.build == nil {
            return (.notServing, state.storeProblem ?? "no features are loaded")
        }
        let withheld = snapshot.withheld.map(\.reason).joined(separator: "; ")
        if snapshot.withheld.count == snapshot.models.models.count { return (.notServing, withheld) }
        if let problem = state.storeProblem { return (.degraded, problem) }
        if !withheld.isEmpty { return (.degraded, withheld) }
        return (.serving, "")
    }

    private func milliseconds(from start: NIODeadline, to end: NIODeadline) -> UInt64 {
        UInt64(clamping: (end - start).nanoseconds / 1_000_000)
    }
}
