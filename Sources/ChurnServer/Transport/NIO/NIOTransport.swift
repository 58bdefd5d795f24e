internal import ChurnBase
internal import ChurnCalls
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// The transport over SwiftNIO's event loops: for systems without epoll, and the one that TLS will come with.
struct NIOTransport: Transport {
    private let group: MultiThreadedEventLoopGroup
    private let nioLoops: [NIOLoop]
    private let admission: ConnectionAdmission
    private let listening = NIOLockedValueBox<[(OpenEndpoint, any Channel)]>([])
    private let pending = PendingAccepts()

    var loops: [any ServingLoop] { nioLoops }

    /// - Parameter snapshot: what every loop begins with.
    init(threads: Int, services: ServerServices, snapshot: PreparedSnapshot) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        nioLoops = group.makeIterator().map(NIOLoop.init)
        admission = ConnectionAdmission(limit: services.configuration.maxConnections)
        for loop in nioLoops {
            try await loop.eventLoop.submit {
                loop.context.value = LoopContext(handle: loop, services: services, snapshot: snapshot)
                let interval = ServerLimits.sweepInterval
                loop.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                    loop.context.value?.sweep()
                }
            }
            .get()
        }
    }

    func accept(at endpoints: [OpenEndpoint]) async throws(ServerError) {
        for endpoint in endpoints {
            let channel = try await accept(at: endpoint)
            listening.withLockedValue { $0.append((endpoint, channel)) }
        }
    }

    private func accept(at open: OpenEndpoint) async throws(ServerError) -> any Channel {
        // NIO closes what it is given.
        let copy = fcntl(open.listener.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system("cannot copy the listening socket: \(SystemError.last.text)") }
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelInitializer { [pending] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(NIOListener(pending: pending))
                    }
                }
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in begin(channel, at: open.endpoint) }
                .withBoundSocket(copy)
                .get()
            // NIO has asked for a shorter queue than there was.
            Glibc.listen(open.listener.descriptor, ServerLimits.acceptBacklog)
            return channel
        } catch {
            throw .system("cannot accept connections: \(error)")
        }
    }

    private func begin(_ channel: any Channel, at endpoint: Endpoint) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let loop = nioLoops.first { $0.eventLoop === channel.eventLoop }
            try channel.pipeline.syncOperations.addHandler(PendingAccept(pending: pending))
            guard let context = loop?.context.value else { throw ChannelError.inputClosed }
            if admission.admit() {
                channel.closeFuture.whenComplete { [admission] _ in admission.leave() }
                try channel.pipeline.syncOperations.addHandler(NIOConnection(loop: context, endpoint: endpoint))
            } else {
                let refusal = endpoint.dialect.refusing?.refusal(.tooManyConnections)
                try channel.pipeline.syncOperations.addHandler(NIORefusal(refusal))
            }
        }
    }

    func stopAccepting(leavingQueue: Bool) async {
        let listening = listening.withLockedValue { listening in
            defer { listening = [] }
            return listening
        }
        // Closed only when nothing is pending: NIO drops what it has accepted and not yet set up when its listener is
        // closed. All of this fails only when it is closed already.
        for (_, channel) in listening { try? await channel.setOption(.autoRead, value: false).get() }
        await pending.finish()
        for (open, channel) in listening {
            try? await channel.close()
            var waiting: [CInt] = []
            while !leavingQueue, case .connection(let descriptor) = open.listener.accept() {
                waiting.append(descriptor)
            }
            // Closed right behind: a peer that connects in between is reset, and not refused.
            open.listener.close()
            for descriptor in waiting { await adopt(descriptor, from: open.endpoint) }
        }
    }

    /// Takes over a connection that NIO has not accepted itself.
    private func adopt(_ descriptor: CInt, from endpoint: Endpoint) async {
        pending.add()
        _ = try? await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in begin(channel, at: endpoint) }
            .withConnectedSocket(descriptor)
            .get()
    }

    func shutDown() async {
        try? await group.shutdownGracefully()
    }
}

private final class NIOLoop: ServingLoop {
    let eventLoop: any EventLoop
    let context: NIOLoopBoundBox<LoopContext?>

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        context = .makeEmptyBox(valueType: LoopContext.self, eventLoop: eventLoop)
    }

    func execute(_ task: @escaping @Sendable (LoopContext) -> Void) {
        eventLoop.execute { [context] in
            if let context = context.value { task(context) }
        }
    }
}

/// How many connections were accepted and have no session yet: NIO sends them from loop to loop meanwhile.
private final class PendingAccepts: Sendable {
    private struct State {
        var count = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = NIOLockedValueBox(State())

    func add() {
        state.withLockedValue { $0.count += 1 }
    }

    func remove() {
        let over = state.withLockedValue { state in
            state.count -= 1
            guard state.count == 0 else { return [CheckedContinuation<Void, Never>]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in over { continuation.resume() }
    }

    /// Waits until every connection that was accepted has its session, or is gone.
    func finish() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLockedValue { state in
                if state.count > 0 { state.waiting.append(continuation) }
                return state.count == 0
            }
            if isOver { continuation.resume() }
        }
    }
}

/// Counts what the listener accepts, before NIO hands it on.
private final class NIOListener: ChannelInboundHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel

    private let pending: PendingAccepts

    init(pending: PendingAccepts) {
        self.pending = pending
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pending.add()
        context.fireChannelRead(data)
    }
}

/// Says, once, that a connection has begun, or that it never will.
private final class PendingAccept: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var pending: PendingAccepts?

    init(pending: PendingAccepts) {
        self.pending = pending
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        end()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func end() {
        pending?.remove()
        pending = nil
    }
}

/// Carries a session's bytes over a NIO channel.
private final class NIOConnection: ChannelInboundHandler, ConnectionTransport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: LoopContext
    private var context: ChannelHandlerContext?
    private let endpoint: Endpoint
    private var session: (any ConnectionSession)?

    init(loop: LoopContext, endpoint: Endpoint) {
        self.loop = loop
        self.endpoint = endpoint
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let session = endpoint.dialect.makeSession(on: loop, over: self, peer: Peer(endpoint: endpoint))
        `continue`(with: session)
    }

    func `continue`(with session: any ConnectionSession) {
        if context != nil { self.session = session } else { session.closed() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        session?.closed()
        session = nil
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        unwrapInboundIn(data).withUnsafeReadableBytes { session?.receive($0) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // A peer that does not read its answers is not read from either. It fails only for a channel that is closed.
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
        if context.channel.isWritable { session?.outputTaken() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            session?.inputClosed()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer, mostly. Nothing is lost: who has gone wants no answer.
        loop.services.logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func send(_ frames: inout ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(frames), promise: nil)
    }

    var isBackedUp: Bool { context.map { !$0.channel.isWritable } ?? false }

    func closeOutput() {
        context?.close(mode: .output, promise: nil)
    }

    func finish() {
        guard let context else { return }
        // Written behind everything else, and so done when that is.
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: written)
    }

    func close() {
        context?.close(promise: nil)
    }
}

/// Stands where a connection would, on a channel above the limit: sends the refusal, and closes.
private final class NIORefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let refusal: ByteBuffer?

    init(_ refusal: ByteBuffer?) {
        self.refusal = refusal
    }

    func channelActive(context: ChannelHandlerContext) {
        if let refusal { context.writeAndFlush(wrapOutboundOut(refusal), promise: nil) }
        context.close(promise: nil)
    }
}
