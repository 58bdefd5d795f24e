internal import ChurnBase
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// The body of a request to infer: JSON, and behind it the data of those inputs that are binary.
struct HTTPInferenceBody {
    private var head = InferenceRequest.Head()
    private var inputs: [Input] = []

    private struct Input {
        var name: String?
        var datatype: String?
        var shape: [Int64]?
        var data: UnsafeRawBufferPointer?
        var binaryBytes: Int?
    }

    /// The parameters that are known, of a request, an input or an output.
    private struct Parameters {
        var binaryDataSize: Int64?
        var binaryData: Bool?
        var binaryDataOutput: Bool?
        var timeoutMicroseconds: Int64?
    }

    /// - Parameters:
    ///   - headerBytes: of JSON; `nil` when all of the body is JSON.
    ///   - arrival: what a deadline is counted from.
    static func read(
        _ body: UnsafeRawBufferPointer,
        headerBytes: HTTPFields.InferenceHeaderBytes,
        model selector: [CChar],
        arrival: NIODeadline,
        _ snapshot: ServingSnapshot,
        reserved: MemoryBudget.Reservation?
    ) throws(HTTPFault) -> InferenceRequest {
        let jsonBytes: Int
        switch headerBytes {
        case .none: jsonBytes = body.count
        case .bytes(let bytes) where bytes <= body.count: jsonBytes = bytes
        case .bytes(let bytes):
            throw HTTPFault(
                .badRequest,
                "Inference-Header-Content-Length is \(bytes), and the body has \(body.count) bytes"
            )
        case .malformed: throw HTTPFault(.badRequest, "Inference-Header-Content-Length is not one number of bytes")
        }
        var request = HTTPInferenceBody()
        var json = HTTPInferenceJSON(UnsafeRawBufferPointer(rebasing: body[..<jsonBytes]))
        try request.read(&json, arrival)
        let tensors = try request.tensors(binary: UnsafeRawBufferPointer(rebasing: body[jsonBytes...]))
        do throws(CallFailure) {
            return try InferenceRequest(request.head, model: selector, tensors, snapshot, reserved: reserved)
        } catch {
            throw HTTPFault(error)
        }
    }

    private mutating func read(_ json: inout HTTPInferenceJSON, _ arrival: NIODeadline) throws(HTTPFault) {
        var (inputs, outputs): ([Input]?, [(name: InferenceOutputName, isBinary: Bool?)]) = (nil, [])
        var (id, parameters) = ("", Parameters())
        try json.forEachField("the body") { name, json throws(HTTPFault) in
            switch name {
            case "id": id = try json.text(name)
            case "parameters": parameters = try Self.parameters(&json, "the parameters of the request")
            case "inputs": inputs = try Self.inputs(&json)
            case "outputs": outputs = try Self.outputs(&json)
            default: try json.skip()
            }
        }
        try json.finish()
        guard id.unicodeScalars.count <= InferenceMetadata.idCharacters else {
            throw HTTPFault(.badRequest, "the id has more than \(InferenceMetadata.idCharacters) characters")
        }
        guard let inputs else { throw HTTPFault(.badRequest, "the body has no inputs; \(InferenceMetadata.choice)") }
        self.inputs = inputs
        head.id = id
        head.wantsBinary = parameters.binaryDataOutput ?? false
        head.outputs = outputs.map { InferenceOutput(name: $0.name, isBinary: $0.isBinary ?? head.wantsBinary) }
        do throws(CallFailure) {
            head.deadline = try InferenceRequest.timeout(parameters.timeoutMicroseconds).map { arrival + $0 }
        } catch {
            throw HTTPFault(error)
        }
    }

    private static func inputs(_ json: inout HTTPInferenceJSON) throws(HTTPFault) -> [Input] {
        var inputs: [Input] = []
        try json.forEachElement("inputs", atMost: CallLimits.batchColumns) { index, json throws(HTTPFault) in
            var input = Input()
            try json.forEachField("the input \(index)") { name, json throws(HTTPFault) in
                switch name {
                case "name": input.name = try json.text("the name of the input \(index)")
                case "datatype": input.datatype = try json.text("the datatype of the input \(index)")
                case "shape": input.shape = try shape(&json, index)
                case "data": input.data = try json.skipped()
                case "parameters":
                    let parameters = try parameters(&json, "the parameters of the input \(index)")
                    if let size = parameters.binaryDataSize {
                        guard let bytes = Int(exactly: size), bytes >= 0 else {
                            throw HTTPFault(.badRequest, "the binary_data_size of the input \(index) is below 0")
                        }
                        input.binaryBytes = bytes
                    }
                default: try json.skip()
                }
            }
            inputs.append(input)
        }
        return inputs
    }

