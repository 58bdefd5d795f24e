import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ConfigurationTests {
    /// Where `health` looks for the server, with these settings.
    private static func address(
        _ arguments: [String] = [],
        environment: [String: String] = [:],
        file: String? = nil
    ) async throws -> String {
        let shop = try Shop()
        var environment = environment
        if let file { environment["CHURN_CONFIG"] = try shop.file("churn.json", file) }
        let outcome = try await Program.run(["health"] + arguments, environment: environment)
        let parts = outcome.error.split(separator: " ")
        let place = try #require(parts.firstIndex(of: "at"), "\(outcome.error)")
        return String(parts[place + 1].dropLast())
    }

    @Test("a flag wins over the environment, that over the file, that over the default")
    func precedence() async throws {
        let file = #"{"port": 4}"#
        let environment = ["CHURN_PORT": "3"]
        #expect(try await Self.address(["--port", "2"], environment: environment, file: file) == "127.0.0.1:2")
        #expect(try await Self.address(environment: environment, file: file) == "127.0.0.1:3")
        #expect(try await Self.address(file: file) == "127.0.0.1:4")
        #expect(try await Self.address(["--port", "2"], file: file) == "127.0.0.1:2")
        // Empty is unset.
        #expect(try await Self.address(environment: ["CHURN_PORT": ""], file: file) == "127.0.0.1:4")
    }

    @Test("host, port and whole addresses are joined, each from the first place that has it")
    func addresses() async throws {
        #expect(try await Self.address(["--server", "localhost:2"]) == "localhost:2")
        #expect(try await Self.address(["--server", "[::1]:2"]) == "[::1]:2")
        #expect(try await Self.address(["--port", "5"], environment: ["CHURN_SERVER": "localhost:2"]) == "localhost:5")
        #expect(
            try await Self.address(environment: ["CHURN_HOST": "localhost"], file: #"{"port": 6}"#) == "localhost:6"
        )
        #expect(
            try await Self.address(environment: ["CHURN_SERVER": "localhost:2", "CHURN_PORT": "7"]) == "localhost:2"
        )
        for wrong in ["localhost", "localhost:", ":1", "::1:1", "localhost:99999", "localhost:-1", ""] {
            let outcome = try await Program.run(["predict", "1", "--server", wrong])
            #expect(outcome.status == 64, "\(wrong): \(outcome)")
            #expect(outcome.error.contains("--server"))
        }
    }

    @Test("the file of --config wins over that of CHURN_CONFIG")
    func configFlag() async throws {
        let shop = try Shop()
        let path = try shop.file("other.json", #"{"server": "localhost:8"}"#)
        #expect(try await Self.address(["--config", path], file: #"{"port": 4}"#) == "localhost:8")
    }

    @Test(
        "a wrong file is refused, naming what is wrong in it",
        arguments: [
            (#"{"prot": 1}"#, ["'prot' is unknown", "port"]), (#"["port"]"#, ["not a JSON object"]),
            ("port = 1", ["not a JSON object"]), (#"{"port": [1]}"#, ["'port' must be"]),
            (#"{"port": true}"#, ["'port' must be"]), (#"{"port": "x"}"#, ["port: 'x' is not a port"]),
            (#"{"timeout": 0}"#, ["timeout: '0'"]), ("", ["not a JSON object"]),
        ] as [(String, [String])]
    )
    func wrongFile(text: String, parts: [String]) async throws {
        let shop = try Shop()
        let path = try shop.file("churn.json", text)
        try await Program.fails(["predict", "1", "--config", path], 78, [path] + parts)
    }

    @Test("wrong variables are refused by name")
    func wrongVariables() async throws {
        for (name, value) in [("CHURN_PORT", "x"), ("CHURN_TIMEOUT", "soon"), ("CHURN_SERVER", "here")] {
            try await Program.fails(["predict", "1"], 78, [name, "'\(value)'"], environment: [name: value])
        }
        try await Program.fails(["features"], 78, ["CHURN_STORE", "sqlite:PATH"], environment: ["CHURN_STORE": "x"])
        try await Program.fails(["predict", "1", "--config", "/nowhere.json"], 78, ["/nowhere.json"])
        try await Program.fails(["features"], 78, ["--store"], environment: ["HOME": ""])
    }

    @Test("the default store is in the data directory")
    func defaultStore() async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        for (environment, place) in [
            (["XDG_DATA_HOME": shop.directory.path + "/data"], "data/churn/churn.sqlite"),
            (["HOME": shop.directory.path, "XDG_DATA_HOME": "relative"], ".local/share/churn/churn.sqlite"),
        ] {
            let outcome = try await Program.run(["ingest", file], environment: environment)
            #expect(outcome.status == 0, "\(outcome)")
            #expect(FileManager.default.fileExists(atPath: shop.directory.path + "/" + place))
        }
    }

    @Test("models are looked for here, then beside the program; the error names both")
    func defaultModels() async throws {
        let here = try await Program.run(["models"], directory: Surroundings.path("."))
        #expect(here.status == 0, "\(here)")
        #expect(here.output.contains("seed-logistic"))
        let shop = try Shop()
        let elsewhere = try await Program.run(["models"], directory: shop.directory.path)
        #expect(elsewhere.status == 66)
        #expect(elsewhere.error.contains("/models nor "))
        #expect(elsewhere.error.contains("share/churn/models"))
        #expect(elsewhere.error.contains("--models"))
    }
}
