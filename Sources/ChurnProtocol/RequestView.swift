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
        case .malformed: "the request is not a message of churn.v1"
        case .tooManyFields: "the request has more fields than its size allows for"
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
        let decoded = try arena.unpack(payload) { churn__v1__request__unpack($0, $1, $2) }
        let message = decoded.pointee
        // A later field 1 replaces the first one: then the two ways of reading the id disagree.
        guard message.call_id == callID, let model = message.model else { throw .noCallID }
        return RequestView(
            callID: callID,
            timeoutMilliseconds: message.timeout_ms,
            call: try call(of: message, model: model, arena: arena)
        )
    }

    private static func call(
        of message: Churn__V1__Request,
        model: UnsafePointer<CChar>,
        arena: DecodeArena
    ) throws(DecodeError) -> Call {
        switch message.method_case {
        case CHURN__V1__REQUEST__METHOD_PREDICT_BY_ID:
            if let request = message.predict_by_id?.pointee { return Call(request, envelope: model) }
        case CHURN__V1__REQUEST__METHOD_PREDICT_BATCH:
            if let request = message.predict_batch?.pointee {
                return try Call(request, envelope: model, arena: arena)
            }
        case CHURN__V1__REQUEST__METHOD_HEALTH:
            if let request = message.health?.pointee { return Call(request, envelope: model) }
        default: break
        }
        return Call(model: model, method: .unknown)
    }
}
