internal import ChurnBase
internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
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
    let liveness: ConnectionLiveness

    /// Answers the frame on a worker, and calls `done` there, or where the last customer of it was looked up.
    func start(_ done: @escaping @Sendable (Outcome) -> Void) {
        services.workers.submit { _ in
            // On Linux this is the thread's own: a core that has both rather runs the loop, and its small calls.
            _ = setpriority(CInt(PRIO_PROCESS.rawValue), 0, ServerLimits.workerNice)
            run(done)
        }
    }

    private func run(_ done: @escaping @Sendable (Outcome) -> Void) {
        let memory = services.largeFrameMemory.take() ?? LargeFrameMemory(health: services.health)
        // The payload is `self`'s, and the request points into the arena.
        defer {
            withExtendedLifetime(self) {}
            services.largeFrameMemory.keep(memory)
        }
        do throws(DecodeError) {
            let request = try RequestView.decode(payload.bytes, arena: memory.arena)
            let callID = request.callID
            let context = CallContext(
                arrival: arrival,
                deadline: arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds),
                liveness: liveness
            )
            var output = ByteBuffer()
            let isLate = memory.answerer.answer(request.call, context, with: snapshot) {
                ResponseEncoder.write($0, callID: callID, to: &output)
            } later: {
                // It holds `self`, and so the memory that is reserved for the frame, until it is answered.
                { [self] in done(.answer(encoded($0, callID: callID))) }
            }
            if !isLate { done(.answer(output)) }
        } catch {
            done(.undecodable(error, callID: FrameHeader.callID(payload.bytes) ?? 0))
        }
    }

    private func encoded(_ late: LateAnswer, callID: UInt64) -> ByteBuffer {
        let memory = services.largeFrameMemory.take() ?? LargeFrameMemory(health: services.health)
        defer { services.largeFrameMemory.keep(memory) }
        var output = ByteBuffer()
        memory.answerer.deliver(late) { ResponseEncoder.write($0, callID: callID, to: &output) }
        return output
    }
}

/// What one large frame is decoded into and scored in. Kept from one to the next: memory that is new costs more to
/// touch for the first time than a row costs to score.
///
/// `@unchecked Sendable`: one worker at a time has it.
final class LargeFrameMemory: @unchecked Sendable {
    let arena = DecodeArena(keptBytes: ServerLimits.keptArenaBytes)
    let answerer: CallAnswerer

    init(health: HealthMonitor) {
        answerer = CallAnswerer(health: health)
    }

    /// Memory that workers share: as many pieces as there were workers at once.
    final class Pool: Sendable {
        private let pieces = NIOLockedValueBox<[LargeFrameMemory]>([])

        func take() -> LargeFrameMemory? {
            pieces.withLockedValue { $0.popLast() }
        }

        func keep(_ memory: LargeFrameMemory) {
            guard memory.answerer.capacityRows <= ServerLimits.keptBatchRows else { return }
            pieces.withLockedValue { $0.append(memory) }
        }
    }
}
