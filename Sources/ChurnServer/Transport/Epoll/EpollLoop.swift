internal import CEpoll
internal import ChurnBase
internal import ChurnCalls
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore

/// A thread that waits on epoll(7), as other threads see it: they queue tasks and wake it.
final class EpollLoop: ServingLoop {
    typealias Task = @Sendable (EpollContext) -> Void

    private struct Queue {
        var tasks: [Task] = []
        var hasEnded = false
    }

    fileprivate let epoll: CInt
    private let wakeup: CInt
    private let timer: CInt
    private let queue = NIOLockedValueBox(Queue())

    private enum Token {
        static let wakeup = UInt64.max
        static let timer = UInt64.max - 1
        /// Of the first listener; those of the others are below it.
        static let listener = UInt64.max - 2
        static let lastListener = listener - UInt64(ServerLimits.endpoints)
    }

    init() throws(ServerError) {
        epoll = cepoll_create()
        wakeup = cepoll_wakeup_create()
        timer = cepoll_timer_create(Int(ServerLimits.sweepInterval.nanoseconds / 1_000_000))
        guard epoll >= 0, wakeup >= 0, timer >= 0,
            cepoll_add(epoll, wakeup, CEPOLL_IN, Token.wakeup) == 0,
            cepoll_add(epoll, timer, CEPOLL_IN, Token.timer) == 0
        else { throw .system("cannot make an event loop: \(SystemError.last.text)") }
    }

    deinit {
        for descriptor in [epoll, wakeup, timer] where descriptor >= 0 { close(descriptor) }
    }

    func execute(_ task: @escaping @Sendable (LoopContext) -> Void) {
        perform { task($0.context) }
    }

    func perform(_ task: @escaping Task) {
        let isFirst = queue.withLockedValue { queue in
            guard !queue.hasEnded else { return false }
            queue.tasks.append(task)
            return queue.tasks.count == 1
        }
        if isFirst { cepoll_wake(wakeup) }
    }

    /// Serves until `EpollContext.end`. Runs on the loop's own thread.
    func run(_ context: EpollContext) {
        cepoll_prefer_short_slices()
        let capacity = 256
        let events = UnsafeMutablePointer<cepoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while !context.hasEnded {
            let count = cepoll_wait(epoll, events, CInt(capacity))
            // A signal's handler ran on this thread; there is nothing else that a valid epoll could say.
            guard count >= 0 else { continue }
            for index in 0..<Int(count) {
                let event = events[index]
                switch event.token {
                case Token.wakeup: runTasks(context)
                case Token.timer:
                    cepoll_clear(timer)
                    context.sweep()
                case Token.lastListener...Token.listener: context.acceptAll(Int(Token.listener - event.token))
                default: context.serve(token: event.token, events: event.events)
                }
            }
            context.endTurn()
        }
        queue.withLockedValue { queue in
            queue.hasEnded = true
            queue.tasks = []
        }
    }

    private func runTasks(_ context: EpollContext) {
        cepoll_clear(wakeup)
        let tasks = queue.withLockedValue { queue in
            let tasks = queue.tasks
            queue.tasks = []
            return tasks
        }
        for task in tasks { task(context) }
    }

    // MARK: For connections, on the loop's thread

    /// - Parameter index: what `EpollContext.acceptAll` is called with.
    func watch(listener: CInt, index: Int) -> Bool {
        cepoll_add(epoll, listener, CEPOLL_IN, Token.listener - UInt64(index)) == 0
    }

    func watch(_ descriptor: CInt, token: UInt64) -> Bool {
        cepoll_add(epoll, descriptor, CEPOLL_IN, token) == 0
    }

    func watch(_ descriptor: CInt, token: UInt64, input: Bool, output: Bool) {
        // It cannot fail for a descriptor that is watched already, but for want of kernel memory on adding.
        _ = cepoll_change(epoll, descriptor, (input ? CEPOLL_IN : 0) | (output ? CEPOLL_OUT : 0), token)
    }

    func forget(_ descriptor: CInt) {
        _ = cepoll_remove(epoll, descriptor)
    }
}

