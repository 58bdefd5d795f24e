internal import CNghttp2
internal import NIOCore

/// What every session of nghttp2 is made with: its limits, and the functions that it calls.
///
/// nghttp2 calls them within `nghttp2_session_mem_recv` and `nghttp2_session_mem_send` only. A session lends itself to
/// its nghttp2 session unretained: it deletes that before it goes.
final class HTTP2Callbacks {
    private var callbacks: OpaquePointer?
    private var options: OpaquePointer?

    init() {
        // Both fail for want of memory only; then `makeSession` fails.
        guard nghttp2_session_callbacks_new(&callbacks) == 0, nghttp2_option_new(&options) == 0 else { return }
        nghttp2_option_set_no_auto_window_update(options, 1)
        // A peer that makes the server answer without reading the answers, or that begins work only to call it off.
        nghttp2_option_set_max_outbound_ack(options, HTTP2Limits.unsentAcknowledgements)
        nghttp2_option_set_max_settings(options, HTTP2Limits.settingsOfFrame)
        nghttp2_option_set_stream_reset_rate_limit(options, HTTP2Limits.resetBurst, HTTP2Limits.resetsPerSecond)
        nghttp2_option_set_max_continuations(options, HTTP2Limits.continuations)
        setInput()
        setOutput()
    }

    deinit {
        nghttp2_session_callbacks_del(callbacks)
        nghttp2_option_del(options)
    }

    /// - Returns: `nil` when there is no memory.
    func makeSession(for session: HTTP2Session) -> OpaquePointer? {
        guard callbacks != nil, options != nil else { return nil }
        var made: OpaquePointer?
        let user = Unmanaged.passUnretained(session).toOpaque()
        guard nghttp2_session_server_new3(&made, callbacks, user, options, nil) == 0 else { return nil }
        return made
    }

    /// What the peer may do, as the first thing it is told.
    func submitSettings(of http2: OpaquePointer?, maxStreams: Int) {
        let limits: [(nghttp2_settings_id, Int)] = [
            (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, maxStreams),
            (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, Int(HTTP2Limits.streamWindowBytes)),
            (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HTTP2Limits.headerBytes),
        ]
        let entries = limits.map { nghttp2_settings_entry(settings_id: Int32($0.0.rawValue), value: UInt32($0.1)) }
        // These fail for want of memory only; then the peer goes by the defaults of HTTP/2.
        _ = nghttp2_submit_settings(http2, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        _ = nghttp2_session_set_local_window_size(
            http2,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            0,
            HTTP2Limits.connectionWindowBytes
        )
    }

    private func setInput() {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, user in
            guard let frame, let user else { return 0 }
            return HTTP2Session.with(user) { $0.beganHeaders(frame.pointee) }
        }
        nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _,
            frame,
            name,
            nameBytes,
            value,
            valueBytes,
            _,
            user in
            guard let frame, let user else { return 0 }
            let name = UnsafeRawBufferPointer(start: name, count: nameBytes)
            let value = UnsafeRawBufferPointer(start: value, count: valueBytes)
            return HTTP2Session.with(user) { $0.receivedField(frame.pointee.hd.stream_id, name: name, value: value) }
        }
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { _, flags, id, bytes, count, user in
            let isLast = flags & UInt8(NGHTTP2_FLAG_END_STREAM.rawValue) != 0
            let piece = UnsafeRawBufferPointer(start: bytes, count: count)
            if let user { HTTP2Session.with(user) { $0.receivedData(id, piece, isLast: isLast) } }
            return 0
        }
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
            if let frame, let user { HTTP2Session.with(user) { $0.receivedFrame(frame.pointee) } }
            return 0
        }
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, _, user in
            if let user { HTTP2Session.with(user) { $0.closedStream(id) } }
            return 0
        }
    }

    private func setOutput() {
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, user in
            if let frame, let user { HTTP2Session.with(user) { $0.sentFrame(frame.pointee) } }
            return 0
        }
    }
}

extension HTTP2Session {
    /// Lends the session that a callback of nghttp2 is for, without a retain: it outlives all callbacks.
    @inline(__always)
    static func with<Result>(_ user: UnsafeMutableRawPointer, _ body: (HTTP2Session) -> Result) -> Result {
        Unmanaged<HTTP2Session>.fromOpaque(user)._withUnsafeGuaranteedRef(body)
    }
}
