internal import ChurnProtocol
internal import NIOCore

/// What the connections of one event loop share. Confined to that loop, so that a call takes no lock and no atomic.
final class LoopContext {
    let eventLoop: any EventLoop
    let services: ServerServices
    let dispatcher: CallDispatcher
    /// Replaced by a task on this loop when the store has a newer build.
    var snapshot: ServingSnapshot
    private(set) var isDraining = false
    private var connections: [ObjectIdentifier: ConnectionHandler] = [:]
    private var sweep: RepeatedTask?

    init(eventLoop: any EventLoop, services: ServerServices, snapshot: ServingSnapshot) {
        self.eventLoop = eventLoop
        self.services = services
        self.snapshot = snapshot
        dispatcher = CallDispatcher(health: services.health)
    }

    func add(_ connection: ConnectionHandler) {
        connections[ObjectIdentifier(connection)] = connection
        guard sweep == nil else { return }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let interval = TimeAmount.milliseconds(ServerLimits.sweepIntervalMilliseconds)
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            let now = NIODeadline.now()
            for connection in bound.value.connections.values { connection.closeIfOverdue(now) }
        }
    }

    func remove(_ connection: ConnectionHandler) {
        connections.removeValue(forKey: ObjectIdentifier(connection))
        if connections.isEmpty {
            sweep?.cancel()
            sweep = nil
        }
    }

    /// Tells every connection that the server is going away; from here on new calls are refused.
    func beginDraining() {
        isDraining = true
        for connection in connections.values { connection.announceDraining() }
    }

    func closeAll() {
        for connection in connections.values { connection.close() }
    }

    /// Completes when the connections that are open now have been closed.
    func allClosed() -> EventLoopFuture<Void> {
        .andAllComplete(connections.values.compactMap(\.closeFuture), on: eventLoop)
    }
}