/// What lives on a loop's thread: its connections, the buffer they read into, and, on the first loop, the
/// listeners.
final class EpollContext {
    private let loop: EpollLoop
    /// All loops of the server, which accepted connections are dealt to.
    private let peers: [EpollLoop]
    private let admission: ConnectionAdmission
    private let logger: Logger
    let context: LoopContext
    private(set) var hasEnded = false
    /// By descriptor.
    private let connections = UncheckedValue<[EpollConnection?]>([])
    /// Tells a connection from an earlier one of the same descriptor.
    private var generation: UInt32 = 0
    private let readBuffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ServerLimits.readBytes, alignment: 64)
    /// Connections with answers of this turn.
    private let answered = UncheckedValue<[EpollConnection]>([])
    private let spareBuffers = UncheckedValue<[ByteBuffer]>([])
    private var listening: [Listening] = []
    private var nextPeer = 0

    private struct Listening {
        let endpoint: OpenEndpoint
        var isPaused = false
    }

    init(
        loop: EpollLoop,
        peers: [EpollLoop],
        admission: ConnectionAdmission,
        services: ServerServices,
        _ snapshot: PreparedSnapshot
    ) {
        self.loop = loop
        self.peers = peers
        self.admission = admission
        logger = services.logger
        context = LoopContext(handle: loop, services: services, snapshot: snapshot)
    }

    deinit {
        readBuffer.deallocate()
    }

    /// Ends the loop after the events in hand; what is open is closed.
    func end() {
        context.closeAll()
        hasEnded = true
    }

    func sweep() {
        context.sweep()
        for index in listening.indices where listening[index].isPaused {
            listening[index].isPaused = !watch(listening[index].endpoint, index)
        }
    }

    // MARK: Connections

    func serve(token: UInt64, events: UInt32) {
        let descriptor = Int(token & 0xFFFF_FFFF)
        // An event of a connection that was closed by an earlier event of the same turn.
        guard descriptor < connections.value.count, let connection = connections.value[descriptor],
            connection.token == token
        else { return }
        connection.serve(events, readBuffer: readBuffer)
    }

    /// Takes a connected socket over.
    func adopt(_ descriptor: CInt, from endpoint: Endpoint) {
        generation &+= 1
        let token = UInt64(generation >> 1) << 32 | UInt64(UInt32(bitPattern: descriptor))
        guard loop.watch(descriptor, token: token) else {
            logger.warning("a connection cannot be watched", metadata: ["reason": "\(SystemError.last.text)"])
            close(descriptor)
            admission.leave()
            return
        }
        let connection = EpollConnection(descriptor, token: token, loop: loop, context: self)
        while connections.value.count <= Int(descriptor) { connections.value.append(nil) }
        connections.value[Int(descriptor)] = connection
        connection.begin(at: endpoint)
    }

    /// The last word of a connection, which has closed its socket.
    func remove(_ connection: EpollConnection) {
        connections.value[Int(connection.descriptor)] = nil
        admission.leave()
    }

    // MARK: Output

    /// The answers of a turn are sent at its end: a peer that has several connections is then woken once, and finds
    /// them all answered.
    func sendAtEndOfTurn(_ connection: EpollConnection) {
        answered.value.append(connection)
    }

    func endTurn() {
        // A connection that ends may have another one closed, but none answers here.
        for connection in answered.value { connection.sendUnsent() }
        answered.value.removeAll(keepingCapacity: true)
    }

    func takeSpareBuffer() -> ByteBuffer {
        spareBuffers.value.popLast() ?? ByteBuffer()
    }

    /// - Parameter buffer: cleared.
    func keepSpare(_ buffer: ByteBuffer) {
        guard buffer.capacity <= ServerLimits.spareBufferBytes, spareBuffers.value.count < ServerLimits.spareBuffers
        else { return }
        spareBuffers.value.append(buffer)
    }

    // MARK: Listening

    /// - Returns: whether the system lets them be watched.
    func accept(at endpoints: [OpenEndpoint]) -> Bool {
        for endpoint in endpoints {
            guard watch(endpoint, listening.count) else { return false }
            listening.append(Listening(endpoint: endpoint))
        }
        return true
    }

    private func watch(_ endpoint: OpenEndpoint, _ index: Int) -> Bool {
        loop.watch(listener: endpoint.listener.descriptor, index: index)
    }

    /// Accepts no more. What was accepted already has its place on a loop, ahead of every later task.
    func stopAccepting(leavingQueue: Bool) {
        for index in listening.indices {
            let listener = listening[index].endpoint.listener
            // Closing it would not do: epoll watches a socket for as long as any process has it.
            if !listening[index].isPaused { loop.forget(listener.descriptor) }
            // Closed right behind: a peer that connects in between is reset, and not refused.
            if !leavingQueue { acceptAll(index) }
            listener.close()
        }
        listening = []
    }

    func acceptAll(_ index: Int) {
        guard index < listening.count else { return }
        let (listener, endpoint) = (listening[index].endpoint.listener, listening[index].endpoint.endpoint)
        while true {
            switch listener.accept() {
            case .connection(let descriptor): deal(descriptor, from: endpoint)
            case .none: return
            case .noResources:
                // They wait in the system's queue until there is room again: tried anew at the next sweep.
                logger.warning("cannot accept connections", metadata: ["reason": "\(SystemError.last.text)"])
                loop.forget(listener.descriptor)
                listening[index].isPaused = true
                return
            }
        }
    }

    private func deal(_ descriptor: CInt, from endpoint: Endpoint) {
        guard admission.admit() else {
            if let refusal = endpoint.dialect.refusing?.refusal(.tooManyConnections) {
                _ = refusal.withUnsafeReadableBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                }
            }
            close(descriptor)
            return
        }
        let peer = peers[nextPeer]
        nextPeer = (nextPeer + 1) % peers.count
        if peer === loop {
            adopt(descriptor, from: endpoint)
        } else {
            peer.perform { $0.adopt(descriptor, from: endpoint) }
        }
    }
}
