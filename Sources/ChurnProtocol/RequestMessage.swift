internal import CChurnProto
internal import CProtobufC
package import ChurnCalls
internal import ChurnBase

/// The methods of the service `churn.v1.Churn`.
package enum ServiceMethod: Sendable {
    case predictByID, predictBatch, health
}

/// Requests without an envelope, as gRPC carries them: the method and the deadline come beside the message.
package enum RequestMessage {
    /// Decodes one message.
    ///
    /// - Parameters:
    ///   - bytes: not kept. Empty: every field has its default.
    ///   - arena: reset by this call; the call is a view into it.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer,
        of method: ServiceMethod,
        arena: DecodeArena
    ) throws(DecodeError) -> Call {
        switch method {
        case .predictByID:
            let message = try arena.unpack(bytes) { churn__v1__predict_by_id_request__unpack($0, $1, $2) }
            return Call(message.pointee, envelope: nil)
        case .predictBatch:
            let message = try arena.unpack(bytes) { churn__v1__predict_batch_request__unpack($0, $1, $2) }
            return try Call(message.pointee, envelope: nil, arena: arena)
        case .health:
            let message = try arena.unpack(bytes) { churn__v1__health_request__unpack($0, $1, $2) }
            guard let name = arena.allocate(CChar.self, count: 1)?.baseAddress else { throw .tooManyFields }
            name.initialize(to: 0)
            return Call(message.pointee, envelope: UnsafePointer(name))
        }
    }
}

// MARK: Parts of batches

extension RequestMessage {
    /// Decodes a batch, of which a part is to be answered.
    ///
    /// - Returns: the call for at most `count` rows from `firstRow` on, and how many rows the whole batch has. A batch that
    ///   cannot be answered as a whole is not taken apart: its answer tells why.
    package static func decodePart(
        _ bytes: UnsafeRawBufferPointer,
        from firstRow: Int,
        atMost count: Int,
        arena: DecodeArena
    ) throws(DecodeError) -> (call: Call, rows: Int) {
        var call = try decode(bytes, of: .predictBatch, arena: arena)
        let rows: Int
        switch call.method {
        case .predictBatchByIDs(let ids):
            rows = ids.count
            guard firstRow < rows, rows <= CallLimits.batchRows else { return (call, rows) }
            let part = ids[firstRow..<min(firstRow + count, rows)]
            call.method = .predictBatchByIDs(UnsafeBufferPointer(rebasing: part))
        case .predictBatchByTexts(let texts):
            rows = texts.count
            guard firstRow < rows, rows <= CallLimits.batchRows else { return (call, rows) }
            call.method = .predictBatchByTexts(texts.part(from: firstRow, atMost: count))
        case .predictBatchByColumns(let columns):
            rows = columns.first?.values.count ?? 0
            guard firstRow < rows, rows <= CallLimits.batchRows, columns.allSatisfy({ $0.values.count == rows }) else {
                return (call, rows)
            }
            guard let parts = arena.allocate(FeatureColumnView.self, count: columns.count) else { throw .tooManyFields }
            for (index, column) in columns.enumerated() {
                let part = column.values[firstRow..<min(firstRow + count, rows)]
                let view = FeatureColumnView(name: column.name, values: UnsafeBufferPointer(rebasing: part))
                parts.initializeElement(at: index, to: view)
            }
            call.method = .predictBatchByColumns(UnsafeBufferPointer(parts))
        default: return (call, 0)
        }
        call.firstRow = firstRow
        return (call, rows)
    }
}

// MARK: Calls from messages

extension Call {
    /// - Parameter envelope: the model's name beside the message, here and below; `nil` when there is no envelope.
    init(_ message: Churn__V1__PredictByIdRequest, envelope: UnsafePointer<CChar>?) {
        let arguments = PredictByIDArguments(
            customer: Self.customer(message.customer_id, message.customer),
            contributions: message.contributions != 0,
            names: message.names != 0
        )
        self.init(.predictByID(arguments), own: message.model, envelope: envelope)
    }

    /// A text that is empty was not there, as proto3 has it.
    private static func customer(_ number: Int64, _ text: ProtobufCBinaryData) -> CustomerName {
        guard text.len > 0 else { return .number(number) }
        let text = UnsafeBufferPointer(start: UnsafePointer(text.data), count: text.len)
        return number == 0 ? .text(text) : .numberAndText(number, text)
    }

    init(
        _ message: Churn__V1__PredictBatchRequest,
        envelope: UnsafePointer<CChar>?,
        arena: DecodeArena
    ) throws(DecodeError) {
        var method = Method.predictBatchEmpty
        switch message.rows_case {
        case CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_IDS:
            if let ids = message.ids?.pointee {
                method = .predictBatchByIDs(UnsafeBufferPointer(start: ids.customer_id, count: ids.n_customer_id))
            }
        case CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_COLUMNS:
            if let columns = message.columns?.pointee {
                method = .predictBatchByColumns(try Self.views(of: columns, arena: arena))
            }
        case CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_CUSTOMERS:
            let bytes = UnsafeRawBufferPointer(start: message.customers.data, count: message.customers.len)
            guard let texts = CustomerTexts(bytes) else { throw .malformed }
            method = .predictBatchByTexts(texts)
        default: break
        }
        self.init(method, own: message.model, envelope: envelope)
    }

    init(_ message: Churn__V1__HealthRequest, envelope: UnsafePointer<CChar>) {
        self.init(model: envelope, method: .health(names: message.names != 0))
    }

    /// - Parameter own: the field of the message, which protobuf-c never leaves `nil`.
    private init(_ method: Method, own: UnsafePointer<CChar>, envelope: UnsafePointer<CChar>?) {
        guard let envelope, envelope.pointee != 0 else {
            self.init(model: own, method: method)
            return
        }
        let agrees = own.pointee == 0 || strcmp(own, envelope) == 0
        self.init(model: envelope, method: agrees ? method : .contradictory(.twoModels))
    }

    /// Views in the arena, beside the message.
    private static func views(
        of message: Churn__V1__FeatureColumns,
        arena: DecodeArena
    ) throws(DecodeError) -> UnsafeBufferPointer<FeatureColumnView> {
        guard let views = arena.allocate(FeatureColumnView.self, count: message.n_column) else { throw .tooManyFields }
        for index in views.indices {
            let column = message.column?[index]?.pointee
            let view = FeatureColumnView(
                name: column?.name.map { UnsafePointer($0) },
                values: UnsafeBufferPointer(start: column?.value, count: column?.n_value ?? 0)
            )
            views.initializeElement(at: index, to: view)
        }
        return UnsafeBufferPointer(views)
    }
}

extension DecodeArena {
    /// Resets the arena, and has protobuf-c unpack a message into it.
    func unpack<Message>(
        _ bytes: UnsafeRawBufferPointer,
        _ unpack: (UnsafeMutablePointer<ProtobufCAllocator>, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<
            Message
        >?
    ) throws(DecodeError) -> UnsafeMutablePointer<Message> {
        reset(ceilingBytes: ProtocolLimits.arenaBytes(payloadBytes: bytes.count))
        let decoded = withAllocator { unpack($0, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress) }
        guard let decoded else { throw reachedCeiling ? .tooManyFields : .malformed }
        return decoded
    }
}
