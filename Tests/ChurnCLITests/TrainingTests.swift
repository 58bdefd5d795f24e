import ChurnFeatures
import ChurnStore
import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct TrainingTests {
    private static let area = 0.7503136145527208

    private func number(_ object: [String: Any], _ path: String...) -> Double {
        var value: Any? = object
        for name in path { value = (value as? [String: Any])?[name] }
        return value as? Double ?? .nan
    }

    @Test("train on the real data, evaluate, explain and segment")
    func realData() async throws {
        let shop = try Shop()
        let directory = shop.directory.path
        let store = ["--store", shop.store]
        for arguments in [["ingest"] + (try Surroundings.transactions()), ["features"]] {
            let outcome = try await Program.run(arguments + store)
            try #require(outcome.status == 0, "\(outcome)")
        }
        for (folder, threads) in [("one", "1"), ("two", "2")] {
            let outcome = try await Program.run(
                [
                    "train", "--inputs", "t10", "--name", "mine", "--models", "\(directory)/\(folder)", "--threads",
                    threads,
                ]
                    + store
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(outcome.output.contains("mine@1: T10, 10 inputs, penalty 100"))
        }
        for file in ["model.json", "report.json", "report.html", "SHA256SUMS"] {
            let texts = try ["one", "two"].map { try shop.read("\($0)/mine/1/\(file)") }
            #expect(texts[0] == texts[1], "\(file)")
        }
        let report = try Program.Outcome.object(try shop.read("one/mine/1/report.json"))
        #expect(abs(number(report, "test", "metrics", "roc_auc") - Self.area) < 1e-9)

        let models = ["--models", directory + "/one"]
        let evaluation = try await Program.run(["evaluate", "mine", "--json"] + models + store).object()
        let cutoff = try #require((evaluation["cutoffs"] as? [[String: Any]])?.first)
        #expect(cutoff["cutoff"] as? String == "2011-09-10")
        #expect(number(cutoff, "metrics", "roc_auc") == number(report, "test", "metrics", "roc_auc"))
        #expect(number(cutoff, "at_threshold", "tp") == number(report, "test", "at_threshold", "tp"))

        let explained = try await Program.run(["explain", "12347", "--model", "mine", "--json"] + models + store)
            .object()
        let parts = (explained["contributions"] as? [[String: Any]] ?? []).map { number($0, "log_odds") }
        #expect(parts.count == 10)
        #expect(abs(number(explained, "baseline") + parts.reduce(0, +) - number(explained, "log_odds")) < 1e-12)

        // A remark joins what one bar alone would tell wrongly.
        let told = try await Program.run(["explain", "12347", "--model", "mine"] + models + store).output
        let together = zip(report["model"].flatMap { ($0 as? [String: Any])?["inputs"] as? [String] } ?? [], parts)
            .filter { $0.0.contains("recency") || $0.0.contains("purchase_days") }.map(\.1)
        #expect(together.count == 4)
        #expect(told.count { $0 == "*" } == 5 && told.contains("read their sum, -"))
        #expect(together.reduce(0, +) < 0)

        let segments = try await Program.run(["segment", "--json"] + store).object()
        #expect(number(segments, "knee") == 3)
        let names = (segments["profiles"] as? [[String: Any]])?.compactMap { $0["name"] as? String }
        #expect(names == ["VIP loyal", "at risk", "active regular", "lost"])
        #expect(try await Program.run(["explain", "12347"] + models + store).output.contains("segment: VIP loyal"))

        try await imported(shop, models + store)

        try await Program.fails(["train", "--name", "mine"] + models + store, 73, ["exists already"])
        try await Program.fails(
            ["train", "--name", "x", "--protocol", "seed", "--inputs", "t10"] + models + store,
            65,
            ["recency_days", "dates the last purchase", "leave these inputs out"]
        )
        try await Program.fails(["evaluate", "mine", "--cutoff", "2011-12-01"] + models + store, 65, ["2011-12-10"])
        try await Program.fails(["explain", "1", "--model", "mine"] + models + store, 67, ["no customer 1"])
    }

    /// Columns of one's own train a model that says so, and that no server takes.
    private func imported(_ shop: Shop, _ place: [String]) async throws {
        let table = try StoreLocation(parsing: shop.store).open(.read).loadFeatures()
        let customers = withExtendedLifetime(table) { Array(table.customers) }
        func file(_ name: String, _ header: String, _ row: (Int64) -> String) throws -> String {
            try shop.file(name, header + "\r\n" + customers.map { "\($0),\(row($0))\r\n" }.joined())
        }
        let calls = try file("calls.csv", "customer_id,calls") { "\($0 % 7)" }
        let train = ["train", "--protocol", "seed", "--name", "own", "--import"]
        let outcome = try await Program.run(train + [calls] + place)
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            try shop.read("one/own/1/model.json").contains("Imported inputs: calls. The feature builder does not make")
        )
        try await Program.fails(
            ["serve", "--model", "own", "--listen", "127.0.0.1:0"] + place,
            65,
            ["own@1", "reads features that this version does not build: calls"]
        )
        try await Program.fails(
            ["train", "--name", "x", "--import", calls] + place,
            65,
            ["calls.csv", "a forecast takes CustomerID, Cutoff"]
        )
        let few = try shop.file("few.csv", "CustomerID,Cutoff,calls\r\n12347,2011-03-06,1\r\n12347,2011-03-06,2\r\n")
        try await Program.fails(
            ["train", "--name", "x", "--import", few] + place,
            65,
            ["few.csv: line 3: customer 12347 has a row already"]
        )
        let wrong = try file("wrong.csv", "CustomerID,calls") { _ in "many" }
        try await Program.fails(train + [wrong] + place + ["--version", "2"], 65, ["line 2: calls is 'many'"])
    }

    @Test("what cannot be trained on is one line")
    func refusals() async throws {
        let shop = try Shop()
        try await shop.fill()
        let place = ["--store", shop.store, "--models", shop.directory.path + "/models"]
        try await Program.fails(["train"] + place, 65, ["no training cutoff"])
        try await Program.fails(
            ["train", "--cutoffs", "2010-12-03"] + place,
            64,
            ["beyond the test cutoff", "leave it out"]
        )
        try await Program.fails(["train", "--name", "No Name"] + place, 65, ["No Name"])
        try await Program.fails(["segment", "--k", "9", "--store", shop.store], 65, ["clusters"])
        try await Program.fails(["segment", "--k", "0", "--store", shop.store], 64, ["clusters"])
        #expect(!FileManager.default.fileExists(atPath: shop.directory.path + "/models/churn-temporal"))
    }
}
