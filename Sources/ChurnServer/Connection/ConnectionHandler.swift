internal import ChurnProtocol
internal import Logging
internal import NIOCore
internal import NIOPosix

/// One connection: cuts what arrives into frames, has them answered, and writes all answers of one read with one flush.
///
/// Every limit is checked from a frame's header (and the call id behind it), before its payload is waited for. A frame
/// that cannot be understood gets a status, then the connection closes; no other connection notices.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Input {
        case frames
        /// The rest of a frame that was refused from its header.
        case skipping(bytes: Int)
        /// The connection is being closed for a fault: input is thrown away until the peer has read why.
        case discarding
    }

    private let loop: LoopContext
    private let arena = DecodeArena()
    private var context: ChannelHandlerContext?
    private var input = Input.frames
    /// The beginning of a frame whose rest has not arrived.
    private var partial: ByteBuffer?
    private var reservation: MemoryBudget.Reservation?
    private var output = ByteBuffer()
    /// Answers are collected while input is being read, and flushed at its end.
    private var isReading = false
    private var inFlight = 0
    private var inputIsClosed = false
    /// When the connection is closed unless the peer does something.
    private var overdueAt: NIODeadline?

    init(loop: LoopContext) {
        self.loop = loop
    }

    var closeFuture: EventLoopFuture<Void>? { context?.channel.closeFuture }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func channelActive(context: ChannelHandlerContext) {
        if loop.isDraining { announceDraining() }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.remove(self)
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        isReading = true
        if case .discarding = input { return }
        if var earlier = partial {
            partial = nil
            earlier.writeBuffer(&bytes)
            bytes = earlier
        }
        let arrival = NIODeadline.now()
        consume(&bytes, arrival: arrival)
        guard case .frames = input, bytes.readableBytes > 0 else {
            if case .frames = input { overdueAt = nil }
            return
        }
        // The clock starts with the frame's first byte and is not set back by the next ones.
        if overdueAt == nil { overdueAt = arrival + .seconds(ServerLimits.frameTimeoutSeconds) }
        bytes.discardReadBytes()
        partial = bytes
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flush()
        closeIfDone()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // A peer that does not read its answers is not read from either. It fails only for a channel that is closed.
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputIsClosed = true
            partial = nil
            closeIfDone()
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer, mostly. Nothing is lost: who has gone wants no answer.
        loop.services.logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    // MARK: From the event loop

    func announceDraining() {
        ResponseEncoder.writeDrainingNotice(to: &output)
        flush()
    }

    func close() {
        context?.close(promise: nil)
    }

    func closeIfOverdue(_ now: NIODeadline) {
        if let overdueAt, now >= overdueAt { close() }
    }

    // MARK: Frames

    private func consume(_ bytes: inout ByteBuffer, arrival: NIODeadline) {
        while true {
            switch input {
            case .discarding:
                return
            case .skipping(let rest):
                let skipped = min(rest, bytes.readableBytes)
                bytes.moveReaderIndex(forwardBy: skipped)
                input = skipped == rest ? .frames : .skipping(bytes: rest - skipped)
                if skipped < rest { return }
            case .frames:
                guard consumeFrame(&bytes, arrival: arrival) else { return }
            }
        }
    }

    /// - Returns: `false` when more bytes are needed.
    private func consumeFrame(_ bytes: inout ByteBuffer, arrival: NIODeadline) -> Bool {
        enum Step {
            case needMore
            case answered(frameBytes: Int)
            case large(payloadBytes: Int)
            case refuse(message: String, code: StatusCode, callID: UInt64)
        }
        let step: Step = bytes.withUnsafeReadableBytes { raw in
            guard raw.count >= ProtocolLimits.headerBytes, let start = raw.baseAddress else { return .needMore }
            let payloadBytes = FrameHeader.payloadBytes(start)
            let there = UnsafeRawBufferPointer(rebasing: raw[ProtocolLimits.headerBytes...])
            guard payloadBytes <= ProtocolLimits.payloadBytes else {
                return .refuse(
                    message: "a frame of \(payloadBytes) bytes is above the limit of \(ProtocolLimits.payloadBytes)",
                    code: .resourceExhausted,
                    callID: FrameHeader.callID(there) ?? 0
                )
            }
            guard payloadBytes >= ProtocolLimits.callIDBytes else {
                return .refuse(message: DecodeError.noCallID.description, code: .invalidArgument, callID: 0)
            }
            guard payloadBytes <= ServerLimits.inlinePayloadBytes else { return .large(payloadBytes: payloadBytes) }
            guard there.count >= payloadBytes else { return .needMore }
            let payload = UnsafeRawBufferPointer(rebasing: there[..<payloadBytes])
            if let error = answerInline(payload, arrival: arrival) {
                return .refuse(
                    message: error.description,
                    code: .invalidArgument,
                    callID: FrameHeader.callID(payload) ?? 0
                )
            }
            return .answered(frameBytes: ProtocolLimits.headerBytes + payloadBytes)
        }
        switch step {
        case .needMore:
            return false
        case .answered(let frameBytes):
            bytes.moveReaderIndex(forwardBy: frameBytes)
            overdueAt = nil
            return true
        case .large(let payloadBytes):
            return consumeLargeFrame(&bytes, payloadBytes: payloadBytes, arrival: arrival)
        case .refuse(let message, let code, let callID):
            refuse(message, code: code, callID: callID)
            return false
        }
    }

    /// - Returns: what is wrong with the frame, if anything: it ends the connection.
    private func answerInline(_ payload: UnsafeRawBufferPointer, arrival: NIODeadline) -> DecodeError? {
        do throws(DecodeError) {
            let request = try RequestView.decode(payload, arena: arena)
            if loop.isDraining {
                answerWhileDraining(request)
            } else {
                loop.dispatcher.answer(request, with: loop.snapshot, arrival: arrival, to: &output)
            }
            return nil
        } catch {
            return error
        }
    }

    /// Health is still answered: it is how a balancer learns that the server drains.
    private func answerWhileDraining(_ request: RequestView) {
        if case .health(let names) = request.method {
            let report = loop.services.health.report(loop.snapshot, names: names)
            ResponseEncoder.write(report, callID: request.callID, to: &output)
        } else {
            ResponseEncoder.write(failure: .draining, callID: request.callID, to: &output)
        }
    }

    /// - Returns: `false` when more bytes are needed.
    private func consumeLargeFrame(_ bytes: inout ByteBuffer, payloadBytes: Int, arrival: NIODeadline) -> Bool {
        if reservation == nil {
            // Enough to answer with the call's id, should there be no room for it.
            guard bytes.readableBytes >= ProtocolLimits.headerBytes + ProtocolLimits.callIDBytes else { return false }
            let failure: CallFailure?
            if loop.isDraining {
                failure = .draining
            } else if inFlight >= loop.services.configuration.maxInFlightPerConnection {
                failure = .tooManyInFlight
            } else {
                reservation = loop.services.budget.reserve(payloadBytes)
                failure = reservation == nil ? .outOfMemoryBudget : nil
            }
            if let failure {
                let callID = bytes.withUnsafeReadableBytes {
                    FrameHeader.callID(UnsafeRawBufferPointer(rebasing: $0[ProtocolLimits.headerBytes...]))
                }
                guard let callID else {
                    refuse(DecodeError.noCallID.description, code: .invalidArgument, callID: 0)
                    return false
                }
                ResponseEncoder.write(failure: failure, callID: callID, to: &output)
                input = .skipping(bytes: ProtocolLimits.headerBytes + payloadBytes)
                return true
            }
            bytes.reserveCapacity(minimumWritableBytes: ProtocolLimits.headerBytes + payloadBytes - bytes.readableBytes)
        }
        guard bytes.readableBytes >= ProtocolLimits.headerBytes + payloadBytes else { return false }
        bytes.moveReaderIndex(forwardBy: ProtocolLimits.headerBytes)
        guard let payload = bytes.readSlice(length: payloadBytes), let reserved = reservation.take() else {
            return false
        }
        overdueAt = nil
        submit(payload, reserved, arrival: arrival)
        return true
    }

    // MARK: Large frames

    private func submit(_ payload: ByteBuffer, _ reserved: MemoryBudget.Reservation, arrival: NIODeadline) {
        guard let context else { return }
        inFlight += 1
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        let eventLoop = loop.eventLoop
        let job = LargeFrameJob(
            payload: payload,
            reserved: reserved,
            arrival: arrival,
            snapshot: loop.snapshot,
            services: loop.services,
            isAbandoned: { [channel = context.channel] in !channel.isActive }
        )
        loop.services.workers.submit { _ in
            let outcome = job.run()
            eventLoop.execute { bound.value.finish(outcome) }
        }
    }

    private func finish(_ outcome: LargeFrameJob.Outcome) {
        inFlight -= 1
        switch outcome {
        case .answer(var frames):
            // A buffer of its own, which is not copied into `output`; what waits there comes first.
            if context != nil, !isDiscarding {
                flush()
                write(&frames)
            }
        case .undecodable(let error, let callID):
            refuse(error.description, code: .invalidArgument, callID: callID)
            flush()
        }
        closeIfDone()
    }

    // MARK: Output

    private var isDiscarding: Bool {
        if case .discarding = input { true } else { false }
    }

    private func flush() {
        guard output.readableBytes > 0 else { return }
        write(&output)
        if output.capacity > ServerLimits.keptOutputBytes {
            output = ByteBuffer()
        } else {
            output.clear()
        }
    }

    private func write(_ frames: inout ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(frames), promise: nil)
    }

    /// Answers a frame that ends the connection, then closes it from our side. Input is read on for a while and thrown
    /// away: closing a socket with unread input would reset it, and the peer might never see the answer.
    private func refuse(_ message: String, code: StatusCode, callID: UInt64) {
        guard !isDiscarding else { return }
        ResponseEncoder.write(status: code, message: message, callID: callID, to: &output)
        input = .discarding
        partial = nil
        reservation = nil
        overdueAt = .now() + .seconds(ServerLimits.lingerSeconds)
        flush()
        context?.close(mode: .output, promise: nil)
    }

    /// A peer that has said that it will send no more gets what it waits for, then the connection closes.
    private func closeIfDone() {
        if inputIsClosed, inFlight == 0, !isReading {
            flush()
            close()
        }
    }
}
