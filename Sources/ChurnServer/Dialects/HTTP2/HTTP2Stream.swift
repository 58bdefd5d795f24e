internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// One request and its response. Used again for another when its stream has closed; confined to its loop's thread.
///
/// nghttp2 has an unretained pointer to it from the beginning of the stream's headers until `on_stream_close`. Its session
/// has it among its `streams` all that time, which keeps it alive.
final class HTTP2Stream {
    enum Phase {
        /// Header fields arrive.
        case headers
        /// The message arrives.
        case message
        /// The call is being answered, here or elsewhere.
        case answering
        /// The response has been submitted.
        case answered
    }

    private(set) var id: Int32 = 0
    /// Its place among the session's streams.
    var index = 0
    var phase = Phase.headers
    var head: GRPCRequestHead {
        @inline(__always) _read { yield parts.value.head }
        @inline(__always) _modify { yield &parts.value.head }
    }
    var message: GRPCMessageReader {
        @inline(__always) _read { yield parts.value.message }
        @inline(__always) _modify { yield &parts.value.message }
    }
    /// What arrives of a request that is no call of gRPC; `nil` for a call.
    var request: HTTP2Request?
    /// The hash of the field `:authority`, when it came before the path.
    var authority: UInt64?
    /// The peer has ended the request.
    var requestHasEnded = false
    /// What the deadline of the call is counted from.
    var arrival = NIODeadline.now()
    /// When the stream is given up unless its peer does something; `nil` while the call is being answered.
    var overdueAt: NIODeadline?
    /// For those that work for the call.
    private(set) var liveness = ConnectionLiveness()
    /// Others than the session have `liveness`.
    var isWaitedFor = false
    /// What is still to be sent of the response's message.
    var response: ByteBuffer {
        @inline(__always) _read { yield parts.value.response }
        @inline(__always) _modify { yield &parts.value.response }
    }
    /// Of memory for `response`.
    var reserved: MemoryBudget.Reservation?
    /// What writes more messages to `response` when those before are taken; `nil` for a response of one message.
    var source: (any GRPCMessageSource)?
    /// What `source` has ended with.
    var failure: CallFailure?
    /// Trailers with a status follow the message.
    var hasTrailers = true
    /// All of the response has been sent, and the request has not ended.
    var isSent = false
    /// The response is not one of gRPC, and the rest of the request is not wanted.
    var isAnsweredEarly: Bool { phase == .answered && !hasTrailers && !requestHasEnded }

    private struct Parts: ~Copyable {
        var head = GRPCRequestHead()
        var message = GRPCMessageReader()
        var response = ByteBuffer()
    }

    private let parts = UncheckedValue(Parts())

    func begin(id: Int32, arrival: NIODeadline) {
        self.id = id
        self.arrival = arrival
        overdueAt = arrival + ServerLimits.frameTimeout
        phase = .headers
        head = GRPCRequestHead()
        requestHasEnded = false
        authority = nil
        hasTrailers = true
        isSent = false
    }

    /// Its stream has closed: nobody waits for the answer, if there is none yet.
    func end() {
        if isWaitedFor {
            liveness.end()
            liveness = ConnectionLiveness()
            isWaitedFor = false
        }
        message.clear()
        if request != nil { request = nil }
        reserved = nil
        source = nil
        failure = nil
        if response.capacity > ServerLimits.keptPartialBytes { response = ByteBuffer() } else { response.clear() }
    }

    /// When the call ends at the latest; `nil` when it has no deadline.
    var deadline: NIODeadline? {
        if case .after(let time) = head.timeout { arrival + time } else { nil }
    }
}
