import Glibc
import TestSupport
import Testing

/// A store of a thousand customers, servers of it, and the clients in Tests/Peers that call them. Every method blocks.
struct PeerShop {
    /// One of its customers, and of every store that `churn generate` fills.
    static let customer = "13131"

    let lines: String
    private let directory: TemporaryDirectory
    private let store: String
    private let churn: String

    init() throws {
        directory = try TemporaryDirectory()
        lines = "\(directory.path)/lines.csv"
        store = "sqlite:\(directory.path)/churn.sqlite"
        churn = try Surroundings.churn()
        try ChildProcess.run(churn, ["generate", "--customers", "1000", "--days", "60", "--output", lines])
        try ChildProcess.run(churn, ["ingest", "--store", store, lines])
        try ChildProcess.run(churn, ["features", "--store", store])
    }

    /// - Returns: a file with every customer and its features.
    func exportFeatures() throws -> String {
        let file = "\(directory.path)/features.csv"
        try ChildProcess.run(churn, ["features", lines, "--output", file])
        return file
    }

    struct Server {
        let process: ChildProcess
        let port: String

        /// Stops it as SIGTERM does, and requires that it ends well.
        func stop() {
            kill(process.identifier, SIGTERM)
            let (status, output) = process.waitForEnd()
            #expect(status == 0, "\(output)")
        }
    }

    func serve(_ flags: [String]) throws -> Server {
        let process = try ChildProcess(
            churn,
            ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"] + flags
        )
        let line = try process.waitForLine("listening on ")
        let port = try #require(
            line.split(separator: ":").last.map(String.init),
            "the line that says where the server listens does not end in its port"
        )
        return Server(process: process, port: port)
    }

    /// Runs a client to its end, and requires that all its checks pass.
    ///
    /// - Returns: what it printed.
    @discardableResult
    static func run(_ script: String, _ arguments: [String]) throws -> String {
        let peer = try ChildProcess(
            try Surroundings.grpcPython(),
            [Surroundings.path("Tests/Peers/python/\(script)")] + arguments,
            environment: ["PYTHONDONTWRITEBYTECODE": "1"]
        )
        let (status, output) = peer.waitForEnd()
        try #require(status == 0 && output.contains(" passed, 0 failed"), "\(output)")
        return output
    }
}
