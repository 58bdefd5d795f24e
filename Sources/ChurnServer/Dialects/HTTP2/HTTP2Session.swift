internal import CNghttp2
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// One connection of HTTP/2: gives what arrives to nghttp2, has the calls in it answered, and sends all that is to be
/// sent after one read at once.
///
/// Confined to the thread of its loop.
final class HTTP2Session: ConnectionSession {
    let id: Int
    let loop: LoopContext
    let shared: HTTP2Loop
    /// Whether calls of gRPC are answered here.
    let hasCalls: Bool
    /// Whether the endpoint has JSON, over either version of HTTP.
    let speaksHTTP1: Bool
    /// nghttp2's session; `nil` only when there was no memory for it. Deleted with this session, which no callback
    /// outlives: it is never deleted within a callback.
    private(set) var http2: OpaquePointer?
    /// `nil` once the connection is closed.
    private var transport: (any ConnectionTransport)?
    /// Those that nghttp2 has pointers to, in no order.
    private var streams: [HTTP2Stream] {
        @inline(__always) _read { yield streamList.value }
        @inline(__always) _modify { yield &streamList.value }
    }
    private let streamList = UncheckedValue<[HTTP2Stream]>([])
    /// The stream that began last, among `streams`: most of what arrives is for it, and it is not looked up again.
    private var latest: (id: Int32, stream: Unmanaged<HTTP2Stream>)?
    /// When the input in hand arrived.
    private(set) var now = NIODeadline.now()
    /// The beginning of every connection of HTTP/2, as far as it has arrived. Nothing is sent before: the peer may speak
    /// HTTP/1.1.
    private var prefaceBytes = 0
    private var filter = IdleResetFilter()
    private var limits: HTTP2RateLimits
    /// The peer has been sent away: nothing more of it is read when what is to be sent is sent.
    private var isSentAway = false
    private var inputIsClosed = false
    private var isFlushing = false
    /// Fields of trailers, of all requests of one read: no client sends many.
    private var trailerBytes = 0
    /// Nothing more is read or sent; the peer is waited for, so that it can read what was sent.
    private var isEnding = false
    /// When the connection is closed unless the peer does something.
    private var overdueAt: NIODeadline?
    var draining = Draining.no

    /// - Parameter speaksHTTP1: whether the endpoint serves a peer that turns out to speak HTTP/1.1.
    init(
        loop: LoopContext,
        shared: HTTP2Loop,
        transport: any ConnectionTransport,
        hasCalls: Bool,
        speaksHTTP1: Bool
    ) {
        self.hasCalls = hasCalls
        self.speaksHTTP1 = speaksHTTP1
        self.loop = loop
        self.shared = shared
        self.transport = transport
        id = loop.nextSessionID()
        overdueAt = now + ServerLimits.firstByteTimeout
        limits = HTTP2RateLimits(now: now)
        http2 = shared.callbacks.makeSession(for: self)
        loop.add(self)
        shared.callbacks.submitSettings(of: http2, maxStreams: loop.services.configuration.maxInFlightPerConnection)
        if loop.isDraining { announceDraining() }
    }

    deinit {
        // It calls nothing back.
        nghttp2_session_del(http2)
    }

