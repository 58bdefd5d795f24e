import TestSupport
import Testing

/// The wire as another implementation sees it: the real `churn serve`, with the real data, against a client in Python on
/// Google's protobuf runtime (Tests/Peers/python), which shares no code with ours.
@Suite struct PythonPeerTests {
    /// Documented answers of the prototype.
    private static let expected = [
        "12347=0.07052281746741611", "12346=0.7805157755750162", "12348=0.22457232115208864",
    ]

    @Test("a client on Google's protobuf runtime finds the contract kept", .timeLimit(.minutes(10)))
    func contract() async throws {
        let python = try Surroundings.python()
        let churn = try Surroundings.churn()
        let data = try Surroundings.transactions()
        let directory = try TemporaryDirectory()
        let store = "sqlite:\(directory.path)/churn.sqlite"

        try await blocking {
            try ChildProcess.run(churn, ["ingest", "--store", store] + data)
            try ChildProcess.run(churn, ["features", "--store", store])

            let server = try ChildProcess(
                churn,
                ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"]
            )
            let port = try #require(
                try server.waitForLine("listening on ").split(separator: ":").last.flatMap { Int($0) },
                "the line that says where the server listens does not end in its port"
            )
            let peer = try ChildProcess(
                python,
                [
                    Surroundings.path("Tests/Peers/python/wire_peer.py"), "127.0.0.1", "\(port)",
                    "--reference", Surroundings.path("Tests/Fixtures/seed_reference.json"),
                    "--drain-pid", "\(server.identifier)",
                    // 1 is no customer of the data set.
                    "--unknown", "1", "--expect",
                ] + Self.expected
            )
            let (status, output) = peer.waitForEnd()
            // Without its last check, which tells the server to stop, there would be no end to wait for.
            try #require(status == 0, "\(output)")
            #expect(output.contains(" passed, 0 failed"), "\(output)")
            let (serverStatus, serverOutput) = server.waitForEnd()
            #expect(serverStatus == 0, "\(serverOutput)")
        }
    }

    @Test("the golden frames are what Google's runtime writes today", .timeLimit(.minutes(5)))
    func goldenFrames() async throws {
        let python = try Surroundings.python()
        try await blocking {
            try ChildProcess.run(python, [Surroundings.path("Tests/Peers/python/golden_frames.py"), "--check"])
        }
    }
}
