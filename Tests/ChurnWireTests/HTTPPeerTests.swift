import Foundation
import TestSupport
import Testing

/// HTTP as clients that are not ours see it: curl, Python's own, schemathesis (Tests/Peers/python/http_peer.py), against the
/// real `churn serve`.
@Suite(.serialized) struct HTTPPeerTests {
    private static let servers = [["--transport", "epoll"], ["--transport", "nio", "--lookup", "read-through"]]

    @Test("clients of HTTP find every answer, and all of it described", .timeLimit(.minutes(10)), arguments: servers)
    func contract(flags: [String]) async throws {
        let python = try Surroundings.httpPython()
        let churn = try Surroundings.churn()
        let directory = try TemporaryDirectory()
        let store = "sqlite:\(directory.path)/churn.sqlite"
        let (lines, features) = ("\(directory.path)/lines.csv", "\(directory.path)/features.csv")
        // More of schemathesis' examples take a minute.
        let isThorough = ProcessInfo.processInfo.environment["CHURN_TEST_SLOW"] == "1"

        try await blocking {
            try ChildProcess.run(churn, ["generate", "--customers", "300", "--days", "60", "--output", lines])
            try ChildProcess.run(churn, ["ingest", "--store", store, lines])
            try ChildProcess.run(churn, ["features", "--store", store])
            try ChildProcess.run(churn, ["features", lines, "--output", features])
            let arguments = ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"] + flags
            let server = try ChildProcess(churn, arguments)
            let port = try #require(
                try server.waitForLine("listening on ").split(separator: ":").last.map(String.init),
                "the line that says where the server listens does not end in its port"
            )
            let peer = try ChildProcess(
                python,
                [
                    Surroundings.path("Tests/Peers/python/http_peer.py"), port, features, "--examples",
                    isThorough ? "200" : "15",
                ]
            )
            let (status, output) = peer.waitForEnd()
            #expect(status == 0 && output.contains(" passed, 0 failed"), "\(output)")
            kill(server.identifier, SIGTERM)
            let (serverStatus, serverOutput) = server.waitForEnd()
            #expect(serverStatus == 0, "\(serverOutput)")
        }
    }

    /// The time-outs are the sessions' own, so one transport will do for them.
    @Test(
        "a slow, smuggling or flooding client is bounded, and another one of the same loop is answered beside it",
        .timeLimit(.minutes(5)),
        arguments: [("epoll", ["--patient"]), ("nio", [])]
    )
    func floods(transport: String, options: [String]) async throws {
        try await blocking {
            let server = try PeerShop().serve(["--transport", transport, "--event-loops", "1"])
            let process = "\(server.process.identifier)"
            let arguments = [server.port, "--pid", process, "--customer", PeerShop.customer]
            try PeerShop.run("http1_floods.py", arguments + options)
            server.stop()
        }
    }

    @Test(
        "JSON over HTTP/2 is that over HTTP/1.1, and readers that stop hold little over either",
        .timeLimit(.minutes(10)),
        arguments: servers
    )
    func http2(flags: [String]) async throws {
        try await blocking {
            let shop = try PeerShop()
            let features = try shop.exportFeatures()
            let server = try shop.serve(flags)
            // Without its last check, which tells the server to stop, there would be no end to wait for.
            let process = "\(server.process.identifier)"
            try PeerShop.run("http2_json_peer.py", [server.port, "--pid", process, "--customers", features])
            let (status, output) = server.process.waitForEnd()
            #expect(status == 0, "\(output)")
        }
    }

    private static let chromium = Surroundings.program("chromium")
    private static let missing: Comment = "the page at /docs is not tried: apt-get install chromium"

    @Test(
        "the page at /docs tries calls in Chromium, loads nothing from elsewhere, and keeps nobody out",
        .enabled(if: chromium != nil, missing),
        .timeLimit(.minutes(5))
    )
    func docsPage() async throws {
        let python = try Surroundings.browserPython()
        try await blocking {
            let server = try PeerShop().serve([])
            let peer = try ChildProcess(
                python,
                [
                    Surroundings.path("Tests/Peers/python/docs_page_peer.py"), server.port, "--customer",
                    PeerShop.customer,
                ],
                environment: ["PYTHONDONTWRITEBYTECODE": "1"]
            )
            let (status, output) = peer.waitForEnd()
            #expect(status == 0 && output.contains(" passed, 0 failed"), "\(output)")
            server.stop()
        }
    }

    @Test("FastAPI answers today as recorded", .timeLimit(.minutes(5)))
    func recording() async throws {
        let python = try Surroundings.httpPython()
        try await blocking {
            let script = Surroundings.path("Tests/Peers/python/fastapi_golden.py")
            try ChildProcess.run(python, ["-W", "ignore", script, "--check"])
        }
    }
}