    // MARK: From the transport

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard let http2, transport != nil else { return close() }
        guard !isEnding else { return }
        now = .now()
        trailerBytes = 0
        let skipped = filter.skipped
        var rest = bytes
        while let piece = filter.next(&rest) {
            let taken = nghttp2_session_mem_recv(http2, piece.bindMemory(to: UInt8.self).baseAddress, piece.count)
            guard taken >= 0 else { return failed(Int32(truncatingIfNeeded: taken), bytes) }
            let empty = filter.takeEmptyFrames()
            if empty > 0, !limits.emptyFrames.take(empty, at: now) {
                sendAway("too many frames that carry nothing")
                break
            }
        }
        if filter.skipped > skipped, !limits.idleResets.take(filter.skipped - skipped, at: now) {
            sendAway("too many resets of streams that were never begun")
        }
        if prefaceBytes < HTTP2Limits.prefaceBytes {
            prefaceBytes = min(HTTP2Limits.prefaceBytes, prefaceBytes + bytes.count)
            if prefaceBytes == HTTP2Limits.prefaceBytes { overdueAt = nil }
        }
        finishDraining()
        flush()
        closeIfDone()
    }

    /// Ends the connection for what its peer has done.
    private func sendAway(_ reason: StaticString) {
        guard !isSentAway else { return }
        isSentAway = true
        _ = nghttp2_submit_goaway(
            http2,
            UInt8(NGHTTP2_FLAG_NONE.rawValue),
            nghttp2_session_get_last_proc_stream_id(http2),
            NGHTTP2_ENHANCE_YOUR_CALM.rawValue,
            reason.utf8Start,
            reason.utf8CodeUnitCount
        )
    }

    /// nghttp2 cannot go on.
    private func failed(_ code: Int32, _ bytes: UnsafeRawBufferPointer) {
        // A method of HTTP/1.1, which begins like the preface where the first byte told the dialect. RFC 9113, 3.4 allows a
        // close without GOAWAY for anything else that is no preface.
        guard code == NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue, let transport,
            prefaceBytes > 0 || bytes.first.map((UInt8(ascii: "A")...UInt8(ascii: "Z")).contains) ?? false
        else { return close() }
        let session: any ConnectionSession =
            speaksHTTP1
            ? HTTP1Session(loop: loop, transport: transport) : HTTP1RefusalSession(loop: loop, transport: transport)
        transport.continue(with: session)
        closed()
        // What came in reads before this one was the preface's beginning, byte for byte.
        let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
        if prefaceBytes > 0 {
            session.receive(UnsafeRawBufferPointer(start: preface.utf8Start, count: prefaceBytes))
        }
        session.receive(bytes)
    }

    func outputTaken() {
        // A transport may report it while it is sent to.
        guard transport != nil, !isFlushing else { return }
        now = .now()
        flush()
        closeIfDone()
    }

    func inputClosed() {
        inputIsClosed = true
        if isEnding { transport?.finish() } else { closeIfDone() }
    }

    func closed() {
        guard transport != nil else { return }
        transport = nil
        for stream in streams { stream.end() }
        shared.removeWatcher(self)
        loop.remove(self)
    }

    // MARK: From the loop

    func finish(_ late: [LateAnswers.Item]) {
        guard transport != nil else { return }
        now = .now()
        for item in late {
            // A stream that is gone by then wants no answer.
            guard let stream = stream(Int32(truncatingIfNeeded: item.tag)), stream.phase == .answering else { continue }
            if let request = stream.request?.whole {
                respond(shared.http.respond(to: request, late: item.answer, on: loop), on: stream)
            } else {
                loop.answerer.deliver(item.answer) { respond($0, on: stream) }
            }
        }
        flush()
        closeIfDone()
    }

    /// A worker has answered a large call.
    func finish(_ streamID: Int32, _ outcome: GRPCCallCodec.Output) {
        guard let stream = stream(streamID), stream.phase == .answering else { return }
        takeTurn {
            switch outcome {
            case .message(let message):
                stream.response = message
                submitMessage(on: stream)
            case .failure(let failure):
                fail(stream, failure)
            }
        }
    }

    /// Does something outside of the input's turn, and sends what comes of it.
    func takeTurn(_ body: () -> Void) {
        guard transport != nil else { return }
        now = .now()
        body()
        flush()
        closeIfDone()
    }

    func close() {
        transport?.close()
    }

    func closeIfOverdue(_ now: NIODeadline) {
        if let overdueAt, now >= overdueAt { return close() }
        self.now = now
        // A copy: what is given up may leave the list.
        for stream in Array(streams) {
            if let overdueAt = stream.overdueAt, now >= overdueAt { giveUp(stream) }
        }
        finishDraining()
        flush()
        closeIfDone()
    }

    /// The peer has not sent the rest of its request, or not taken its answer.
    private func giveUp(_ stream: HTTP2Stream) {
        switch stream.phase {
        case .headers:
            // In the middle of a header block, which nothing may come between.
            _ = nghttp2_session_terminate_session(http2, NGHTTP2_PROTOCOL_ERROR.rawValue)
        case .message where stream.request != nil: refuseLate(stream)
        case .message:
            fail(
                stream,
                CallFailure(code: .deadlineExceeded, message: "the rest of the request did not arrive in time")
            )
        case .answering: break
        case .answered: reset(stream, stream.isSent ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL)
        }
    }

    func receivedPing(isAcknowledgement: Bool) {
        if isAcknowledgement {
            peerHasHeard()
        } else if !limits.pings.take(at: now) {
            // The text is gRPC's own, by which its clients know to send fewer.
            sendAway("too_many_pings")
        }
    }

    // MARK: Streams

    func count(where matches: (HTTP2Stream) -> Bool) -> Int { streams.count(where: matches) }

    /// Has those responses go on that wait for something to send.
    func resumeAll(where matches: (HTTP2Stream) -> Bool) {
        takeTurn { resumeEach(where: matches) }
    }

    /// The same within a turn.
    func resumeEach(where matches: (HTTP2Stream) -> Bool) {
        for stream in streams where matches(stream) { resume(stream) }
    }

    func addStream(_ id: Int32) -> Bool {
        let stream = shared.takeStream()
        stream.begin(id: id, arrival: now)
        limits.beganStream()
        guard nghttp2_session_set_stream_user_data(http2, id, Unmanaged.passUnretained(stream).toOpaque()) == 0 else {
            return false
        }
        stream.index = streams.count
        streams.append(stream)
        latest = (id, Unmanaged.passUnretained(stream))
        return true
    }

    func closedStream(_ id: Int32) {
        guard let stream = stream(id), stream.index < streams.count else { return }
        _ = nghttp2_session_set_stream_user_data(http2, id, nil)
        if latest?.id == id { latest = nil }
        let last = streams.removeLast()
        if last !== stream {
            last.index = stream.index
            streams[stream.index] = last
        }
        stream.end()
        shared.keepSpare(stream)
    }

    func stream(_ id: Int32) -> HTTP2Stream? {
        if let latest, latest.id == id { return latest.stream.takeUnretainedValue() }
        return nghttp2_session_get_stream_user_data(http2, id).map {
            Unmanaged<HTTP2Stream>.fromOpaque($0).takeUnretainedValue()
        }
    }

    /// Takes a header field. Those of a request come right after its stream has begun; trailers of a request, which
    /// change nothing, come later.
    @inline(__always)
    func receivedField(_ id: Int32, name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) -> Int32 {
        let bytes = name.count + value.count + 32
        guard let latest, latest.id == id else { return receivedTrailer(bytes) }
        return latest.stream._withUnsafeGuaranteedRef { stream in
            guard stream.phase == .headers else { return receivedTrailer(bytes) }
            stream.head.add(name: name, value: value)
            // The path of a call is that of a method; it comes before all other fields but those with a colon.
            if stream.head.method == nil || !hasCalls { addRequestField(name, value, to: stream) }
            return stream.head.headerBytes <= HTTP2Limits.mostHeaderBytes ? 0 : refuseFields()
        }
    }

    private func receivedTrailer(_ bytes: Int) -> Int32 {
        trailerBytes += bytes
        return trailerBytes <= HTTP2Limits.mostHeaderBytes ? 0 : refuseFields()
    }

    /// - Returns: nghttp2's code for fields that it need not report any more.
    private func refuseFields() -> Int32 {
        _ = nghttp2_session_terminate_session(http2, NGHTTP2_ENHANCE_YOUR_CALM.rawValue)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }

    // MARK: Output

    /// Sends what nghttp2 has to send: every turn of a session ends with this. What the peer does not take stays with
    /// nghttp2, and answers stay in memory that is reserved for them.
    func flush() {
        guard prefaceBytes == HTTP2Limits.prefaceBytes, let http2 else { return }
        guard let transport, !transport.isBackedUp else { return }
        isFlushing = true
        defer { isFlushing = false }
        var bytes: UnsafePointer<UInt8>?
        var count = nghttp2_session_mem_send(http2, &bytes)
        while count > 0 {
            // As many of nghttp2's pieces as the buffer has room for: each is a frame, mostly a short one.
            shared.output.pointee.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { room in
                var written = 0
                repeat {
                    (room.baseAddress.unsafelyUnwrapped + written)
                        .copyMemory(from: UnsafeRawPointer(bytes.unsafelyUnwrapped), byteCount: count)
                    written += count
                    count = nghttp2_session_mem_send(http2, &bytes)
                } while count > 0 && count <= room.count - written
                return written
            }
            if shared.output.pointee.readableBytes >= ServerLimits.pieceBytes {
                sendOutput()
                // Sending may find the connection gone.
                guard let transport = self.transport else { return }
                if transport.isBackedUp { break }
            }
        }
        guard count >= 0 else { return close() }
        // nghttp2 has given this out already; the rest waits until the peer has taken it.
        if count > 0 { shared.output.pointee.writeBytes(UnsafeRawBufferPointer(start: bytes, count: count)) }
        sendOutput()
    }

    private func sendOutput() {
        guard shared.output.pointee.readableBytes > 0 else { return }
        transport?.send(&shared.output.pointee)
        shared.recycleOutput()
    }

    private func closeIfDone() {
        guard let http2, let transport, !isEnding else { return }
        if isSentAway || (nghttp2_session_want_read(http2) == 0 && nghttp2_session_want_write(http2) == 0) {
            // Input is read on for a while and thrown away: closing a socket with unread input would reset it, and the
            // peer might never see what was sent last.
            isEnding = true
            overdueAt = .now() + ServerLimits.lingerTimeout
            if inputIsClosed { transport.finish() } else { transport.closeOutput() }
        } else if inputIsClosed, overdueAt == nil || streams.isEmpty {
            // What is being answered is still answered; the rest of the other requests will not come.
            guard streams.contains(where: { $0.phase == .answering || $0.phase == .answered }) else {
                return transport.finish()
            }
            overdueAt = .now() + ServerLimits.frameTimeout
        }
    }
}
