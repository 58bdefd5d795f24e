internal import ChurnCalls
internal import ChurnProtocol
internal import NIOCore

/// Reads a large frame, and writes the frame of its answer.
struct FrameCallCodec: LargeCallCodec {
    enum Output: Sendable {
        case answer(ByteBuffer)
        /// The frame is broken; `callID` is 0 when it has none.
        case undecodable(DecodeError, callID: UInt64)
    }

    /// What the deadline is counted from.
    let arrival: NIODeadline

    func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> LargeCall {
        let request = try RequestView.decode(payload, arena: arena)
        return LargeCall(
            call: request.call,
            callID: request.callID,
            deadline: arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
        )
    }

    func encode(_ answer: Answer, callID: UInt64) -> Output {
        var output = ByteBuffer()
        ResponseEncoder.write(answer, callID: callID, to: &output)
        return .answer(output)
    }

    func refuse(_ error: DecodeError, _ payload: UnsafeRawBufferPointer) -> Output {
        .undecodable(error, callID: FrameHeader.callID(payload) ?? 0)
    }
}
