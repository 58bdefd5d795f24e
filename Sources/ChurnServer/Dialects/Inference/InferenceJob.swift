internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// One request of the Open Inference Protocol on a worker: read, scored and written away from the event loop, whatever it
/// came in.
struct InferenceJob<Output: Sendable>: Sendable {
    /// The request, or the answer to one that cannot be read.
    enum Reading {
        case request(InferenceRequest)
        case refused(Output)
    }

    let arrival: NIODeadline
    let liveness: ConnectionLiveness
    let snapshot: ServingSnapshot
    let services: ServerServices
    let read: @Sendable (DecodeArena) -> Reading
    let write: @Sendable (Answer, InferenceRequest) -> Output

    /// Calls `done` on a worker, or where the last customer was looked up.
    func start(_ done: @escaping @Sendable (Output) -> Void) {
        services.work {
            services.withLargeCallMemory { memory in
                switch read(memory.arena) {
                case .refused(let output): done(output)
                case .request(let request):
                    _ = request.answer(memory.answerer, liveness, arrival, snapshot) {
                        done(write($0, request))
                    } later: { late in
                        services.withLargeCallMemory { $0.answerer.deliver(late) { done(write($0, request)) } }
                    }
                }
            }
        }
    }
}
