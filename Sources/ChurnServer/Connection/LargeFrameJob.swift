internal import ChurnProtocol
internal import NIOCore

/// One large frame on a worker thread: decoded, answered and encoded away from the event loop.
struct LargeFrameJob: Sendable {
    enum Outcome: Sendable {
        case answer(ByteBuffer)
        /// The frame is broken; `callID` is 0 when it has none.
        case undecodable(DecodeError, callID: UInt64)
    }

    let payload: ByteBuffer
    /// Held until the job is gone, and its memory with it.
    let reserved: MemoryBudget.Reservation
    let arrival: NIODeadline
    let snapshot: ServingSnapshot
    let services: ServerServices
    /// Whether the peer has gone: then nobody wants the answer.
    let isAbandoned: @Sendable () -> Bool

    func run() -> Outcome {
        payload.withUnsafeReadableBytes { bytes in
            let arena = DecodeArena()
            do throws(DecodeError) {
                let request = try RequestView.decode(bytes, arena: arena)
                var output = ByteBuffer()
                CallDispatcher(health: services.health)
                    .answer(request, with: snapshot, arrival: arrival, to: &output) { () throws(CallFailure) in
                        if isAbandoned() { throw CallFailure(code: .cancelled, message: "the connection was closed") }
                    }
                // The request points into the arena.
                withExtendedLifetime(arena) {}
                return .answer(output)
            } catch {
                return .undecodable(error, callID: FrameHeader.callID(bytes) ?? 0)
            }
        }
    }
}
