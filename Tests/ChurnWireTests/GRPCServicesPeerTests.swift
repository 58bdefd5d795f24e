import TestSupport
import Testing

/// The services beside the unary methods of `churn.v1`, and what connections of HTTP/2 endure, as clients that are not ours see
/// them (Tests/Peers/python/grpc_services_peer.py), against the real `churn serve`.
@Suite(.serialized) struct GRPCServicesPeerTests {
    /// Flags of the server, and of its peer: looking a million customers up in a store takes a while.
    private static let servers = [
        (["--transport", "epoll"], []), (["--transport", "nio"], []),
        (["--transport", "epoll", "--lookup", "read-through"], ["--rows", "200000"]),
    ]

    @Test("streams, health, reflection and floods", .timeLimit(.minutes(10)), arguments: servers)
    func services(flags: [String], peerFlags: [String]) async throws {
        let python = try Surroundings.grpcPython()
        let churn = try Surroundings.churn()
        let directory = try TemporaryDirectory()
        let store = "sqlite:\(directory.path)/churn.sqlite"
        let lines = "\(directory.path)/lines.csv"

        try await blocking {
            try ChildProcess.run(churn, ["generate", "--customers", "1000", "--days", "60", "--output", lines])
            try ChildProcess.run(churn, ["ingest", "--store", store, lines])
            try ChildProcess.run(churn, ["features", "--store", store])
            let server = try ChildProcess(
                churn,
                ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"] + flags
            )
            let port = try #require(
                try server.waitForLine("listening on ").split(separator: ":").last.map(String.init),
                "the line that says where the server listens does not end in its port"
            )
            let peer = try ChildProcess(
                python,
                [
                    Surroundings.path("Tests/Peers/python/grpc_services_peer.py"), port, "--customers", lines,
                    "--drain-pid", "\(server.identifier)",
                ] + peerFlags
            )
            let (status, output) = peer.waitForEnd()
            // Without its last check, which tells the server to stop, there would be no end to wait for.
            try #require(status == 0, "\(output)")
            #expect(output.contains(" passed, 0 failed"), "\(output)")
            let (serverStatus, serverOutput) = server.waitForEnd()
            #expect(serverStatus == 0, "\(serverOutput)")
        }
    }
}
