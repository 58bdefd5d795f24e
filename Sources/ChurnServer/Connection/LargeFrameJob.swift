internal import ChurnProtocol
internal import Glibc
internal import NIOConcurrencyHelpers
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
        services.workers.submit { _ in
            // On Linux this is the thread's own: a core that has both rather runs the loop, and its small calls.
            _ = setpriority(CInt(PRIO_PROCESS.rawValue), 0, ServerLimits.workerNice)
            done(run())
        }
    }

    private func run() -> Outcome {
        let memory = services.largeFrameMemory.take() ?? LargeFrameMemory(health: services.health)
        // The payload is `self`'s, and the request points into the arena.
        defer {
            withExtendedLifetime(self) {}
            services.largeFrameMemory.keep(memory)
        }
        do throws(DecodeError) {
            let request = try RequestView.decode(payload.bytes, arena: memory.arena)
            var output = ByteBuffer()
            memory.dispatcher.answer(request, with: snapshot, arrival: arrival, to: &output) {
                () throws(CallFailure) in
                if life.hasEnded { throw CallFailure(code: .cancelled, message: "the connection was closed") }
            }
            return .answer(output)
        } catch {
            return .undecodable(error, callID: FrameHeader.callID(payload.bytes) ?? 0)
        }
    }
}

/// What one large frame is decoded into and scored in. Kept from one to the next: memory that is new costs more to
/// touch for the first time than a row costs to score.
///
/// `@unchecked Sendable`: one worker at a time has it.
final class LargeFrameMemory: @unchecked Sendable {
    let arena = DecodeArena(keptBytes: ServerLimits.keptArenaBytes)
    let dispatcher: CallDispatcher

    init(health: HealthMonitor) {
        dispatcher = CallDispatcher(health: health)
    }

    /// Memory that workers share: as many pieces as there were workers at once.
    final class Pool: Sendable {
        private let pieces = NIOLockedValueBox<[LargeFrameMemory]>([])

        func take() -> LargeFrameMemory? {
            pieces.withLockedValue { $0.popLast() }
        }

        func keep(_ memory: LargeFrameMemory) {
            guard memory.dispatcher.batchRows <= ServerLimits.keptBatchRows else { return }
            pieces.withLockedValue { $0.append(memory) }
        }
    }
}
