internal import ChurnProtocol
internal import NIOCore

/// One connection: cuts what arrives into frames, decodes them and hands the answers to the core. Confined to the
/// event loop.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let core: ClientCore
    private var context: ChannelHandlerContext?
    /// The beginning of a frame whose rest has not arrived.
    private var partial: ByteBuffer?
    private let arena = DecodeArena()

    /// Calls whose answers are awaited here.
    var inFlight = 0
    /// It takes no new calls.
    var isRetired = false
    /// A call was processed here.
    var hasAnswered = false
    /// Why it was or will be closed, for error messages.
    var reason = "closed by the server"
    /// What the server said about the connection as a whole.
    private(set) var refusal: Response?
    private(set) var flushesBegun: UInt64 = 0
    /// How many flushes, from the first, were handed to the kernel whole.
    private(set) var flushesWritten: UInt64 = 0
    /// It was taken into use; of several that race to connect, one is.
    var isAdopted = false
    /// Nothing can be sent on it any more. The channel itself is closed a little later.
    private(set) var isLost = false

    init(core: ClientCore) {
        self.core = core
    }

    var isWritable: Bool { !isLost && context?.channel.isWritable ?? false }

    func flush(_ frames: ByteBuffer) {
        guard let context else { return }
        flushesBegun += 1
        let number = flushesBegun
        let written = context.eventLoop.makePromise(of: Void.self)
        // A stream is written in order, so the last whole flush tells of all before it.
        written.futureResult.assumeIsolated().whenSuccess { self.flushesWritten = number }
        context.writeAndFlush(wrapOutboundOut(frames), promise: written)
    }

    func close() {
        guard !isLost else { return }
        context?.close(promise: nil)
        lose()
    }

    private func lose() {
        guard !isLost else { return }
        isLost = true
        if isAdopted { core.lost(self) }
    }

    // MARK: ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isLost else { return }
        takeFrames(unwrapInboundIn(data))
        // A closed channel does not come to its `channelReadComplete`.
        if isLost { core.settle() }
    }

    private func takeFrames(_ bytes: ByteBuffer) {
        var arrived = bytes
        if var joined = partial {
            partial = nil
            joined.writeBuffer(&arrived)
            arrived = joined
        }
        while !isLost, let length = arrived.nextFrameLength {
            guard length <= ProtocolLimits.payloadBytes else {
                return core.violated(
                    self,
                    "the server announced a frame of \(length) bytes, above the limit of "
                        + "\(ProtocolLimits.payloadBytes); is it a churn server?"
                )
            }
            let frameBytes = ProtocolLimits.headerBytes + length
            guard arrived.readableBytes >= frameBytes else {
                arrived.reserveCapacity(minimumWritableBytes: frameBytes - arrived.readableBytes)
                break
            }
            takeFrame(&arrived, frameBytes: frameBytes)
        }
        if !isLost, arrived.readableBytes > 0 { partial = arrived }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        core.settle()
    }

    func channelInactive(context: ChannelHandlerContext) {
        lose()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { core.settle() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        reason = describe(error, timeout: core.configuration.connectTimeout)
        close()
    }

    // MARK: Frames

    private func takeFrame(_ buffer: inout ByteBuffer, frameBytes: Int) {
        let decoded = buffer.withUnsafeReadableBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[ProtocolLimits.headerBytes..<frameBytes])
            return Result { () throws(DecodeError) in try Response.decode(payload, arena: arena) }
        }
        buffer.moveReaderIndex(forwardBy: frameBytes)
        switch decoded {
        case .success(let response) where response.callID == 0: takeNotice(response)
        case .success(let response): core.answered(response, on: self)
        case .failure(let error):
            core.violated(self, "the server sent a frame that is not of the protocol (\(error)); is it a churn server?")
        }
    }

    /// What carries no call id is about the connection.
    private func takeNotice(_ notice: Response) {
        if case .drainingNotice = notice.result {
            core.retire(self)
        } else if notice.status != .ok {
            // The server closes after this. Not waiting for it makes no difference to calls that get no answer.
            refusal = notice
            close()
        }
        // Other notices are of a later version, and for those who know them.
    }
}

extension ByteBuffer {
    /// The payload length that the next frame announces; `nil` until its header is there.
    fileprivate var nextFrameLength: Int? {
        getInteger(at: readerIndex, as: UInt32.self).map(Int.init)
    }
}
