internal import ChurnProtocol
internal import NIOCore

/// The protocol of one connection, without its socket: cuts what arrives into frames, has them answered, and sends all
/// answers of one read at once.
///
/// Every limit is checked from a frame's header (and the call id behind it), before its payload is waited for. A frame
/// that cannot be understood gets a status, then the connection closes; no other connection notices.
///
/// Confined to the thread of its loop.
final class Session {
    private enum Input {
        case frames
        /// A large frame, whose payload goes straight into memory of its own.
        case gathering(LargePayload)
        /// The rest of a frame that was refused from its header.
        case skipping(bytes: Int)
        /// The connection is being closed for a fault: input is thrown away until the peer has read why.
        case discarding
    }

    /// What the bytes at the front of the input are good for.
    private enum Step {
        /// The frame needs this many bytes from its start before more can be said.
        case needs(bytes: Int)
        case answered(bytes: Int)
        case large(payloadBytes: Int)
        case refuse(message: String, code: StatusCode, callID: UInt64)
    }

    let id: Int
    /// Whether the peer has gone, for threads that work for it.
    let life = ConnectionLife()
    private let loop: LoopContext
    /// `nil` once the connection is closed.
    private var transport: (any ConnectionTransport)?
    private var input = Input.frames
    private var partial = PartialFrame()
    private var inFlight = 0
    private var inputIsClosed = false
    /// When the connection is closed unless the peer does something.
    private var overdueAt: NIODeadline?

    init(loop: LoopContext, transport: any ConnectionTransport) {
        self.loop = loop
        self.transport = transport
        id = loop.nextSessionID()
        loop.add(self)
        if loop.isDraining { announceDraining() }
    }

    // MARK: From the transport

