internal import ChurnProtocol
internal import NIOCore

/// What the connections of one loop share. Confined to that loop's thread, so that a call takes no lock and no atomic.
final class LoopContext {
    let services: ServerServices
    let dispatcher: CallDispatcher
    /// How other threads reach this context.
    let handle: any ServingLoop
    /// Where other threads put what they have looked up for this loop's sessions.
    let lookupReturns: LookupReturns
    /// Replaced by a task on this loop when the store has a newer build.
    var snapshot: ServingSnapshot {
        didSet { plainRoute = snapshot.plainRoute.map(Unmanaged.passUnretained) }
    }
    /// The snapshot's, without a retain for each call.
    private var plainRoute: Unmanaged<PlainRoute>?
    /// What the session in hand decodes into, and writes to; empty between its turns. Behind a pointer, because the
    /// run-time checks of exclusive access to a class's property cost more than writing an answer.
    let arena = DecodeArena()
    let output = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
    private(set) var isDraining = false
    private var sessions: [Int: Session] = [:]
    private var lastSessionID = 0
    private var whenEmpty: [() -> Void] = []

    init(handle: any ServingLoop, services: ServerServices, snapshot: ServingSnapshot) {
        self.handle = handle
        lookupReturns = LookupReturns(to: handle)
        self.services = services
        self.snapshot = snapshot
        plainRoute = snapshot.plainRoute.map(Unmanaged.passUnretained)
        dispatcher = CallDispatcher(health: services.health)
        output.initialize(to: ByteBuffer())
    }

    deinit {
        output.deinitialize(count: 1)
        output.deallocate()
    }

    func nextSessionID() -> Int {
        lastSessionID += 1
        return lastSessionID
    }

    func session(_ id: Int) -> Session? {
        sessions[id]
    }

    func add(_ session: Session) {
        sessions[session.id] = session
    }

    func remove(_ session: Session) {
        sessions.removeValue(forKey: session.id)
        guard sessions.isEmpty else { return }
        for waiting in whenEmpty { waiting() }
        whenEmpty = []
    }

    /// Closes the connections that have been waited for too long. To be called every `sweepIntervalMilliseconds`.
    func sweep() {
        let now = NIODeadline.now()
        for session in sessions.values { session.closeIfOverdue(now) }
    }

    /// Answers the plain calls at the front of `input` the short way, as far as that is open to them.
    @inline(__always)
    func answerPlain(_ input: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        guard !isDraining, let plainRoute else { return }
        plainRoute._withUnsafeGuaranteedRef { $0.answerRun(&input, arrival: arrival, to: &output.pointee) }
    }

    /// Has the sessions answer the calls whose look-ups have ended.
    func answerLookups() {
        guard let readThrough = services.readThrough else { return }
        for (id, items) in Dictionary(grouping: lookupReturns.takeAll(), by: \.session) {
            // A connection that is gone by then wants no answer.
            session(id)?.finish(items, readThrough)
        }
    }

    /// Makes the output buffer ready for the next turn.
    func recycleOutput() {
        if output.pointee.capacity > ServerLimits.keptOutputBytes {
            output.pointee = ByteBuffer()
        } else {
            output.pointee.clear()
        }
    }

    /// Tells every connection that the server is going away; from here on new calls are refused.
    func beginDraining() {
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
