/// Hands each new snapshot to every loop. A connection sees it from its next call on; a call in hand keeps the one it
/// began with.
struct SnapshotPublisher: Sendable {
    private let loops: [any ServingLoop]

    init(_ loops: [any ServingLoop]) {
        self.loops = loops
    }

    func publish(_ snapshot: ServingSnapshot) {
        for loop in loops {
            loop.execute { $0.snapshot = snapshot }
        }
    }

    /// Tells every connection that the server is going away; from here on new calls are refused.
    func announceDraining() {
        for loop in loops { loop.execute { $0.beginDraining() } }
    }

    /// Waits until all connections are closed; those that are still open after `timeout` are closed from our side.
    ///
    /// - Parameter stopAccepting: called when those are gone that were open at the announcement. Until then new
    ///   connections are told that the server drains, and are not what is waited for.
    func drain(timeout: Duration, stopAccepting: () async -> Void) async {
        let deadline = ContinuousClock.now + timeout
        // Not a child of the task that was told to stop: a cancelled one would not wait.
        let closing = Task.detached {
            do { try await Task.sleep(until: deadline) } catch { return }
            closeAll()
        }
        await connectionsGone(includingLate: false)
        await stopAccepting()
        // Some may have come since they were all closed.
        if ContinuousClock.now >= deadline { closeAll() }
        await connectionsGone(includingLate: true)
        closing.cancel()
    }

    private func closeAll() {
        for loop in loops { loop.execute { $0.closeAll() } }
    }

    private func connectionsGone(includingLate: Bool) async {
        for loop in loops {
            await withCheckedContinuation { continuation in
                loop.execute { $0.whenGone(includingLate: includingLate) { continuation.resume() } }
            }
        }
    }
}
