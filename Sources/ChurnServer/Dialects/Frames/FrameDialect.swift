package import ChurnCalls
internal import ChurnProtocol
package import ChurnServing
package import NIOCore

/// The dialect of docs/protocol.md: length-prefixed protobuf messages.
package struct FrameDialect: Dialect {
    package init() {}

    /// The short way to the default model's answers, where there is one.
    package func prepare(_ snapshot: ServingSnapshot) -> (any Sendable)? {
        let served = snapshot.models.first
        guard let resident = snapshot.resident, snapshot.answers(by: served) else { return nil }
        return PlainRoute(resident, served: served)
    }

    package func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession {
        FrameSession(loop: loop, frames: loop.state(of: FrameDialect.self) { FrameLoop() }, transport: transport)
    }

    package func refusal(_ failure: CallFailure) -> ByteBuffer {
        var output = ByteBuffer()
        ResponseEncoder.write(failure, callID: 0, to: &output)
        return output
    }
}

/// What the frame sessions of one loop share: memory to decode into and to write answers to, and the short way.
///
/// The memory is behind pointers, because the run-time checks of exclusive access to a class's property cost more than
/// writing an answer.
final class FrameLoop: DialectState {
    /// What the session in hand decodes into, and writes to; empty between its turns.
    let arena = DecodeArena()
    let output = UnsafeMutablePointer<ByteBuffer>.allocate(capacity: 1)
    private var current: PreparedSnapshot?
    /// Of `current`, without a retain for each call.
    private var plainRoute: Unmanaged<PlainRoute>?

    init() {
        output.initialize(to: ByteBuffer())
    }

    deinit {
        output.deinitialize(count: 1)
        output.deallocate()
    }

    func snapshotChanged(_ current: PreparedSnapshot) {
        self.current = current
        plainRoute = (current.prepared(for: FrameDialect.self) as? PlainRoute).map(Unmanaged.passUnretained)
    }

    /// Answers the plain calls at the front of `input` the short way, as far as that is open to them.
    @inline(__always)
    func answerPlain(_ input: inout UnsafeRawBufferPointer, arrival: NIODeadline) {
        guard let plainRoute else { return }
        plainRoute._withUnsafeGuaranteedRef { $0.answerRun(&input, arrival: arrival, to: &output.pointee) }
    }

    /// Makes the output buffer ready for the next turn.
    func recycleOutput() {
        if output.pointee.capacity > ServerLimits.keptOutputBytes {
            output.pointee = ByteBuffer()
        } else {
            output.pointee.clear()
        }
    }
}

extension NIODeadline {
    /// When a call that arrived now ends at the latest; `nil` when it has no deadline.
    ///
    /// - Parameter timeoutMilliseconds: as on the wire, 0 for none.
    @inline(__always)
    func deadline(timeoutMilliseconds: UInt32) -> NIODeadline? {
        timeoutMilliseconds == 0 ? nil : self + .milliseconds(Int64(timeoutMilliseconds))
    }
}
