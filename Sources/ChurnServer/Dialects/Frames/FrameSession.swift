internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// One connection of length-prefixed messages: has what arrives cut into frames, has these answered, and sends all answers
/// of one read at once.
///
/// A frame that cannot be understood gets a status, then the connection closes; no other connection notices.
///
/// Confined to the thread of its loop.
final class FrameSession: ConnectionSession {
    let id: Int
    /// For threads that work for the peer.
    private let liveness = ConnectionLiveness()
    private let loop: LoopContext
    private let frames: FrameLoop
    /// `nil` once the connection is closed.
    private var transport: (any ConnectionTransport)?
    private var cutter = FrameCutter()
    /// The cutter's, as of the last read: to ask the cutter costs a tenth of a plain call.
    private var isBetweenFrames = true
    private var inFlight = 0
    private var inputIsClosed = false
    /// When the connection is closed unless the peer does something.
    private var overdueAt: NIODeadline?

    init(loop: LoopContext, frames: FrameLoop, transport: any ConnectionTransport) {
        self.loop = loop
        self.frames = frames
        self.transport = transport
        id = loop.nextSessionID()
        loop.add(self)
        if loop.isDraining { announceDraining() }
    }

    // MARK: From the transport

    func receive(_ bytes: UnsafeRawBufferPointer) {
        let arrival = NIODeadline.now()
        var rest = bytes
        if isBetweenFrames, !loop.isDraining { frames.answerPlain(&rest, arrival: arrival) }
        if !rest.isEmpty {
            consume(&rest, arrival: arrival)
            isBetweenFrames = cutter.isBetweenFrames
            watch(arrival: arrival)
        }
        flush()
        closeIfDone()
    }

    var payloadRoom: UnsafeMutableRawBufferPointer? { isBetweenFrames ? nil : cutter.payloadRoom }

    func receivedPayload(_ count: Int) {
        guard let payload = cutter.receivedPayload(count) else { return }
        isBetweenFrames = true
        submitGathered(payload, arrival: .now())
    }

    func inputClosed() {
        inputIsClosed = true
        if cutter.isDiscarding {
            transport?.finish()
        } else {
            cutter.dropPartialFrame()
            overdueAt = nil
            closeIfDone()
        }
    }

    func closed() {
        guard transport != nil else { return }
        transport = nil
        cutter.discard()
        liveness.end()
        loop.remove(self)
    }

    // MARK: From the loop

    func announceDraining() {
        ResponseEncoder.writeDrainingNotice(to: &frames.output.pointee)
        flush()
    }

    func close() {
        transport?.close()
    }

    func closeIfOverdue(_ now: NIODeadline) {
        if let overdueAt, now >= overdueAt { close() }
    }

    func finish(_ late: [LateAnswers.Item]) {
        inFlight -= late.count
        if !cutter.isDiscarding {
            for item in late {
                loop.answerer.deliver(item.answer) { write($0, callID: item.tag) }
            }
            flush()
        }
        closeIfDone()
    }

    // MARK: Frames

    private func consume(_ rest: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        while !rest.isEmpty {
            switch cutter.next(&rest) {
            case .needsMore: return
            case .frame(let payload):
                overdueAt = nil
                answerFrame(payload, arrival: arrival)
                if cutter.isBetweenFrames, !loop.isDraining, !rest.isEmpty {
                    frames.answerPlain(&rest, arrival: arrival)
                }
            case .large(let payloadBytes, let callID):
                beginLarge(payloadBytes, callID: callID)
            case .gathered(let payload):
                submitGathered(payload, arrival: arrival)
            case .broken(let failure, let callID):
                refuse(failure, callID: callID)
            }
        }
    }

    /// Answers a small frame, or ends the connection when it cannot be decoded.
    private func answerFrame(_ payload: UnsafeRawBufferPointer, arrival: NIODeadline) {
        do throws(DecodeError) {
            let request = try RequestView.decode(payload, arena: frames.arena)
            if loop.isDraining {
                answerWhileDraining(request)
            } else if let features = loop.snapshot.features, !features.isImmediate, request.call.needsFeatures {
                answerLater(request, payload, arrival: arrival)
            } else {
                answer(request, arrival: arrival)
            }
        } catch {
            refuse(.invalidArgument(error.description), callID: FrameHeader.callID(payload) ?? 0)
        }
    }

