internal import ChurnCalls
package import ChurnServing
internal import NIOCore

/// What the connections of one loop share, whatever their dialect. Confined to that loop's thread, so that a call takes no
/// lock and no atomic.
package final class LoopContext {
    let services: ServerServices
    package let answerer: CallAnswerer
    /// How other threads reach this context.
    package let handle: any ServingLoop
    /// Where other threads put the answers that this loop's sessions wait for.
    package let lateAnswers: LateAnswers
    /// Replaced by a task on this loop when there is a newer one.
    var current: PreparedSnapshot {
        didSet { for state in states.values { state.snapshotChanged(current) } }
    }
    package private(set) var isDraining = false
    private var states: [ObjectIdentifier: any DialectState] = [:]
    private var sessions: [Int: any ConnectionSession] = [:]
    private var lastSessionID = 0
    private var whenEmpty: [() -> Void] = []

    package init(handle: any ServingLoop, services: ServerServices, snapshot: PreparedSnapshot) {
        self.handle = handle
        self.services = services
        current = snapshot
        lateAnswers = LateAnswers(to: handle)
        answerer = CallAnswerer(health: services.health, customerHash: services.configuration.customerHash)
    }

    /// What calls are answered from now.
    package var snapshot: ServingSnapshot { current.snapshot }

    /// The report that every health check tells from.
    func healthReport(names: Bool = false) -> HealthReport? {
        var found: HealthReport?
        answerer.deliverHealth(snapshot, names: names) { if case .health(let report) = $0 { found = report } }
        return found
    }

    /// Why calls are not answered; `nil` when they are.
    var unreadyReason: String? {
        guard let report = healthReport() else { return "no report" }
        return report.state == .notServing ? report.reason : nil
    }

    /// What the sessions of a dialect share on this loop, made with the first of them.
    package func state<State: DialectState>(of dialect: any Dialect.Type, _ make: () -> State) -> State {
        let key = ObjectIdentifier(dialect)
        if let state = states[key] as? State { return state }
        let state = make()
        states[key] = state
        state.snapshotChanged(current)
        return state
    }

    package func nextSessionID() -> Int {
        lastSessionID += 1
        return lastSessionID
    }

    package func session(_ id: Int) -> (any ConnectionSession)? {
        sessions[id]
    }

    package func add(_ session: any ConnectionSession) {
        sessions[session.id] = session
    }

    package func remove(_ session: any ConnectionSession) {
        sessions.removeValue(forKey: session.id)
        guard sessions.isEmpty else { return }
        for waiting in whenEmpty { waiting() }
        whenEmpty = []
    }

    /// Closes the connections that have been waited for too long. To be called every `sweepInterval`.
    func sweep() {
        let now = NIODeadline.now()
        for session in sessions.values { session.closeIfOverdue(now) }
    }

    /// Has the sessions answer the calls that had to wait.
    func deliverLateAnswers() {
        for (id, items) in Dictionary(grouping: lateAnswers.takeAll(), by: \.sessionID) {
            // A connection that is gone by then wants no answer.
            session(id)?.finish(items)
        }
    }

    /// Connections that are open.
    package var openSessions: Int { sessions.count }

    /// Tells the dialects that Health reports something else, though calls are answered as before.
    package func healthChanged() {
        for state in states.values { state.healthChanged() }
    }

    /// Tells every connection that the server is going away; from here on new calls are refused.
    package func beginDraining() {
        isDraining = true
        for session in sessions.values { session.announceDraining() }
    }

    func closeAll() {
        for session in sessions.values { session.close() }
    }

    /// Calls `body` on this loop when no connection is open, perhaps at once.
    func whenEmpty(_ body: @escaping () -> Void) {
        if sessions.isEmpty { body() } else { whenEmpty.append(body) }
    }
}
