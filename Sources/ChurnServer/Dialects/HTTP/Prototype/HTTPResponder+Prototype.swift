internal import ChurnBase
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// The routes of the prototype, answered byte for byte as its clients know them: by its model, whatever the default is.
extension HTTPResponder {
    private static let model: StaticString = "seed-logistic"
    private static let features: [StaticString] = ["Frequency", "Monetary", "AvgOrderValue"]

    // MARK: Health

    /// `documents` is the number of customers with features: a probe counts nothing in the store.
    func prototypeHealth(on loop: LoopContext) -> HTTPResponse {
        let isConnected = loop.healthReport()?.store?.reachable ?? false
        let hasModel = Self.withSelector { (try? loop.snapshot.models.model($0)) != nil }
        body.pointee.writeLiteral("{\"api\":\"running\",\"mongo\":")
        body.pointee.writeLiteral(isConnected ? "\"connected\"" : "\"not connected\"")
        body.pointee.writeLiteral(",\"model\":")
        body.pointee.writeLiteral(hasModel ? "\"loaded\"" : "\"not loaded\"")
        body.pointee.writeLiteral(",\"documents\":")
        body.pointee.writeDecimal(loop.snapshot.build?.customers ?? 0)
        body.pointee.writeLiteral("}")
        return HTTPResponse(.ok, .json)
    }

    // MARK: Predictions

    func predictChurn(
        _ request: HTTPRequest,
        _ input: UnsafeRawBufferPointer,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        guard let object = PrototypeBody.read(input, request.fields, refusal: &body.pointee) else {
            return HTTPResponse(.unprocessable, .json)
        }
        var values: [Double] = []
        var faults: [PrototypeBody.Fault] = []
        for name in Self.features {
            do throws(PrototypeBody.Fault) {
                values.append(
                    try object.field(name) { value throws(PydanticValue.Fault) in try PydanticValue.double(value) }
                )
            } catch {
                faults.append(error)
            }
        }
        guard faults.isEmpty else {
            PrototypeBody.write(faults, to: &body.pointee)
            return HTTPResponse(.unprocessable, .json)
        }
        return values.withUnsafeBufferPointer { values in
            withUnsafeTemporaryAllocation(of: FeatureColumnView.self, capacity: values.count) { columns in
                for (index, name) in Self.features.enumerated() {
                    let column = FeatureColumnView(
                        name: UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
                        values: UnsafeBufferPointer(rebasing: values[index...index])
                    )
                    columns.initializeElement(at: index, to: column)
                }
                return answer(.predictBatchByColumns(UnsafeBufferPointer(columns)), of: request, for: caller, on: loop)
            }
        }
    }

    func predictChurnByID(
        _ request: HTTPRequest,
        _ input: UnsafeRawBufferPointer,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        guard let object = PrototypeBody.read(input, request.fields, refusal: &body.pointee) else {
            return HTTPResponse(.unprocessable, .json)
        }
        do throws(PrototypeBody.Fault) {
            let customerID = try object.field("customer_id") { value throws(PydanticValue.Fault) in
                try PydanticValue.integer(value)
            }
            // Beyond 64 bits there is no customer.
            guard let customerID else { return writeUnknownCustomer() }
            let arguments = PredictByIDArguments(customerID: customerID, names: true)
            return answer(.predictByID(arguments), of: request, for: caller, on: loop)
        } catch {
            PrototypeBody.write([error], to: &body.pointee)
            return HTTPResponse(.unprocessable, .json)
        }
    }

    /// - Returns: `nil` when the answer comes late.
    private func answer(
        _ method: Call.Method,
        of request: HTTPRequest,
        for caller: HTTPCaller,
        on loop: LoopContext
    ) -> HTTPResponse? {
        Self.withSelector {
            call(Call(model: $0, method: method), of: request, deadline: nil, for: caller, on: loop)
        }
    }

    private static func withSelector<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
        body(UnsafeRawPointer(model.utf8Start).assumingMemoryBound(to: CChar.self))
    }

    func writePrototype(_ answer: Answer, of request: HTTPRequest) -> HTTPResponse {
        switch answer {
        case .prediction(let prediction, _):
            body.pointee.writeLiteral("{\"customer_id\":")
            body.pointee.writeDecimal(prediction.customer)
            body.pointee.writeLiteral(",\"features\":{")
            for (index, value) in prediction.features.enumerated() where index < prediction.names.count {
                guard let name = prediction.names[index] else { continue }
                if index > 0 { body.pointee.writeLiteral(",") }
                body.pointee.writeQuoted(UnsafePointer(name))
                body.pointee.writeLiteral(":")
                // A count of invoices, which Python has as an integer; the others are floats.
                if index == 0, let count = Int64(exactly: value) {
                    body.pointee.writeDecimal(count)
                } else {
                    body.pointee.writeDouble(value)
                }
            }
            body.pointee.writeLiteral("},\"prediction\":")
            writePrediction(prediction.probability, prediction.churn)
            body.pointee.writeLiteral("}")
            return HTTPResponse(.ok, .json)
        case .batch(let batch, _):
            writePrediction(batch.probabilities.first ?? .nan, batch.decisions.first == 1)
            return HTTPResponse(.ok, .json)
        case .failure(let failure):
            if failure.code == .notFound, request.route == .predictChurnByID, !isModelMissing(failure) {
                return writeUnknownCustomer()
            }
            // Values that are numbers, and none that the model takes.
            if failure.code == .invalidArgument { return fail(request, .unprocessable, failure.message) }
            return isModelMissing(failure)
                ? fail(request, .unavailable, "\(failure.message); start it with --model \(Self.model)")
                : fail(request, failure)
        case .health:
            return HTTPResponse(.internalError)
        }
    }

    /// A customer has another text.
    private func isModelMissing(_ failure: CallFailure) -> Bool {
        failure.code == .notFound && failure.message.hasPrefix("the model ")
    }

    private func writeUnknownCustomer() -> HTTPResponse {
        body.pointee.writeLiteral("{\"error\":\"Customer not found\"}")
        return HTTPResponse(.ok, .json)
    }

    private func writePrediction(_ probability: Double, _ isChurn: Bool) {
        body.pointee.writeLiteral("{\"churn_probability\":")
        body.pointee.writeDouble(probability)
        body.pointee.writeLiteral(isChurn ? ",\"churn_prediction\":1}" : ",\"churn_prediction\":0}")
    }
}
