import Foundation
import TestSupport
import Testing

/// gRPC as clients that are not ours see it: grpcio and h2, in Python (Tests/Peers/python/grpc_peer.py), against the real
/// `churn serve`.
@Suite(.serialized) struct GRPCPeerTests {
    private static let servers = [
        ["--transport", "epoll"], ["--transport", "nio"], ["--transport", "epoll", "--lookup", "read-through"],
    ]

    @Test("gRPC's clients find every answer, status and limit", .timeLimit(.minutes(10)), arguments: servers)
    func contract(flags: [String]) async throws {
        try await blocking {
            let shop = try PeerShop()
            let server = try shop.serve(flags)
            let next = try shop.serve(flags)
            // Without its last check, which tells the server to stop, there would be no end to wait for.
            try PeerShop.run(
                "grpc_peer.py",
                [
                    server.port, "--customers", shop.lines, "--next-port", next.port, "--drain-pid",
                    "\(server.process.identifier)",
                ]
            )
            let (status, output) = server.process.waitForEnd()
            #expect(status == 0, "\(output)")
            next.stop()
        }
    }

    @Test(
        "HTTP/2 and HPACK as their RFCs have them, section by section",
        .timeLimit(.minutes(5)),
        arguments: ["epoll", "nio"]
    )
    func conformance(transport: String) async throws {
        try await blocking {
            let server = try PeerShop().serve(["--transport", transport])
            let output = try PeerShop.run("http2_conformance.py", [server.port, "--customer", PeerShop.customer])
            #expect(output.contains("\n143 passed, 0 failed"), "cases have come or gone; count them here: \(output)")
            server.stop()
        }
    }

    @Test("gRPC's interoperability cases, by grpcio", .timeLimit(.minutes(5)), arguments: ["epoll", "nio"])
    func interoperability(transport: String) async throws {
        try await blocking {
            let shop = try PeerShop()
            let server = try shop.serve(["--transport", transport])
            try PeerShop.run("grpc_interop_peer.py", [server.port, "--customers", shop.lines])
            server.stop()
        }
    }

    /// The time-outs are the sessions' own, so one transport will do for them.
    @Test(
        "a flood is bounded, and another peer of the same loop is answered beside it",
        .timeLimit(.minutes(5)),
        arguments: [("epoll", ["--patient"]), ("nio", [])]
    )
    func floods(transport: String, options: [String]) async throws {
        try await blocking {
            let server = try PeerShop().serve(["--transport", transport, "--event-loops", "1"])
            let process = "\(server.process.identifier)"
            let arguments = [server.port, "--pid", process, "--customer", PeerShop.customer]
            try PeerShop.run("http2_floods.py", arguments + options)
            server.stop()
        }
    }
}
