import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// What HTTP/2 carries on each kind of address. Tests/Peers/python/http2_json_peer.py has the rest.
@Suite struct HTTP2EndpointTests {
    /// The status and the body that curl gets.
    private static func curl(_ port: Int, _ arguments: String...) throws -> String {
        let fixed = ["curl", "--silent", "--show-error", "--write-out", " %{http_version} %{http_code}"]
        let (target, rest) = (arguments[0], Array(arguments.dropFirst()))
        let child = try ChildProcess("/usr/bin/env", fixed + rest + ["http://127.0.0.1:\(port)\(target)"])
        let (status, output) = child.waitForEnd()
        try #require(status == 0, "\(output)")
        return output
    }

    @Test("an address for HTTP alone has JSON over both versions, and no gRPC")
    func http() async throws {
        try await TestServer.with(configuration: { $0.endpoints = [Endpoint(port: 0, dialect: .http)] }) { server in
            try await blocking {
                for (flag, version) in [("--http1.1", "1.1"), ("--http2-prior-knowledge", "2")] {
                    #expect(try Self.curl(server.port, "/livez", flag) == "ok\n \(version) 200")
                    let post = ["-H", "content-type: application/json", "-d", "{\"customer_id\":12347}"]
                    let answer = try Self.curl(
                        server.port,
                        "/predict_churn_by_id",
                        flag,
                        post[0],
                        post[1],
                        post[2],
                        post[3]
                    )
                    #expect(answer.hasPrefix("{\"customer_id\":12347,") && answer.hasSuffix(" \(version) 200"))
                }
                let grpc = try Self.curl(
                    server.port,
                    "/churn.v1.Churn/Health",
                    "--http2-prior-knowledge",
                    "-H",
                    "content-type: application/grpc",
                    "-d",
                    ""
                )
                #expect(grpc == "{\"detail\":\"Not Found\"} 2 404")
            }
        }
    }

    @Test("an address for gRPC alone has no JSON, and an address for both tells them apart by content type")
    func calls() async throws {
        for (dialect, hasJSON) in [(DialectChoice.fixed(HTTP2Dialect()), false), (.all, true)] {
            try await TestServer.with(configuration: { $0.endpoints = [Endpoint(port: 0, dialect: dialect)] }) {
                server in
                try await blocking {
                    let prior = "--http2-prior-knowledge"
                    let live = try Self.curl(server.port, "/livez", prior)
                    #expect(live.hasSuffix(hasJSON ? "ok\n 2 200" : "speaks gRPC.\n 2 404"))
                    let path = "/churn.v1.Churn/Health"
                    let type = "content-type: application/json"
                    #expect(try Self.curl(server.port, path, prior, "-H", type, "-d", "{}").hasSuffix(" 2 415"))
                    // A message of no bytes, which asks for Health.
                    let directory = try TemporaryDirectory()
                    try Data([0, 0, 0, 0, 0]).write(to: URL(filePath: "\(directory.path)/request"))
                    let grpc = try Self.curl(
                        server.port,
                        path,
                        prior,
                        "-H",
                        "content-type: application/grpc",
                        "--data-binary",
                        "@\(directory.path)/request",
                        "--output",
                        "/dev/null"
                    )
                    #expect(grpc == " 2 200")
                }
            }
        }
    }
}
