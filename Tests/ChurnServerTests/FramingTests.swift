import ChurnCalls
import ChurnProtocol
import ChurnServer
import NIOCore
import ServerTestSupport
import TestSupport
import Testing

/// Bytes that no client of ours would send, over real sockets. Every test holds a second connection that is answered
/// throughout.
@Suite(.serialized) struct FramingTests {
    private static let byID = Request(method: .predictByID(customer: 12347, contributions: false, names: false))

    /// Runs `body` with a server, and checks that a connection opened before it is answered after it.
    private func withServer(_ body: @escaping @Sendable (TestServer, _ bystander: RawPeer) throws -> Void) async throws
    {
        try await TestServer.with { server in
            let bystander = try await server.connect()
            try await blocking {
                #expect(try bystander.call(Self.byID).status == .ok)
                try body(server, bystander)
                #expect(try bystander.call(Self.byID).status == .ok)
            }
        }
    }

    @Test("every truncation of a golden frame is dropped when the peer ends there", arguments: GoldenFrames.requests)
    func truncated(name: String) async throws {
        let frame = try GoldenFrames.frame(name)
        try await withServer { server, bystander in
            for length in 0..<frame.count {
                let peer = try RawPeer(port: server.port)
                peer.send(Array(frame.prefix(length)))
                peer.endOutput()
                #expect(try peer.receive() == nil, "after \(length) bytes")
                if length % 16 == 0 { #expect(try bystander.call(Self.byID).status == .ok) }
            }
        }
    }

    @Test("every single-bit flip of a golden frame gets a response or a close", arguments: GoldenFrames.requests)
    func flipped(name: String) async throws {
        let frame = try GoldenFrames.frame(name)
        try await withServer { server, bystander in
            for bit in 0..<(8 * frame.count) {
                var bytes = frame
                bytes[bit / 8] ^= 1 << (bit % 8)
                let peer = try RawPeer(port: server.port)
                peer.send(bytes)
                peer.endOutput()
                // Throws when nothing comes within its time-out, or when what comes is no response.
                while try peer.receive() != nil {}
                if bit % 64 == 0 { #expect(try bystander.call(Self.byID).status == .ok) }
            }
        }
    }

    @Test(
        "lengths that cannot be are refused from the header alone",
        arguments: [
            (UInt32(0), StatusCode.invalidArgument), (8, .invalidArgument),
            (UInt32(ProtocolLimits.payloadBytes) + 1, .resourceExhausted), (1 << 31, .resourceExhausted),
            (.max, .resourceExhausted),
        ]
    )
    func impossibleLengths(length: UInt32, code: StatusCode) async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            peer.send(bigEndian(length))
            // Answered while the peer still has its side open: nothing was waited for.
            let response = try #require(try peer.receive())
            #expect(response.callID == 0 && response.status == code)
            #expect(try peer.receive() == nil)
        }
    }

