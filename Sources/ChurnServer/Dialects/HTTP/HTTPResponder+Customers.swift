internal import ChurnBase
internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing
internal import NIOCore

extension HTTPResponder {
    static let customerParameters = ["model", "contributions", "timeout_ms"]

    /// - Returns: `nil` when the answer comes late.
    func predictCustomer(_ request: HTTPRequest, for caller: HTTPCaller, on loop: LoopContext) -> HTTPResponse? {
        do throws(HTTPFault) {
            let query = try HTTPQuery(request.query, allowed: Self.customerParameters)
            let selector = try HTTPCallOptions.selector(model: query.text("model"))
            let contributions = try query.flag("contributions")
            let deadline = try query.deadline(request.arrival)
            return request.customer.withName { name in
                guard let name else {
                    return fail(request, .badRequest, "the customer in the path is not in percent-encoding")
                }
                let arguments = PredictByIDArguments(customer: name, contributions: contributions, names: true)
                return selector.withUnsafeBufferPointer { selector in
                    let call = Call(model: selector.baseAddress.unsafelyUnwrapped, method: .predictByID(arguments))
                    return predict(arguments, call, of: request, deadline: deadline, for: caller, on: loop)
                }
            }
        } catch {
            return fail(request, error.status, error.detail)
        }
    }

    private func predict(
        _ arguments: PredictByIDArguments,
        _ call: Call,
        of request: HTTPRequest,
        deadline: NIODeadline?,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        let tag = entityTag(of: arguments, by: call.model, loop.snapshot)
        // Nearly nobody has the answer already, so the customer is looked up only then.
        if let tag, let known = notModified(tag, request), isKnown(arguments.customer, on: loop) { return known }
        let response = self.call(call, of: request, deadline: deadline, for: caller, on: loop)
        guard let response, response.status == .ok else { return response }
        return tag.map { tagged(response, $0) } ?? tagged(response, request)
    }

    /// The answer of a call by id.
    func writeCustomer(_ answer: Answer, of request: HTTPRequest) -> HTTPResponse {
        switch answer {
        case .prediction(let prediction, let model):
            write(prediction, model)
            return HTTPResponse(.ok, .json)
        case .failure(let failure): return fail(request, failure)
        case .batch, .health: return HTTPResponse(.internalError)
        }
    }

    private func write(_ prediction: PredictByIDAnswer, _ model: ModelIdentityView) {
        if prediction.customer == 0 {
            body.pointee.writeLiteral("{\"customer\":")
            body.pointee.writeQuoted(UnsafeRawBufferPointer(prediction.customerText))
        } else {
            body.pointee.writeLiteral("{\"customer_id\":")
            body.pointee.writeExact(prediction.customer)
        }
        body.pointee.writeLiteral(",\"probability\":")
        body.pointee.writeDouble(prediction.probability)
        body.pointee.writeLiteral(",\"log_odds\":")
        body.pointee.writeDouble(prediction.logOdds)
        body.pointee.writeLiteral(",\"churn\":")
        body.pointee.writeBool(prediction.churn)
        body.pointee.writeLiteral(",\"segment\":")
        if let segment = prediction.segment {
            body.pointee.writeQuoted(segment)
        } else {
            body.pointee.writeLiteral("null")
        }
        body.pointee.writeLiteral(",\"feature_time\":")
        body.pointee.writeExact(prediction.featureTime)
        body.pointee.writeLiteral(",\"features\":")
        write(prediction.features, named: prediction.names)
        if !prediction.contributions.isEmpty {
            body.pointee.writeLiteral(",\"baseline\":")
            body.pointee.writeDouble(prediction.baseline)
            body.pointee.writeLiteral(",\"contributions\":")
            write(prediction.contributions, named: prediction.names)
        }
        body.pointee.writeLiteral(",\"model\":")
        body.pointee.writeModel(model)
        body.pointee.writeLiteral("}")
    }

    private func write(
        _ values: UnsafeBufferPointer<Double>,
        named names: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>
    ) {
        body.pointee.writeLiteral("{")
        for (index, value) in values.enumerated() where index < names.count {
            guard let name = names[index] else { continue }
            if index > 0 { body.pointee.writeLiteral(",") }
            body.pointee.writeQuoted(UnsafePointer(name))
            body.pointee.writeLiteral(":")
            body.pointee.writeDouble(value)
        }
        body.pointee.writeLiteral("}")
    }

    // MARK: Models

    func models(_ request: HTTPRequest, on loop: LoopContext) -> HTTPResponse {
        let tag = entityTag(of: loop.snapshot.models)
        if let known = notModified(tag, request) { return known }
        body.pointee.writeLiteral("{\"models\":[")
        for (index, served) in loop.snapshot.models.models.enumerated() {
            if index > 0 { body.pointee.writeLiteral(",") }
            body.pointee.writeLiteral("{\"name\":")
            body.pointee.writeQuoted(served.identity.name)
            body.pointee.writeLiteral(",\"version\":")
            body.pointee.writeQuoted(served.identity.version)
            body.pointee.writeLiteral(",\"schema_id\":")
            body.pointee.writeQuotedHexadecimal(served.identity.schemaID)
            body.pointee.writeLiteral(",\"threshold\":")
            body.pointee.writeDouble(served.identity.threshold)
            body.pointee.writeLiteral(",\"default\":")
            body.pointee.writeBool(index == 0)
            body.pointee.writeLiteral(",\"features\":[")
            for (position, input) in served.model.inputs.enumerated() {
                if position > 0 { body.pointee.writeLiteral(",") }
                body.pointee.writeQuoted(input.feature)
            }
            body.pointee.writeLiteral("]}")
        }
        body.pointee.writeLiteral("]}")
        return tagged(HTTPResponse(.ok, .json), tag)
    }
}

extension ByteBuffer {
    /// The identity of a model, as every prediction has it.
    mutating func writeModel(_ model: ModelIdentityView) {
        writeLiteral("{\"name\":")
        writeQuoted(model.name)
        writeLiteral(",\"version\":")
        writeQuoted(model.version)
        writeLiteral(",\"schema_id\":")
        writeQuotedHexadecimal(model.schemaID)
        writeLiteral(",\"threshold\":")
        writeDouble(model.threshold)
        writeLiteral("}")
    }
}
