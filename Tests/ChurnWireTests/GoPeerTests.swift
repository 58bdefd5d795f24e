import Foundation
import TestSupport
import Testing

/// grpc-go against the real `churn serve`: a client that shares neither code nor HTTP/2 with grpcio
/// (Tests/Peers/go/grpc_peer.go).
@Suite(.serialized, .timeLimit(.minutes(5))) struct GoPeerTests {
    private static let go = Surroundings.program("go")
    private static let sources = "/usr/share/gocode"
    /// Debian's grpc-go takes only what the older of its two generators writes.
    private static let missing: Comment = "apt-get install golang-go golang-google-grpc-dev protoc-gen-go-1-3"
    private static var isInstalled: Bool {
        go != nil && Surroundings.program("protoc-gen-go") != nil && Surroundings.program("protoc") != nil
            && FileManager.default.fileExists(atPath: sources + "/src/google.golang.org/grpc")
    }

    /// Builds the client, with messages made from `proto/`.
    private static func client(in directory: TemporaryDirectory) throws -> String {
        let (generated, program) = (directory.path + "/src", directory.path + "/peer")
        try FileManager.default.createDirectory(atPath: generated, withIntermediateDirectories: true)
        try ChildProcess.run(
            try #require(Surroundings.program("protoc")),
            ["-I", Surroundings.path("proto"), "--go_out=plugins=grpc:\(generated)"]
                + ["churn/v1/churn.proto", "churn/v1/churn_service.proto"]
        )
        try ChildProcess.run(
            try #require(go),
            ["build", "-o", program, Surroundings.path("Tests/Peers/go/grpc_peer.go")],
            environment: [
                "GO111MODULE": "off", "GOFLAGS": "", "GOPATH": "\(directory.path):\(sources)",
                "GOCACHE": directory.path + "/cache",
            ]
        )
        return program
    }

    /// The second field from the end; a description before it may hold commas.
    private static func customer(of line: Substring) -> Int64? {
        line.split(separator: ",", omittingEmptySubsequences: false).dropLast().last.flatMap { Int64($0) }
    }

    @Test(
        "interoperability cases, health and reflection",
        .enabled(if: isInstalled, missing),
        arguments: [["--transport", "epoll"], ["--transport", "nio"], ["--lookup", "read-through"]]
    )
    func interoperability(flags: [String]) async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let program = try Self.client(in: directory)
            let shop = try PeerShop()
            let text = try String(contentsOfFile: shop.lines, encoding: .utf8)
            let lines = text.split(whereSeparator: \.isNewline).dropFirst()
            let customers = Set(lines.prefix(2000).compactMap { Self.customer(of: $0) }).map(String.init)
            let server = try shop.serve(flags)
            let (status, output) = try ChildProcess(program, [server.port] + customers).waitForEnd()
            #expect(status == 0 && output.contains("\n17 passed, 0 failed"), "\(output)")
            server.stop()
        }
    }
}
