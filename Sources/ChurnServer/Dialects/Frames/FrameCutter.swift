package import ChurnCalls
internal import ChurnProtocol

/// Turns the bytes of one connection into frames. It does no I/O, and answers nothing.
///
/// Every limit is checked from a frame's header (and the call id behind it), before its payload is waited for.
package struct FrameCutter: ~Copyable {
    /// What the front of the input has turned out to be.
    package enum Event {
        /// The input is used up; a frame that has begun needs more.
        case needsMore
        /// A whole payload; valid until the cutter is used again, and no longer than the input.
        case frame(UnsafeRawBufferPointer)
        /// A frame that is too long to be kept in the cutter has begun. Before anything else, `gather` or `skip` it.
        case large(payloadBytes: Int, callID: UInt64)
        /// A large payload has been gathered whole.
        case gathered(LargePayload)
        /// The input is no frame, and there is no way to tell where the next one begins.
        case broken(CallFailure, callID: UInt64)
    }

    private enum State {
        case frames
        /// Its header has been read; whether it is gathered or skipped is not decided.
        case undecided(payloadBytes: Int)
        /// A large frame, whose payload goes straight into memory of its own.
        case gathering(LargePayload)
        /// The rest of a frame that is not wanted.
        case skipping(bytes: Int)
        /// Whatever comes is thrown away.
        case discarding
    }

    /// What a frame's beginning allows to be said of it.
    private enum Measure {
        /// The frame needs this many bytes from its start before more can be said.
        case needs(bytes: Int)
        case whole(frameBytes: Int)
        case large(payloadBytes: Int, callID: UInt64)
        case broken(CallFailure, callID: UInt64)
    }

    private var state = State.frames
    private var partial = PartialFrame()

    package init() {}

    /// Whether the next byte begins a frame.
    package var isBetweenFrames: Bool {
        if case .frames = state { partial.isEmpty } else { false }
    }

    package var isDiscarding: Bool {
        if case .discarding = state { true } else { false }
    }

    /// Takes bytes from the front of `input` until there is something to say of them.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
        while true {
            switch state {
            case .frames where partial.isEmpty:
                if let event = cutWhole(&input) { return event }
            case .frames:
                if let event = cutPartial(&input) { return event }
            case .gathering(let payload):
                payload.take(from: &input)
                guard let payload = gatheredPayload() else { return .needsMore }
                return .gathered(payload)
            case .skipping(let bytes):
                let skipped = min(bytes, input.count)
                input = UnsafeRawBufferPointer(rebasing: input[skipped...])
                guard skipped == bytes else {
                    state = .skipping(bytes: bytes - skipped)
                    return .needsMore
                }
                state = .frames
            case .undecided:
                preconditionFailure("a large frame is neither gathered nor skipped")
            case .discarding:
                input = UnsafeRawBufferPointer(start: nil, count: 0)
                return .needsMore
            }
        }
    }

    /// - Returns: `nil` to go on with what is in `partial`.
    private mutating func cutWhole(_ input: inout UnsafeRawBufferPointer) -> Event? {
        if input.isEmpty { return .needsMore }
        switch Self.measure(input) {
        case .needs(let bytes):
            partial.take(from: &input, upTo: bytes)
            return .needsMore
        case .whole(let frameBytes):
            let payload = UnsafeRawBufferPointer(rebasing: input[ProtocolLimits.headerBytes..<frameBytes])
            input = UnsafeRawBufferPointer(rebasing: input[frameBytes...])
            return .frame(payload)
        case .large(let payloadBytes, let callID):
            input = UnsafeRawBufferPointer(rebasing: input[ProtocolLimits.headerBytes...])
            state = .undecided(payloadBytes: payloadBytes)
            return .large(payloadBytes: payloadBytes, callID: callID)
        case .broken(let failure, let callID):
            return .broken(failure, callID: callID)
        }
    }

    /// - Returns: `nil` to measure again, with more bytes.
    private mutating func cutPartial(_ input: inout UnsafeRawBufferPointer) -> Event? {
        switch Self.measure(partial.bytes) {
        case .needs(let bytes):
            if input.isEmpty { return .needsMore }
            partial.take(from: &input, upTo: bytes)
            return nil
        case .whole:
            return .frame(UnsafeRawBufferPointer(rebasing: partial.takeAll()[ProtocolLimits.headerBytes...]))
        case .large(let payloadBytes, let callID):
            // What the frame has beyond its front is still in the input: a partial frame is never longer than it must be.
            state = .undecided(payloadBytes: payloadBytes)
            return .large(payloadBytes: payloadBytes, callID: callID)
        case .broken(let failure, let callID):
            return .broken(failure, callID: callID)
        }
    }

    private static func measure(_ bytes: UnsafeRawBufferPointer) -> Measure {
        guard bytes.count >= ProtocolLimits.headerBytes, let start = bytes.baseAddress else {
            return .needs(bytes: ProtocolLimits.headerBytes)
        }
        let payloadBytes = FrameHeader.payloadBytes(start)
        let payload = UnsafeRawBufferPointer(rebasing: bytes[ProtocolLimits.headerBytes...])
        guard payloadBytes <= ProtocolLimits.payloadBytes else {
            let message = "a frame of \(payloadBytes) bytes is above the limit of \(ProtocolLimits.payloadBytes)"
            return .broken(
                CallFailure(code: .resourceExhausted, message: message),
                callID: FrameHeader.callID(payload) ?? 0
            )
        }
        guard payloadBytes >= ProtocolLimits.callIDBytes else { return noCallID }
        guard payloadBytes > ServerLimits.inlinePayloadBytes else {
            let frameBytes = ProtocolLimits.headerBytes + payloadBytes
            return bytes.count >= frameBytes ? .whole(frameBytes: frameBytes) : .needs(bytes: frameBytes)
        }
        guard payload.count >= ProtocolLimits.callIDBytes else {
            return .needs(bytes: ProtocolLimits.headerBytes + ProtocolLimits.callIDBytes)
        }
        guard let callID = FrameHeader.callID(payload) else { return noCallID }
        return .large(payloadBytes: payloadBytes, callID: callID)
    }

    private static var noCallID: Measure { .broken(.invalidArgument(DecodeError.noCallID.description), callID: 0) }

    // MARK: Large frames

    /// Gathers the large frame that has begun into `payload`, which has room for it.
    package mutating func gather(into payload: LargePayload) {
        guard case .undecided = state else { return }
        var front = takeFront()
        payload.take(from: &front)
        state = .gathering(payload)
    }

    /// Passes over the large frame that has begun.
    package mutating func skip() {
        guard case .undecided(let payloadBytes) = state else { return }
        state = .skipping(bytes: payloadBytes - takeFront().count)
    }

    /// What the cutter has of the undecided payload; the rest is in the input.
    private mutating func takeFront() -> UnsafeRawBufferPointer {
        if partial.isEmpty { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: partial.takeAll()[ProtocolLimits.headerBytes...])
    }

    /// Where the next bytes of a large payload are to be read to; `nil` when they go through `next`.
    package var payloadRoom: UnsafeMutableRawBufferPointer? {
        if case .gathering(let payload) = state { payload.room } else { nil }
    }

    /// `count` bytes have been read into `payloadRoom`.
    ///
    /// - Returns: the payload, when it is whole now.
    package mutating func receivedPayload(_ count: Int) -> LargePayload? {
        guard case .gathering(let payload) = state else { return nil }
        payload.filled(count)
        return gatheredPayload()
    }

    private mutating func gatheredPayload() -> LargePayload? {
        guard case .gathering(let payload) = state, payload.isComplete else { return nil }
        state = .frames
        return payload
    }

    // MARK: Ends

    /// Throws away all input from here on.
    package mutating func discard() {
        state = .discarding
        partial.clear()
    }

    /// Forgets a frame that will not be completed, as its input has ended.
    mutating func dropPartialFrame() {
        partial.clear()
    }

    /// Gives back memory that a frame has needed which is answered now.
    package mutating func giveBackMemory() {
        partial.giveBackMemory()
    }
}

/// The beginning of a frame whose rest has not arrived; at most as long as is needed to go on with it.
struct PartialFrame: ~Copyable {
    private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var count = 0

    deinit {
        memory.deallocate()
    }

    var isEmpty: Bool { count == 0 }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory[..<count]) }

    /// Takes from the front of `rest` until there are `total` bytes, or none left.
    mutating func take(from rest: inout UnsafeRawBufferPointer, upTo total: Int) {
        let taken = min(max(0, total - count), rest.count)
        if memory.count < count + taken { grow(to: total) }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<taken]))
        count += taken
        rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
    }

    /// Gives up the bytes, which stay valid until the next call.
    mutating func takeAll() -> UnsafeRawBufferPointer {
        defer { count = 0 }
        return bytes
    }

    mutating func clear() {
        count = 0
        giveBackMemory()
    }

    /// Gives back memory that a long beginning has needed, unless there are bytes in it.
    mutating func giveBackMemory() {
        guard count == 0, memory.count > ServerLimits.keptPartialBytes else { return }
        memory.deallocate()
        memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    }

    private mutating func grow(to bytes: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(64, bytes), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }
}