    private static func shape(_ json: inout HTTPInferenceJSON, _ index: Int) throws(HTTPFault) -> [Int64] {
        var shape: [Int64] = []
        let what = "the shape of the input \(index)"
        try json.forEachElement(what, atMost: InferenceTensor.dimensions) { _, json throws(HTTPFault) in
            shape.append(try json.integer("a dimension in \(what)"))
        }
        return shape
    }

    private static func outputs(
        _ json: inout HTTPInferenceJSON
    ) throws(HTTPFault) -> [(name: InferenceOutputName, isBinary: Bool?)] {
        var found: [(name: InferenceOutputName, isBinary: Bool?)] = []
        try json.forEachElement("outputs", atMost: CallLimits.batchColumns) { index, json throws(HTTPFault) in
            var (output, options): (String?, Parameters) = (nil, Parameters())
            try json.forEachField("the output \(index)") { name, json throws(HTTPFault) in
                switch name {
                case "name": output = try json.text("the name of the output \(index)")
                case "parameters": options = try parameters(&json, "the parameters of the output \(index)")
                default: try json.skip()
                }
            }
            guard let output else { throw HTTPFault(.badRequest, "the output \(index) has no name") }
            let known = found.map { InferenceOutput(name: $0.name, isBinary: false) }
            do throws(CallFailure) {
                found.append((try InferenceOutputName.find(output, besides: known), options.binaryData))
            } catch {
                throw HTTPFault(error)
            }
        }
        return found
    }

    private static func parameters(_ json: inout HTTPInferenceJSON, _ what: String) throws(HTTPFault) -> Parameters {
        var parameters = Parameters()
        try json.forEachField(what) { name, json throws(HTTPFault) in
            switch name {
            case "binary_data_size": parameters.binaryDataSize = try json.integer(name)
            case "binary_data": parameters.binaryData = try json.flag(name)
            case "binary_data_output": parameters.binaryDataOutput = try json.flag(name)
            case "timeout": parameters.timeoutMicroseconds = try json.integer(name)
            case _ where InferenceMetadata.refusedParameters.contains(name):
                throw HTTPFault(.badRequest, "this server does not have the parameter \(name) of \(what)")
            default: try json.skip()
            }
        }
        return parameters
    }

    // MARK: Data

    /// - Parameter binary: what stands behind the JSON: the data of the inputs that are binary, in their order.
    private func tensors(binary: UnsafeRawBufferPointer) throws(HTTPFault) -> [InferenceTensor] {
        var rest = binary
        var tensors: [InferenceTensor] = []
        for (index, input) in inputs.enumerated() {
            guard let name = input.name, let datatype = input.datatype, let shape = input.shape else {
                let missing = input.name == nil ? "name" : input.datatype == nil ? "datatype" : "shape"
                throw HTTPFault(.badRequest, "the input \(index) has no \(missing)")
            }
            let contents: InferenceTensor.Contents
            switch (input.data, input.binaryBytes) {
            case (let data?, nil): contents = .json(data)
            case (nil, let bytes?):
                guard bytes <= rest.count else {
                    throw HTTPFault(
                        .badRequest,
                        "the binary_data_size of the input \(quotedForPeer(name)) is \(bytes), and \(rest.count) bytes "
                            + "are left behind the JSON, whose length is Inference-Header-Content-Length"
                    )
                }
                contents = .raw(UnsafeRawBufferPointer(rebasing: rest[..<bytes]))
                rest = UnsafeRawBufferPointer(rebasing: rest[bytes...])
            case (.some, .some):
                throw HTTPFault(.badRequest, "the input \(quotedForPeer(name)) has both data and a binary_data_size")
            case (nil, nil):
                throw HTTPFault(
                    .badRequest,
                    "the input \(quotedForPeer(name)) has neither data nor a binary_data_size"
                )
            }
            tensors.append(InferenceTensor(name: name, datatype: datatype, shape: shape, contents: contents))
        }
        guard rest.isEmpty else {
            throw HTTPFault(.badRequest, "the last \(rest.count) bytes of the body belong to no input")
        }
        return tensors
    }
}
