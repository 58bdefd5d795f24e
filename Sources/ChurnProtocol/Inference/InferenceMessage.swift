internal import CChurnProto
internal import CProtobufC
internal import ChurnBase
package import NIOCore

/// The messages of `inference.GRPCInferenceService`, but for those of ModelInfer.
package enum InferenceMessage {
    // MARK: Requests

    /// A model, as ModelReady and ModelMetadata name it.
    package struct ModelName {
        package let name: String
        /// Empty for any.
        package let version: String
    }

    package static func decodeModelReady(
        _ bytes: UnsafeRawBufferPointer,
        arena: DecodeArena
    ) throws(DecodeError) -> ModelName {
        let message = try arena.unpack(bytes) { inference__model_ready_request__unpack($0, $1, $2) }.pointee
        return ModelName(name: try text(message.name, "name"), version: try text(message.version, "version"))
    }

    package static func decodeModelMetadata(
        _ bytes: UnsafeRawBufferPointer,
        arena: DecodeArena
    ) throws(DecodeError) -> ModelName {
        let message = try arena.unpack(bytes) { inference__model_metadata_request__unpack($0, $1, $2) }.pointee
        return ModelName(name: try text(message.name, "name"), version: try text(message.version, "version"))
    }

    package static func decodeRepositoryIndex(
        _ bytes: UnsafeRawBufferPointer,
        arena: DecodeArena
    ) throws(DecodeError) -> (repository: String, readyOnly: Bool) {
        let message = try arena.unpack(bytes) { inference__repository_index_request__unpack($0, $1, $2) }.pointee
        return (try text(message.repository_name, "repository_name"), message.ready != 0)
    }

    static func text(_ text: UnsafePointer<CChar>?, _ field: String) throws(DecodeError) -> String {
        guard let text else { return "" }
        guard let text = String(validatingCString: text) else { throw .notUTF8(field: field) }
        return text
    }

    // MARK: Responses

    package static func writeLive(_ isLive: Bool, to buffer: inout ByteBuffer) {
        var body = Inference__ServerLiveResponse()
        inference__server_live_response__init(&body)
        body.live = isLive ? 1 : 0
        let count = inference__server_live_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__server_live_response__pack(&body, $0) }
    }

    package static func writeReady(_ isReady: Bool, to buffer: inout ByteBuffer) {
        var body = Inference__ServerReadyResponse()
        inference__server_ready_response__init(&body)
        body.ready = isReady ? 1 : 0
        let count = inference__server_ready_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__server_ready_response__pack(&body, $0) }
    }

    package static func writeModelReady(_ isReady: Bool, to buffer: inout ByteBuffer) {
        var body = Inference__ModelReadyResponse()
        inference__model_ready_response__init(&body)
        body.ready = isReady ? 1 : 0
        let count = inference__model_ready_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__model_ready_response__pack(&body, $0) }
    }

    package static func writeServer(
        name: String,
        version: String,
        extensions: [String],
        to buffer: inout ByteBuffer
    ) {
        let scratch = CStringScratch()
        var body = Inference__ServerMetadataResponse()
        inference__server_metadata_response__init(&body)
        body.name = scratch.copy(name)
        body.version = scratch.copy(version)
        (body.n_extensions, body.extensions) = (extensions.count, scratch.copies(extensions))
        let count = inference__server_metadata_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__server_metadata_response__pack(&body, $0) }
        withExtendedLifetime(scratch) {}
    }

    /// A tensor, as metadata and answers describe it.
    package struct Tensor {
        let name: String
        let datatype: String
        let shape: [Int64]

        package init(name: String, datatype: String, shape: [Int64]) {
            (self.name, self.datatype, self.shape) = (name, datatype, shape)
        }
    }

    package static func writeModel(
        name: String,
        versions: [String],
        platform: String,
        inputs: [Tensor],
        outputs: [Tensor],
        to buffer: inout ByteBuffer
    ) {
        let scratch = CStringScratch()
        var body = Inference__ModelMetadataResponse()
        inference__model_metadata_response__init(&body)
        body.name = scratch.copy(name)
        (body.n_versions, body.versions) = (versions.count, scratch.copies(versions))
        body.platform = scratch.copy(platform)
        (body.n_inputs, body.inputs) = (inputs.count, tensors(inputs, scratch))
        (body.n_outputs, body.outputs) = (outputs.count, tensors(outputs, scratch))
        let count = inference__model_metadata_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__model_metadata_response__pack(&body, $0) }
        withExtendedLifetime(scratch) {}
    }

    private typealias TensorMetadata = Inference__ModelMetadataResponse__TensorMetadata

    private static func tensors(
        _ tensors: [Tensor],
        _ scratch: CStringScratch
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<TensorMetadata>?> {
        scratch.pointers(tensors) { tensor in
            var body = TensorMetadata()
            inference__model_metadata_response__tensor_metadata__init(&body)
            body.name = scratch.copy(tensor.name)
            body.datatype = scratch.copy(tensor.datatype)
            (body.n_shape, body.shape) = (tensor.shape.count, scratch.values(tensor.shape))
            return body
        }
    }

    package static func writeIndex(
        _ models: [(name: String, version: String, state: String, reason: String)],
        to buffer: inout ByteBuffer
    ) {
        let scratch = CStringScratch()
        var body = Inference__RepositoryIndexResponse()
        inference__repository_index_response__init(&body)
        body.n_models = models.count
        body.models = scratch.pointers(models) { model in
            var body = Inference__RepositoryIndexResponse__ModelIndex()
            inference__repository_index_response__model_index__init(&body)
            body.name = scratch.copy(model.name)
            body.version = scratch.copy(model.version)
            body.state = scratch.copy(model.state)
            body.reason = scratch.copy(model.reason)
            return body
        }
        let count = inference__repository_index_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__repository_index_response__pack(&body, $0) }
        withExtendedLifetime(scratch) {}
    }
}

extension CStringScratch {
    func copies(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let pointers = array(of: UnsafeMutablePointer<CChar>?.self, count: texts.count)
        for (index, text) in texts.enumerated() { (pointers + index).initialize(to: copy(text)) }
        return pointers
    }

    func values<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
        let copies = array(of: Value.self, count: values.count)
        for (index, value) in values.enumerated() { (copies + index).initialize(to: value) }
        return copies
    }

    /// - Parameter make: makes a plain C struct.
    func pointers<Element, Body>(
        _ elements: [Element],
        _ make: (Element) -> Body
    ) -> UnsafeMutablePointer<UnsafeMutablePointer<Body>?> {
        let pointers = array(of: UnsafeMutablePointer<Body>?.self, count: elements.count)
        for (index, element) in elements.enumerated() { (pointers + index).initialize(to: value(make(element))) }
        return pointers
    }
}
