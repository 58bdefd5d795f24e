internal import ChurnCalls
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// The Open Inference Protocol by gRPC.
extension GRPCService {
    static let inference = GRPCService(
        name: "inference.GRPCInferenceService",
        hasHealth: true,
        methods: [
            GRPCMethod("/inference.GRPCInferenceService/ModelInfer") { $2.infer($0, on: $1) },
            // These requests have no fields, so none is read.
            GRPCMethod("/inference.GRPCInferenceService/ServerLive") { _, stream, session in
                session.writeMessage(on: stream) { InferenceMessage.writeLive(true, to: &$0) }
                session.submitMessage(on: stream)
            },
            GRPCMethod("/inference.GRPCInferenceService/ServerReady") { _, stream, session in
                let isReady = session.loop.unreadyReason == nil
                session.writeMessage(on: stream) { InferenceMessage.writeReady(isReady, to: &$0) }
                session.submitMessage(on: stream)
            },
            GRPCMethod("/inference.GRPCInferenceService/ServerMetadata") { $2.describeServer(on: $1) },
            GRPCMethod("/inference.GRPCInferenceService/ModelReady") { $2.checkModel($0, on: $1) },
            GRPCMethod("/inference.GRPCInferenceService/ModelMetadata") { $2.describeModel($0, on: $1) },
            GRPCMethod("/inference.GRPCInferenceService/RepositoryIndex") { $2.listModels($0, on: $1) },
        ]
    )
}

// MARK: Metadata

extension HTTP2Session {
    fileprivate func describeServer(on stream: HTTP2Stream) {
        writeMessage(on: stream) {
            InferenceMessage.writeServer(
                name: "churn",
                version: ChurnVersion.current,
                extensions: InferenceMetadata.extensions,
                to: &$0
            )
        }
        submitMessage(on: stream)
    }

    /// A model that is not known is not ready.
    fileprivate func checkModel(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        answerSmall(message, on: stream) { bytes throws(CallFailure) in
            let model = try Self.model { () throws(DecodeError) in
                try InferenceMessage.decodeModelReady(bytes, arena: shared.arena)
            }
            let isReady: Bool
            do throws(CallFailure) {
                let served = try InferenceRequest.model(model.selector, loop.snapshot)
                isReady = InferenceReadiness.unready(served, on: loop) == nil
            } catch {
                guard error.code == .notFound else { throw error }
                isReady = false
            }
            writeMessage(on: stream) { InferenceMessage.writeModelReady(isReady, to: &$0) }
        }
    }

    fileprivate func describeModel(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        answerSmall(message, on: stream) { bytes throws(CallFailure) in
            let model = try Self.model { () throws(DecodeError) in
                try InferenceMessage.decodeModelMetadata(bytes, arena: shared.arena)
            }
            let served = try InferenceRequest.model(model.selector, loop.snapshot)
            let metadata = InferenceMetadata(served, of: loop.snapshot.models)
            writeMessage(on: stream) {
                InferenceMessage.writeModel(
                    name: metadata.name,
                    versions: metadata.versions,
                    platform: "\(InferenceMetadata.platform)",
                    inputs: metadata.inputs.map(\.message),
                    outputs: metadata.outputs.map(\.message),
                    to: &$0
                )
            }
        }
    }

    fileprivate func listModels(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        answerSmall(message, on: stream) { bytes throws(CallFailure) in
            let request = try Self.model { () throws(DecodeError) in
                try InferenceMessage.decodeRepositoryIndex(bytes, arena: shared.arena)
            }
            let entries =
                request.repository.isEmpty
                ? InferenceReadiness.index(on: loop, readyOnly: request.readyOnly) : []
            writeMessage(on: stream) {
                InferenceMessage.writeIndex(entries.map { ($0.name, $0.version, $0.state, $0.reason) }, to: &$0)
            }
        }
    }

    /// Answers a request that is never large.
    private func answerSmall(
        _ message: GRPCMessageReader.Message,
        on stream: HTTP2Stream,
        _ write: (UnsafeRawBufferPointer) throws(CallFailure) -> Void
    ) {
        guard case .small(let bytes) = message else {
            return fail(stream, .invalidArgument("the name of a model is not that long"))
        }
        do throws(CallFailure) {
            try write(bytes)
            submitMessage(on: stream)
        } catch {
            fail(stream, error)
        }
    }

    private static func model<Value>(_ decode: () throws(DecodeError) -> Value) throws(CallFailure) -> Value {
        do throws(DecodeError) {
            return try decode()
        } catch {
            throw .invalidArgument(
                error == .malformed ? "the request is not the message that this method takes" : error.description
            )
        }
    }
}

extension InferenceMessage.ModelName {
    /// As calls have it; empty when there is no name.
    var selector: [CChar] {
        let text = name.isEmpty || version.isEmpty ? name : "\(name)@\(version)"
        return text.utf8.map { CChar(bitPattern: $0) } + [0]
    }
}

extension InferenceMetadata.Tensor {
    fileprivate var message: InferenceMessage.Tensor {
        InferenceMessage.Tensor(name: name, datatype: datatype, shape: shape)
    }
}
