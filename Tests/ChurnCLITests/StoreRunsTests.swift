import Foundation
import TestSupport
import Testing

/// Runs, replaced days, removal and erasure, by the commands, in both kinds of store.
@Suite(.timeLimit(.minutes(5)))
struct StoreRunsTests {
    private static func stores(_ shop: Shop) throws -> [String] { [shop.store, try MongoDatabase().uri] }

    private func revenue(_ store: String) async throws -> String? {
        let features = try await Program.run(["features", "--store", store, "--json"])
        #expect(features.status == 0, "\(features)")
        return try features.object()["revenue"] as? String
    }

    private func ingest(_ arguments: [String], _ store: String) async throws -> [String: Any] {
        let outcome = try await Program.run(["ingest"] + arguments + ["--store", store, "--json"])
        #expect(outcome.status == 0, "\(outcome)")
        return try Program.Outcome.object(outcome.lines.last ?? "")
    }

    @Test("a corrected export adds its lines, and with --replace takes the place of the first one, any number of times")
    func replace() async throws {
        let shop = try Shop()
        let first = Surroundings.path("Tests/Fixtures/Files/64a-first-export.csv")
        let corrected = Surroundings.path("Tests/Fixtures/Files/64b-corrected-export.csv")
        for store in try Self.stores(shop) {
            _ = try await ingest([first], store)
            _ = try await ingest([corrected], store)
            #expect(try await revenue(store) == "42.000")
            let dry = try await ingest([corrected, "--replace", "--dry-run"], store)
            let days = try #require(dry["replaced_days"] as? [[String: Any]])
            #expect(days.map { $0["day"] as? String } == ["2011-01-05", "2011-02-05"])
            #expect(days.map { $0["lines_now"] as? Int } == [2, 1])
            #expect(days.map { $0["lines_of_files"] as? Int } == [1, 1])
            #expect(try await revenue(store) == "42.000")
            for replaced in [1, 0] {
                let done = try await ingest([corrected, "--replace"], store)
                #expect(done["added"] as? Int == 0 && done["already_there"] as? Int == 2)
                #expect(done["replaced"] as? Int == replaced)
                #expect(try await revenue(store) == "32.000")
            }
            let runs = try await Program.run(["store", "runs", "--store", store, "--json"])
            let listed = try runs.lines.map { try Program.Outcome.object($0) }
            #expect(listed.map { $0["kind"] as? String } == ["ingest", "ingest", "replace", "replace"])
            #expect(listed.map { $0["lines"] as? Int } == [0, 0, 0, 2])
            #expect(listed.last?["files"] as? [String] == [corrected])
        }
    }

    @Test("--replace is refused when lines were rejected or far more would go, unless --yes")
    func refused() async throws {
        let shop = try Shop()
        func line(_ invoice: Int, _ quantity: String) -> String {
            "\(invoice),A,x,\(quantity),2011-01-05 10:00,1,5,UK\r\n"
        }
        let many = try shop.file("many.csv", Shop.header + (1...5).map { line($0, "1") }.joined())
        let few = try shop.file("few.csv", Shop.header + line(1, "1") + line(2, "1"))
        let bad = try shop.file("bad.csv", Shop.header + (1...4).map { line($0, "2") }.joined() + line(5, "x"))
        for store in try Self.stores(shop) {
            _ = try await ingest([many], store)
            try await Program.fails(
                ["ingest", few, "--replace", "--store", store],
                65,
                ["5 lines on 1 day", "more than twice their 2", "--yes"]
            )
            try await Program.fails(
                ["ingest", bad, "--replace", "--store", store],
                65,
                ["1 of 5 lines is rejected", "--yes"]
            )
            #expect(try await revenue(store) == "5.000")
            _ = try await ingest([few, "--replace", "--yes"], store)
            #expect(try await revenue(store) == "2.000")
            _ = try await ingest([bad, "--replace", "--yes"], store)
            #expect(try await revenue(store) == "8.000")
        }
        let alone = try await Program.run(["ingest", few, "--yes", "--store", shop.store])
        #expect(alone.status == 64 && alone.error.contains("--yes: goes with --replace"))
    }

    @Test("lines come out by run, by days and by invoice, counted first")
    func remove() async throws {
        let shop = try Shop()
        let more = try shop.file("more.csv", Shop.header + "9,A,x,1,2011-03-01 10:00,5,CUST-0001,UK\r\n")
        for store in try Self.stores(shop) {
            _ = try await ingest([try shop.file("transactions.csv", Shop.transactions)], store)
            _ = try await ingest([more], store)
            func remove(_ selection: [String]) async throws -> [String: Any] {
                let outcome = try await Program.run(["store", "remove", "--store", store, "--json"] + selection)
                #expect(outcome.status == 0, "\(outcome)")
                return try outcome.object()
            }
            for (selection, lines) in [
                (["--run", "2"], 1), (["--days", "2010-12-01..2010-12-02"], 2), (["--invoice", "C541434"], 1),
                (["--run", "1"], 7), (["--run", "99"], 0),
            ] {
                let counted = try await remove(selection)
                #expect(counted["lines"] as? Int == lines && counted["removed"] as? Bool == false, "\(selection)")
                #expect(try await remove(selection + ["--yes"])["lines"] as? Int == lines)
                #expect(try await remove(selection + ["--yes"])["lines"] as? Int == 0)
            }
            let checked = try await Program.run(["store", "check", "--store", store, "--json"])
            #expect(try checked.object()["lines"] as? Int == 0)
        }
    }

    @Test("an erased customer stays away until told otherwise, and no byte of the id is left")
    func forget() async throws {
        let shop = try Shop()
        let id = "anna.erased@example.org"
        let text =
            Shop.header + "9,A,x,1,2011-03-01 10:00,5,\(id),UK\r\n" + "10,A,x,1,2011-03-01 11:00,7,CUST-0001,UK\r\n"
        for store in try Self.stores(shop) {
            let file = try shop.file("texts.csv", text)
            _ = try await ingest([file], store)
            #expect(try await revenue(store) == "12.000")
            let forgotten = try await Program.run(["store", "forget", id, "CUST-none", "--store", store, "--json"])
            #expect(forgotten.status == 0, "\(forgotten)")
            let report = try forgotten.object()
            #expect(report["found"] as? Int == 1 && report["added"] as? Int == 2 && report["lines"] as? Int == 1)
            #expect(try await revenue(store) == "7.000")
            #expect(try await ingest([file], store)["forgotten"] as? Int == 1)
            #expect(try await revenue(store) == "7.000")
            if store == shop.store {
                try FileManager.default.removeItem(atPath: file)
                for name in try shop.names() {
                    let bytes = try Data(contentsOf: URL(filePath: shop.directory.path + "/" + name))
                    #expect(bytes.range(of: Data(id.utf8)) == nil, "\(name)")
                }
                _ = try shop.file("texts.csv", text)
            }
            #expect(try await Program.run(["store", "forget", "--unforget", id, "--store", store]).status == 0)
            #expect(try await ingest([file], store)["added"] as? Int == 1)
            #expect(try await revenue(store) == "12.000")
        }
        try await Program.fails(["store", "forget", "17850.5", "--store", shop.store], 64, ["no customer's id"])
    }
}
