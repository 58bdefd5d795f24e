internal import ChurnBase
internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing
internal import NIOCore

/// What a client of the Open Inference Protocol asks before it sends a request to infer.
extension HTTPResponder {
    /// - Parameter input: the body.
    func inferenceMetadata(
        _ route: HTTPRoute,
        _ request: HTTPRequest,
        _ input: UnsafeRawBufferPointer,
        on loop: LoopContext
    ) -> HTTPResponse {
        do throws(HTTPFault) {
            switch route {
            case .serverMetadata: writeServer()
            case .serverLive: body.pointee.writeLiteral("{\"live\":true}")
            case .serverReady:
                if let reason = loop.unreadyReason { throw HTTPFault(.unavailable, reason) }
                body.pointee.writeLiteral("{\"ready\":true}")
            case .repositoryIndex: writeIndex(readyOnly: try Self.readyOnly(input), on: loop)
            default:
                let served: ServedModel
                do throws(CallFailure) {
                    served = try InferenceRequest.model(request.model, loop.snapshot)
                } catch {
                    throw HTTPFault(error)
                }
                if route == .modelReady || route == .versionReady {
                    if let reason = InferenceReadiness.unready(served, on: loop) {
                        throw HTTPFault(.unavailable, reason)
                    }
                    body.pointee.writeLiteral("{\"name\":")
                    body.pointee.writeQuoted(served.model.name)
                    body.pointee.writeLiteral(",\"ready\":true}")
                } else {
                    write(InferenceMetadata(served, of: loop.snapshot.models))
                }
            }
            return HTTPResponse(.ok, .json)
        } catch {
            return fail(request, error.status, error.detail)
        }
    }

    private func writeServer() {
        body.pointee.writeLiteral("{\"name\":\"churn\",\"version\":")
        body.pointee.writeQuoted(ChurnVersion.current)
        body.pointee.writeLiteral(",\"extensions\":")
        writeTexts(InferenceMetadata.extensions)
        body.pointee.writeLiteral("}")
    }

    private func writeTexts(_ texts: [String]) {
        body.pointee.writeLiteral("[")
        for (index, text) in texts.enumerated() {
            if index > 0 { body.pointee.writeLiteral(",") }
            body.pointee.writeQuoted(text)
        }
        body.pointee.writeLiteral("]")
    }

    private func write(_ metadata: InferenceMetadata) {
        body.pointee.writeLiteral("{\"name\":")
        body.pointee.writeQuoted(metadata.name)
        body.pointee.writeLiteral(",\"versions\":")
        writeTexts(metadata.versions)
        body.pointee.writeLiteral(",\"platform\":\"")
        body.pointee.writeLiteral(InferenceMetadata.platform)
        body.pointee.writeLiteral("\",\"inputs\":")
        write(metadata.inputs)
        body.pointee.writeLiteral(",\"outputs\":")
        write(metadata.outputs)
        body.pointee.writeLiteral(",\"properties\":{")
        for (index, property) in InferenceMetadata.properties.enumerated() {
            if index > 0 { body.pointee.writeLiteral(",") }
            body.pointee.writeQuoted(property.name)
            body.pointee.writeLiteral(":")
            body.pointee.writeQuoted(property.value)
        }
        body.pointee.writeLiteral("}}")
    }

    private func write(_ tensors: [InferenceMetadata.Tensor]) {
        body.pointee.writeLiteral("[")
        for (index, tensor) in tensors.enumerated() {
            body.pointee.writeLiteral(index > 0 ? ",{\"name\":" : "{\"name\":")
            body.pointee.writeQuoted(tensor.name)
            body.pointee.writeLiteral(",\"datatype\":")
            body.pointee.writeQuoted(tensor.datatype)
            body.pointee.writeLiteral(",\"shape\":[")
            for (index, length) in tensor.shape.enumerated() {
                if index > 0 { body.pointee.writeLiteral(",") }
                body.pointee.writeDecimal(length)
            }
            body.pointee.writeLiteral("]}")
        }
        body.pointee.writeLiteral("]")
    }

    // MARK: The repository

    /// What is read of the body: `{"ready": true}` asks for models that are ready, no body for all.
    private static func readyOnly(_ input: UnsafeRawBufferPointer) throws(HTTPFault) -> Bool {
        guard !input.isEmpty else { return false }
        var json = HTTPInferenceJSON(input)
        var readyOnly = false
        try json.forEachField("the body") { name, json throws(HTTPFault) in
            if name == "ready" { readyOnly = try json.flag(name) } else { try json.skip() }
        }
        try json.finish()
        return readyOnly
    }

    private func writeIndex(readyOnly: Bool, on loop: LoopContext) {
        body.pointee.writeLiteral("[")
        let entries = InferenceReadiness.index(on: loop, readyOnly: readyOnly)
        for (index, entry) in entries.enumerated() {
            body.pointee.writeLiteral(index > 0 ? ",{\"name\":" : "{\"name\":")
            body.pointee.writeQuoted(entry.name)
            body.pointee.writeLiteral(",\"version\":")
            body.pointee.writeQuoted(entry.version)
            body.pointee.writeLiteral(",\"state\":")
            body.pointee.writeQuoted(entry.state)
            body.pointee.writeLiteral(",\"reason\":")
            body.pointee.writeQuoted(entry.reason)
            body.pointee.writeLiteral("}")
        }
        body.pointee.writeLiteral("]")
    }
}
