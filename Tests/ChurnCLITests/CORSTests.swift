import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct CORSTests {
    private static let serve = ["serve", "--no-store", "--models", Shop.models, "--port", "0"]

    /// What a server with these settings lets pages of the shop read.
    private static func allowed(
        _ arguments: [String],
        environment: [String: String] = [:]
    ) async throws -> String {
        try await blocking {
            let server = try ChildProcess(
                try Surroundings.churn(),
                serve + arguments,
                environment: environment
            )
            let port = try #require(try server.waitForLine("listening on ").split(separator: ":").last.map(String.init))
            let curl = try ChildProcess(
                "/usr/bin/env",
                [
                    "curl", "--silent", "--show-error", "--output", "/dev/null", "--write-out",
                    "%header{access-control-allow-origin}", "-H", "origin: https://shop.example",
                    "http://127.0.0.1:\(port)/livez",
                ]
            )
            let (status, output) = curl.waitForEnd()
            #expect(status == 0, "\(output)")
            kill(server.identifier, SIGTERM)
            #expect(server.waitForEnd().status == 0)
            return output
        }
    }

    @Test("a flag wins over the environment, that over the file, and none of them is set by default")
    func precedence() async throws {
        let (shop, other) = ("https://shop.example", "https://other.example")
        let place = try Shop()
        let file = ["--config", try place.file("churn.json", "{\"cors_origin\": [\"\(other)\", \"\(shop)\"]}")]
        #expect(try await Self.allowed([]) == "")
        #expect(try await Self.allowed(["--cors-origin", other, "--cors-origin", shop]) == shop)
        #expect(try await Self.allowed(["--cors-origin", "*"]) == "*")
        #expect(try await Self.allowed([], environment: ["CHURN_CORS_ORIGIN": "\(other), \(shop)"]) == shop)
        #expect(try await Self.allowed(file) == shop)
        #expect(try await Self.allowed(file, environment: ["CHURN_CORS_ORIGIN": other]) == "")
        #expect(try await Self.allowed(file + ["--cors-origin", other]) == "")
    }

    @Test("what is no origin is refused by name")
    func wrong() async throws {
        for origins in [["https://shop.example/"], ["shop.example"], ["https://shop.example", "*"], ["null"]] {
            let parts = ["'\(origins.joined(separator: ","))'", "such as https://shop.example"]
            try await Program.fails(
                Self.serve + origins.flatMap { ["--cors-origin", $0] },
                64,
                ["--cors-origin"] + parts
            )
            let variable = ["CHURN_CORS_ORIGIN": origins.joined(separator: ",")]
            try await Program.fails(Self.serve, 78, ["CHURN_CORS_ORIGIN"] + parts, environment: variable)
        }
    }
}
