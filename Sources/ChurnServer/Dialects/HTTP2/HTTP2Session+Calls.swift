internal import CNghttp2
internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

// MARK: What nghttp2 reports

extension HTTP2Session {
    /// - Returns: 0, or nghttp2's code for a stream that is refused.
    func beganHeaders(_ frame: nghttp2_frame) -> Int32 {
        // Trailers of a request belong to a stream that is there already.
        guard frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue), frame.headers.cat == NGHTTP2_HCAT_REQUEST else {
            return 0
        }
        return addStream(frame.hd.stream_id) ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

    func receivedFrame(_ frame: nghttp2_frame) {
        if frame.hd.type == UInt8(NGHTTP2_PING.rawValue) {
            return receivedPing(isAcknowledgement: frame.hd.flags & UInt8(NGHTTP2_FLAG_ACK.rawValue) != 0)
        }
        let isHeaders = frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue)
        guard isHeaders || frame.hd.type == UInt8(NGHTTP2_DATA.rawValue), let stream = stream(frame.hd.stream_id) else {
            return
        }
        if isHeaders, stream.phase == .headers { receivedHead(stream) }
        if frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0 {
            stream.requestHasEnded = true
            guard stream.phase == .message else {
                // Most calls are answered by now, and have no source: the cast is for those that do.
                if let source = stream.source {
                    (source as? any GRPCRequestReader)?.requestEnded(on: stream, of: self)
                }
                return
            }
            if let request = stream.request { return requestEnded(request, on: stream) }
            do throws(CallFailure) {
                received(try stream.message.end(), on: stream)
            } catch {
                fail(stream, error)
            }
        }
    }

    func receivedData(_ id: Int32, _ piece: UnsafeRawBufferPointer, isLast: Bool) {
        let stream = stream(id)
        if let stream, stream.isAnsweredEarly {
            // Not wanted: other streams may go on, and this one may not.
            _ = nghttp2_session_consume_connection(http2, piece.count)
        } else {
            // The peer may send as much again: what is kept of it is in memory that was reserved for the whole message.
            _ = nghttp2_session_consume(http2, id, piece.count)
        }
        guard let stream else { return }
        guard stream.phase == .message else {
            (stream.source as? any GRPCRequestReader)?.receive(piece, on: stream, of: self)
            return
        }
        if let request = stream.request { return receive(piece, of: request, isLast: isLast, on: stream) }
        do throws(CallFailure) {
            let budget = loop.services.budget
            if let message = try stream.message.take(piece, isLast: isLast, reserve: { budget.reserve($0) }) {
                received(message, on: stream)
            }
        } catch {
            fail(stream, error)
        }
    }

    func sentFrame(_ frame: nghttp2_frame) {
        guard frame.hd.flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0,
            frame.hd.type == UInt8(NGHTTP2_HEADERS.rawValue) || frame.hd.type == UInt8(NGHTTP2_DATA.rawValue),
            let stream = stream(frame.hd.stream_id), !stream.requestHasEnded
        else { return }
        // Answered before the request was whole: the rest is not wanted.
        guard stream.isAnsweredEarly else { return reset(stream, NGHTTP2_NO_ERROR) }
        // Clients of HTTP that have not read the answer when they are reset, curl among them, lose it.
        stream.isSent = true
        stream.overdueAt = now + HTTP2Limits.earlyAnswerLinger
    }

    /// Decides from its header fields what a request is.
    private func receivedHead(_ stream: HTTP2Stream) {
        let head = stream.head
        let isCall = head.isGRPC && hasCalls
        if !isCall, speaksHTTP1, head.method == nil || !hasCalls {
            // CONNECT has no path.
            let none = UnsafeRawBufferPointer(start: nil, count: 0)
            return begin(stream.request ?? HTTP2Request(target: none, authority: nil), on: stream)
        }
        if stream.request != nil { stream.request = nil }
        if head.headerBytes > HTTP2Limits.headerBytes {
            let message = "metadata of \(head.headerBytes) bytes is above the limit of \(HTTP2Limits.headerBytes)"
            fail(stream, CallFailure(code: .resourceExhausted, message: message))
        } else if isCall {
            beginCall(stream)
        } else if head.method == nil {
            refuse(stream, "404", "There is no such page; this port speaks gRPC.\n")
        } else {
            refuse(stream, "415", "The content-type must be application/grpc or application/grpc+proto.\n")
        }
    }

    private func beginCall(_ stream: HTTP2Stream) {
        let head = stream.head
        if head.httpMethod != .post {
            refuse(stream, "405", "The method must be POST.\n")
        } else if head.method == nil {
            fail(stream, .unknownMethod)
        } else if head.encoding == .unknown {
            let message = "the server does not take this grpc-encoding; use identity or gzip"
            fail(stream, CallFailure(code: .unimplemented, message: message))
        } else if head.timeout == .malformed {
            fail(stream, .invalidArgument("grpc-timeout is not one to eight digits and one of H, M, S, m, u, n"))
        } else {
            stream.phase = .message
            stream.message.takesGzip = head.encoding == .gzip
            if let method = head.method, case .stream(let begin) = GRPCMethod.all[method].kind { begin(stream, self) }
        }
    }
}

