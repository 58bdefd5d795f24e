package import ChurnCalls
package import ChurnServing
package import NIOCore

/// A protocol that a connection may speak. It makes the sessions of its connections; answering calls is `ChurnServing`'s.
package protocol Dialect: Sendable {
    /// What the dialect derives from a snapshot, once for all loops and connections; `nil` for nothing.
    func prepare(_ snapshot: ServingSnapshot) -> (any Sendable)?

    /// The session of a connection that has just begun. On the loop's thread.
    func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession

    /// What a connection is sent before it is closed without a session.
    func refusal(_ failure: CallFailure) -> ByteBuffer
}

/// One connection, as far as a dialect knows of it.
package struct Peer: Sendable {
    /// Where the connection came in.
    package let endpoint: Endpoint

    package init(endpoint: Endpoint) {
        self.endpoint = endpoint
    }
}

/// The protocol state of one connection, without its socket. Confined to the thread of its loop.
///
/// A session adds itself to its loop when it is made, and removes itself when it is told that it has `closed`.
package protocol ConnectionSession: AnyObject {
    /// Distinct among the sessions of a loop, those included that are gone; from `LoopContext.nextSessionID`.
    var id: Int { get }

    // MARK: From the transport

    /// Takes the bytes of one read, and answers what is complete.
    func receive(_ bytes: UnsafeRawBufferPointer)

    /// Where the next bytes are to be read to; `nil` when they go through `receive`.
    var payloadRoom: UnsafeMutableRawBufferPointer? { get }

    /// `count` bytes have been read into `payloadRoom`.
    func receivedPayload(_ count: Int)

    /// The peer has taken what waited for it, after the transport was backed up. A transport may call it from within `send`.
    func outputTaken()

    /// The peer will send no more.
    func inputClosed()

    /// The connection is gone. The last call of a transport.
    func closed()

    // MARK: From the loop

    /// Answers calls that had to wait, all in one piece.
    func finish(_ late: [LateAnswers.Item])

    /// Tells the peer that the server is going away.
    func announceDraining()

    /// Closes the connection if its peer has been waited for too long.
    func closeIfOverdue(_ now: NIODeadline)

    /// Closes the connection now.
    func close()
}

extension ConnectionSession {
    package var payloadRoom: UnsafeMutableRawBufferPointer? { nil }
    package func receivedPayload(_ count: Int) {}
    package func outputTaken() {}
}

/// What a dialect keeps for all its connections on one loop. Confined to the loop's thread.
package protocol DialectState: AnyObject {
    /// The loop has another snapshot now; also called once at the beginning.
    func snapshotChanged(_ current: PreparedSnapshot)

    /// The server has begun to drain, as far as Health reports it.
    func healthChanged()
}

extension DialectState {
    package func healthChanged() {}
}

/// A snapshot, and what each dialect has derived from it.
package final class PreparedSnapshot: Sendable {
    package let snapshot: ServingSnapshot
    private let prepared: [ObjectIdentifier: any Sendable]

    package init(_ snapshot: ServingSnapshot, for dialects: [any Dialect]) {
        self.snapshot = snapshot
        var prepared: [ObjectIdentifier: any Sendable] = [:]
        for dialect in dialects {
            let key = ObjectIdentifier(type(of: dialect))
            if prepared[key] == nil { prepared[key] = dialect.prepare(snapshot) }
        }
        self.prepared = prepared
    }

    /// What the dialect's `prepare` has returned.
    package func prepared(for dialect: any Dialect.Type) -> (any Sendable)? {
        prepared[ObjectIdentifier(dialect)]
    }
}
