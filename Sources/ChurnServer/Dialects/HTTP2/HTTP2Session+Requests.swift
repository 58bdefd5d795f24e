internal import CNghttp2
internal import ChurnCalls
internal import NIOCore

/// Requests that are no calls of gRPC: the routes of HTTP/1.1, each request on a stream of its own.
extension HTTP2Session {
    /// Takes a header field of what is no method of gRPC.
    func addRequestField(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to stream: HTTP2Stream) {
        guard speaksHTTP1 else { return }
        if let request = stream.request {
            request.add(name: name, value: value)
        } else if isText(name, ":path") {
            stream.request = HTTP2Request(target: value, authority: stream.authority)
        } else if isText(name, ":authority") {
            stream.authority = HTTP2Request.hash(ofAuthority: value)
        }
    }

    /// The head of a request is whole.
    func begin(_ incoming: HTTP2Request, on stream: HTTP2Stream) {
        guard !incoming.isContradictory else {
            stream.phase = .answered
            return reset(stream, NGHTTP2_PROTOCOL_ERROR)
        }
        stream.request = incoming
        let request = incoming.end(stream.head, arrival: stream.arrival)
        if let fault = incoming.fault(stream.head) { return respond(shared.http.fault(fault), on: stream) }
        let length = incoming.contentLength
        let refusal = shared.http.refuse(request, bodyBytes: length)
        if let refusal, (length ?? .max) > HTTPLimits.smallBodyBytes {
            // The body, if there is any, is not worth waiting for.
            return respond(refusal, on: stream)
        }
        incoming.isRefused = refusal != nil
        incoming.body.begin(length: length, limit: request.route?.bodyLimit ?? HTTPLimits.smallBodyBytes)
        stream.phase = .message
        stream.overdueAt = incoming.bodyDeadline(stream.arrival)
    }

    func receive(
        _ piece: UnsafeRawBufferPointer,
        of incoming: HTTP2Request,
        isLast: Bool,
        on stream: HTTP2Stream
    ) {
        guard !incoming.isRefused else { return }
        // A frame that ends the request may come in several pieces; its length tells which is the last.
        let isWhole = isLast && incoming.contentLength == incoming.body.count + piece.count
        take(piece, isLast: isWhole, of: incoming, on: stream)
    }

    func requestEnded(_ incoming: HTTP2Request, on stream: HTTP2Stream) {
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        guard !incoming.isRefused else { return answer(incoming, .view(none), on: stream) }
        take(none, isLast: true, of: incoming, on: stream)
    }

    private func take(
        _ piece: UnsafeRawBufferPointer,
        isLast: Bool,
        of incoming: HTTP2Request,
        on stream: HTTP2Stream
    ) {
        do throws(CallFailure) {
            if let whole = try incoming.body.take(piece, isLast: isLast, budget: loop.services.budget) {
                answer(incoming, whole, on: stream)
            } else {
                stream.overdueAt = incoming.bodyDeadline(stream.arrival)
            }
        } catch {
            incoming.body.clear()
            let status = error.code == .invalidArgument ? HTTPStatus.contentTooLarge : HTTPStatus(error)
            guard let request = incoming.whole else { return }
            respond(shared.http.fail(request, status, error.message), on: stream)
        }
    }

    private func answer(_ incoming: HTTP2Request, _ body: HTTPBody, on stream: HTTP2Stream) {
        guard let request = incoming.whole else { return }
        stream.phase = .answering
        stream.overdueAt = nil
        if let refusal = shared.http.refuse(request, bodyBytes: nil) { return respond(refusal, on: stream) }
        let caller = HTTPCaller(sessionID: id, tag: UInt64(stream.id), liveness: stream.liveness)
        if let response = shared.http.respond(to: request, body: body, for: caller, on: loop) {
            respond(response, on: stream)
        } else {
            // It comes back by a task of this loop, so not before this.
            stream.isWaitedFor = true
        }
    }