// MARK: Calls

extension HTTP2Session {
    private func received(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        if stream.message.isCompressed { inflate(message, on: stream) } else { answer(message, on: stream) }
    }

    func answer(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        stream.phase = .answering
        stream.overdueAt = nil
        guard let method = stream.head.method, case .message(let answer) = GRPCMethod.all[method].kind else {
            return fail(stream, .unknownMethod)
        }
        answer(message, stream, self)
    }

    /// Answers a call of `churn.v1.Churn`.
    func answer(_ message: GRPCMessageReader.Message, of method: ServiceMethod, on stream: HTTP2Stream) {
        switch message {
        case .small(let bytes)
        where method == .predictByID && shared.answerPlain(bytes, deadline: stream.deadline, to: &stream.response):
            submitMessage(on: stream)
        case .small(let bytes): answer(bytes, of: method, on: stream)
        case .large(let payload): submit(payload, of: method, on: stream)
        }
    }

    private func answer(_ bytes: UnsafeRawBufferPointer, of method: ServiceMethod, on stream: HTTP2Stream) {
        do throws(DecodeError) {
            let call = try RequestMessage.decode(bytes, of: method, arena: shared.arena)
            if call.isBatchOfCustomers, let features = loop.snapshot.features, !features.isImmediate {
                // A batch whose customers may have to be waited for is looked up by a worker.
                return submitCopy(of: bytes, of: method, on: stream)
            }
            let context = CallContext(arrival: stream.arrival, deadline: stream.deadline, liveness: stream.liveness)
            let tag = UInt64(stream.id)
            let isLate = loop.answerer.answer(call, context, with: loop.snapshot) {
                respond($0, on: stream)
            } later: { [id, lateAnswers = loop.lateAnswers] in
                { lateAnswers.put(LateAnswers.Item(sessionID: id, tag: tag, answer: $0)) }
            }
            // It comes back by a task of this loop, so not before this.
            if isLate { stream.isWaitedFor = true }
        } catch {
            fail(stream, .invalidArgument(error.description))
        }
    }

    private func submitCopy(of bytes: UnsafeRawBufferPointer, of method: ServiceMethod, on stream: HTTP2Stream) {
        if let copy = copy(of: bytes, on: stream) { submit(copy, of: method, on: stream) }
    }

    /// - Returns: `nil` once the call has failed.
    func copy(of bytes: UnsafeRawBufferPointer, on stream: HTTP2Stream) -> LargePayload? {
        guard let reserved = loop.services.budget.reserve(bytes.count) else {
            fail(stream, .outOfMemoryBudget)
            return nil
        }
        let copy = LargePayload(bytes: bytes.count, reserved: reserved)
        var rest = bytes
        copy.take(from: &rest)
        return copy
    }

    private func submit(_ payload: LargePayload, of method: ServiceMethod, on stream: HTTP2Stream) {
        stream.isWaitedFor = true
        let job = LargeCallJob(
            payload: payload,
            codec: GRPCCallCodec(method: method, deadline: stream.deadline),
            arrival: stream.arrival,
            snapshot: loop.snapshot,
            services: loop.services,
            liveness: stream.liveness
        )
        // The worker has it now, and with it what was reserved.
        stream.message.clear()
        job.start { [id, streamID = stream.id, handle = loop.handle] outcome in
            // A connection that is gone by then wants no answer.
            handle.execute { loop in (loop.session(id) as? HTTP2Session)?.finish(streamID, outcome) }
        }
    }
}