    /// Takes the bytes of one read, and answers what is complete.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        let arrival = NIODeadline.now()
        var rest = bytes
        consume(&rest, arrival: arrival)
        watch(arrival: arrival)
        flush()
        closeIfDone()
    }

    /// Where the next bytes of a large frame are to be read to; `nil` when they go through `receive`.
    var payloadRoom: UnsafeMutableRawBufferPointer? {
        if case .gathering(let payload) = input { payload.room } else { nil }
    }

    /// `count` bytes have been read into `payloadRoom`.
    func receivedPayload(_ count: Int) {
        guard case .gathering(let payload) = input else { return }
        payload.filled(count)
        submitIfComplete(payload, arrival: .now())
    }

    /// The peer has said that it will send no more.
    func inputClosed() {
        inputIsClosed = true
        partial.clear()
        if isDiscarding {
            transport?.finish()
        } else {
            overdueAt = nil
            closeIfDone()
        }
    }

    /// The connection is gone. The last call of a transport.
    func closed() {
        guard transport != nil else { return }
        transport = nil
        input = .discarding
        life.end()
        loop.remove(self)
    }

    // MARK: From the loop

    func announceDraining() {
        ResponseEncoder.writeDrainingNotice(to: &loop.output.pointee)
        flush()
    }

    func close() {
        transport?.close()
    }

    func closeIfOverdue(_ now: NIODeadline) {
        if let overdueAt, now >= overdueAt { close() }
    }

    // MARK: Frames

    private func consume(_ rest: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        while !rest.isEmpty {
            switch input {
            case .discarding:
                return
            case .skipping(let bytes):
                let skipped = min(bytes, rest.count)
                rest = UnsafeRawBufferPointer(rebasing: rest[skipped...])
                input = skipped == bytes ? .frames : .skipping(bytes: bytes - skipped)
            case .gathering(let payload):
                payload.take(from: &rest)
                submitIfComplete(payload, arrival: arrival)
            case .frames where partial.isEmpty:
                loop.answerPlain(&rest, arrival: arrival)
                if !rest.isEmpty { consumeFrame(&rest, arrival: arrival) }
            case .frames:
                consumePartialFrame(&rest, arrival: arrival)
            }
        }
    }

    private func consumeFrame(_ rest: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        switch examine(rest, arrival: arrival) {
        case .answered(let bytes):
            rest = UnsafeRawBufferPointer(rebasing: rest[bytes...])
        case .needs(let bytes):
            partial.take(from: &rest, upTo: bytes)
        case .large(let payloadBytes):
            rest = UnsafeRawBufferPointer(rebasing: rest[beginLarge(payloadBytes, front: rest)...])
        case .refuse(let message, let code, let callID):
            refuse(message, code: code, callID: callID)
        }
    }

    private func consumePartialFrame(_ rest: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        switch examine(partial.bytes, arrival: arrival) {
        case .needs(let bytes):
            partial.take(from: &rest, upTo: bytes)
            // Complete now, perhaps with nothing behind it: the loop above would not come back for it.
            if partial.count == bytes, rest.isEmpty { consumePartialFrame(&rest, arrival: arrival) }
        case .answered:
            overdueAt = nil
            partial.clear()
        case .large(let payloadBytes):
            // What the frame has beyond its front is still in `rest`: a partial frame is never longer than it must be.
            _ = beginLarge(payloadBytes, front: partial.bytes)
            partial.clear()
        case .refuse(let message, let code, let callID):
            refuse(message, code: code, callID: callID)
        }
    }

    private func examine(_ bytes: UnsafeRawBufferPointer, arrival: NIODeadline) -> Step {
        guard bytes.count >= ProtocolLimits.headerBytes, let start = bytes.baseAddress else {
            return .needs(bytes: ProtocolLimits.headerBytes)
        }
        let payloadBytes = FrameHeader.payloadBytes(start)
        let there = UnsafeRawBufferPointer(rebasing: bytes[ProtocolLimits.headerBytes...])
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
        guard payloadBytes <= ServerLimits.inlinePayloadBytes else {
            return there.count >= ProtocolLimits.callIDBytes
                ? .large(payloadBytes: payloadBytes)
                : .needs(bytes: ProtocolLimits.headerBytes + ProtocolLimits.callIDBytes)
        }
        let frameBytes = ProtocolLimits.headerBytes + payloadBytes
        guard there.count >= payloadBytes else { return .needs(bytes: frameBytes) }
        let payload = UnsafeRawBufferPointer(rebasing: there[..<payloadBytes])
        do throws(DecodeError) {
            try answer(payload, arrival: arrival)
            return .answered(bytes: frameBytes)
        } catch {
            return .refuse(
                message: error.description,
                code: .invalidArgument,
                callID: FrameHeader.callID(payload) ?? 0
            )
        }
    }

    /// - Throws: what is wrong with the frame; it ends the connection.
    private func answer(_ payload: UnsafeRawBufferPointer, arrival: NIODeadline) throws(DecodeError) {
        let request = try RequestView.decode(payload, arena: loop.arena)
        if loop.isDraining {
            answerWhileDraining(request)
        } else if let readThrough = loop.services.readThrough, let customers = request.customers {
            lookUp(customers, request, payload, arrival: arrival, readThrough)
        } else {
            loop.dispatcher.answer(request, with: loop.snapshot, arrival: arrival, to: &loop.output.pointee)
        }
    }

    /// Health is still answered: it is how a balancer learns that the server drains.
    private func answerWhileDraining(_ request: RequestView) {
        if case .health(let names) = request.method {
            let report = loop.services.health.report(loop.snapshot, names: names)
            ResponseEncoder.write(report, callID: request.callID, to: &loop.output.pointee)
        } else {
            ResponseEncoder.write(failure: .draining, callID: request.callID, to: &loop.output.pointee)
        }
    }

    // MARK: Customers that are not resident

    private func lookUp(
        _ customers: RequestView.Customers,
        _ request: RequestView,
        _ payload: UnsafeRawBufferPointer,
        arrival: NIODeadline,
        _ readThrough: ReadThrough
    ) {
        do throws(CallFailure) {
            guard inFlight < loop.services.configuration.maxInFlightPerConnection else { throw .tooManyInFlight }
            switch customers {
            case .one(let wish):
                let call = try PredictByIDCall(request, wish, snapshot: loop.snapshot, arrival: arrival)
                inFlight += 1
                lookUp(call, arrival: arrival, readThrough)
            case .many:
                // A batch is looked up by a worker, as one that comes in a large frame.
                guard let reserved = loop.services.budget.reserve(payload.count) else { throw .outOfMemoryBudget }
                let copy = LargePayload(bytes: payload.count, reserved: reserved)
                var rest = payload
                copy.take(from: &rest)
                submit(copy, arrival: arrival)
            }
        } catch {
            ResponseEncoder.write(failure: error, callID: request.callID, to: &loop.output.pointee)
        }
    }

    /// Answers at once what the cache has; else the answer comes back to `finish`.
    private func lookUp(_ call: PredictByIDCall, arrival: NIODeadline, _ readThrough: ReadThrough) {
        let until = ReadThrough.patience(call.deadline, arrival: arrival)
        let answer = readThrough.lookup.find(call.wish.customer, until: until) { [id, returns = loop.lookupReturns] in
            returns.put(LookupReturns.Item(session: id, call: call, answer: $0))
        }
        guard let answer else { return }
        inFlight -= 1
        loop.dispatcher.answer(call, with: answer, readThrough, to: &loop.output.pointee)
    }

    /// Answers calls whose look-ups have ended, all in one piece.
    func finish(_ lookups: [LookupReturns.Item], _ readThrough: ReadThrough) {
        inFlight -= lookups.count
        if !isDiscarding {
            for item in lookups {
                loop.dispatcher.answer(item.call, with: item.answer, readThrough, to: &loop.output.pointee)
            }
            flush()
        }
        closeIfDone()
    }

    // MARK: Large frames

    /// Decides on a large frame from its front: its header and the call id behind it.
    ///
    /// - Returns: how many bytes of `front` belong to what was decided.
    private func beginLarge(_ payloadBytes: Int, front: UnsafeRawBufferPointer) -> Int {
        let there = UnsafeRawBufferPointer(rebasing: front[ProtocolLimits.headerBytes...])
        guard let callID = FrameHeader.callID(there) else {
            refuse(DecodeError.noCallID.description, code: .invalidArgument, callID: 0)
            return front.count
        }
        let failure: CallFailure
        if loop.isDraining {
            failure = .draining
        } else if inFlight >= loop.services.configuration.maxInFlightPerConnection {
            failure = .tooManyInFlight
        } else if let reserved = loop.services.budget.reserve(payloadBytes) {
            let payload = LargePayload(bytes: payloadBytes, reserved: reserved)
            var rest = there
            payload.take(from: &rest)
            input = .gathering(payload)
            // A large frame is longer than its front, so there is more to come.
            return front.count - rest.count
        } else {
            failure = .outOfMemoryBudget
        }
        ResponseEncoder.write(failure: failure, callID: callID, to: &loop.output.pointee)
        let skipped = min(front.count, ProtocolLimits.headerBytes + payloadBytes)
        let rest = ProtocolLimits.headerBytes + payloadBytes - skipped
        input = rest == 0 ? .frames : .skipping(bytes: rest)
        return skipped
    }

    private func submitIfComplete(_ payload: LargePayload, arrival: NIODeadline) {
        guard payload.isComplete else { return }
        input = .frames
        overdueAt = nil
        submit(payload, arrival: arrival)
    }

    private func submit(_ payload: LargePayload, arrival: NIODeadline) {
        inFlight += 1
        let job = LargeFrameJob(
            payload: payload,
            arrival: arrival,
            snapshot: loop.snapshot,
            services: loop.services,
            life: life
        )
        job.start { [id, handle = loop.handle] outcome in
            // A connection that is gone by then wants no answer.
            handle.execute { loop in loop.session(id)?.finish(outcome) }
        }
    }

    private func finish(_ outcome: LargeFrameJob.Outcome) {
        switch outcome {
        case .answer(var frames):
            inFlight -= 1
            if !isDiscarding { transport?.send(&frames) }
        case .undecodable(let error, let callID):
            inFlight -= 1
            refuse(error.description, code: .invalidArgument, callID: callID)
        case .lookUp(let call, let arrival, let readThrough):
            lookUp(call, arrival: arrival, readThrough)
            flush()
        }
        closeIfDone()
    }

    // MARK: Output

    private var isDiscarding: Bool {
        if case .discarding = input { true } else { false }
    }

    /// Sends what the loop's output buffer holds, which is this session's: every turn of a session ends with this.
    private func flush() {
        guard loop.output.pointee.readableBytes > 0 else { return }
        transport?.send(&loop.output.pointee)
        loop.recycleOutput()
    }

    /// Answers a frame that ends the connection, then closes it from our side. Input is read on for a while and thrown
    /// away: closing a socket with unread input would reset it, and the peer might never see the answer.
    private func refuse(_ message: String, code: StatusCode, callID: UInt64) {
        guard !isDiscarding else { return }
        ResponseEncoder.write(status: code, message: message, callID: callID, to: &loop.output.pointee)
        input = .discarding
        partial.clear()
        overdueAt = .now() + .seconds(ServerLimits.lingerSeconds)
        flush()
        transport?.closeOutput()
    }

    /// Sets the clock of a frame that has begun to arrive: it starts with the first byte and is not set back by more.
    private func watch(arrival: NIODeadline) {
        switch input {
        case .discarding: break
        case .frames where partial.isEmpty: overdueAt = nil
        default: if overdueAt == nil { overdueAt = arrival + .seconds(ServerLimits.frameTimeoutSeconds) }
        }
    }

    /// A peer that has said that it will send no more gets what it waits for, then the connection closes.
    private func closeIfDone() {
        guard inputIsClosed, inFlight == 0, overdueAt == nil else { return }
        overdueAt = .now() + .seconds(ServerLimits.frameTimeoutSeconds)
        transport?.finish()
    }
}
