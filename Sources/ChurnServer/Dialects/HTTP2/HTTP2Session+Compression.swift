internal import ChurnCalls
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore
internal import NIOPosix

extension HTTP2Session {
    /// Unpacks a message, and has it answered: on the loop what is small in both forms, else on a worker, in memory that is
    /// reserved for it.
    func inflate(_ message: GRPCMessageReader.Message, on stream: HTTP2Stream) {
        guard let bytes = GzipMessage.messageBytes(of: message.bytes) else { return fail(stream, GzipMessage.damaged) }
        guard bytes <= ProtocolLimits.payloadBytes else { return fail(stream, .messageTooLong(bytes)) }
        switch message {
        case .small(let compressed) where bytes <= ServerLimits.inlinePayloadBytes:
            do throws(CallFailure) {
                answer(.small(try inflated(compressed)), on: stream)
            } catch {
                fail(stream, error)
            }
        case .small(let compressed):
            if let copy = copy(of: compressed, on: stream) { submit(copy, inflatedBytes: bytes, on: stream) }
        case .large(let payload): submit(payload, inflatedBytes: bytes, on: stream)
        }
    }

    /// Unpacks a message that is answered on the loop.
    ///
    /// - Returns: valid until the next one of the loop is unpacked.
    func inflated(_ compressed: UnsafeRawBufferPointer) throws(CallFailure) -> UnsafeRawBufferPointer {
        guard let bytes = GzipMessage.messageBytes(of: compressed) else { throw GzipMessage.damaged }
        guard bytes <= ServerLimits.inlinePayloadBytes else { throw .messageTooLong(bytes) }
        let target = UnsafeMutableRawBufferPointer(rebasing: shared.inflated.memory[..<bytes])
        try GzipMessage.inflate(compressed, into: target)
        return UnsafeRawBufferPointer(target)
    }

    private func submit(_ compressed: LargePayload, inflatedBytes: Int, on stream: HTTP2Stream) {
        guard let reserved = loop.services.budget.reserve(inflatedBytes) else {
            return fail(stream, .outOfMemoryBudget)
        }
        let message = LargePayload(bytes: inflatedBytes, reserved: reserved)
        stream.phase = .answering
        stream.overdueAt = nil
        stream.isWaitedFor = true
        // The worker has it now, and with it what was reserved.
        stream.message.clear()
        let (id, streamID, handle, liveness) = (id, stream.id, loop.handle, stream.liveness)
        loop.services.work {
            guard !liveness.hasEnded else { return }
            var failure: CallFailure?
            do throws(CallFailure) {
                try GzipMessage.inflate(compressed.bytes, into: message.room)
                message.filled(inflatedBytes)
            } catch {
                failure = error
            }
            handle.execute { [failure] loop in
                // A connection that is gone by then wants no answer.
                (loop.session(id) as? HTTP2Session)?.receivedInflated(message, failure, of: streamID)
            }
        }
    }

    private func receivedInflated(_ message: LargePayload, _ failure: CallFailure?, of streamID: Int32) {
        guard let stream = stream(streamID), stream.phase == .answering else { return }
        stream.isWaitedFor = false
        takeTurn {
            if let failure {
                fail(stream, failure)
            } else {
                let isSmall = message.bytes.count <= ServerLimits.inlinePayloadBytes
                answer(isSmall ? .small(message.bytes) : .large(message), on: stream)
            }
        }
    }
}

/// Memory for a message that is answered on the loop.
final class MessageScratch {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: ServerLimits.inlinePayloadBytes, alignment: 16)

    deinit {
        memory.deallocate()
    }
}
