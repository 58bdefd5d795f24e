internal import CNghttp2
internal import ChurnCalls
internal import NIOCore

/// Writes the messages of a response that has more than one, each when the peer has taken those before: a peer that does
/// not read holds one message at most. Confined to the thread of its stream's loop.
protocol GRPCMessageSource: AnyObject {
    /// Writes the next message to the stream's `response`, which is empty.
    func next(on stream: HTTP2Stream, of session: HTTP2Session) -> NextGRPCMessage
}

/// One that reads the messages of its request as they come.
protocol GRPCRequestReader: GRPCMessageSource {
    func receive(_ piece: UnsafeRawBufferPointer, on stream: HTTP2Stream, of session: HTTP2Session)
    func requestEnded(on stream: HTTP2Stream, of session: HTTP2Session)
}

enum NextGRPCMessage {
    case written
    /// There is none yet. `HTTP2Session.resume` follows when that may have changed.
    case later
    /// There are no more; without a failure the status is OK.
    case end(CallFailure?)
}

extension HTTP2Session {
    /// Responds with the messages of `source`.
    func respond(_ source: any GRPCMessageSource, on stream: HTTP2Stream) {
        stream.source = source
        submitBody(shared.fields.response, on: stream)
    }

    /// A source that had nothing to write may have something now.
    func resume(_ stream: HTTP2Stream) {
        guard stream.source != nil, nghttp2_session_resume_data(http2, stream.id) == 0 else { return }
        stream.overdueAt = now + ServerLimits.frameTimeout
    }
}
