internal import ChurnCalls
internal import ChurnProtocol
internal import NIOCore

/// Reads a large message of gRPC, and writes that of its answer.
struct GRPCCallCodec: LargeCallCodec {
    enum Output: Sendable {
        /// With its prefix.
        case message(ByteBuffer)
        case failure(CallFailure)
    }

    let method: ServiceMethod
    let deadline: NIODeadline?

    func decode(_ payload: UnsafeRawBufferPointer, arena: DecodeArena) throws(DecodeError) -> LargeCall {
        LargeCall(call: try RequestMessage.decode(payload, of: method, arena: arena), deadline: deadline)
    }

    func encode(_ answer: Answer, callID: UInt64) -> Output {
        var output = ByteBuffer()
        if let failure = output.writeGRPC({ ResponseEncoder.writeMessage(answer, to: &$0) }) {
            return .failure(failure)
        }
        return .message(output)
    }

    func refuse(_ error: DecodeError, _ payload: UnsafeRawBufferPointer) -> Output {
        .failure(.invalidArgument(error.description))
    }
}

extension ByteBuffer {
    /// Writes a message that is not compressed, with its prefix.
    ///
    /// - Parameter write: returns a failure for having written nothing.
    mutating func writeGRPC(_ write: (inout ByteBuffer) -> CallFailure?) -> CallFailure? {
        let start = writerIndex
        writeRepeatingByte(0, count: GRPCMessageReader.prefixBytes)
        if let failure = write(&self) {
            moveWriterIndex(to: start)
            return failure
        }
        let length = writerIndex - start - GRPCMessageReader.prefixBytes
        setInteger(UInt32(truncatingIfNeeded: length), at: start + 1)
        return nil
    }
}
