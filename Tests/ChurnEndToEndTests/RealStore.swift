import Foundation
import TestSupport
import Testing

/// The real data set, ingested and built once by the real program for all suites that only read it.
enum RealStore {
    struct Ingested: Sendable {
        var directory: TemporaryDirectory
        /// The last line of `ingest --json`, and what `features --json` printed.
        var ingest: String
        var features: String

        var uri: String { "sqlite:\(directory.path)/churn.sqlite" }
    }

    private static let ingested = Task {
        try await blocking {
            let churn = try Surroundings.churn()
            let directory = try TemporaryDirectory()
            let store = "sqlite:\(directory.path)/churn.sqlite"
            let ingest = try ChildProcess(churn, ["ingest", "--json", "--store", store] + Surroundings.transactions())
            let (status, output) = ingest.waitForEnd()
            try #require(status == 0, "\(output)")
            let features = try ChildProcess(churn, ["features", "--json", "--store", store])
            let (featureStatus, built) = features.waitForEnd()
            try #require(featureStatus == 0, "\(built)")
            let last = output.split(separator: "\n").last.map(String.init) ?? ""
            return Ingested(directory: directory, ingest: last, features: built)
        }
    }

    static func get() async throws -> Ingested {
        try await ingested.value
    }
}

/// A running `churn serve` on a port of its own; killed with its last reference.
struct ServeProcess: Sendable {
    let process: ChildProcess
    let port: Int

    var address: String { "127.0.0.1:\(port)" }

    init(store: String, options: [String] = []) throws {
        process = try ChildProcess(
            Surroundings.churn(),
            ["serve", "--store", store, "--models", Surroundings.path("models"), "--port", "0"] + options
        )
        let line = try process.waitForLine("listening on ")
        port = try #require(line.split(separator: ":").last.flatMap { Int($0) }, "no port in '\(line)'")
    }
}

/// One JSON object, as Foundation reads it.
func object(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any], "\(text)")
}

extension [String: Any] {
    func integer(_ key: String) -> Int? { (self[key] as? NSNumber)?.intValue }
    func double(_ key: String) -> Double? { (self[key] as? NSNumber)?.doubleValue }
    func object(_ key: String) -> [String: Any] { self[key] as? [String: Any] ?? [:] }
}
