internal import CChurnProto
internal import CProtobufC
package import ChurnCalls

/// A decoded request, as a view into an arena: valid until the arena is reset, and copied by nobody.
package struct RequestView {
    package var callID: UInt64
    /// 0: no deadline.
    package var timeoutMilliseconds: UInt32
    package var call: Call
}

/// Why a payload is not a message of the contract.
package enum DecodeError: Error, Equatable {
    /// Not protobuf, or a field of the wrong wire type, or truncated.
    case malformed
    /// More fields than the payload's size allows for (`ProtocolLimits.arenaBytes`).
    case tooManyFields
    /// The call id is absent, 0, or not the first field.
    case noCallID
    /// A string that is not UTF-8.
    case notUTF8(field: String)
}

extension DecodeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .malformed: "the frame is not a message of churn.v1"
        case .tooManyFields: "the frame has more fields than its size allows for"
        case .noCallID: "the frame does not begin with a call_id other than 0"
        case .notUTF8(let field): "the field \(field) is not UTF-8"
        }
    }
}

extension RequestView {
    /// Decodes one payload.
    ///
    /// - Parameters:
    ///   - payload: the bytes after a frame's length; not kept.
    ///   - arena: reset by this call; the view lives in it.
    package static func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> RequestView
    {
        guard let callID = FrameHeader.callID(payload) else { throw .noCallID }
        arena.reset(ceilingBytes: ProtocolLimits.arenaBytes(payloadBytes: payload.count))
        let decoded = arena.withAllocator { allocator in
            churn__v1__request__unpack(allocator, payload.count, payload.bindMemory(to: UInt8.self).baseAddress)
        }
        guard let decoded else { throw arena.reachedCeiling ? .tooManyFields : .malformed }
        let message = decoded.pointee
        // A later field 1 replaces the first one: then the two ways of reading the id disagree.
        guard message.call_id == callID, let model = message.model else { throw .noCallID }
        return RequestView(
            callID: callID,
            timeoutMilliseconds: message.timeout_ms,
            call: Call(model: UnsafePointer(model), method: try method(of: message, arena: arena))
        )
    }

    private static func method(
        of message: Churn__V1__Request,
        arena: DecodeArena
    ) throws(DecodeError) -> Call.Method {
        switch message.method_case {
        case CHURN__V1__REQUEST__METHOD_PREDICT_BY_ID:
            guard let call = message.predict_by_id?.pointee else { return .unknown }
            return .predictByID(
                PredictByIDArguments(
                    customerID: call.customer_id,
                    contributions: call.contributions != 0,
                    names: call.names != 0
                )
            )
        case CHURN__V1__REQUEST__METHOD_PREDICT_BATCH:
            guard let call = message.predict_batch?.pointee else { return .unknown }
            switch call.rows_case {
            case CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_IDS:
                guard let ids = call.ids?.pointee else { return .predictBatchEmpty }
                return .predictBatchByIDs(UnsafeBufferPointer(start: ids.customer_id, count: ids.n_customer_id))
            case CHURN__V1__PREDICT_BATCH_REQUEST__ROWS_COLUMNS:
                guard let columns = call.columns?.pointee else { return .predictBatchEmpty }
                return .predictBatchByColumns(try views(of: columns, arena: arena))
            default:
                return .predictBatchEmpty
            }
        case CHURN__V1__REQUEST__METHOD_HEALTH:
            guard let call = message.health?.pointee else { return .unknown }
            return .health(names: call.names != 0)
        default:
            return .unknown
        }
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
