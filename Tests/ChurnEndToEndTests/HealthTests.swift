import Foundation
import TestSupport
import Testing

/// `churn health` as a container's health check runs it.
@Suite(.timeLimit(.minutes(2)))
struct HealthTests {
    /// A connection that does not go when the server drains.
    private final class HeldConnection: Sendable {
        private let descriptor: Int32

        /// Returns when the server has answered on it, and so has accepted it.
        init(port: Int) throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port)).bigEndian
            address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            try #require(connected == 0)
            // Call 1: Health.
            let request: [UInt8] = [0, 0, 0, 11, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x32, 0]
            try #require(send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
            var header = [UInt8](repeating: 0, count: 4)
            try #require(recv(descriptor, &header, 4, Int32(MSG_WAITALL)) == 4)
            var answer = [UInt8](repeating: 0, count: Int(header[2]) << 8 | Int(header[3]))
            try #require(recv(descriptor, &answer, answer.count, Int32(MSG_WAITALL)) == answer.count)
        }

        deinit {
            close(descriptor)
        }

        /// Waits for the first byte of a notice.
        func waitForNotice() throws {
            var byte: UInt8 = 1
            try #require(recv(descriptor, &byte, 1, 0) == 1)
        }
    }

    private static func health(_ port: Int, _ options: [String] = []) async throws -> (status: Int32, output: String) {
        try await blocking {
            try ChildProcess(Surroundings.churn(), ["health", "--server", "127.0.0.1:\(port)"] + options).waitForEnd()
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

    @Test("a server that drains says so to a new connection, until those have gone that it waits for")
    func draining() async throws {
        let store = try await RealStore.get().uri
        let server = try await blocking { try ServeProcess(store: store, options: ["--drain-timeout", "10m"]) }
        let held = try await blocking { try HeldConnection(port: server.port) }
        try await Self.expect(server.port, 0, "SERVING at ", "4,339 customers")
        kill(server.process.identifier, SIGTERM)
        try await blocking { try held.waitForNotice() }
        let reason = "; draining: the server is shutting down; "
        try await Self.expect(server.port, 1, "NOT_SERVING at ", reason)
        try await Self.expect(server.port, 1, "NOT_SERVING at ", reason)
        kill(server.process.identifier, SIGKILL)
        _ = try await blocking { server.process.waitForEnd() }
        try await Self.expect(server.port, 1, "churn: error: ", "connection refused; is the server running there?")
        withExtendedLifetime(held) {}
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
        try await Self.expect(port, 1, "NOT_SERVING at ", "; no features are loaded; run churn features")
    }
}
