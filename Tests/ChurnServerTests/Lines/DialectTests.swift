import ChurnCalls
import ChurnProtocol
import ChurnServer
import ServerTestSupport
import TestSupport
import Testing

/// What a second dialect needs is in its own folder, this one: nothing outside of it knows of lines.
@Suite struct DialectTests {
    private static let ways: [LookupMode] = [.resident, .readThrough()]

    /// Frames begin with 00 or 01, lines with a small letter.
    private static let shared = DialectChoice.firstByte([
        (0...1, FrameDialect()), (UInt8(ascii: "a")...UInt8(ascii: "z"), LinesDialect()),
    ])

    @Test("a dialect of an endpoint of its own has the answers of the other, bit for bit", arguments: ways)
    func ownEndpoint(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: {
            $0.lookup = lookup
            $0.endpoints = [Endpoint(port: 0, dialect: .fixed(LinesDialect())), Endpoint(port: 0)]
        }) { server in
            let peer = try await server.connect()
            let lines = try await blocking {
                try Self.ask(peer, ["predict 12347", "predict 999999", "batch 12347 1 999999", "health", "nonsense"])
            }
            let probability = try #require(lines[0].split(separator: " ").last.flatMap { UInt64($0) })
            #expect(lines[0] == "12347 \(probability)")
            #expect(abs(Double(bitPattern: probability) - KnownCustomer.probability) < 1e-12)
            #expect(lines[1] == "failed NOT_FOUND")
            #expect(lines[2].hasPrefix("\(probability) "))
            #expect(lines[2].hasSuffix(" \(Double.nan.bitPattern)"))
            #expect(lines[3...] == ["SERVING", "failed UNIMPLEMENTED"])
        }
    }

    @Test("dialects that share a port are told apart by the first byte", arguments: ways)
    func sharedPort(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: {
            $0.lookup = lookup
            $0.endpoints = [Endpoint(port: 0, dialect: Self.shared)]
        }) { server in
            let (lines, frames, other) = (
                try await server.connect(), try await server.connect(), try await server.connect()
            )
            try await blocking {
                let line = try Self.ask(lines, ["predict 12347"])
                let response = try frames.call(
                    Request(method: .predictByID(customer: 12347, contributions: false, names: false))
                )
                guard case .predictByID(let prediction) = response.result else {
                    Issue.record("no prediction")
                    return
                }
                #expect(line == ["12347 \(prediction.probability.bitPattern)"])
                other.send([0xFF])
                let answer = try other.receiveLine()
                #expect(answer == nil)
            }
        }
    }

    @Test("at a drain a silent connection of a shared port gets the first dialect's notice, and nothing before")
    func silentConnection() async throws {
        try await TestServer.with(configuration: {
            $0.endpoints = [Endpoint(port: 0, dialect: Self.shared)]
            $0.drainTimeout = .seconds(30)
        }) { server in
            let (silent, lines) = (try await server.connect(), try await server.connect())
            #expect(try await blocking { try Self.ask(lines, ["health"]) } == ["SERVING"])
            await server.beginStopping()
            try await blocking {
                guard case .drainingNotice = try silent.receive()?.result else {
                    Issue.record("no notice")
                    return
                }
                let notice = try lines.receiveLine()
                #expect(notice == "draining")
                silent.endOutput()
                lines.endOutput()
                let ends = (try silent.receive() == nil, try lines.receiveLine() == nil)
                #expect(ends == (true, true))
            }
        }
    }

    @Test("a connection above the limit is refused in the words of its dialect")
    func refusal() async throws {
        try await TestServer.with(configuration: {
            $0.endpoints = [Endpoint(port: 0, dialect: .fixed(LinesDialect()))]
            $0.maxConnections = 1
        }) { server in
            let first = try await server.connect()
            #expect(try await blocking { try Self.ask(first, ["health"]) } == ["SERVING"])
            let second = try await server.connect()
            #expect(try await blocking { try second.receiveLine() } == "failed RESOURCE_EXHAUSTED")
        }
    }

    private static func ask(_ peer: RawPeer, _ lines: [String]) throws -> [String] {
        // One after another: a line carries nothing that an answer could be told by.
        try lines.map { line in
            peer.send(Array((line + "\n").utf8))
            return try #require(try peer.receiveLine())
        }
    }
}