    /// The rest of the body has not come in time.
    func refuseLate(_ stream: HTTP2Stream) {
        let fault = HTTPFault(.requestTimeout, "the rest of the request did not arrive in time")
        respond(shared.http.fault(fault), on: stream)
    }

    // MARK: Responses

    /// Responds with the body that the responder has.
    func respond(_ response: HTTPResponse, on stream: HTTP2Stream) {
        let body = shared.http.body
        let bytes = body.pointee.readableBytes
        defer { shared.http.recycle() }
        guard response.hasContent, bytes > 0, stream.head.httpMethod != .head else {
            return submit(response, bodyBytes: bytes, hasBody: false, on: stream)
        }
        if bytes > ServerLimits.keptPartialBytes {
            // The peer may take its time.
            guard let reserved = loop.services.budget.reserve(bytes) else {
                // Short, and so not refused in turn.
                return respond(shared.http.fault(HTTPFault.outOfMemoryBudget), on: stream)
            }
            stream.reserved = reserved
            swap(&stream.response, &body.pointee)
        } else {
            stream.response.writeImmutableBuffer(body.pointee)
        }
        submit(response, bodyBytes: bytes, hasBody: true, on: stream)
    }

    /// - Parameter bodyBytes: `nil` for a body that comes in pieces.
    private func submit(_ response: HTTPResponse, bodyBytes: Int?, hasBody: Bool, on stream: HTTP2Stream) {
        stream.hasTrailers = false
        let response = stream.request?.whole.map { shared.http.forBrowser(response, to: $0) } ?? response
        let date = shared.http.currentDate(now)
        shared.responseFields.withHead(of: response, bodyBytes: bodyBytes, date: date) { fields in
            if hasBody { submitBody(fields, on: stream) } else { submitHead(fields, on: stream) }
        }
    }
}

// MARK: Batches

extension HTTP2Session: HTTPBatchReceiver {
    func finish(_ tag: UInt64, _ outcome: HTTPBatchOutcome) {
        // A stream that is gone by then wants no answer.
        guard let stream = stream(Int32(truncatingIfNeeded: tag)), stream.phase == .answering,
            let request = stream.request?.whole
        else { return }
        takeTurn {
            switch outcome {
            case .failed(let fault): respond(shared.http.fail(request, fault.status, fault.detail), on: stream)
            case .answered(let response, let piece, nil):
                shared.http.body.pointee = piece
                respond(response, on: stream)
            case .answered(let response, let piece, let batch?):
                stream.source = HTTP2BatchBody(batch, firstPiece: piece)
                submit(response, bodyBytes: nil, hasBody: true, on: stream)
            }
        }
    }

    func finish(_ tag: UInt64, piece: ByteBuffer, isLast: Bool) {
        guard let stream = stream(Int32(truncatingIfNeeded: tag)), let body = stream.source as? HTTP2BatchBody else {
            return
        }
        body.take(piece, isLast: isLast)
        takeTurn { resume(stream) }
    }
}

/// The body of the answer to a large batch. A worker makes a piece when the peer has taken the one before.
private final class HTTP2BatchBody: GRPCMessageSource {
    private let batch: HTTPBatchStream
    private var piece: ByteBuffer?
    private var isLast = false
    private var isAtWork = false

    init(_ batch: HTTPBatchStream, firstPiece: ByteBuffer) {
        self.batch = batch
        piece = firstPiece
    }

    func next(on stream: HTTP2Stream, of session: HTTP2Session) -> NextGRPCMessage {
        if let piece {
            self.piece = nil
            stream.response = piece
            return .written
        }
        if isLast { return .end(nil) }
        if !isAtWork {
            isAtWork = true
            batch.continuePiece(UInt64(stream.id), of: session.id, on: session.loop)
        }
        return .later
    }

    func take(_ piece: ByteBuffer, isLast: Bool) {
        isAtWork = false
        (self.piece, self.isLast) = (piece, isLast)
    }
}
