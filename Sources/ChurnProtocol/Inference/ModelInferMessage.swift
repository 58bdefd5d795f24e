internal import CChurnProto
internal import CProtobufC
internal import ChurnBase
package import ChurnCalls
package import NIOCore

/// A request of `inference.GRPCInferenceService/ModelInfer`: views into the arena that it was decoded into.
package struct ModelInferMessage {
    package enum Contents {
        /// Little-endian, row by row; of BYTES each behind its length in four bytes.
        case raw(UnsafeRawBufferPointer)
        case integers(UnsafeBufferPointer<Int64>)
        case doubles(UnsafeBufferPointer<Double>)
        case floats(UnsafeBufferPointer<Float>)
        case texts([UnsafeRawBufferPointer])
        /// In a field of another datatype than the tensor's.
        case other
    }

    package struct Input {
        package let name: String
        package let datatype: String
        package let shape: [Int64]
        package let contents: Contents
    }

    package let model: InferenceMessage.ModelName
    package let id: String
    package let inputs: [Input]
    /// The names of the outputs that are wanted.
    package let outputs: [String]
    /// Names of all parameters, of the request, its inputs and its outputs.
    package let parameters: Set<String>
    /// The parameter `timeout`, in microseconds; `nil` when there is none.
    package let timeout: Int64?
}

extension ModelInferMessage {
    /// Most parameters of one request, input or output.
    private static let parameterLimit = 256
    private static let dimensionLimit = 8

