internal import CChurnProto
internal import CProtobufC
package import ChurnCalls
internal import ChurnBase
package import NIOCore

/// Writes responses, each behind whatever the buffer already holds: as frames, or as bare messages.
package enum ResponseEncoder {
    package static func write(
        _ answer: PredictByIDAnswer,
        model: ModelIdentityView,
        callID: UInt64,
        to buffer: inout ByteBuffer
    ) {
        withMessage(answer, model) { body in
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
        withMessage(answer, model) { body in
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
        withMessage(report) { body in
            writeResponse(callID: callID, to: &buffer) { response in
                response.result_case = CHURN__V1__RESPONSE__RESULT_HEALTH
                response.health = body
            }
        }
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
        write(bytes: payloadBytes, pack: pack)
    }

    /// Appends one message, packed straight into the buffer.
    ///
    /// - Parameter pack: writes exactly `count` bytes and returns how many it wrote.
    mutating func write(bytes count: Int, pack: (UnsafeMutablePointer<UInt8>) -> Int) {
        guard count > 0 else { return }
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
            guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return 0 }
            let written = pack(start)
            precondition(written == count, "protobuf-c packed another size than it announced")
            return written
        }
    }
}
