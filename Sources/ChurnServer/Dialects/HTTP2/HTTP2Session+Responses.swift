internal import CNghttp2
internal import ChurnCalls
internal import ChurnProtocol
internal import NIOCore

extension HTTP2Session {
    func respond(_ answer: Answer, on stream: HTTP2Stream) {
        if let failure = stream.response.writeGRPC({ ResponseEncoder.writeMessage(answer, to: &$0) }) {
            fail(stream, failure)
        } else {
            submitMessage(on: stream)
        }
    }

    /// Writes a message that is small, whatever its content.
    func writeMessage(on stream: HTTP2Stream, _ write: (inout ByteBuffer) -> Void) {
        _ = stream.response.writeGRPC {
            write(&$0)
            return nil
        }
    }

    /// Submits what is in the stream's `response`, and an OK behind it.
    func submitMessage(on stream: HTTP2Stream) {
        let bytes = stream.response.readableBytes
        if bytes > ServerLimits.keptPartialBytes {
            // The peer may take its time.
            guard let reserved = loop.services.budget.reserve(bytes) else {
                stream.response = ByteBuffer()
                return fail(stream, .outOfMemoryBudget)
            }
            stream.reserved = reserved
        }
        submitBody(shared.fields.response, on: stream)
    }

    /// Responds with a status alone.
    func fail(_ stream: HTTP2Stream, _ failure: CallFailure) {
        setAnswered(stream)
        shared.fields.withFailure(failure) { fields in
            // It fails for want of memory, or for a stream that is closed already.
            _ = nghttp2_submit_response(http2, stream.id, fields.baseAddress, fields.count, nil)
        }
    }

    /// Responds to what is no call of gRPC.
    func refuse(_ stream: HTTP2Stream, _ status: StaticString, _ text: String) {
        stream.hasTrailers = false
        shared.fields.withStatus(status) { fields in
            guard stream.head.httpMethod != .head else { return submitHead(fields, on: stream) }
            stream.response.writeString(text)
            submitBody(fields, on: stream)
        }
    }

    /// Responds without content.
    func submitHead(_ fields: HTTP2Fields.List, on stream: HTTP2Stream) {
        setAnswered(stream)
        _ = nghttp2_submit_response(http2, stream.id, fields.baseAddress, fields.count, nil)
    }

    func submitBody(_ fields: HTTP2Fields.List, on stream: HTTP2Stream) {
        setAnswered(stream)
        var source = nghttp2_data_provider()
        source.source.ptr = Unmanaged.passUnretained(stream).toOpaque()
        source.read_callback = { _, id, target, count, flags, source, user in
            guard let target, let flags, let pointer = source?.pointee.ptr, let user else {
                return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
            }
            let room = UnsafeMutableRawBufferPointer(start: target, count: count)
            return HTTP2Session.with(user) { session in
                Unmanaged<HTTP2Stream>.fromOpaque(pointer)._withUnsafeGuaranteedRef { stream in
                    session.readResponse(of: stream, into: room, flags)
                }
            }
        }
        _ = nghttp2_submit_response(http2, stream.id, fields.baseAddress, fields.count, &source)
    }

    /// nghttp2 can send more of a response.
    private func readResponse(
        of stream: HTTP2Stream,
        into target: UnsafeMutableRawBufferPointer,
        _ flags: UnsafeMutablePointer<UInt32>
    ) -> Int {
        if stream.response.readableBytes == 0, let source = stream.source {
            stream.response.clear()
            stream.reserved = nil
            switch source.next(on: stream, of: self) {
            case .written: stream.overdueAt = now + ServerLimits.frameTimeout
            case .later:
                stream.overdueAt = nil
                return Int(NGHTTP2_ERR_DEFERRED.rawValue)
            case .end(let failure):
                stream.source = nil
                stream.failure = failure
            }
        }
        let count = min(target.count, stream.response.readableBytes)
        stream.response.readWithUnsafeReadableBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            return count
        }
        // Of several messages each is to be taken within the time: what they are made from is kept until the last.
        guard stream.source == nil else { return count }
        stream.overdueAt = now + ServerLimits.frameTimeout
        guard stream.response.readableBytes == 0 else { return count }
        flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
        if stream.hasTrailers {
            flags.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
            submitTrailers(on: stream)
        }
        return count
    }

    private func submitTrailers(on stream: HTTP2Stream) {
        let submit = { [self] (fields: HTTP2Fields.List) in
            _ = nghttp2_submit_trailer(http2, stream.id, fields.baseAddress, fields.count)
        }
        if let failure = stream.failure {
            shared.fields.withFailure(failure) { submit(HTTP2Fields.List(rebasing: $0[HTTP2Fields.headCount...])) }
        } else {
            submit(shared.fields.trailers)
        }
    }

    private func setAnswered(_ stream: HTTP2Stream) {
        stream.phase = .answered
        stream.overdueAt = now + ServerLimits.frameTimeout
        stream.isWaitedFor = false
    }

    func reset(_ stream: HTTP2Stream, _ code: nghttp2_error_code) {
        _ = nghttp2_submit_rst_stream(http2, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream.id, code.rawValue)
    }
}
