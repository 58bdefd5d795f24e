import Foundation
import TestSupport
import Testing

/// Clients of HTTP/2 that Debian has: nghttp and h2load, of the package nghttp2-client.
@Suite(.serialized, .timeLimit(.minutes(2))) struct HTTP2ClientTests {
    private static let nghttp = Surroundings.program("nghttp")
    private static let h2load = Surroundings.program("h2load")
    private static let missing: Comment = "apt-get install nghttp2-client, which ./scripts/test does"
    /// Of PredictById.
    private static let headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"]

    /// Lends a server's URL of PredictById, and a file with a request of `PeerShop.customer`.
    private static func serving(
        _ transport: String,
        _ body: @escaping @Sendable (_ url: String, _ request: String) throws -> Void
    ) async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let request = directory.path + "/request"
            // Not compressed, 9 bytes; field 1, sfixed64.
            var message: [UInt8] = [0, 0, 0, 0, 9, 0x09]
            let customer = try #require(Int64(PeerShop.customer))
            withUnsafeBytes(of: customer.littleEndian) { message += $0 }
            try Data(message).write(to: URL(filePath: request))
            let server = try PeerShop().serve(["--transport", transport])
            try body("http://127.0.0.1:\(server.port)/churn.v1.Churn/PredictById", request)
            server.stop()
        }
    }

    private static func run(_ program: String, _ arguments: [String]) throws -> String {
        let (status, output) = try ChildProcess(program, arguments).waitForEnd()
        try #require(status == 0, "\(output)")
        return output
    }

    @Test("nghttp gets an answer and its trailers", .enabled(if: nghttp != nil, missing), arguments: ["epoll", "nio"])
    func oneCall(transport: String) async throws {
        let nghttp = try #require(Self.nghttp)
        try await Self.serving(transport) { url, request in
            let flags = ["-v", "-n", "-d", request, "-H", ":method: POST"] + Self.headers
            let output = try Self.run(nghttp, flags + [url])
            for part in [":status: 200", "content-type: application/grpc", "grpc-status: 0"] {
                #expect(output.contains(part), "no '\(part)' in \(output)")
            }
        }
    }

    @Test(
        "h2load: 20,000 calls over 8 connections of 64 streams, all answered alike",
        .enabled(if: h2load != nil, missing),
        arguments: ["epoll", "nio"]
    )
    func manyCalls(transport: String) async throws {
        let h2load = try #require(Self.h2load)
        try await Self.serving(transport) { url, request in
            func load(_ calls: Int, _ connections: Int, _ streams: Int) throws -> (output: String, bytes: Int) {
                let shape = ["-n", "\(calls)", "-c", "\(connections)", "-m", "\(streams)", "-d", request]
                let output = try Self.run(h2load, shape + Self.headers + [url])
                // "traffic: 5.47MB (5738392) total, 5.50KB (5632) headers (...), 3.05MB (3200000) data"
                let text = output.split(separator: "\n").first { $0.hasPrefix("traffic:") }?.split(separator: "(").last
                let bytes = try #require(text?.split(separator: ")").first.flatMap { Int($0) }, "\(output)")
                return (output, bytes)
            }
            let one = try load(1, 1, 1).bytes
            #expect(one > 0)
            let (output, bytes) = try load(20_000, 8, 64)
            #expect(output.contains("20000 done, 20000 succeeded, 0 failed, 0 errored, 0 timeout"), "\(output)")
            #expect(output.contains("status codes: 20000 2xx, 0 3xx, 0 4xx, 0 5xx"), "\(output)")
            #expect(bytes == 20_000 * one)
        }
    }
}
