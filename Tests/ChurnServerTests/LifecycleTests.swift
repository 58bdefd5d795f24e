import ChurnProtocol
import ChurnServer
import ChurnStore
import Foundation
import NIOCore
import ServerTestSupport
import TestSupport
import Testing

@Suite(.serialized) struct LifecycleTests {
    private static let byID = Request(method: .predictByID(customer: 12347, contributions: false, names: false))

    @Test("a drain announces itself, finishes what is in flight, refuses the rest as not processed, and ends")
    func drain() async throws {
        try await TestServer.with(configuration: { $0.drainTimeout = .seconds(30) }) { server in
            let peer = try await server.connect()
            let batch = Request(method: .predictBatchByIDs([Int64](repeating: 12347, count: 1_000_000)))
            // Answered: the connection is accepted, and not merely waiting to be.
            let accepted = try await blocking { try peer.call(Self.byID).status }
            #expect(accepted == .ok)
            peer.send(batch, callID: 1)
            await server.beginStopping()
            try await blocking {
                var answers: [UInt64: Response] = [:]
                while answers[0] == nil || answers[1] == nil {
                    let response = try #require(try peer.receive())
                    answers[response.callID] = response
                }
                guard case .drainingNotice? = answers[0]?.result else {
                    Issue.record("no notice")
                    return
                }
                // Begun before the drain, and large: either in flight (finished) or not yet arrived (refused).
                let first = try #require(answers[1])
                #expect(first.status == .ok || first.notProcessed)
                let refused = try peer.call(Self.byID)
                #expect(refused.status == .unavailable && refused.notProcessed)
                let health = try PredictionTests.health(peer)
                #expect(health.draining && health.state == .notServing)
                // No new connection is accepted.
                #expect(throws: RawPeer.Failure.self) { _ = try RawPeer(port: server.port).call(Self.byID) }
                peer.endOutput()
                #expect(try peer.receive() == nil)
            }
            // Ends although the drain time-out is far: the last client has gone.
            try await server.stop()
        }
    }

    @Test("before the drain Health says what is coming, and everybody is served as ever")
    func drainDelay() async throws {
        try await TestServer.with(configuration: { $0.drainDelay = .milliseconds(300) }) { server in
            let peer = try await server.connect()
            await server.beginStopping()
            try await blocking {
                let health = try PredictionTests.health(peer) { $0.draining }
                #expect(health.draining && health.state == .notServing)
                #expect(try peer.call(Self.byID).status == .ok)
                #expect(try RawPeer(port: server.port).call(Self.byID).status == .ok)
                // The drain itself.
                guard case .drainingNotice? = try peer.receive()?.result else {
                    Issue.record("no notice")
                    return
                }
                peer.endOutput()
                #expect(try peer.receive() == nil)
            }
            try await server.stop()
        }
    }

    @Test("a drain ends at its time-out when clients do not go")
    func drainTimeout() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            let accepted = try await blocking { try peer.call(Self.byID).status }
            #expect(accepted == .ok)
            try await server.stop()
            try await blocking {
                guard case .drainingNotice? = try peer.receive()?.result else {
                    Issue.record("no notice")
                    return
                }
                #expect(try peer.receive() == nil)
            }
        }
    }

    @Test("a server that is succeeded tells its connections so and ends; the address is never without one")
    func handover() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/handover.sock"
        try await TestServer.with(configuration: { $0.handover = path }) { old in
            let peer = try await old.connect()
            let accepted = try await blocking { try peer.call(Self.byID).status }
            #expect(accepted == .ok)
            try await TestServer.with(configuration: {
                $0.handover = path
                $0.endpoints[0].port = old.port
            }) { new in
                #expect(new.port == old.port)
                try await blocking {
                    guard case .drainingNotice? = try peer.receive()?.result else {
                        Issue.record("no notice")
                        return
                    }
                    #expect(try peer.call(Self.byID).notProcessed)
                    peer.endOutput()
                    #expect(try peer.receive() == nil)
                    #expect(try RawPeer(port: new.port).call(Self.byID).status == .ok)
                }
                // It ends by itself.
                try await old.waitForEnd()
                let again = try await new.connect()
                let status = try await blocking { try again.call(Self.byID).status }
                #expect(status == .ok)
            }
        }
    }

    @Test("a port in use is named")
    func portInUse() async throws {
        try await TestServer.with { server in
            await #expect(throws: ServerError.portInUse(host: "127.0.0.1", port: server.port)) {
                try await TestServer.with(configuration: { $0.endpoints[0].port = server.port }) { _ in }
            }
        }
    }

    @Test("when the store fails, Health says DEGRADED, residents are answered, and recovery needs no restart")
    func storeFails() async throws {
        let shop = try await Shop()
        try await TestServer.start(over: shop.location).whileRunning { server in
            let peer = try await server.connect()
            let path = shop.storePath
            try await blocking {
                #expect(try PredictionTests.health(peer).state == .serving)
                try sqlite(path, "ALTER TABLE builds RENAME TO builds_gone")
                let degraded = try PredictionTests.health(peer) { $0.state == .degraded }
                #expect(degraded.state == .degraded && degraded.store?.reachable == false)
                // One text for the situation: paths and hosts are for the log.
                #expect(degraded.reason == "the store cannot be read")
                #expect(try peer.call(Self.byID).status == .ok)
                try sqlite(path, "ALTER TABLE builds_gone RENAME TO builds")
                #expect(try PredictionTests.health(peer) { $0.state == .serving }.state == .serving)
            }
        }
    }
}

/// Changes a store from outside, by SQLite's own shell.
private func sqlite(_ path: String, _ statement: String) throws {
    try ChildProcess.run("/usr/bin/sqlite3", ["-cmd", ".timeout 10000", path, statement])
}
