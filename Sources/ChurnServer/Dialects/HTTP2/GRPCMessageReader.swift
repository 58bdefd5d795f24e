internal import ChurnCalls
internal import ChurnProtocol

/// Gathers the one message of a unary request: a byte that tells whether it is compressed, its length in four bytes, and
/// its bytes. It does no I/O.
///
/// Every limit is checked from the prefix, before the message is waited for.
struct GRPCMessageReader: ~Copyable {
    enum Message {
        /// Valid until the reader is used again, and no longer than the input.
        case small(UnsafeRawBufferPointer)
        /// For a worker.
        case large(LargePayload)

        var bytes: UnsafeRawBufferPointer {
            switch self {
            case .small(let bytes): bytes
            case .large(let payload): payload.bytes
            }
        }
    }

    static let prefixBytes = 5

    /// Whether messages may be compressed by gzip.
    var takesGzip = false
    private var prefix: (count: Int, flags: UInt8, length: Int) = (0, 0, 0)
    private var partial = PartialFrame()
    /// `takeNext` has returned what is in `partial`.
    private var hasTaken = false
    /// In place of `partial`, for what is too long to be kept without a reservation.
    private var large: LargePayload?

    /// Takes a piece of the request.
    ///
    /// - Parameters:
    ///   - isLast: the request may end with it.
    ///   - reserve: memory for a message that does not come in one piece.
    /// - Returns: the message when it is whole and `isLast`.
    mutating func take(
        _ piece: UnsafeRawBufferPointer,
        isLast: Bool,
        reserve: (Int) -> MemoryBudget.Reservation?
    ) throws(CallFailure) -> Message? {
        var rest = piece
        guard try takePrefix(&rest) else { return nil }
        if partial.isEmpty, large == nil {
            // The usual case: nothing is copied.
            if isLast, rest.count == prefix.length, rest.count <= ServerLimits.inlinePayloadBytes {
                return .small(rest)
            }
            try makeRoom(reserve)
        }
        if let large { large.take(from: &rest) } else { partial.take(from: &rest, upTo: prefix.length) }
        guard rest.isEmpty else { throw .invalidArgument("the request of a unary call has more than one message") }
        return isLast && isComplete ? message : nil
    }

    /// The request has ended.
    ///
    /// - Returns: its message.
    mutating func end() throws(CallFailure) -> Message {
        guard prefix.count == Self.prefixBytes else { throw .invalidArgument("the request has no message") }
        guard isComplete else {
            throw .invalidArgument("the request ends before its message of \(prefix.length) bytes does")
        }
        return message
    }

    /// Whether the message in hand is compressed.
    var isCompressed: Bool { prefix.flags != 0 }

    /// Takes the next message of a request that may have several.
    ///
    /// - Returns: it, when it is whole: valid until the reader is used again.
    mutating func takeNext(
        _ rest: inout UnsafeRawBufferPointer,
        atMost limit: Int
    ) throws(CallFailure) -> UnsafeRawBufferPointer? {
        if hasTaken {
            prefix = (0, 0, 0)
            partial.clear()
            hasTaken = false
        }
        guard try takePrefix(&rest) else { return nil }
        guard prefix.length <= limit else {
            let text = "a request of \(prefix.length) bytes is above the limit of \(limit) that this method has"
            throw CallFailure(code: .resourceExhausted, message: text)
        }
        partial.take(from: &rest, upTo: prefix.length)
        hasTaken = partial.count == prefix.length
        return hasTaken ? partial.bytes : nil
    }

    /// Nothing has come of the message after the last one that was taken.
    var isBetweenMessages: Bool { prefix.count == 0 || hasTaken }

    mutating func clear() {
        hasTaken = false
        takesGzip = false
        prefix = (0, 0, 0)
        partial.clear()
        large = nil
    }

    private var isComplete: Bool { large?.isComplete ?? (partial.count == prefix.length) }

    private var message: Message {
        guard let large else { return .small(partial.bytes) }
        return large.bytes.count <= ServerLimits.inlinePayloadBytes ? .small(large.bytes) : .large(large)
    }

    /// - Returns: whether the prefix is whole, and its message may come.
    private mutating func takePrefix(_ rest: inout UnsafeRawBufferPointer) throws(CallFailure) -> Bool {
        if prefix.count == Self.prefixBytes { return true }
        while prefix.count < Self.prefixBytes {
            guard let byte = rest.first else { return false }
            if prefix.count == 0 { prefix.flags = byte } else { prefix.length = prefix.length << 8 | Int(byte) }
            prefix.count += 1
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst())
        }
        guard prefix.flags == 0 || (prefix.flags == 1 && takesGzip) else {
            let text = "the message is marked as compressed, and the call's grpc-encoding is not gzip"
            throw CallFailure(code: .internal, message: text)
        }
        guard prefix.length <= ProtocolLimits.payloadBytes else { throw .messageTooLong(prefix.length) }
        return true
    }

    private mutating func makeRoom(_ reserve: (Int) -> MemoryBudget.Reservation?) throws(CallFailure) {
        guard prefix.length > ServerLimits.keptPartialBytes else { return }
        guard let reserved = reserve(prefix.length) else { throw .outOfMemoryBudget }
        large = LargePayload(bytes: prefix.length, reserved: reserved)
    }
}

extension CallFailure {
    static func messageTooLong(_ bytes: Int) -> CallFailure {
        let text = "a message of \(bytes) bytes is above the limit of \(ProtocolLimits.payloadBytes)"
        return CallFailure(code: .resourceExhausted, message: text)
    }
}
