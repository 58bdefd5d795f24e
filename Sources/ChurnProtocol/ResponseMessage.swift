internal import CChurnProto
internal import CProtobufC
internal import ChurnBase
package import ChurnCalls
package import NIOCore

// MARK: Bare messages, as gRPC carries them

extension ResponseEncoder {
    /// Writes the message of an answer, without an envelope.
    ///
    /// - Returns: the failure that a call has come to: it has no message, and nothing is written.
    package static func writeMessage(_ answer: Answer, to buffer: inout ByteBuffer) -> CallFailure? {
        switch answer {
        case .prediction(let prediction, let model):
            withMessage(prediction, model) { body in
                let bytes = churn__v1__predict_by_id_response__get_packed_size(body)
                buffer.write(bytes: bytes) { churn__v1__predict_by_id_response__pack(body, $0) }
            }
        case .batch(let batch, let model):
            withMessage(batch, model) { body in
                let bytes = churn__v1__predict_batch_response__get_packed_size(body)
                buffer.write(bytes: bytes) { churn__v1__predict_batch_response__pack(body, $0) }
            }
        case .health(let report):
            withMessage(report) { body in
                let bytes = churn__v1__health_response__get_packed_size(body)
                buffer.write(bytes: bytes) { churn__v1__health_response__pack(body, $0) }
            }
        case .failure(let failure):
            return failure
        }
        return nil
    }
}

// MARK: Messages that point into an answer

extension ResponseEncoder {
    static func withMessage(
        _ answer: PredictByIDAnswer,
        _ model: ModelIdentityView,
        _ write: (UnsafeMutablePointer<Churn__V1__PredictByIdResponse>) -> Void
    ) {
        var body = Churn__V1__PredictByIdResponse()
        churn__v1__predict_by_id_response__init(&body)
        body.customer_id = answer.customer
        body.customer.len = answer.customerText.count
        body.customer.data = UnsafeMutablePointer(mutating: answer.customerText.baseAddress)
        body.probability = answer.probability
        body.log_odds = answer.logOdds
        body.churn = answer.churn ? 1 : 0
        body.threshold = model.threshold
        body.n_features = answer.features.count
        // protobuf-c does not write through the pointers of a message it packs, here and below.
        body.features = UnsafeMutablePointer(mutating: answer.features.baseAddress)
        body.schema_id = model.schemaID
        body.model = UnsafeMutablePointer(mutating: model.name)
        body.model_version = UnsafeMutablePointer(mutating: model.version)
        body.feature_time = answer.featureTime
        if let segment = answer.segment { body.segment = UnsafeMutablePointer(mutating: segment) }
        body.n_contributions = answer.contributions.count
        body.contributions = UnsafeMutablePointer(mutating: answer.contributions.baseAddress)
        body.baseline = answer.baseline
        body.n_names = answer.names.count
        body.names = UnsafeMutablePointer(mutating: answer.names.baseAddress)
        withUnsafeMutablePointer(to: &body, write)
    }

    static func withMessage(
        _ answer: PredictBatchAnswer,
        _ model: ModelIdentityView,
        _ write: (UnsafeMutablePointer<Churn__V1__PredictBatchResponse>) -> Void
    ) {
        var body = Churn__V1__PredictBatchResponse()
        churn__v1__predict_batch_response__init(&body)
        body.n_probability = answer.probabilities.count
        body.probability = UnsafeMutablePointer(mutating: answer.probabilities.baseAddress)
        body.decision.len = answer.decisions.count
        body.decision.data = UnsafeMutablePointer(mutating: answer.decisions.baseAddress)
        body.status.len = answer.statuses.count
        body.status.data = UnsafeMutablePointer(mutating: answer.statuses.baseAddress)
        body.threshold = model.threshold
        body.schema_id = model.schemaID
        body.model = UnsafeMutablePointer(mutating: model.name)
        body.model_version = UnsafeMutablePointer(mutating: model.version)
        body.feature_time = answer.featureTime
        body.first_row = UInt64(answer.firstRow)
        withUnsafeMutablePointer(to: &body, write)
    }

    static func withMessage(
        _ report: HealthReport,
        _ write: (UnsafeMutablePointer<Churn__V1__HealthResponse>) -> Void
    ) {
        let scratch = CStringScratch()
        var body = Churn__V1__HealthResponse()
        churn__v1__health_response__init(&body)
        body.state = Churn__V1__ServingState(rawValue: UInt32(bitPattern: report.state.rawValue))
        body.reason = scratch.copy(report.reason)
        body.draining = report.draining ? 1 : 0
        body.server_version = scratch.copy(report.serverVersion)
        body.uptime_ms = report.uptimeMilliseconds

        let models = scratch.array(of: UnsafeMutablePointer<Churn__V1__ModelInfo>?.self, count: report.models.count)
        for (index, model) in report.models.enumerated() {
            var info = Churn__V1__ModelInfo()
            churn__v1__model_info__init(&info)
            info.name = scratch.copy(model.name)
            info.version = scratch.copy(model.version)
            info.schema_id = model.schemaID
            info.threshold = model.threshold
            info.n_feature = model.features.count
            info.feature = scratch.array(of: UnsafeMutablePointer<CChar>?.self, count: model.features.count)
            for (position, feature) in model.features.enumerated() { info.feature[position] = scratch.copy(feature) }
            models[index] = scratch.value(info)
        }
        body.n_model = report.models.count
        body.model = models

        if let table = report.features {
            var info = Churn__V1__FeatureTableInfo()
            churn__v1__feature_table_info__init(&info)
            info.customers = table.customers
            info.generation = table.generation
            info.feature_time = table.featureTime
            body.features = scratch.value(info)
        }
        if let store = report.store {
            var info = Churn__V1__StoreInfo()
            churn__v1__store_info__init(&info)
            info.kind = scratch.copy(store.kind)
            info.reachable = store.reachable ? 1 : 0
            info.checked_ms_ago = store.checkedMillisecondsAgo
            body.store = scratch.value(info)
        }
        withUnsafeMutablePointer(to: &body, write)
        // The message points into it until it has been packed.
        withExtendedLifetime(scratch) {}
    }
}

/// C strings and arrays for messages that are built away from the hot path. Everything lives as long as the scratch.
final class CStringScratch {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit {
        for block in blocks { block.deallocate() }
    }

    func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
        let bytes = array(of: CChar.self, count: cStringBytes(text))
        copyCString(text, to: bytes)
        return bytes
    }

    func array<Element>(of type: Element.Type, count: Int) -> UnsafeMutablePointer<Element> {
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Element>.stride,
            alignment: max(16, MemoryLayout<Element>.alignment)
        )
        blocks.append(block)
        return block.bindMemory(to: Element.self, capacity: max(1, count))
    }

    /// - Precondition: `Value` is a plain C struct.
    func value<Value>(_ value: Value) -> UnsafeMutablePointer<Value> {
        let pointer = array(of: Value.self, count: 1)
        pointer.initialize(to: value)
        return pointer
    }
}
