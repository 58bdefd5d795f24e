import Foundation
import TestSupport
import Testing

/// Where `churn serve` listens, and what is spoken there.
@Suite(.timeLimit(.minutes(2)))
struct ListeningTests {
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]
    /// Of a Health call: call id 1, and an empty message as field 6.
    private static let frame: [UInt8] = [0, 0, 0, 11, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x32, 0]

    /// The protocols beneath each scheme.
    private static let protocols = ["frames": ["frames"], "grpc": ["HTTP/2"], "http": ["HTTP/1.1", "HTTP/2"]]

    /// What a connection to a port speaks, by the server's first bytes to each beginning.
    private static func speaks(_ port: Int) async throws -> Set<String> {
        try await blocking {
            var spoken: Set<String> = []
            // Its response: a length of less than 64 KiB, then field 1.
            // The empty line is for what reads lines: it would wait for the end of one.
            let frames = try TCPExchange.answer(port: port, to: frame + Array("\r\n\r\n".utf8), count: 5)
            if frames.prefix(2) == [0, 0], frames.last == 0x09 { spoken.insert("frames") }
            // SETTINGS, of no stream.
            let settings = try TCPExchange.answer(port: port, to: preface, count: 9)
            if settings.count == 9, settings[3...] == [4, 0, 0, 0, 0, 0] { spoken.insert("HTTP/2") }
            let get = Array("GET / HTTP/1.1\r\nhost: x\r\n\r\n".utf8)
            let http = try TCPExchange.answer(port: port, to: get, count: 12)
            if String(decoding: http, as: UTF8.self) == "HTTP/1.1 200" { spoken.insert("HTTP/1.1") }
            return spoken
        }
    }

    private struct Place: Equatable {
        var port: Int
        var speaks: [String]

        init(_ object: [String: Any]) throws {
            port = try #require(object["port"] as? Int)
            speaks = try #require(object["speaks"] as? [String])
        }
    }

    /// Runs a server, and lends what it says about its addresses on both streams.
    private static func serving(
        _ arguments: [String],
        environment: [String: String] = [:],
        _ body: (_ places: [Place]) async throws -> Void
    ) async throws {
        let all = ["serve", "--no-store", "--models", Shop.models, "--json"] + arguments
        let server = try await blocking { try ChildProcess(Surroundings.churn(), all, environment: environment) }
        let line = try await blocking { try server.waitForLine(#""event": "listening""#) }
        let event = try Program.Outcome.object(line)
        let places = try #require(event["addresses"] as? [[String: Any]]).map(Place.init)
        #expect(event["port"] as? Int == places.first?.port && event["host"] as? String == "127.0.0.1")
        try await body(places)
        kill(server.identifier, SIGTERM)
        let (status, output) = try await blocking { server.waitForEnd() }
        #expect(status == 0, "\(output)")
        let said = output.split(separator: "\n").filter { $0.contains("listening on ") }
        #expect(said.count == places.count)
        for (line, place) in zip(said, places) {
            #expect(line.hasSuffix("listening on 127.0.0.1:\(place.port)"), "\(line)")
            #expect(line.contains("speaks=\(place.speaks.joined(separator: ","))"), "\(line)")
        }
    }

    @Test("each address speaks its dialect, one without a scheme all of them", arguments: ["epoll", "nio"])
    func dialects(transport: String) async throws {
        let shop = try Shop()
        let file = shop.directory.path + "/port"
        let addresses = ["frames://127.0.0.1:0", "GRPC://127.0.0.1:0", "http://127.0.0.1:0", "127.0.0.1:0"]
        let listen = addresses.flatMap { ["--listen", $0] }
        try await Self.serving(listen + ["--transport", transport, "--port-file", file]) { places in
            #expect(places.map(\.speaks) == [["frames"], ["grpc"], ["http"], ["frames", "grpc", "http"]])
            #expect(Set(places.map(\.port)).count == 4)
            for place in places {
                let wanted = place.speaks.flatMap { Self.protocols[$0] ?? [] }
                #expect(try await Self.speaks(place.port) == Set(wanted))
            }
            #expect(try shop.read("port") == "\(places[0].port)\n")
            // What calls by frames finds the first address, and says of one that has none of them that it closes.
            for (place, isServed) in zip(places, [true, false, false, true]) {
                let health = try await Program.run(["health", "--port", "\(place.port)", "--timeout", "2s"])
                #expect(health.status == 1)
                #expect(health.output.hasPrefix("NOT_SERVING at 127.0.0.1:\(place.port)") == isServed, "\(health)")
                #expect(health.error.contains("127.0.0.1:\(place.port)") != isServed, "\(health)")
            }
        }
    }

    @Test("the environment has several separated by commas, the file an array")
    func settings() async throws {
        let several = ["CHURN_LISTEN": "grpc://127.0.0.1:0, frames://127.0.0.1:0"]
        try await Self.serving([], environment: several) { places in
            #expect(places.map(\.speaks) == [["grpc"], ["frames"]])
        }
        let shop = try Shop()
        let file = try shop.file("churn.json", #"{"listen": ["127.0.0.1:0", "grpc://127.0.0.1:0"]}"#)
        try await Self.serving(["--config", file]) { places in
            #expect(places.map(\.speaks) == [["frames", "grpc", "http"], ["grpc"]])
        }
        // A flag wins over both, and a part of an address joins one that is alone.
        let reserved = try ReservedPort()
        let alone = ["--port", "\(reserved.port)", "--config", file]
        try await Self.serving(alone, environment: ["CHURN_LISTEN": "grpc://127.0.0.1:0"]) { places in
            #expect(places.map(\.port) == [reserved.port] && places.map(\.speaks) == [["grpc"]])
        }
    }

    @Test("wrong addresses are refused by name")
    func wrong() async throws {
        let serve = ["serve", "--no-store", "--models", Shop.models]
        let cases: [(addresses: [String], parts: [String])] = [
            (["ftp://127.0.0.1:1"], ["'ftp://127.0.0.1:1'", "frames://, grpc://"]),
            (["127.0.0.1:0", "grpc://127.0.0.1"], ["'grpc://127.0.0.1'", "such as"]),
            (["grpc://"], ["'grpc://'", "such as"]),
            (["127.0.0.1:5", "grpc://127.0.0.1:5"], ["'grpc://127.0.0.1:5' and '127.0.0.1:5' are one address"]),
        ]
        for (addresses, parts) in cases {
            try await Program.fails(serve + addresses.flatMap { ["--listen", $0] }, 64, ["--listen"] + parts)
            let variable = ["CHURN_LISTEN": addresses.joined(separator: ",")]
            try await Program.fails(serve, 78, ["CHURN_LISTEN"] + parts, environment: variable)
        }
        let several = ["CHURN_LISTEN": "127.0.0.1:0,grpc://127.0.0.1:0"]
        let parts = ["--port", "CHURN_LISTEN has several"]
        try await Program.fails(serve + ["--port", "5"], 64, parts, environment: several)
        try await Program.fails(
            serve + (0...16).flatMap { _ in ["--listen", "127.0.0.1:0"] },
            64,
            ["17 listening addresses are not within 1...16"]
        )
    }

    @Test("an address that another of this server covers is named, not another server")
    func covered() async throws {
        let reserved = try ReservedPort()
        let listen = ["0.0.0.0:\(reserved.port)", "grpc://127.0.0.1:\(reserved.port)"].flatMap { ["--listen", $0] }
        let outcome = try await Program.run(["serve", "--no-store", "--models", Shop.models] + listen)
        #expect(outcome.status == 64, "\(outcome)")
        #expect(
            outcome.error.contains(
                "127.0.0.1:\(reserved.port) is taken by this server's own address 0.0.0.0:\(reserved.port)"
            ),
            "\(outcome)"
        )
    }
}