    private func answer(_ request: RequestView, arrival: NIODeadline) {
        let callID = request.callID
        let context = CallContext(
            arrival: arrival,
            deadline: arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds),
            liveness: liveness
        )
        let isLate = loop.answerer.answer(request.call, context, with: loop.snapshot) {
            write($0, callID: callID)
        } later: { [id, lateAnswers = loop.lateAnswers] in
            { lateAnswers.put(LateAnswers.Item(sessionID: id, tag: callID, answer: $0)) }
        }
        // It comes back by a task of this loop, so not before this.
        if isLate { inFlight += 1 }
    }

    /// A call whose customers may have to be waited for: of these there is a limit for each connection.
    private func answerLater(_ request: RequestView, _ payload: UnsafeRawBufferPointer, arrival: NIODeadline) {
        guard inFlight < loop.services.configuration.maxInFlightPerConnection else {
            return write(.failure(.tooManyInFlight), callID: request.callID)
        }
        guard request.call.isBatchOfCustomers else { return answer(request, arrival: arrival) }
        // A batch is looked up by a worker, as one that comes in a large frame.
        guard let reserved = loop.services.budget.reserve(payload.count) else {
            return write(.failure(.outOfMemoryBudget), callID: request.callID)
        }
        let copy = LargePayload(bytes: payload.count, reserved: reserved)
        var rest = payload
        copy.take(from: &rest)
        submit(copy, arrival: arrival)
    }

    /// Health is still answered: it is how a balancer learns that the server drains.
    private func answerWhileDraining(_ request: RequestView) {
        if case .health(let names) = request.call.method {
            loop.answerer.deliverHealth(loop.snapshot, names: names) { write($0, callID: request.callID) }
        } else {
            write(.failure(.draining), callID: request.callID)
        }
    }

    // MARK: Large frames

    /// Decides on a large frame from its header and its call id.
    private func beginLarge(_ payloadBytes: Int, callID: UInt64) {
        if loop.isDraining {
            write(.failure(.draining), callID: callID)
        } else if inFlight >= loop.services.configuration.maxInFlightPerConnection {
            write(.failure(.tooManyInFlight), callID: callID)
        } else if let reserved = loop.services.budget.reserve(payloadBytes) {
            return cutter.gather(into: LargePayload(bytes: payloadBytes, reserved: reserved))
        } else {
            write(.failure(.outOfMemoryBudget), callID: callID)
        }
        cutter.skip()
    }

    private func submitGathered(_ payload: LargePayload, arrival: NIODeadline) {
        overdueAt = nil
        submit(payload, arrival: arrival)
    }

    private func submit(_ payload: LargePayload, arrival: NIODeadline) {
        inFlight += 1
        let job = LargeCallJob(
            payload: payload,
            codec: FrameCallCodec(arrival: arrival),
            arrival: arrival,
            snapshot: loop.snapshot,
            services: loop.services,
            liveness: liveness
        )
        job.start { [id, handle = loop.handle] outcome in
            // A connection that is gone by then wants no answer.
            handle.execute { loop in (loop.session(id) as? FrameSession)?.finish(outcome) }
        }
    }

    private func finish(_ outcome: FrameCallCodec.Output) {
        inFlight -= 1
        switch outcome {
        case .answer(var frames): if !cutter.isDiscarding { transport?.send(&frames) }
        case .undecodable(let error, let callID): refuse(.invalidArgument(error.description), callID: callID)
        }
        closeIfDone()
    }

    // MARK: Output

    private func write(_ answer: Answer, callID: UInt64) {
        ResponseEncoder.write(answer, callID: callID, to: &frames.output.pointee)
    }

    /// Sends what the output buffer holds, which is this session's: every turn of a session ends with this.
    private func flush() {
        guard frames.output.pointee.readableBytes > 0 else { return }
        transport?.send(&frames.output.pointee)
        frames.recycleOutput()
    }

    /// Answers a frame that ends the connection, then closes it from our side. Input is read on for a while and thrown
    /// away: closing a socket with unread input would reset it, and the peer might never see the answer.
    private func refuse(_ failure: CallFailure, callID: UInt64) {
        guard !cutter.isDiscarding else { return }
        write(.failure(failure), callID: callID)
        cutter.discard()
        isBetweenFrames = false
        overdueAt = .now() + ServerLimits.lingerTimeout
        flush()
        transport?.closeOutput()
    }

    /// Sets the clock of a frame that has begun to arrive: it starts with the first byte and is not set back by more.
    private func watch(arrival: NIODeadline) {
        cutter.giveBackMemory()
        if isBetweenFrames {
            overdueAt = nil
        } else if !cutter.isDiscarding, overdueAt == nil {
            overdueAt = arrival + ServerLimits.frameTimeout
        }
    }

    /// A peer that has said that it will send no more gets what it waits for, then the connection closes.
    private func closeIfDone() {
        guard inputIsClosed, inFlight == 0, overdueAt == nil else { return }
        overdueAt = .now() + ServerLimits.frameTimeout
        transport?.finish()
    }
}
