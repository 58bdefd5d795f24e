import TestSupport
import Testing

/// The services beside the unary methods of `churn.v1`, and what connections of HTTP/2 endure, as clients that are not ours see
/// them (Tests/Peers/python/grpc_services_peer.py), against the real `churn serve`.
@Suite(.serialized) struct GRPCServicesPeerTests {
    /// Flags of the server, and of its peer. The largest batches, a million rows, are for one of them: that takes a while.
    private static let servers = [
        (["--transport", "epoll"], []), (["--transport", "nio"], ["--rows", "200000"]),
        (["--transport", "epoll", "--lookup", "read-through"], ["--rows", "150000"]),
    ]

    @Test("streams, gzip, health, reflection and floods", .timeLimit(.minutes(10)), arguments: servers)
    func services(flags: [String], peerFlags: [String]) async throws {
        try await blocking {
            let shop = try PeerShop()
            let server = try shop.serve(flags)
            // Without its last check, which tells the server to stop, there would be no end to wait for.
            try PeerShop.run(
                "grpc_services_peer.py",
                [server.port, "--customers", shop.lines, "--drain-pid", "\(server.process.identifier)"] + peerFlags
            )
            let (status, output) = server.process.waitForEnd()
            #expect(status == 0, "\(output)")
        }
    }
}
