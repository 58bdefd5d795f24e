internal import NIOCore

/// Hands each new snapshot to every event loop. A connection sees it from its next call on; a call in hand keeps the
/// one it began with.
struct SnapshotPublisher: Sendable {
    private let loops: [NIOLoopBound<LoopContext>]

    init(_ loops: [NIOLoopBound<LoopContext>]) {
        self.loops = loops
    }

    /// The context of one of the server's event loops. Call it on that loop.
    func context(of eventLoop: any EventLoop) -> LoopContext? {
        loops.first { $0.eventLoop === eventLoop }?.value
    }

    func publish(_ snapshot: ServingSnapshot) {
        for loop in loops {
            loop.eventLoop.execute { loop.value.snapshot = snapshot }
        }
    }

    /// Tells every connection that the server is going away, then waits until all are closed; those that are still
    /// open after `timeout` are closed from our side.
    func drain(timeout: TimeAmount) async {
        await onEveryLoop { loop in
            loop.beginDraining()
            return loop.allClosed()
        } whileWaiting: {
            for loop in loops {
                loop.eventLoop.scheduleTask(in: timeout) { loop.value.closeAll() }
            }
        }
    }

    private func onEveryLoop(
        _ body: @escaping @Sendable (LoopContext) -> EventLoopFuture<Void>,
        whileWaiting: () -> Void
    ) async {
        let futures = loops.map { loop in loop.eventLoop.flatSubmit { body(loop.value) } }
        whileWaiting()
        // The futures of closed channels do not fail.
        for future in futures { try? await future.get() }
    }
}
