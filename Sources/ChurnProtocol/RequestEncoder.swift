internal import CChurnProto
internal import CProtobufC
internal import ChurnCalls
package import NIOCore

/// Writes request frames, each behind whatever the buffer already holds.
package enum RequestEncoder {
    /// - Parameters:
    ///   - timeoutMilliseconds: 0 for none.
    ///   - callID: not 0.
    /// - Returns: `false`, with nothing written, when the payload would exceed `ProtocolLimits.payloadBytes`.
    package static func write(
        _ request: Request,
        callID: UInt64,
        timeoutMilliseconds: UInt32,
        to buffer: inout ByteBuffer
    ) -> Bool {
        precondition(callID != 0, "0 is the call id of notices")
        var message = Churn__V1__Request()
        churn__v1__request__init(&message)
        message.call_id = callID
        message.timeout_ms = timeoutMilliseconds
        return request.model.withCString { model in
            message.model = UnsafeMutablePointer(mutating: model)
            switch request.method {
            case .predictByID(let customer, let contributions, let names):
                return writeByID(&message, contributions, names, to: &buffer) { $0.customer_id = customer }
            case .predictByText(var customer, let contributions, let names):
                return customer.withUTF8 { text in
                    writeByID(&message, contributions, names, to: &buffer) { call in
                        call.customer.len = text.count
                        call.customer.data = UnsafeMutablePointer(mutating: text.baseAddress)
                    }
                }
            case .predictBatchByIDs(let ids):
                return writeBatch(&message, ids: ids, to: &buffer)
            case .predictBatchByTexts(let texts):
                return writeBatch(&message, texts: texts, to: &buffer)
            case .predictBatchByColumns(let columns):
                return writeBatch(&message, columns: columns, to: &buffer)
            case .health(let names):
                return writeHealth(&message, names: names, to: &buffer)
            }
        }
    }

    private static func writeByID(
        _ message: inout Churn__V1__Request,
        _ contributions: Bool,
        _ names: Bool,
        to buffer: inout ByteBuffer,
        name: (inout Churn__V1__PredictByIdRequest) -> Void
    ) -> Bool {
        var call = Churn__V1__PredictByIdRequest()
        churn__v1__predict_by_id_request__init(&call)
        name(&call)
        call.contributions = contributions ? 1 : 0
        call.names = names ? 1 : 0
        return withUnsafeMutablePointer(to: &call) { call in
            message.method_case = CHURN__V1__REQUEST__METHOD_PREDICT_BY_ID
            message.predict_by_id = call
            return pack(&message, to: &buffer)
        }
    }

    private static func writeBatch(
        _ message: inout Churn__V1__Request,
        ids: [Int64],
        to buffer: inout ByteBuffer
    ) -> Bool {
        var list = Churn__V1__CustomerIds()
        churn__v1__customer_ids__init(&list)
        return ids.withUnsafeBufferPointer { ids in
            list.n_customer_id = ids.count
            list.customer_id = UnsafeMutablePointer(mutating: ids.baseAddress)
            return withUnsafeMutablePointer(to: &list) { list in
                writeBatch(&message, to: &buffer) { batch in
                    batch.rows_case = CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_IDS
                    batch.ids = list
                }
            }
        }
    }

    private static func writeBatch(
        _ message: inout Churn__V1__Request,
        texts: [String],
        to buffer: inout ByteBuffer
    ) -> Bool {
        CustomerTextList(texts).bytes.withUnsafeBufferPointer { bytes in
            writeBatch(&message, to: &buffer) { batch in
                batch.rows_case = CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_CUSTOMERS
                batch.customers.len = bytes.count
                batch.customers.data = UnsafeMutablePointer(mutating: bytes.baseAddress)
            }
        }
    }

    private static func writeBatch(
        _ message: inout Churn__V1__Request,
        columns: [FeatureColumn],
        to buffer: inout ByteBuffer
    ) -> Bool {
        let scratch = CStringScratch()
        let pointers = scratch.array(of: UnsafeMutablePointer<Churn__V1__FeatureColumn>?.self, count: columns.count)
        for (index, column) in columns.enumerated() {
            var encoded = Churn__V1__FeatureColumn()
            churn__v1__feature_column__init(&encoded)
            encoded.name = scratch.copy(column.name)
            encoded.n_value = column.values.count
            let values = scratch.array(of: Double.self, count: column.values.count)
            column.values.withUnsafeBufferPointer { source in
                if let start = source.baseAddress { values.update(from: start, count: source.count) }
            }
            encoded.value = values
            pointers[index] = scratch.value(encoded)
        }
        var matrix = Churn__V1__FeatureColumns()
        churn__v1__feature_columns__init(&matrix)
        matrix.n_column = columns.count
        matrix.column = pointers
        return withExtendedLifetime(scratch) {
            withUnsafeMutablePointer(to: &matrix) { matrix in
                writeBatch(&message, to: &buffer) { batch in
                    batch.rows_case = CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_COLUMNS
                    batch.columns = matrix
                }
            }
        }
    }

    private static func writeBatch(
        _ message: inout Churn__V1__Request,
        to buffer: inout ByteBuffer,
        fill: (inout Churn__V1__PredictBatchRequest) -> Void
    ) -> Bool {
        var batch = Churn__V1__PredictBatchRequest()
        churn__v1__predict_batch_request__init(&batch)
        fill(&batch)
        return withUnsafeMutablePointer(to: &batch) { batch in
            message.method_case = CHURN__V1__REQUEST__METHOD_PREDICT_BATCH
            message.predict_batch = batch
            return pack(&message, to: &buffer)
        }
    }

    private static func writeHealth(
        _ message: inout Churn__V1__Request,
        names: Bool,
        to buffer: inout ByteBuffer
    ) -> Bool {
        var call = Churn__V1__HealthRequest()
        churn__v1__health_request__init(&call)
        call.names = names ? 1 : 0
        return withUnsafeMutablePointer(to: &call) { call in
            message.method_case = CHURN__V1__REQUEST__METHOD_HEALTH
            message.health = call
            return pack(&message, to: &buffer)
        }
    }

    private static func pack(_ message: inout Churn__V1__Request, to buffer: inout ByteBuffer) -> Bool {
        let bytes = churn__v1__request__get_packed_size(&message)
        guard bytes <= ProtocolLimits.payloadBytes else { return false }
        buffer.writeFrame(payloadBytes: bytes) { churn__v1__request__pack(&message, $0) }
        return true
    }
}
