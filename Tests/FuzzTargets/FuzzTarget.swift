internal import ChurnServer
internal import NIOCore
internal import TestSupport

/// What is fed with inputs: the session of a dialect, from its first byte to its end, in memory.
///
/// The first two bytes of an input say how the rest arrives: `FuzzOptions`, and what the sizes of the pieces are drawn from.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case http1, http2, frames

    /// - Returns: what is wrong, in one line; `nil` when all is as it should be.
    package func run(_ input: [UInt8]) throws -> String? {
        guard input.count >= 2 else { return nil }
        let options = FuzzOptions(rawValue: input[0])
        let random = SplitMix64(seed: UInt64(input[0]) << 8 | UInt64(input[1]))
        let bytes = self.bytes(input[2...], options)
        if self == .http1, let wrong = HTTP1Pieces.difference(bytes, random) { return wrong }
        var run = try FuzzRun(self, options, random)
        return run.run(bytes)
    }

    /// What the peer sends.
    private func bytes(_ rest: ArraySlice<UInt8>, _ options: FuzzOptions) -> [UInt8] {
        guard self == .http2 else { return Array(rest) }
        let start = options.contains(.bare) ? [] : HTTP2Bytes.preface
        return start + (options.contains(.records) ? HTTP2Bytes.frames(ofRecords: rest) : Array(rest))
    }

    fileprivate var dialect: any Dialect {
        switch self {
        case .http1: HTTP1Dialect()
        case .http2: HTTP2Dialect()
        case .frames: FrameDialect()
        }
    }

    /// - Parameter output: all that a connection has been sent which has ended in order.
    fileprivate func fault(of output: [UInt8]) -> String? {
        switch self {
        case .http1:
            output.isEmpty || output.starts(with: Array("HTTP/1.1 ".utf8)) ? nil : "an answer is none of HTTP/1.1"
        case .http2: HTTP2Bytes.fault(of: output)
        case .frames: nil
        }
    }
}

/// How an input arrives.
package struct FuzzOptions: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Customers have to be waited for.
    package static let late = FuzzOptions(rawValue: 1)
    /// The peer takes answers by and by.
    package static let slow = FuzzOptions(rawValue: 2)
    /// In pieces of a few bytes.
    package static let small = FuzzOptions(rawValue: 4)
    /// The server is told to stop in between.
    package static let drains = FuzzOptions(rawValue: 8)
    /// HTTP/2: the input is records, from which frames are made with lengths that are right.
    package static let records = FuzzOptions(rawValue: 16)
    /// An hour passes in between.
    package static let waits = FuzzOptions(rawValue: 32)
    /// The connection breaks at the end.
    package static let breaks = FuzzOptions(rawValue: 64)
    /// HTTP/2: without the preface, which is put before the input else.
    package static let bare = FuzzOptions(rawValue: 128)
}

/// One input on its way through a session.
private struct FuzzRun {
    let target: FuzzTarget
    let options: FuzzOptions
    var random: SplitMix64
    let server: FuzzServer
    let connection: FuzzConnection

    init(_ target: FuzzTarget, _ options: FuzzOptions, _ random: SplitMix64) throws {
        self.target = target
        self.options = options
        self.random = random
        server = try FuzzServer(isLate: options.contains(.late))
        connection = FuzzConnection(isSlow: options.contains(.slow), random: random)
        // That of a port that all dialects share: a peer of HTTP/2's may turn out to speak HTTP/1.1.
        let peer = Peer(endpoint: Endpoint(port: 0))
        let session = target.dialect.makeSession(on: server.context, over: connection, peer: peer)
        connection.continue(with: session)
    }

    mutating func run(_ bytes: [UInt8]) -> String? {
        bytes.withUnsafeBytes { feed($0) }
        server.settle(connection.takeOutput)
        if let wrong = end() { return wrong }
        server.settle(connection.takeOutput)
        if server.context.openSessions > 0 { return "the loop has a session of a connection that is closed" }
        if connection.hasSession { return "the session of a closed connection is still referred to" }
        let reserved = server.budget.usedBytes
        if reserved != 0 { return "\(reserved) bytes of the budget are not given back" }
        let isWhole = connection.hasEndedInOrder && connection.outputBytes == connection.output.count
        return isWhole ? target.fault(of: connection.output) : nil
    }

    private mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        let longest = options.contains(.small) ? 8 : 32 * 1024
        while !rest.isEmpty, connection.isOpen {
            guard connection.takesInput else {
                connection.takeOutput()
                continue
            }
            let wanted = Bool.random(using: &random) ? longest : Int.random(in: 1...longest, using: &random)
            let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(min(wanted, rest.count)))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(piece.count))
            connection.receive(piece)
            connection.takeOutput()
            passTime()
        }
    }

    /// What may come between two reads.
    private mutating func passTime() {
        switch UInt8.random(in: 0..<32, using: &random) {
        case 0..<4: server.settle(connection.takeOutput)
        case 4 where options.contains(.drains): server.beginDraining()
        case 5 where options.contains(.waits): waitAnHour()
        default: break
        }
    }

    private func waitAnHour() {
        connection.session?.closeIfOverdue(.now() + .hours(1))
        connection.takeOutput()
    }

    private func end() -> String? {
        if options.contains(.breaks) {
            connection.close()
            return nil
        }
        connection.endInput()
        // Whatever is to be answered is answered, and then time passes.
        for _ in 0..<4 {
            server.settle(connection.takeOutput)
            while connection.isOpen, !connection.hasTakenAll { connection.takeOutput() }
            server.settle(connection.takeOutput)
            if !connection.isOpen { return nil }
            waitAnHour()
        }
        guard connection.isOpen else { return nil }
        connection.close()
        return "the connection is open hours after its peer has ended it"
    }
}
