internal import ChurnBase
internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// Requests to infer.
extension HTTPResponder {
    /// Answers a small request here, any other on a worker.
    ///
    /// - Returns: `nil` when the answer comes late.
    func infer(
        _ request: HTTPRequest,
        _ input: HTTPBody,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        let writing = HTTPInferenceWriting(acceptsGzip: request.fields.acceptsGzip, budget: loop.services.budget)
        do throws(HTTPFault) {
            guard request.fields.contentEncoding != .unknown else { throw .unknownEncoding }
            if input.bytes.count <= HTTPLimits.inlineBatchBytes, request.fields.contentEncoding == .identity {
                let inference = try Self.read(request, input.bytes, loop.snapshot, reserved: nil)
                if inference.isImmediate(loop.snapshot) {
                    return try answer(inference, request, writing, for: caller, on: loop)
                }
            }
            start(request, try input.memory(loop.services.budget), writing, for: caller, on: loop)
            return nil
        } catch {
            return fail(request, error.status, error.detail)
        }
    }

    private static func read(
        _ request: HTTPRequest,
        _ bytes: UnsafeRawBufferPointer,
        _ snapshot: ServingSnapshot,
        reserved: MemoryBudget.Reservation?
    ) throws(HTTPFault) -> InferenceRequest {
        try HTTPInferenceBody.read(
            bytes,
            headerBytes: request.fields.inferenceHeaderBytes,
            model: request.model,
            arrival: request.arrival,
            snapshot,
            reserved: reserved
        )
    }

    private func answer(
        _ inference: InferenceRequest,
        _ request: HTTPRequest,
        _ writing: HTTPInferenceWriting,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) throws(HTTPFault) -> HTTPResponse {
        var outcome = HTTPBatchOutcome.failed(HTTPFault(.internalError, "the request has no answer"))
        var writing = writing
        // Packing is for workers.
        writing.acceptsGzip = false
        _ = inference.answer(loop.answerer, caller.liveness, request.arrival, loop.snapshot) {
            outcome = writing.outcome($0, of: inference)
        } later: { _ in
            // The features are at hand.
        }
        return try write(outcome)
    }

    private func start(
        _ request: HTTPRequest,
        _ memory: HTTPBodyMemory,
        _ writing: HTTPInferenceWriting,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) {
        let job = InferenceJob<HTTPBatchOutcome>(
            arrival: request.arrival,
            liveness: caller.liveness,
            snapshot: loop.snapshot,
            services: loop.services
        ) { [snapshot = loop.snapshot, budget = loop.services.budget] _ in
            do throws(HTTPFault) {
                let unpacked =
                    try request.fields.contentEncoding == .gzip
                    ? GzipReader.unpack(memory.bytes, limit: HTTPLimits.bodyBytes, budget) : nil
                defer { withExtendedLifetime(unpacked) {} }
                let bytes = unpacked?.bytes ?? memory.bytes
                // The least that a value of 8 bytes needs of a text is two bytes.
                guard let reserved = budget.reserve(4 * bytes.count) else { throw HTTPFault.outOfMemoryBudget }
                return .request(try Self.read(request, bytes, snapshot, reserved: reserved))
            } catch {
                return .refused(.failed(error))
            }
        } write: { answer, inference in
            writing.outcome(answer, of: inference)
        }
        job.start(caller.receiver(on: loop.handle))
    }
}

/// How the answer to a request to infer is written.
struct HTTPInferenceWriting: Sendable {
    var acceptsGzip: Bool
    let budget: MemoryBudget

    func outcome(_ answer: Answer, of request: InferenceRequest) -> HTTPBatchOutcome {
        switch answer {
        case .batch(let batch, _):
            let rows = batch.probabilities.count
            guard let reserved = budget.reserve(rows * HTTPInferenceResult.rowBytes(request.outputs)) else {
                return .failed(HTTPFault.outOfMemoryBudget)
            }
            let result = HTTPInferenceResult(batch, of: request, reserved: reserved)
            let gzip = acceptsGzip && rows > HTTPLimits.plainRows ? GzipWriter() : nil
            let stream = HTTPBatchStream(result, gzip: gzip)
            var response = HTTPResponse(.ok, result.headerBytes == nil ? .json : .octets)
            response.inferenceHeaderBytes = result.headerBytes
            response.isGzip = gzip != nil
            response.varies = true
            return stream.begin(response, budget)
        case .failure(let failure): return .failed(HTTPFault(failure))
        case .prediction, .health: return .failed(HTTPFault(.internalError, "the request has an answer that is none"))
        }
    }
}
