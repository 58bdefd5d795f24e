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
        /// One customer, to be looked up: the frame is large for what this version does not know.
        case lookUp(PredictByIDCall, arrival: NIODeadline, ReadThrough)
    }

    let payload: LargePayload
    let arrival: NIODeadline
    let snapshot: ServingSnapshot
    let services: ServerServices
    /// Whether the peer has gone: then nobody wants the answer.
    let life: ConnectionLife

    /// Answers the frame on a worker, and calls `done` there, or where the last customer of a batch was looked up.
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
            if let readThrough = services.readThrough, let customers = request.customers {
                return lookUp(customers, request, readThrough, done)
            }
            var output = ByteBuffer()
            memory.dispatcher.answer(request, with: snapshot, arrival: arrival, to: &output) {
                () throws(CallFailure) in
                if life.hasEnded { throw .connectionClosed }
            }
            done(.answer(output))
        } catch {
            done(.undecodable(error, callID: FrameHeader.callID(payload.bytes) ?? 0))
        }
    }

    private func lookUp(
        _ customers: RequestView.Customers,
        _ request: RequestView,
        _ readThrough: ReadThrough,
        _ done: @escaping @Sendable (Outcome) -> Void
    ) {
        do throws(CallFailure) {
            switch customers {
            case .one(let wish):
                let call = try PredictByIDCall(request, wish, snapshot: snapshot, arrival: arrival)
                done(.lookUp(call, arrival: arrival, readThrough))
            case .many(let ids):
                try BatchLookup(request, ids: ids, job: self, readThrough: readThrough, done: done).start()
            }
        } catch {
            var output = ByteBuffer()
            ResponseEncoder.write(failure: error, callID: request.callID, to: &output)
            done(.answer(output))
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
