internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// The response of a PredictBatchStream: the rows in several messages. A worker makes the next one when the peer has taken
/// the one before, so that a slow reader holds its request and one message, both of them counted by the memory budget.
///
/// Every part is decoded from the request anew, which costs little beside its rows: the decoded form of the whole need not
/// be kept. All parts are answered from one snapshot, and so from one build where features are resident.
final class GRPCBatchStream: GRPCMessageSource {
    private let payload: LargePayload
    private let snapshot: ServingSnapshot
    /// Where the next part begins; `nil` when there is none.
    private var nextRow: Int? = 0
    private var isAtWork = false
    private var part: ByteBuffer?
    private var failure: CallFailure?

    init(_ payload: LargePayload, _ snapshot: ServingSnapshot) {
        self.payload = payload
        self.snapshot = snapshot
    }

    func next(on stream: HTTP2Stream, of session: HTTP2Session) -> NextGRPCMessage {
        if let part {
            self.part = nil
            guard let reserved = session.loop.services.budget.reserve(part.readableBytes) else {
                return .end(.outOfMemoryBudget)
            }
            stream.response = part
            stream.reserved = reserved
            return .written
        }
        if failure != nil || nextRow == nil { return .end(failure) }
        submit(on: stream, of: session)
        return .later
    }

    /// Has a worker make the next part, unless one does already.
    func submit(on stream: HTTP2Stream, of session: HTTP2Session) {
        guard let nextRow, !isAtWork else { return }
        isAtWork = true
        stream.isWaitedFor = true
        let job = LargeCallJob(
            payload: payload,
            codec: GRPCBatchPartCodec(firstRow: nextRow, deadline: stream.deadline),
            arrival: stream.arrival,
            snapshot: snapshot,
            services: session.loop.services,
            liveness: stream.liveness
        )
        job.start { [id = session.id, streamID = stream.id, handle = session.loop.handle] part in
            // A connection that is gone by then wants no more of it.
            handle.execute { loop in (loop.session(id) as? HTTP2Session)?.receivedPart(part, of: streamID) }
        }
    }

    func take(_ output: GRPCBatchPartCodec.Output) {
        isAtWork = false
        switch output {
        case .part(let message, let nextRow): (part, self.nextRow) = (message, nextRow)
        case .failure(let failure): self.failure = failure
        }
    }
}

/// Reads a part of a batch, and writes the message of its answer.
struct GRPCBatchPartCodec: LargeCallCodec {
    enum Output: Sendable {
        /// With its prefix.
        case part(ByteBuffer, nextRow: Int?)
        case failure(CallFailure)
    }

    let firstRow: Int
    let deadline: NIODeadline?

    func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> LargeCall {
        let (call, rows) = try RequestMessage.decodePart(
            payload,
            from: firstRow,
            atMost: HTTP2Limits.rowsPerMessage,
            arena: arena
        )
        return LargeCall(call: call, callID: UInt64(rows), deadline: deadline)
    }

    /// - Parameter callID: the rows of the whole batch.
    func encode(_ answer: Answer, callID: UInt64) -> Output {
        guard case .batch(var batch, let model) = answer else {
            if case .failure(let failure) = answer { return .failure(failure) }
            return .failure(CallFailure(code: .internal, message: "a batch was answered by something else"))
        }
        batch.firstRow = firstRow
        var output = ByteBuffer()
        if let failure = output.writeGRPC({ ResponseEncoder.writeMessage(.batch(batch, model: model), to: &$0) }) {
            return .failure(failure)
        }
        let end = firstRow + batch.probabilities.count
        return .part(output, nextRow: end < callID ? end : nil)
    }

    func refuse(_ error: DecodeError, _ payload: UnsafeRawBufferPointer) -> Output {
        .failure(.invalidArgument(error.description))
    }
}

extension HTTP2Session {
    func streamBatch(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        let payload: LargePayload
        switch message {
        case .large(let whole): payload = whole
        case .small(let bytes):
            guard let copy = copy(of: bytes, on: stream) else { return }
            payload = copy
        }
        // The response has it now, and with it what was reserved.
        stream.message.clear()
        let batch = GRPCBatchStream(payload, loop.snapshot)
        stream.source = batch
        batch.submit(on: stream, of: self)
    }

    /// A worker has made a part of a response.
    fileprivate func receivedPart(_ output: GRPCBatchPartCodec.Output, of streamID: Int32) {
        guard let stream = stream(streamID), let batch = stream.source as? GRPCBatchStream else { return }
        batch.take(output)
        stream.isWaitedFor = false
        takeTurn {
            if stream.phase == .answered {
                resume(stream)
            } else if case .failure(let failure) = output {
                stream.source = nil
                fail(stream, failure)
            } else {
                respond(batch, on: stream)
            }
        }
    }
}
