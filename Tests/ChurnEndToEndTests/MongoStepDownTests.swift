import ChurnClient
import ChurnFeatures
import ChurnStore
import Foundation
import TestSupport
import Testing

/// A primary that steps down in the middle of every kind of write: each command ends as if nothing had been, and a server
/// of predictions goes on.
@Suite(.serialized) struct MongoStepDownTests {
    /// What a store holds in the end.
    private struct Contents: Equatable {
        var transactions: UInt64
        var features: UInt64
        var segments: [Int64: Int]
        var predictions: [StoredPrediction]

        init(_ uri: String) throws {
            let store = try StoreLocation(parsing: uri).open(.read)
            transactions = try store.transactionsHash()
            let table = try store.loadFeatures()
            let build = try #require(try store.latestBuild())
            features = build.hash
            segments = [:]
            for customer in table.customers {
                segments[customer] = table.row(of: customer).flatMap { table.segment(row: $0) }
            }
            predictions = []
            let run = PredictionRun(model: "seed-logistic", version: "1", asOfMinute: build.context.asOfMinute)
            try store.forEachPrediction(of: run) { predictions.append($0) }
        }
    }

    /// Each command, and texts of the messages at which the primary steps down, one after the other.
    private static let commands: [(arguments: [String], texts: [String])] = [
        (["ingest", "--dates", "mdy", "--batch-lines", "300"], ["stock_code", "stock_code"]),
        (["features"], ["$merge", "last_purchase_minute"]),
        (["segment", "--k", "3"], ["segment_1_", "segment_names"]),
        (["score", "--all", "--to", "store", "--model", "seed-logistic"], ["is_churn"]),
    ]

    @Test(
        "ingest, features, segments and predictions come out the same",
        .timeLimit(.minutes(10)),
        arguments: CuttingProxy.StepDown.allCases
    )
    func stepDown(_ kind: CuttingProxy.StepDown) async throws {
        let (expected, given) = try await blocking {
            let directory = try TemporaryDirectory()
            let data = "\(directory.path)/data.csv"
            try ChildProcess.run(Surroundings.churn(), ["generate", "--customers", "60", "--output", data])
            let sqlite = "sqlite:\(directory.path)/churn.sqlite"
            let mongodb = try MongoServer(asReplicaSet: kind == .beforeTheReply)
            let proxy = try CuttingProxy(to: mongodb.port)
            let uri = "mongodb://127.0.0.1:\(proxy.port)/churn?directConnection=true&heartbeatFrequencyMS=500"
            for store in [sqlite, uri] {
                var server: ServeProcess?
                for (arguments, texts) in Self.commands {
                    var all = arguments + ["--store", store]
                    if arguments[0] == "ingest" { all.append(data) }
                    if arguments[0] == "score", let server { all += ["--server", server.address] }
                    for text in texts {
                        let before = proxy.stepDowns
                        if store == uri { proxy.stepDown(kind, at: text) }
                        let (status, output) = try ChildProcess(Surroundings.churn(), all).waitForEnd()
                        #expect(status == 0, "\(arguments) at \(text): \(output)")
                        if store == uri { #expect(proxy.stepDowns == before + 1, "\(arguments) at \(text)") }
                    }
                    // Following the store through what comes.
                    if arguments[0] == "features" {
                        server = try ServeProcess(store: store, options: ["--poll-interval", "100ms"])
                    }
                }
                guard let server else { continue }
                let health = try object(try Self.output(["health", "--json", "--server", server.address]))
                #expect(health["state"] as? String == "SERVING", "\(health)")
            }
            return (try Contents(sqlite), try Contents(uri))
        }
        #expect(expected.predictions.count > 30)
        #expect(given == expected)
    }

    private static func output(_ arguments: [String]) throws -> String {
        let (status, output) = try ChildProcess(Surroundings.churn(), arguments).waitForEnd()
        try #require(status == 0, "\(output)")
        return output
    }
}
