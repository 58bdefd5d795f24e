internal import CNghttp2
package import ChurnCalls
internal import ChurnProtocol
package import ChurnServing
package import NIOCore

/// HTTP/2 without TLS, begun with prior knowledge: gRPC, and JSON where the endpoint has HTTP/1.1 too.
package struct HTTP2Dialect: Dialect {
    /// Whether calls of gRPC are answered.
    let hasCalls: Bool

    package init(hasCalls: Bool = true) {
        self.hasCalls = hasCalls
    }

    /// The short way to the default model's answers, where there is one.
    package func prepare(_ snapshot: ServingSnapshot) -> (any Sendable)? {
        let served = snapshot.models.first
        guard let resident = snapshot.resident, snapshot.answers(by: served) else { return nil }
        return PlainRoute(resident, served: served)
    }

    package func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession {
        HTTP2Session(
            loop: loop,
            shared: loop.state(of: HTTP2Dialect.self) { HTTP2Loop(http: .shared(on: loop)) },
            transport: transport,
            hasCalls: hasCalls,
            speaksHTTP1: peer.endpoint.dialect.dialects.contains { $0 is HTTP1Dialect }
        )
    }

    /// SETTINGS, then a GOAWAY that says that no stream was processed: a client may try again elsewhere.
    package func refusal(_ failure: CallFailure) -> ByteBuffer {
        var output = ByteBuffer()
        output.writeBytes([0, 0, 0, UInt8(NGHTTP2_SETTINGS.rawValue), 0, 0, 0, 0, 0])
        let text = Array(failure.message.utf8)
        output.writeBytes([
            0, 0, UInt8(truncatingIfNeeded: 8 + text.count), UInt8(NGHTTP2_GOAWAY.rawValue), 0, 0, 0, 0, 0,
        ])
        output.writeInteger(UInt32(0))
        output.writeInteger(NGHTTP2_NO_ERROR.rawValue)
        output.writeBytes(text)
        return output
    }
}

/// What the HTTP/2 sessions of one loop share: memory to decode into and to write to, streams that have closed, and
/// what every session of nghttp2 is made with. Memory is behind pointers, as `FrameLoop`'s is.
final class HTTP2Loop: DialectState {
    /// What the session in hand decodes into.
    let arena = DecodeArena()
    /// What the session in hand sends; empty between its turns.
    let output = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
    let fields = HTTP2Fields()
    /// Answers requests that are no calls of gRPC.
    let http: HTTPResponder
    let responseFields = HTTP2ResponseFields()
    /// What a message that was compressed is unpacked to, if it is small; made with the first of them.
    private(set) lazy var inflated = MessageScratch()
    let callbacks = HTTP2Callbacks()
    private var current: PreparedSnapshot?
    /// Of `current`, without a retain for each call.
    private var plainRoute: Unmanaged<PlainRoute>?
    private let spareStreams = UncheckedValue<[HTTP2Stream]>([])
    /// Those with streams that wait for a change of the server's state, by their ids.
    private var watchers: [Int: HTTP2Session] = [:]

    init(http: HTTPResponder) {
        self.http = http
        output.initialize(to: ByteBuffer())
    }

    deinit {
        output.deinitialize(count: 1)
        output.deallocate()
    }

    func snapshotChanged(_ current: PreparedSnapshot) {
        self.current = current
        plainRoute = (current.prepared(for: HTTP2Dialect.self) as? PlainRoute).map(Unmanaged.passUnretained)
        healthChanged()
    }

    /// Answers a plain PredictById the short way, with the prefix of its message.
    ///
    /// - Parameter output: empty.
    /// - Returns: whether it is answered.
    func answerPlain(_ message: UnsafeRawBufferPointer, deadline: NIODeadline?, to output: inout ByteBuffer) -> Bool {
        guard let plainRoute else { return false }
        return plainRoute._withUnsafeGuaranteedRef { $0.answer(message, deadline: deadline, to: &output) }
    }

    func healthChanged() {
        for session in watchers.values { session.healthChanged() }
    }

    func addWatcher(_ session: HTTP2Session) {
        watchers[session.id] = session
    }

    func removeWatcher(_ session: HTTP2Session) {
        watchers[session.id] = nil
    }

    func takeStream() -> HTTP2Stream {
        spareStreams.value.popLast() ?? HTTP2Stream()
    }

    /// - Parameter stream: has ended.
    func keepSpare(_ stream: HTTP2Stream) {
        if spareStreams.value.count < ServerLimits.spareStreams { spareStreams.value.append(stream) }
    }

    /// Makes the output buffer ready for the next turn.
    func recycleOutput() {
        if output.pointee.capacity > ServerLimits.keptOutputBytes {
            output.pointee = ByteBuffer()
        } else {
            output.pointee.clear()
        }
    }
}
