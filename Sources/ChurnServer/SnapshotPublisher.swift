internal import ChurnServing

/// Hands each new snapshot to every loop. A connection sees it from its next call on; a call in hand keeps the one it
/// began with.
struct SnapshotPublisher: Sendable {
    let loops: [any ServingLoop]
    let dialects: [any Dialect]

    func publish(_ snapshot: ServingSnapshot) {
        let prepared = PreparedSnapshot(snapshot, for: dialects)
        for loop in loops {
            loop.execute { $0.current = prepared }
        }
    }

    /// Tells those that watch the server's state that Health reports another.
    func healthChanged() {
        for loop in loops { loop.execute { $0.healthChanged() } }
    }

    /// Tells every connection that the server is going away, then waits until all are closed; those that are still
    /// open after `timeout` are closed from our side.
    func drain(timeout: Duration) async {
        for loop in loops { loop.execute { $0.beginDraining() } }
        await withTaskGroup { tasks in
            // Not a child of the task that was told to stop: a cancelled one would not wait.
            let closing = Task.detached { [loops] in
                do { try await Task.sleep(for: timeout) } catch { return }
                for loop in loops { loop.execute { $0.closeAll() } }
            }
            for loop in loops {
                tasks.addTask {
                    await withCheckedContinuation { continuation in
                        loop.execute { $0.whenEmpty { continuation.resume() } }
                    }
                }
            }
            await tasks.waitForAll()
            closing.cancel()
        }
    }
}
