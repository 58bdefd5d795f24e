internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

extension HTTPResponder {
    /// Answers a batch: a small one here, any other on a worker.
    ///
    /// - Returns: `nil` when the answer comes late.
    func predictBatch(
        _ request: HTTPRequest,
        _ input: HTTPBody,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        do throws(HTTPFault) {
            guard request.fields.contentType != .other else {
                throw HTTPFault(.unsupportedMediaType, "the body of a batch is application/json")
            }
            guard request.fields.contentEncoding != .unknown else { throw .unknownEncoding }
            // What is refused for its query is refused before any work.
            let writing = try HTTPBatchWriting(request, loop.services.budget)
            let isSmall = input.bytes.count <= HTTPLimits.inlineBatchBytes
            let isImmediate = loop.snapshot.features?.isImmediate ?? true
            guard isSmall, isImmediate, request.fields.contentEncoding == .identity else {
                try start(request, input, for: caller, on: loop)
                return nil
            }
            return try answer(request, input.bytes, writing, for: caller, on: loop)
        } catch {
            return fail(request, error.status, error.detail)
        }
    }

    private func answer(
        _ request: HTTPRequest,
        _ bytes: UnsafeRawBufferPointer,
        _ writing: HTTPBatchWriting,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) throws(HTTPFault) -> HTTPResponse {
        let batch = try HTTPBatchRequest(bytes, arrival: request.arrival)
        var writing = writing
        // Packing is for workers.
        writing.isGzip = false
        var outcome = HTTPBatchOutcome.failed(HTTPFault(.internalError, "the batch has no answer"))
        try batch.answer(loop.answerer, caller.liveness, request.arrival, loop.snapshot) { [writing] answer, labels in
            outcome = writing.outcome(answer, labels)
        } later: { _, _ in
            // The features are at hand.
        }
        return try write(outcome)
    }

    /// Writes the outcome of a small batch, whose answer is one piece.
    func write(_ outcome: HTTPBatchOutcome) throws(HTTPFault) -> HTTPResponse {
        switch outcome {
        case .failed(let fault): throw fault
        case .answered(let response, let piece, _):
            body.pointee.writeImmutableBuffer(piece)
            return response
        }
    }

    private func start(
        _ request: HTTPRequest,
        _ input: HTTPBody,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) throws(HTTPFault) {
        let job = HTTPBatchJob(
            body: try input.memory(loop.services.budget),
            request: request,
            liveness: caller.liveness,
            snapshot: loop.snapshot,
            services: loop.services
        )
        job.start(caller.receiver(on: loop.handle))
    }
}
