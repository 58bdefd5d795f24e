import ChurnClient
import Foundation
import TestSupport
import Testing

/// The whole path over MongoDB, with SQLite beside it as the reference: the same rows, features, and answers.
///
/// On the stand-in this takes the first 20,000 lines of the real data; with CHURN_TEST_SLOW=1, or on a real server, the
/// whole file, whose documented answers are then checked as well.
@Suite(.serialized) struct MongoRealDataTests {
    private static let isWhole = IngestRun.isSlow || !MongoDatabase.isStandIn

    private struct Stores: Sendable {
        var directory: TemporaryDirectory
        var data: String
        var sqlite: String
        var mongodb: String
    }

    /// Both stores, ingested and built.
    private static let stores = Task {
        try await blocking {
            let directory = try TemporaryDirectory()
            let stores = Stores(
                directory: directory,
                data: try IngestRun.data(in: directory, lines: isWhole ? .max : 20_000),
                sqlite: "sqlite:\(directory.path)/churn.sqlite",
                mongodb: try MongoDatabase().uri
            )
            for uri in [stores.sqlite, stores.mongodb] {
                try ChildProcess.run(Surroundings.churn(), ["ingest", "--dates", "mdy", "--store", uri, stores.data])
            }
            return stores
        }
    }

    private static func run(_ arguments: [String]) throws -> String {
        let (status, output) = try ChildProcess(Surroundings.churn(), arguments).waitForEnd()
        try #require(status == 0, "\(output)")
        return output
    }

    @Test("ingest, features and segments give what they give in SQLite", .timeLimit(.minutes(30)))
    func sameStore() async throws {
        let stores = try await Self.stores.value
        try await blocking {
            // The same file again: nothing is added. The outcome has the hash of all rows and of all features.
            let sqlite = try IngestRun.whole(stores.data, into: stores.sqlite)
            let mongodb = try IngestRun.whole(stores.data, into: stores.mongodb)
            #expect(sqlite.added == 0 && mongodb.added == 0)
            #expect(mongodb.alreadyThere == sqlite.alreadyThere)
            #expect(mongodb.hash == sqlite.hash)
            #expect(mongodb.factsHash == sqlite.factsHash)
            var features: [[String: Any]] = []
            for uri in [stores.sqlite, stores.mongodb] {
                features.append(try object(try Self.run(["features", "--json", "--store", uri])))
            }
            for key in ["as_of", "last_purchase", "customers", "purchases", "cancellations", "invoices", "hash"] {
                #expect("\(features[0][key] ?? "-")" == "\(features[1][key] ?? "-")", "\(key)")
            }
            #expect(features[0]["revenue"] as? String == features[1]["revenue"] as? String)
            #expect(
                features[0].integer("customers_with_cancellations_only")
                    == features[1].integer("customers_with_cancellations_only")
            )
            for uri in [stores.sqlite, stores.mongodb] { _ = try Self.run(["segment", "--store", uri]) }
            guard Self.isWhole else { return }
            #expect(features[1].integer("customers") == 4_339)
            #expect(features[1].integer("invoices") == 18_536)
            #expect(features[1]["revenue"] as? String == "8911407.904")
        }
    }

    @Test("the model that is trained on one is the one that is trained on the other", .timeLimit(.minutes(30)))
    func sameModel() async throws {
        let places = Self.isWhole ? try await Self.stores.value : try await blocking { try Self.madeUp() }
        try await blocking {
            var models: [Data] = []
            for (uri, name) in [(places.sqlite, "of-sqlite"), (places.mongodb, "of-mongodb")] {
                let directory = "\(places.directory.path)/\(name)"
                let options = [
                    "--inputs", "t6", "--penalty", "100", "--cutoffs", "2011-03-10,2011-06-10", "--test-cutoff",
                    "2011-09-10",
                ]
                _ = try Self.run(["train", "--store", uri, "--models", directory] + (Self.isWhole ? [] : options))
                models.append(try Data(contentsOf: URL(filePath: "\(directory)/churn-temporal/1/model.json")))
            }
            #expect(models[0] == models[1] && models[0].count > 500)
        }
    }

    /// The first lines of the real data are of a few days, which leave nothing to forecast; these are of a year.
    private static func madeUp() throws -> Stores {
        let directory = try TemporaryDirectory()
        let stores = Stores(
            directory: directory,
            data: "\(directory.path)/made-up.csv",
            sqlite: "sqlite:\(directory.path)/made-up.sqlite",
            mongodb: try MongoDatabase().uri
        )
        _ = try run(["generate", "--customers", "60", "--output", stores.data])
        for uri in [stores.sqlite, stores.mongodb] {
            _ = try run(["ingest", "--dates", "mdy", "--store", uri, stores.data])
        }
        return stores
    }

    @Test("servers over both stores give every customer the same bits", .timeLimit(.minutes(30)))
    func sameAnswers() async throws {
        let stores = try await Self.stores.value
        let (expected, given, prediction) = try await blocking {
            var scores: [String] = []
            var prediction = ""
            for uri in [stores.sqlite, stores.mongodb] {
                _ = try Self.run(["features", "--store", uri])
                let server = try ServeProcess(store: uri)
                let file = "\(stores.directory.path)/scores.csv"
                let arguments = ["score", "--all", "--store", uri, "--server", server.address, "--output", file]
                _ = try Self.run(arguments)
                scores.append(try String(contentsOfFile: file, encoding: .utf8))
                let health = try object(try Self.run(["health", "--json", "--server", server.address]))
                #expect(health["state"] as? String == "SERVING", "\(health)")
                guard Self.isWhole else { continue }
                let named = ["predict", "12347", "--model", "seed-logistic", "--json", "--server", server.address]
                prediction = try Self.run(named)
            }
            return (scores[0], scores[1], prediction)
        }
        #expect(expected.split(separator: "\n").count > 500)
        #expect(given == expected)
        guard Self.isWhole else { return }
        let answer = try object(prediction)
        let probability = try #require(answer.object("prediction").double("churn_probability"))
        #expect(abs(probability - 0.07052281746741611) <= 1e-15)
    }
}
