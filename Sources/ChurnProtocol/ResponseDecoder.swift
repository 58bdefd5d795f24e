internal import CChurnProto
internal import CProtobufC
internal import ChurnCalls

extension Response {
    /// Decodes one payload into values of its own.
    ///
    /// - Parameters:
    ///   - payload: the bytes after a frame's length; not kept.
    ///   - arena: reset by this call.
    package static func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> Response {
        arena.reset(ceilingBytes: ProtocolLimits.arenaBytes(payloadBytes: payload.count))
        let decoded = arena.withAllocator { allocator in
            churn__v1__response__unpack(allocator, payload.count, payload.bindMemory(to: UInt8.self).baseAddress)
        }
        guard let message = decoded?.pointee else { throw arena.reachedCeiling ? .tooManyFields : .malformed }
        var response = Response(callID: message.call_id, status: .ok, message: "", notProcessed: false, result: .none)
        if let status = message.status?.pointee {
            response.status = StatusCode(rawValue: Int32(truncatingIfNeeded: status.code.rawValue))
            response.message = try text(status.message, field: "status.message")
            response.notProcessed = status.not_processed != 0
        }
        switch message.result_case {
        case CHURN__V1__RESPONSE__RESULT_PREDICT_BY_ID:
            if let body = message.predict_by_id { response.result = .predictByID(try Prediction(body.pointee)) }
        case CHURN__V1__RESPONSE__RESULT_PREDICT_BATCH:
            if let body = message.predict_batch { response.result = .predictBatch(try BatchPrediction(body.pointee)) }
        case CHURN__V1__RESPONSE__RESULT_HEALTH:
            if let body = message.health { response.result = .health(try HealthReport(body.pointee)) }
        case CHURN__V1__RESPONSE__RESULT_NOTICE:
            if let body = message.notice, body.pointee.draining != 0 { response.result = .drainingNotice }
        default:
            break
        }
        return response
    }
}

extension Prediction {
    fileprivate init(_ body: Churn__V1__PredictByIdResponse) throws(DecodeError) {
        self.init(
            customerID: body.customer_id,
            customer: try text(body.customer, field: "customer"),
            probability: body.probability,
            logOdds: body.log_odds,
            isChurn: body.churn != 0,
            threshold: body.threshold,
            features: Array(UnsafeBufferPointer(start: body.features, count: body.n_features)),
            featureNames: try texts(body.names, body.n_names, field: "names"),
            contributions: Array(UnsafeBufferPointer(start: body.contributions, count: body.n_contributions)),
            baseline: body.baseline,
            model: ModelIdentity(
                name: try text(body.model, field: "model"),
                version: try text(body.model_version, field: "model_version"),
                schemaID: body.schema_id
            ),
            featureTime: body.feature_time,
            segment: try text(body.segment, field: "segment")
        )
    }
}

extension BatchPrediction {
    fileprivate init(_ body: Churn__V1__PredictBatchResponse) throws(DecodeError) {
        self.init(
            probabilities: Array(UnsafeBufferPointer(start: body.probability, count: body.n_probability)),
            decisions: Array(UnsafeBufferPointer(start: body.decision.data, count: body.decision.len)),
            statuses: Array(UnsafeBufferPointer(start: body.status.data, count: body.status.len)),
            threshold: body.threshold,
            model: ModelIdentity(
                name: try text(body.model, field: "model"),
                version: try text(body.model_version, field: "model_version"),
                schemaID: body.schema_id
            ),
            featureTime: body.feature_time
        )
    }
}

extension HealthReport {
    fileprivate init(_ body: Churn__V1__HealthResponse) throws(DecodeError) {
        var models: [Model] = []
        for model in UnsafeBufferPointer(start: body.model, count: body.n_model) {
            guard let model = model?.pointee else { throw .malformed }
            models.append(
                Model(
                    name: try text(model.name, field: "model.name"),
                    version: try text(model.version, field: "model.version"),
                    schemaID: model.schema_id,
                    threshold: model.threshold,
                    features: try texts(model.feature, model.n_feature, field: "model.feature")
                )
            )
        }
        self.init(
            state: State(rawValue: Int32(truncatingIfNeeded: body.state.rawValue)),
            reason: try text(body.reason, field: "reason"),
            draining: body.draining != 0,
            serverVersion: try text(body.server_version, field: "server_version"),
            uptimeMilliseconds: body.uptime_ms,
            models: models,
            features: body.features.map {
                Features(
                    customers: $0.pointee.customers,
                    generation: $0.pointee.generation,
                    featureTime: $0.pointee.feature_time
                )
            },
            store: try body.store.map { store throws(DecodeError) in
                Store(
                    kind: try text(store.pointee.kind, field: "store.kind"),
                    reachable: store.pointee.reachable != 0,
                    checkedMillisecondsAgo: store.pointee.checked_ms_ago
                )
            }
        )
    }
}

/// protobuf-c does not check that a `string` is UTF-8; Google's runtimes refuse a message in which one is not.
private func text(_ bytes: UnsafeMutablePointer<CChar>?, field: String) throws(DecodeError) -> String {
    guard let bytes else { return "" }
    guard let text = String(validatingCString: bytes) else { throw .notUTF8(field: field) }
    return text
}

/// `nil` for an empty one, which proto3 does not tell from one that is not there.
private func text(_ bytes: ProtobufCBinaryData, field: String) throws(DecodeError) -> String? {
    guard bytes.len > 0 else { return nil }
    let bytes = UnsafeBufferPointer(start: bytes.data, count: bytes.len)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw .notUTF8(field: field) }
    return text
}

private func texts(
    _ strings: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?,
    _ count: Int,
    field: String
) throws(DecodeError) -> [String] {
    var all: [String] = []
    for string in UnsafeBufferPointer(start: strings, count: count) {
        all.append(try text(string, field: field))
    }
    return all
}
