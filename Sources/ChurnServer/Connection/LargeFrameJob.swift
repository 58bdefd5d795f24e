internal import ChurnProtocol
internal import NIOCore
internal import NIOPosix

/// One large frame on a worker thread: decoded, answered and encoded away from the event loop.
struct LargeFrameJob: Sendable {
    enum Outcome: Sendable {
        case answer(ByteBuffer)
        /// The frame is broken; `callID` is 0 when it has none.
        case undecodable(DecodeError, callID: UInt64)
    }

    let payload: LargePayload
    let arrival: NIODeadline
    let snapshot: ServingSnapshot
    let services: ServerServices
    /// Whether the peer has gone: then nobody wants the answer.
    let life: ConnectionLife

    /// Answers the frame on a worker, and calls `done` there.
    func start(_ done: @escaping @Sendable (Outcome) -> Void) {
        services.workers.submit { _ in done(run()) }
    }

    private func run() -> Outcome {
        let arena = DecodeArena()
        // The payload is `self`'s, and the request points into the arena.
        defer { withExtendedLifetime((self, arena)) {} }
        do throws(DecodeError) {
            let request = try RequestView.decode(payload.bytes, arena: arena)
            var output = ByteBuffer()
            CallDispatcher(health: services.health)
                .answer(request, with: snapshot, arrival: arrival, to: &output) { () throws(CallFailure) in
                    if life.hasEnded { throw CallFailure(code: .cancelled, message: "the connection was closed") }
                }
            return .answer(output)
        } catch {
            return .undecodable(error, callID: FrameHeader.callID(payload.bytes) ?? 0)
        }
    }
}