    /// - Parameters:
    ///   - bytes: not kept.
    ///   - arena: reset by this call; the message is a view into it.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer,
        arena: DecodeArena
    ) throws(CallFailure) -> ModelInferMessage {
        let message: Inference__ModelInferRequest
        do throws(DecodeError) {
            message = try arena.unpack(bytes) { inference__model_infer_request__unpack($0, $1, $2) }.pointee
        } catch {
            throw .invalidArgument(
                error == .malformed ? "the request is no inference.ModelInferRequest" : error.description
            )
        }
        return try ModelInferMessage(message)
    }

    private static func text(_ text: UnsafePointer<CChar>?, _ field: String) throws(CallFailure) -> String {
        do throws(DecodeError) {
            return try InferenceMessage.text(text, field)
        } catch {
            throw .invalidArgument(error.description)
        }
    }

    private static func requireCount(_ count: Int, atMost limit: Int, _ what: String) throws(CallFailure) {
        guard count <= limit else {
            throw .invalidArgument("the request has \(count) \(what), and the limit is \(limit)")
        }
    }

    private init(_ message: Inference__ModelInferRequest) throws(CallFailure) {
        model = InferenceMessage.ModelName(
            name: try Self.text(message.model_name, "model_name"),
            version: try Self.text(message.model_version, "model_version")
        )
        id = try Self.text(message.id, "id")
        try Self.requireCount(message.n_inputs, atMost: CallLimits.batchColumns, "inputs")
        try Self.requireCount(message.n_outputs, atMost: CallLimits.batchColumns, "outputs")
        try Self.requireCount(message.n_parameters, atMost: Self.parameterLimit, "parameters")
        guard message.n_raw_input_contents == 0 || message.n_raw_input_contents == message.n_inputs else {
            throw .invalidArgument(
                "the request has \(message.n_raw_input_contents) raw_input_contents and \(message.n_inputs) inputs; send "
                    + "one for each of them, or none"
            )
        }
        var parameters: Set<String> = []
        var timeout: Int64?
        for index in 0..<message.n_parameters {
            guard let entry = message.parameters[index]?.pointee else { continue }
            let name = try Self.text(entry.key, "parameters")
            parameters.insert(name)
            if name == "timeout" { timeout = Self.integer(entry.value) }
        }
        var inputs: [Input] = []
        for index in 0..<message.n_inputs {
            guard let input = message.inputs[index]?.pointee else { continue }
            try Self.requireCount(input.n_parameters, atMost: Self.parameterLimit, "parameters of an input")
            try Self.requireCount(input.n_shape, atMost: Self.dimensionLimit, "dimensions of an input")
            for index in 0..<input.n_parameters {
                parameters.insert(try Self.text(input.parameters[index]?.pointee.key, "parameters"))
            }
            let raw = message.n_raw_input_contents > 0 ? message.raw_input_contents[index] : nil
            let datatype = try Self.text(input.datatype, "datatype")
            inputs.append(
                Input(
                    name: try Self.text(input.name, "name"),
                    datatype: datatype,
                    shape: (0..<input.n_shape).map { input.shape[$0] },
                    contents: Self.contents(input.contents?.pointee, raw, datatype)
                )
            )
        }
        var outputs: [String] = []
        for index in 0..<message.n_outputs {
            guard let output = message.outputs[index]?.pointee else { continue }
            try Self.requireCount(output.n_parameters, atMost: Self.parameterLimit, "parameters of an output")
            for index in 0..<output.n_parameters {
                parameters.insert(try Self.text(output.parameters[index]?.pointee.key, "parameters"))
            }
            outputs.append(try Self.text(output.name, "name"))
        }
        (self.inputs, self.outputs, self.parameters, self.timeout) = (inputs, outputs, parameters, timeout)
    }

    /// - Returns: a negative number for one that no int64 holds, and for what is no number.
    private static func integer(_ value: UnsafeMutablePointer<Inference__InferParameter>?) -> Int64 {
        guard let value = value?.pointee else { return -1 }
        return switch value.parameter_choice_case {
        case INFERENCE__INFER_PARAMETER__PARAMETER_CHOICE_INT64_PARAM: value.int64_param
        case INFERENCE__INFER_PARAMETER__PARAMETER_CHOICE_UINT64_PARAM: Int64(exactly: value.uint64_param) ?? -1
        default: -1
        }
    }

    private static func contents(
        _ typed: Inference__InferTensorContents?,
        _ raw: ProtobufCBinaryData?,
        _ datatype: String
    ) -> Contents {
        let typed = typed ?? Inference__InferTensorContents()
        let counts = [
            typed.n_bool_contents, typed.n_int_contents, typed.n_int64_contents, typed.n_uint_contents,
            typed.n_uint64_contents, typed.n_fp32_contents, typed.n_fp64_contents, typed.n_bytes_contents,
        ]
        // No sum of them overflows: each value has a byte of the message or more.
        let count = counts.reduce(0, +)
        if let raw {
            return count == 0 ? .raw(UnsafeRawBufferPointer(start: raw.data, count: raw.len)) : .other
        }
        switch datatype {
        case "INT64" where count == typed.n_int64_contents:
            return .integers(UnsafeBufferPointer(start: typed.int64_contents, count: count))
        case "FP64" where count == typed.n_fp64_contents:
            return .doubles(UnsafeBufferPointer(start: typed.fp64_contents, count: count))
        case "FP32" where count == typed.n_fp32_contents:
            return .floats(UnsafeBufferPointer(start: typed.fp32_contents, count: count))
        case "BYTES" where count == typed.n_bytes_contents:
            return .texts(
                (0..<count).map { index in
                    let text = typed.bytes_contents[index]
                    return UnsafeRawBufferPointer(start: text.data, count: text.len)
                }
            )
        default: return .other
        }
    }

    // MARK: The response

    /// Writes a response, but for `raw_output_contents`, which follow output by output.
    package static func writeResponse(
        model: String,
        version: String,
        id: String,
        outputs: [InferenceMessage.Tensor],
        to buffer: inout ByteBuffer
    ) {
        let scratch = CStringScratch()
        var body = Inference__ModelInferResponse()
        inference__model_infer_response__init(&body)
        body.model_name = scratch.copy(model)
        body.model_version = scratch.copy(version)
        body.id = scratch.copy(id)
        body.n_outputs = outputs.count
        body.outputs = scratch.pointers(outputs) { output in
            var body = Inference__ModelInferResponse__InferOutputTensor()
            inference__model_infer_response__infer_output_tensor__init(&body)
            body.name = scratch.copy(output.name)
            body.datatype = scratch.copy(output.datatype)
            (body.n_shape, body.shape) = (output.shape.count, scratch.values(output.shape))
            return body
        }
        let count = inference__model_infer_response__get_packed_size(&body)
        buffer.write(bytes: count) { inference__model_infer_response__pack(&body, $0) }
        withExtendedLifetime(scratch) {}
    }

    /// Begins the bytes of one output, which follow: the tag of `raw_output_contents`, and their number.
    package static func beginRawOutput(bytes: Int, to buffer: inout ByteBuffer) {
        let (field, lengthDelimited): (UInt8, UInt8) = (6, 2)
        buffer.writeInteger(field << 3 | lengthDelimited)
        var rest = UInt64(bytes)
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(rest))
    }
}
