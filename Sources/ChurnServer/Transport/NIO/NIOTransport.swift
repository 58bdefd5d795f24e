internal import ChurnProtocol
internal import Glibc
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// The transport over SwiftNIO's event loops: for systems without epoll, and the one that TLS will come with.
struct NIOTransport: Transport {
    private let group: MultiThreadedEventLoopGroup
    private let nioLoops: [NIOLoop]
    private let admission: ConnectionAdmission
    private let listening = NIOLockedValueBox<(ListeningSocket, any Channel)?>(nil)
    private let beginnings = NIOBeginnings()

    var loops: [any ServingLoop] { nioLoops }

    /// - Parameter snapshot: what every loop begins with.
    init(threads: Int, services: ServerServices, snapshot: ServingSnapshot) async throws {
        group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        nioLoops = group.makeIterator().map(NIOLoop.init)
        admission = ConnectionAdmission(limit: services.configuration.maxConnections)
        for loop in nioLoops {
            try await loop.eventLoop.submit {
                loop.context.value = LoopContext(handle: loop, services: services, snapshot: snapshot)
                let interval = TimeAmount.milliseconds(ServerLimits.sweepIntervalMilliseconds)
                loop.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
                    loop.context.value?.sweep()
                }
            }
            .get()
        }
    }

    func accept(from listener: ListeningSocket) async throws(ServerError) {
        // NIO closes what it is given.
        let copy = fcntl(listener.descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw .system("cannot copy the listening socket: \(lastSystemError())") }
        do {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelInitializer { [beginnings] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(NIOListener(beginnings: beginnings))
                    }
                }
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in begin(channel) }
                .withBoundSocket(copy)
                .get()
            // NIO has asked for a shorter queue than there was.
            Glibc.listen(listener.descriptor, ServerLimits.acceptBacklog)
            self.listening.withLockedValue { $0 = (listener, channel) }
        } catch {
            throw .system("cannot accept connections: \(error)")
        }
    }

    private func begin(_ channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let loop = nioLoops.first { $0.eventLoop === channel.eventLoop }
            try channel.pipeline.syncOperations.addHandler(NIOBeginning(beginnings: beginnings))
            guard let context = loop?.context.value else { throw ChannelError.inputClosed }
            if admission.admit() {
                channel.closeFuture.whenComplete { [admission] _ in admission.leave() }
                try channel.pipeline.syncOperations.addHandler(NIOConnection(loop: context))
            } else {
                try channel.pipeline.syncOperations.addHandler(NIORefusal())
            }
        }
    }

    func stopAccepting(leavingQueue: Bool) async {
        guard let (listener, channel) = listening.withLockedValue({ $0.take() }) else { return }
        // Closed only then: NIO drops what it has accepted and not yet set up when its listener is closed. All of this
        // fails only when it is closed already.
        try? await channel.setOption(.autoRead, value: false).get()
        await beginnings.areOver()
        try? await channel.close()
        // Closed right behind: who connects in between is reset, and not refused.
        let waiting = leavingQueue ? [] : Array(sequence(state: ()) { _ in listener.accept() })
        listener.close()
        for descriptor in waiting { await adopt(descriptor) }
    }

    /// Takes over a connection that NIO has not accepted itself.
    private func adopt(_ descriptor: CInt) async {
        beginnings.add()
        _ = try? await ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in begin(channel) }
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
private final class NIOBeginnings: Sendable {
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
    func areOver() async {
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

    private let beginnings: NIOBeginnings

    init(beginnings: NIOBeginnings) {
        self.beginnings = beginnings
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        beginnings.add()
        context.fireChannelRead(data)
    }
}

/// Says, once, that a connection has begun, or that it never will.
private final class NIOBeginning: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var beginnings: NIOBeginnings?

    init(beginnings: NIOBeginnings) {
        self.beginnings = beginnings
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        end()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
    }

    private func end() {
        beginnings?.remove()
        beginnings = nil
    }
}

/// Carries a session's bytes over a NIO channel.
private final class NIOConnection: ChannelInboundHandler, ConnectionTransport {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let loop: LoopContext
    private var context: ChannelHandlerContext?
    private var session: Session?

    init(loop: LoopContext) {
        self.loop = loop
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        session = Session(loop: loop, transport: self)
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

/// Stands where a connection would, on a channel above the limit: says why, and closes.
private final class NIORefusal: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        var output = ByteBuffer()
        ResponseEncoder.writeRefusal(to: &output)
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        context.close(promise: nil)
    }
}
