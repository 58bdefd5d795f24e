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
        let python = try Surroundings.grpcPython()
        let churn = try Surroundings.churn()
        let directory = try TemporaryDirectory()
        let store = "sqlite:\(directory.path)/churn.sqlite"
        let lines = "\(directory.path)/lines.csv"

        try await blocking {
            try ChildProcess.run(churn, ["generate", "--customers", "1000", "--days", "60", "--output", lines])
            try ChildProcess.run(churn, ["ingest", "--store", store, lines])
            try ChildProcess.run(churn, ["features", "--store", store])
            let arguments = ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"] + flags
            let server = try ChildProcess(churn, arguments)
            let next = try ChildProcess(churn, arguments)
            let ports = try [server, next].map { server in
                try #require(
                    try server.waitForLine("listening on ").split(separator: ":").last.map(String.init),
                    "the line that says where the server listens does not end in its port"
                )
            }
            let peer = try ChildProcess(
                python,
                [
                    Surroundings.path("Tests/Peers/python/grpc_peer.py"), ports[0], "--customers", lines,
                    "--next-port", ports[1], "--drain-pid", "\(server.identifier)",
                ]
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
