import Foundation
import TestSupport
import Testing

@Suite("Features of files", .timeLimit(.minutes(2)))
struct FileFeaturesTests {
    @Test("the features of files are those of the store, by hash")
    func sameAsStore() async throws {
        let shop = try Shop()
        try await shop.fill()
        let file = shop.directory.path + "/transactions.csv"
        let built = try await Program.run(["features", "--store", shop.store, "--json"]).object()
        let output = shop.directory.path + "/features.csv"
        // Twice the same file: a line counts once.
        let made = try await Program.run(["features", file, file, "--output", output, "--json"]).object()
        for key in ["hash", "as_of", "last_purchase", "revenue"] {
            #expect(made[key] as? String == built[key] as? String, "\(key)")
        }
        for key in ["customers", "purchases", "cancellations", "invoices", "customers_with_cancellations_only"] {
            #expect(made[key] as? Int == built[key] as? Int, "\(key)")
        }
        #expect(made["lines"] as? Int == 24)
        let rows = try shop.read("features.csv").split(separator: "\n")
        #expect(rows.count == 3)
        #expect(rows.first?.hasPrefix("customer_id,Frequency,Monetary,AvgOrderValue,") == true)
        #expect(
            rows.dropFirst().map { $0.split(separator: ",").prefix(3).joined(separator: " ") } == [
                "12346 1 77183.6", "12347 7 4310",
            ]
        )

        let earlier = try await Program.run(["features", file, "--as-of", "2010-12-03"])
        #expect(earlier.status == 0, "\(earlier)")
        #expect(earlier.lines.dropFirst().map { $0.hasPrefix("12347,2,1310,") } == [true])
        #expect(earlier.error.contains("as of 2010-12-03 00:00"))
    }

    @Test("customers that are texts stand as they are in the output, and large numbers are texts in JSON")
    func texts() async throws {
        let shop = try Shop()
        let ids = [
            "ann@example.com", "\"1,234\"", "\"say \"\"hi\"\"\"", "00123", "123", "9007199254740993", "M\u{FC}ller",
        ]
        let lines = ids.enumerated().map { "\($0),A,B,1,12/14/2010 8:26,\($0 + 1),\($1),UK\r\n" }
        let file = try shop.file("texts.csv", Shop.header + lines.joined())
        let made = try await Program.run(["features", file])
        #expect(made.status == 0, "\(made)")
        let rows = made.lines.dropFirst().map { $0.split(separator: ",1,", maxSplits: 1)[0] }
        #expect(Set(rows.map(String.init)) == Set(ids) && rows.suffix(2) == ["123", "9007199254740993"])

        let shown = try await Program.run(["ingest", file, "--dry-run", "--json"]).object()
        let survey = try #require(shown["survey"] as? [String: Any])
        #expect((survey["largest_customer"] as? [String: Any])?["customer_id"] as? String == "Müller")
        let large = try await Program.run(["ingest", file, "--dry-run", "--json", "--no-customer-words", "müller"])
            .object()
        let largest = (large["survey"] as? [String: Any])?["largest_line"] as? [String: Any]
        #expect(largest?["customer_id"] as? String == "9007199254740993")
        #expect(large["without_customer"] as? Int == 1)
        let people = try await Program.run(["ingest", file, "--dry-run"])
        #expect(people.output.contains("ann@example.com") && people.output.contains("Müller with"))
    }

    @Test("what was returned is taken off the net facts, down to below 0")
    func returns() async throws {
        let file = Surroundings.path("Tests/Fixtures/Files/25-return-exceeds.csv")
        let made = try await Program.run(["features", file, "--as-of", "2011-01-20"])
        #expect(made.lines.map { $0.split(separator: ",").suffix(2) }.last == ["-40", "-4"], "\(made)")
    }

    @Test("what was generated goes through a pipe, and nothing is left in the temporary directory")
    func pipe() async throws {
        let shop = try Shop()
        let generated = try await Program.run(["generate", "--customers", "300", "--output", "-"])
        #expect(generated.status == 0 && generated.error == "", "\(generated.error)")
        let path = shop.directory.path + "/made-up.csv"
        _ = try await Program.run(["generate", "--customers", "300", "--output", path])
        #expect(try shop.read("made-up.csv") == generated.output)
        let temporary = shop.directory.path + "/temporary"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        let piped = try await Program.run(
            ["features", "/dev/stdin"],
            environment: ["TMPDIR": temporary],
            input: generated.output
        )
        let direct = try await Program.run(["features", path])
        #expect(piped.status == 0 && piped.output == direct.output)
        #expect(piped.lines.count > 250)
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
    }

    @Test("a wrong use or file leaves no features behind")
    func failures() async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        let output = shop.directory.path + "/features.csv"
        // The argument parser adds its usage to the line.
        for (arguments, part) in [
            (["features", "--output", output], "--output: goes with files"),
            (["features", file, "--store", shop.store], "--store: features of files need no store"),
            (["generate", "--output", "-", "--json"], "--json: standard output has the lines"),
        ] {
            let outcome = try await Program.run(arguments)
            #expect(outcome.status == 64 && outcome.output == "", "\(outcome)")
            #expect(outcome.error.contains(part), "\(outcome.error)")
        }
        try await Program.fails(["features", file, "--output", file], 64, [file, "overwritten"])
        try await Program.fails(["features", file, "--as-of", "1999-01-01", "-o", output], 65, ["later day"])
        let cancelled = try shop.file("cancelled.csv", Shop.header + "C1,A,B,-1,1/18/2011 10:17,1,99,UK\r\n")
        try await Program.fails(["features", cancelled, "-o", output], 65, ["no purchase"])
        let broken = try shop.file("broken.csv", Shop.transactions + "\0")
        try await Program.fails(["features", broken, "-o", output], 65, [broken])
        #expect(try shop.names() == ["broken.csv", "cancelled.csv", "transactions.csv"])
        #expect(try shop.read("transactions.csv") == Shop.transactions)
    }
}
