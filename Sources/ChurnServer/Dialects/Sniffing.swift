internal import NIOCore

/// Which dialect the connections of an endpoint speak.
package enum DialectChoice: Sendable {
    /// Known when a connection is accepted.
    case fixed(any Dialect)
    /// Told by a connection's first byte, on a port that several dialects share. The first is that of a connection which
    /// says nothing: at a drain it gets this dialect's notice. A first byte of none of them closes the connection.
    case firstByte([(bytes: ClosedRange<UInt8>, dialect: any Dialect)])

    /// HTTP/1.1 and HTTP/2, and nothing else: what begins with no letter either is refused in the words of HTTP/1.1.
    package static let http = DialectChoice.firstByte([
        (0x00...UInt8(ascii: "O"), HTTP1Dialect()),
        (UInt8(ascii: "P")...UInt8(ascii: "P"), HTTP2Dialect(hasCalls: false)),
        (UInt8(ascii: "Q")...0xFF, HTTP1Dialect()),
    ])

    /// Every dialect there is to choose from.
    var dialects: [any Dialect] {
        switch self {
        case .fixed(let dialect): [dialect]
        case .firstByte(let choices): choices.map(\.dialect)
        }
    }

    /// gRPC, HTTP/1.1 and HTTP/2, and churn's frames. No frame within the limits begins with a byte above 1: what
    /// begins with another and is neither a letter nor TLS is refused as a frame, by which a peer of ours learns more than
    /// by a close.
    package static let all = DialectChoice.firstByte([
        (0x00...0x15, FrameDialect()),
        (UInt8(ascii: "P")...UInt8(ascii: "P"), HTTP2Dialect()),
        (UInt8(ascii: "A")...UInt8(ascii: "Z"), HTTP1Dialect()),
        (0x17...0xFF, FrameDialect()),
    ])

    /// Whose words a connection is refused in, before its first byte. On a shared port the first dialect's: a peer of
    /// another has nothing to read in them, and takes them for a close.
    var refusing: (any Dialect)? { dialects.first }

    /// The session of a connection that has just begun.
    func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession {
        switch self {
        case .fixed(let dialect): dialect.makeSession(on: loop, over: transport, peer: peer)
        case .firstByte: SniffingSession(self, on: loop, over: transport, peer: peer)
        }
    }
}

/// A connection whose dialect is not known yet. It hands the connection over to the session of that dialect with the first
/// byte, and writes nothing of its own.
final class SniffingSession: ConnectionSession {
    let id: Int
    private let choice: DialectChoice
    private let loop: LoopContext
    private let transport: any ConnectionTransport
    private let peer: Peer
    /// A silent connection is closed then.
    private let overdueAt: NIODeadline

    init(_ choice: DialectChoice, on loop: LoopContext, over transport: any ConnectionTransport, peer: Peer) {
        self.choice = choice
        self.loop = loop
        self.transport = transport
        self.peer = peer
        overdueAt = .now() + ServerLimits.firstByteTimeout
        id = loop.nextSessionID()
        loop.add(self)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard case .firstByte(let choices) = choice, let first = bytes.first,
            let found = choices.first(where: { $0.bytes.contains(first) })
        else { return transport.close() }
        become(found.dialect).receive(bytes)
    }

    func announceDraining() {
        guard let dialect = choice.dialects.first else { return transport.close() }
        // Its session announces by itself that the loop is draining.
        _ = become(dialect)
    }

    private func become(_ dialect: any Dialect) -> any ConnectionSession {
        let session = dialect.makeSession(on: loop, over: transport, peer: peer)
        transport.continue(with: session)
        // Only now: a loop without any session counts as drained.
        loop.remove(self)
        return session
    }

    func inputClosed() { transport.close() }
    func closed() { loop.remove(self) }
    /// It has made no call.
    func finish(_ late: [LateAnswers.Item]) {}
    func closeIfOverdue(_ now: NIODeadline) { if now >= overdueAt { close() } }
    func close() { transport.close() }
}
