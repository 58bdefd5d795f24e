internal import ChurnBase
internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// How a dialect reads a large request and writes its answer, on whatever thread.
protocol LargeCallCodec: Sendable {
    /// What the session of the call is handed.
    associatedtype Output: Sendable

    /// - Returns: the call, a view into the arena.
    func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> LargeCall
    func encode(_ answer: Answer, callID: UInt64) -> Output
    func refuse(_ error: DecodeError, _ payload: UnsafeRawBufferPointer) -> Output
}

/// A large request, decoded.
struct LargeCall {
    var call: Call
    /// What `encode` is told besides the answer: the id of the call, in dialects whose answers are told by one.
    var callID: UInt64 = 0
    var deadline: NIODeadline?
}

/// One large request on a worker thread: decoded, answered and encoded away from the event loop.
struct LargeCallJob<Codec: LargeCallCodec>: Sendable {
    let payload: LargePayload
    let codec: Codec
    let arrival: NIODeadline
    let snapshot: ServingSnapshot
    let services: ServerServices
    /// Whether the peer has gone: then nobody wants the answer.
    let liveness: ConnectionLiveness

    /// Answers the request on a worker, and calls `done` there, or where the last customer of it was looked up.
    func start(_ done: @escaping @Sendable (Codec.Output) -> Void) {
        services.work { run(done) }
    }

    private func run(_ done: @escaping @Sendable (Codec.Output) -> Void) {
        services.withLargeCallMemory { run($0, done) }
    }

    private func run(_ memory: LargeCallMemory, _ done: @escaping @Sendable (Codec.Output) -> Void) {
        // The payload is `self`'s, and the request points into the arena.
        defer { withExtendedLifetime(self) {} }
        do throws(DecodeError) {
            let request = try codec.decode(payload.bytes, arena: memory.arena)
            let callID = request.callID
            let context = CallContext(arrival: arrival, deadline: request.deadline, liveness: liveness)
            var output: Codec.Output?
            let isLate = memory.answerer.answer(request.call, context, with: snapshot) {
                output = codec.encode($0, callID: callID)
            } later: {
                // It holds `self`, and so the memory that is reserved for the request, until it is answered.
                { [self] in if let late = encoded($0, callID: callID) { done(late) } }
            }
            if !isLate, let output { done(output) }
        } catch {
            done(codec.refuse(error, payload.bytes))
        }
    }

    private func encoded(_ late: LateAnswer, callID: UInt64) -> Codec.Output? {
        var output: Codec.Output?
        services.withLargeCallMemory { memory in
            memory.answerer.deliver(late) { output = codec.encode($0, callID: callID) }
        }
        return output
    }
}

extension ServerServices {
    /// Does something on a worker.
    func work(_ body: @escaping @Sendable () -> Void) {
        if let queue { return queue(body) }
        workers.submit { _ in
            // On Linux this is the thread's own: a core that has both rather runs the loop, and its small calls.
            _ = setpriority(CInt(PRIO_PROCESS.rawValue), 0, ServerLimits.workerNice)
            body()
        }
    }

    /// Lends a worker what a large request is decoded into and scored in.
    func withLargeCallMemory(_ body: (LargeCallMemory) -> Void) {
        let memory = largeCallMemory.take() ?? LargeCallMemory(self)
        defer { largeCallMemory.keep(memory) }
        body(memory)
    }
}

/// What one large request is decoded into and scored in. Kept from one to the next: memory that is new costs more to
/// touch for the first time than a row costs to score.
///
/// `@unchecked Sendable`: one worker at a time has it.
final class LargeCallMemory: @unchecked Sendable {
    let arena = DecodeArena(keptBytes: ServerLimits.keptArenaBytes)
    let answerer: CallAnswerer

    init(_ services: ServerServices) {
        answerer = CallAnswerer(health: services.health, customerHash: services.configuration.customerHash)
    }

    /// Memory that workers share: as many pieces as there were workers at once.
    final class Pool: Sendable {
        private let pieces = NIOLockedValueBox<[LargeCallMemory]>([])

        func take() -> LargeCallMemory? {
            pieces.withLockedValue { $0.popLast() }
        }

        func keep(_ memory: LargeCallMemory) {
            guard memory.answerer.capacityRows <= ServerLimits.keptBatchRows else { return }
            pieces.withLockedValue { $0.append(memory) }
        }
    }
}
