import Glibc
import TestSupport
import Testing

/// The Open Inference Protocol as Triton's own client speaks it (Tests/Peers/python/triton_peer.py), against the real
/// `churn serve`.
@Suite(
    .serialized,
    .enabled(
        if: Surroundings.tritonPython() != nil,
        "CHURN_TEST_TRITON_PYTHON is not set; ./scripts/test makes a suitable Python"
    )
)
struct TritonPeerTests {
    private static let servers = [["--transport", "epoll"], ["--transport", "nio", "--lookup", "read-through"]]

    @Test("Triton's clients get every answer", .timeLimit(.minutes(10)), arguments: servers)
    func contract(flags: [String]) async throws {
        let python = try #require(Surroundings.tritonPython())
        try await blocking {
            let shop = try PeerShop()
            let features = "\(shop.lines).features.csv"
            try ChildProcess.run(try Surroundings.churn(), ["features", shop.lines, "--output", features])
            let server = try shop.serve(flags)
            defer { server.stop() }
            let peer = try ChildProcess(
                python,
                ["-W", "ignore", Surroundings.path("Tests/Peers/python/triton_peer.py"), server.port, features],
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            )
            let (status, output) = peer.waitForEnd()
            #expect(status == 0 && output.contains(" passed, 0 failed"), "\(output)")
        }
    }
}
