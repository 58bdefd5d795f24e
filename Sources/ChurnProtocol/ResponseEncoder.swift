internal import CChurnProto
internal import CProtobufC
package import ChurnCalls
internal import ChurnBase
package import NIOCore

/// Writes response frames, each behind whatever the buffer already holds.
package enum ResponseEncoder {
    package static func write(
        _ answer: PredictByIDAnswer,
        model: ModelIdentityView,
        callID: UInt64,
        to buffer: inout ByteBuffer
    ) {
        var body = Churn__V1__PredictByIdResponse()
        churn__v1__predict_by_id_response__init(&body)
        body.customer_id = answer.customer
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
        withUnsafeMutablePointer(to: &body) { body in
            writeResponse(callID: callID, to: &buffer) { response in
                response.result_case = CHURN__V1__RESPONSE__RESULT_PREDICT_BY_ID
                response.predict_by_id = body
            }
        }
    }

    package static func write(
        _ answer: PredictBatchAnswer,
        model: ModelIdentityView,
        callID: UInt64,
        to buffer: inout ByteBuffer
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
        withUnsafeMutablePointer(to: &body) { body in
            writeResponse(callID: callID, to: &buffer) { response in
                response.result_case = CHURN__V1__RESPONSE__RESULT_PREDICT_BATCH
                response.predict_batch = body
            }
        }
    }

    /// Writes whatever a call came to.
    package static func write(_ answer: Answer, callID: UInt64, to buffer: inout ByteBuffer) {
        switch answer {
        case .prediction(let prediction, let model): write(prediction, model: model, callID: callID, to: &buffer)
        case .batch(let batch, let model): write(batch, model: model, callID: callID, to: &buffer)
        case .health(let report): write(report, callID: callID, to: &buffer)
        case .failure(let failure): write(failure, callID: callID, to: &buffer)
        }
    }

    /// - Parameter callID: 0 when the frame that failed had no readable id.
    package static func write(_ failure: CallFailure, callID: UInt64, to buffer: inout ByteBuffer) {
        write(
            status: failure.code,
            message: failure.message,
            notProcessed: failure.notProcessed,
            callID: callID,
            to: &buffer
        )
    }

    /// - Parameter callID: 0 when the frame that failed had no readable id.
    package static func write(
        status code: StatusCode,
        message: String,
        notProcessed: Bool = false,
        callID: UInt64,
        to buffer: inout ByteBuffer
    ) {
        var status = Churn__V1__Status()
        churn__v1__status__init(&status)
        status.code = Churn__V1__StatusCode(rawValue: Churn__V1__StatusCode.RawValue(bitPattern: code.rawValue))
        status.not_processed = notProcessed ? 1 : 0
        message.withCString { text in
            status.message = UnsafeMutablePointer(mutating: text)
            withUnsafeMutablePointer(to: &status) { status in
                writeResponse(callID: callID, to: &buffer) { $0.status = status }
            }
        }
    }

    /// Tells the peer that the server is going away.
    package static func writeDrainingNotice(to buffer: inout ByteBuffer) {
        var notice = Churn__V1__Notice()
        churn__v1__notice__init(&notice)
        notice.draining = 1
        withUnsafeMutablePointer(to: &notice) { notice in
            writeResponse(callID: 0, to: &buffer) { response in
                response.result_case = CHURN__V1__RESPONSE__RESULT_NOTICE
                response.notice = notice
            }
        }
    }

    package static func write(_ report: HealthReport, callID: UInt64, to buffer: inout ByteBuffer) {
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
        withUnsafeMutablePointer(to: &body) { body in
            writeResponse(callID: callID, to: &buffer) { response in
                response.result_case = CHURN__V1__RESPONSE__RESULT_HEALTH
                response.health = body
            }
        }
        // The message points into it until it has been packed.
        withExtendedLifetime(scratch) {}
    }

    private static func writeResponse(
        callID: UInt64,
        to buffer: inout ByteBuffer,
        fill: (inout Churn__V1__Response) -> Void
    ) {
        var response = Churn__V1__Response()
        churn__v1__response__init(&response)
        response.call_id = callID
        fill(&response)
        buffer.writeFrame(payloadBytes: churn__v1__response__get_packed_size(&response)) { payload in
            churn__v1__response__pack(&response, payload)
        }
    }
}

extension ByteBuffer {
    /// Appends one frame, packed straight into the buffer.
    ///
    /// - Parameter pack: writes exactly `payloadBytes` bytes and returns how many it wrote.
    mutating func writeFrame(payloadBytes: Int, pack: (UnsafeMutablePointer<UInt8>) -> Int) {
        writeInteger(UInt32(truncatingIfNeeded: payloadBytes))
        guard payloadBytes > 0 else { return }
        writeWithUnsafeMutableBytes(minimumWritableBytes: payloadBytes) { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
            let written = pack(start)
            precondition(written == payloadBytes, "protobuf-c packed another size than it announced")
            return written
        }
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