    @Test("a frame above the limit is answered by its id when that is there")
    func oversizedWithCallID() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            peer.send(bigEndian(UInt32(ProtocolLimits.payloadBytes) + 1) + [0x09, 42, 0, 0, 0, 0, 0, 0, 0])
            let response = try #require(try peer.receive())
            #expect(response.callID == 42 && response.status == .resourceExhausted)
            #expect(response.message.contains("16777217 bytes is above the limit of 16777216"))
            #expect(try peer.receive() == nil)
        }
    }

    @Test("a frame of the largest size is waited for, and dropped when its peer goes")
    func largestLength() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            peer.send(bigEndian(UInt32(ProtocolLimits.payloadBytes)) + [UInt8](repeating: 0x09, count: 100_000))
            peer.endOutput()
            #expect(try peer.receive() == nil)
        }
    }

    @Test("a broken frame is answered by its id, and the connection closes")
    func brokenFrame() async throws {
        try await withServer { server, _ in
            for tail in [[0x2A, 0x7F], [0x10, 0xFF], [UInt8](repeating: 0xFF, count: 100_000)] as [[UInt8]] {
                let peer = try RawPeer(port: server.port)
                let payload = [0x09, 5, 0, 0, 0, 0, 0, 0, 0] + tail
                peer.send(bigEndian(UInt32(payload.count)) + payload)
                let response = try #require(try peer.receive())
                #expect(response.callID == 5 && response.status == .invalidArgument)
                #expect(try peer.receive() == nil)
            }
        }
    }

    @Test("a swarm of unknown fields is refused, not stored")
    func unknownFieldSwarm() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            var payload: [UInt8] = [0x09, 5, 0, 0, 0, 0, 0, 0, 0]
            for _ in 0..<1_000_000 { payload += [0x78, 0x01] }
            peer.send(bigEndian(UInt32(payload.count)) + payload)
            let response = try #require(try peer.receive())
            #expect(response.callID == 5 && response.status == .invalidArgument)
            #expect(response.message.contains("more fields than its size allows for"))
        }
    }

    @Test("an unknown method is UNIMPLEMENTED, and the connection goes on")
    func unknownMethod() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            peer.send(bigEndian(11) + [0x09, 5, 0, 0, 0, 0, 0, 0, 0, 0x7A, 0x00])
            let response = try #require(try peer.receive())
            #expect(response.callID == 5 && response.status == .unimplemented)
            #expect(try peer.call(Self.byID).status == .ok)
        }
    }

    @Test("a model's name that is not UTF-8 is refused and not repeated")
    func modelIsNotUTF8() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            let payload: [UInt8] = [0x09, 5, 0, 0, 0, 0, 0, 0, 0, 0x1A, 0x02, 0xC3, 0x28, 0x22, 0x00]
            peer.send(bigEndian(UInt32(payload.count)) + payload)
            let response = try #require(try peer.receive())
            #expect(response.status == .invalidArgument && response.message.contains("not UTF-8"))
        }
    }

    @Test("one byte a packet is as good as one packet")
    func byteByByte() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            for callID in 1...3 as ClosedRange<UInt64> {
                for byte in RawPeer.frame(Self.byID, callID: callID) { peer.send([byte]) }
                let response = try #require(try peer.receive())
                #expect(response.callID == callID && response.status == .ok)
            }
        }
    }

    @Test("a thousand calls in one write are all answered")
    func pipelined() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            var bytes: [UInt8] = []
            for callID in 1...1000 as ClosedRange<UInt64> { bytes += RawPeer.frame(Self.byID, callID: callID) }
            peer.send(bytes)
            var answered: Set<UInt64> = []
            for _ in 0..<1000 {
                let response = try #require(try peer.receive())
                #expect(response.status == .ok)
                answered.insert(response.callID)
            }
            #expect(answered == Set(1...1000))
        }
    }

    @Test("a small call overtakes a large batch of the same connection")
    func outOfOrder() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            let batch = Request(method: .predictBatchByIDs([Int64](repeating: 12347, count: 500_000)))
            peer.send(RawPeer.frame(batch, callID: 1) + RawPeer.frame(Self.byID, callID: 2))
            let first = try #require(try peer.receive())
            let second = try #require(try peer.receive())
            #expect(first.callID == 2 && second.callID == 1)
            #expect(first.status == .ok && second.status == .ok)
        }
    }

    @Test("more calls in flight than the limit are refused as not processed")
    func tooManyInFlight() async throws {
        try await TestServer.with(configuration: { $0.maxInFlightPerConnection = 1 }) { server in
            let peer = try await server.connect()
            try await blocking {
                let batch = Request(method: .predictBatchByIDs([Int64](repeating: 12347, count: 1_000_000)))
                let next = Request(method: .predictBatchByIDs([Int64](repeating: 12347, count: 10_000)))
                peer.send(RawPeer.frame(batch, callID: 1) + RawPeer.frame(next, callID: 2))
                let refused = try #require(try peer.receive())
                #expect(refused.callID == 2 && refused.status == .resourceExhausted && refused.notProcessed)
                #expect(try #require(try peer.receive()).status == .ok)
                #expect(try peer.call(next).status == .ok)
            }
        }
    }

    @Test("a peer that ends its output is answered, then the connection closes")
    func halfClosed() async throws {
        try await withServer { server, _ in
            let peer = try RawPeer(port: server.port)
            let batch = Request(method: .predictBatchByIDs([Int64](repeating: 12347, count: 200_000)))
            peer.send(RawPeer.frame(Self.byID, callID: 1) + RawPeer.frame(batch, callID: 2))
            peer.endOutput()
            #expect(try peer.receive()?.callID == 1)
            #expect(try peer.receive()?.callID == 2)
            #expect(try peer.receive() == nil)
        }
    }

    @Test("a connection above the limit is told so")
    func tooManyConnections() async throws {
        try await TestServer.with(configuration: { $0.maxConnections = 2 }) { server in
            let peers = [try await server.connect(), try await server.connect()]
            try await blocking {
                for peer in peers { #expect(try peer.call(Self.byID).status == .ok) }
                let third = try RawPeer(port: server.port)
                let refusal = try #require(try third.receive())
                #expect(refusal.callID == 0 && refusal.status == .resourceExhausted && refusal.notProcessed)
                #expect(try third.receive() == nil)
                for peer in peers { #expect(try peer.call(Self.byID).status == .ok) }
            }
        }
    }
}

func bigEndian(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
}
