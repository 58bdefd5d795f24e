internal import CNghttp2
internal import NIOCore

/// How a connection of a server that stops ends, in two steps: no call is lost, and none is begun for nothing.
extension HTTP2Session {
    enum Draining: Equatable {
        case no
        /// The peer has been told to begin no more; what it began before it heard so is still served.
        case announced(until: NIODeadline)
        case final
    }

    /// The first of two steps: streams that the peer begins before it hears of it are served as any other.
    func announceDraining() {
        guard draining == .no else { return }
        draining = .announced(until: .now() + HTTP2Limits.drainRoundTrip)
        _ = nghttp2_submit_shutdown_notice(http2)
        // Its acknowledgement tells that the peer has heard.
        _ = nghttp2_submit_ping(http2, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
        flush()
    }

    /// The peer has acknowledged a ping. The rest of the input in hand is still served.
    func peerHasHeard() {
        if case .announced = draining { draining = .announced(until: now) }
    }

    /// The second step: streams above the last one so far are not begun, and a client may try them elsewhere.
    func finishDraining() {
        guard case .announced(let until) = draining, now >= until else { return }
        draining = .final
        _ = nghttp2_submit_goaway(
            http2,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(http2),
            NGHTTP2_NO_ERROR.rawValue,
            nil,
            0
        )
        // Responses that would never end do now.
        resumeEach(where: { _ in true })
    }

    /// The peer has been told that no more streams are begun.
    var beginsNoMore: Bool { draining == .final }
}
