internal import ChurnCalls
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// Reads a request to infer, and writes its answer, on whatever thread.
enum GRPCModelInfer {
    /// - Parameters:
    ///   - deadline: of the call; the parameter `timeout` may end it before.
    ///   - reserved: of the memory that the request's values take.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        arena: DecodeArena,
        arrival: NIODeadline,
        deadline: NIODeadline?,
        _ snapshot: ServingSnapshot,
        reserved: MemoryBudget.Reservation?
    ) throws(CallFailure) -> InferenceRequest {
        let message = try ModelInferMessage.decode(bytes, arena: arena)
        if let name = message.parameters.intersection(InferenceMetadata.refusedParameters).min() {
            throw .invalidArgument("this server does not have the parameter \(name)")
        }
        guard message.id.unicodeScalars.count <= InferenceMetadata.idCharacters else {
            throw .invalidArgument("the id has more than \(InferenceMetadata.idCharacters) characters")
        }
        var head = InferenceRequest.Head(id: message.id, deadline: deadline)
        for name in message.outputs {
            let output = try InferenceOutputName.find(name, besides: head.outputs)
            head.outputs.append(InferenceOutput(name: output, isBinary: true))
        }
        if let timeout = try InferenceRequest.timeout(message.timeout) {
            head.deadline = min(arrival + timeout, deadline ?? arrival + timeout)
        }
        var tensors: [InferenceTensor] = []
        for input in message.inputs {
            tensors.append(
                InferenceTensor(
                    name: input.name,
                    datatype: input.datatype,
                    shape: input.shape,
                    contents: InferenceTensor.Contents(input.contents)
                )
            )
        }
        return try InferenceRequest(head, model: message.model.selector, tensors, snapshot, reserved: reserved)
    }

    static func write(_ answer: Answer, _ request: InferenceRequest) -> GRPCCallCodec.Output {
        guard case .batch(let batch, _) = answer else {
            if case .failure(let failure) = answer { return .failure(failure) }
            return .failure(CallFailure(code: .internal, message: "the request was answered by something else"))
        }
        let rows = batch.probabilities.count
        let values = InferenceValues(
            probabilities: batch.probabilities,
            decisions: batch.decisions,
            statuses: batch.statuses
        )
        var output = ByteBuffer()
        _ = output.writeGRPC { buffer in
            ModelInferMessage.writeResponse(
                model: request.served.model.name,
                version: "\(request.served.model.version)",
                id: request.id,
                outputs: request.outputs.map {
                    InferenceMessage.Tensor(
                        name: $0.name.rawValue,
                        datatype: "\($0.name.datatype)",
                        shape: [Int64(rows)]
                    )
                },
                to: &buffer
            )
            for wanted in request.outputs {
                ModelInferMessage.beginRawOutput(bytes: rows * wanted.name.valueBytes, to: &buffer)
                values.writeBinary(wanted.name, 0..<rows, &buffer)
            }
            return nil
        }
        return .message(output)
    }
}

extension InferenceTensor.Contents {
    fileprivate init(_ contents: ModelInferMessage.Contents) {
        switch contents {
        case .raw(let bytes): self = .raw(bytes)
        case .integers(let values): self = .integers(values)
        case .doubles(let values): self = .doubles(values)
        case .floats(let values): self = .floats(values)
        case .texts(let texts): self = .texts(texts)
        case .other: self = .other
        }
    }
}

extension HTTP2Session {
    /// Answers a small request here, any other on a worker.
    func infer(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        switch message {
        case .large(let payload): submit(payload, on: stream)
        case .small(let bytes):
            do throws(CallFailure) {
                let request = try GRPCModelInfer.read(
                    bytes,
                    arena: shared.arena,
                    arrival: stream.arrival,
                    deadline: stream.deadline,
                    loop.snapshot,
                    reserved: nil
                )
                guard request.isImmediate(loop.snapshot) else {
                    if let copy = copy(of: bytes, on: stream) { submit(copy, on: stream) }
                    return
                }
                answer(request, on: stream)
            } catch {
                fail(stream, error)
            }
        }
    }

    private func answer(_ request: InferenceRequest, on stream: HTTP2Stream) {
        var output: GRPCCallCodec.Output?
        _ = request.answer(loop.answerer, stream.liveness, stream.arrival, loop.snapshot) {
            output = GRPCModelInfer.write($0, request)
        } later: { _ in
            // The features are at hand.
        }
        switch output {
        case .message(let message):
            stream.response = message
            submitMessage(on: stream)
        case .failure(let failure): fail(stream, failure)
        case nil: fail(stream, CallFailure(code: .internal, message: "the request has no answer"))
        }
    }

    private func submit(_ payload: LargePayload, on stream: HTTP2Stream) {
        stream.isWaitedFor = true
        // The worker has it now, and with it what was reserved.
        stream.message.clear()
        let job = InferenceJob<GRPCCallCodec.Output>(
            arrival: stream.arrival,
            liveness: stream.liveness,
            snapshot: loop.snapshot,
            services: loop.services,
            read: {
                [snapshot = loop.snapshot, services = loop.services, stream = (stream.arrival, stream.deadline)] arena
                in
                do throws(CallFailure) {
                    // The values, and columns that grow.
                    guard let reserved = services.budget.reserve(2 * payload.bytes.count) else {
                        throw .outOfMemoryBudget
                    }
                    let request = try GRPCModelInfer.read(
                        payload.bytes,
                        arena: arena,
                        arrival: stream.0,
                        deadline: stream.1,
                        snapshot,
                        reserved: reserved
                    )
                    return .request(request)
                } catch {
                    return .refused(.failure(error))
                }
            },
            write: GRPCModelInfer.write
        )
        job.start { [id, streamID = stream.id, handle = loop.handle] outcome in
            // A connection that is gone by then wants no answer.
            handle.execute { loop in (loop.session(id) as? HTTP2Session)?.finish(streamID, outcome) }
        }
    }
}
