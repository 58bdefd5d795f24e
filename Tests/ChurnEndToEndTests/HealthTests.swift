import Foundation
import TestSupport
import Testing

/// `churn health` as a container's health check runs it.
@Suite(.timeLimit(.minutes(2)))
struct HealthTests {
    private static func health(_ port: Int, _ options: [String] = []) async throws -> (status: Int32, output: String) {
        try await blocking {
            let arguments = ["health", "--server", "127.0.0.1:\(port)"] + options
            return try ChildProcess(Surroundings.churn(), arguments).waitForEnd()
        }
    }

    private static func expect(
        _ port: Int,
        _ status: Int32,
        _ beginning: String,
        _ reason: String,
        options: [String] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let found = try await health(port, options)
        #expect(found.status == status, "\(found.output)", sourceLocation: sourceLocation)
        #expect(found.output.hasPrefix(beginning), "\(found.output)", sourceLocation: sourceLocation)
        #expect(found.output.contains(reason), "\(found.output)", sourceLocation: sourceLocation)
        #expect(found.output.count { $0 == "\n" } == 1, "not one line", sourceLocation: sourceLocation)
    }

    @Test("a server that serves, one that is about to stop, and none")
    func draining() async throws {
        let store = try await RealStore.get().uri
        let server = try await blocking { try ServeProcess(store: store, options: ["--drain-delay", "10m"]) }
        try await Self.expect(server.port, 0, "SERVING at ", "4,339 customers")
        kill(server.process.identifier, SIGTERM)
        _ = try await blocking { try server.process.waitForLine("draining") }
        try await Self.expect(server.port, 1, "NOT_SERVING at ", "; draining: the server is shutting down; ")
        kill(server.process.identifier, SIGKILL)
        _ = try await blocking { server.process.waitForEnd() }
        try await Self.expect(server.port, 1, "churn: error: ", "connection refused; is the server running there?")
    }

    @Test("a server whose store is gone serves on and says so; --strict takes that for unhealthy")
    func degraded() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/store.sqlite"
        let source = try await RealStore.get().directory.path + "/churn.sqlite"
        try await blocking { try ChildProcess.run("/usr/bin/sqlite3", [source, ".backup '\(path)'"]) }
        let options = ["--poll-interval", "20ms"]
        let server = try await blocking { try ServeProcess(store: "sqlite:" + path, options: options) }
        try await Self.expect(server.port, 0, "SERVING at ", "4,339 customers", options: ["--strict"])
        try await blocking {
            try ChildProcess.run(
                "/usr/bin/sqlite3",
                ["-cmd", ".timeout 10000", path, "ALTER TABLE builds RENAME TO gone"]
            )
            _ = try server.process.waitForLine("the store failed")
        }
        try await Self.expect(server.port, 0, "DEGRADED at ", "4,339 customers")
        try await Self.expect(server.port, 1, "DEGRADED at ", "; ", options: ["--strict"])
    }

    @Test("a server without a store has nothing to serve by id, and says so")
    func storeless() async throws {
        let server = try await blocking {
            try ChildProcess(
                Surroundings.churn(),
                ["serve", "--no-store", "--models", Surroundings.path("models"), "--port", "0"]
            )
        }
        let line = try await blocking { try server.waitForLine("listening on ") }
        let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
        try await Self.expect(port, 1, "NOT_SERVING at ", "; no features are loaded")
    }
}
