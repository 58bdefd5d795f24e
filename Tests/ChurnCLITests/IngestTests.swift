import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct IngestTests {
    @Test("counts every line, and adds none twice")
    func ingest() async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        let rejects = shop.directory.path + "/rejects.csv"
        let first = try await Program.run([
            "ingest", file, "--store", shop.store, "--json", "--batch-lines", "5", "--rejects", rejects,
        ])
        #expect(first.status == 0, "\(first)")
        #expect(first.error == "")
        let batches = try first.lines.dropLast().map { try Program.Outcome.object($0) }
        #expect(batches.count >= 2)
        #expect(batches.allSatisfy { $0["event"] as? String == "batch" && $0["file"] as? String == file })
        let lines = batches.compactMap { $0["lines"] as? Int }
        #expect(lines == lines.sorted() && lines.last == 12)
        #expect(batches.last?["bytes"] as? Int == Shop.transactions.utf8.count)
        #expect(batches.compactMap { $0["added"] as? Int }.reduce(0, +) == 10)

        let done = try Program.Outcome.object(first.lines.last ?? "")
        let expected = [
            "lines": 12, "without_customer": 1, "kept": 10, "purchases": 8, "cancellations": 2, "added": 10,
            "already_there": 0, "rejects_written": 2,
        ]
        for (key, value) in expected { #expect(done[key] as? Int == value, "\(key)") }
        #expect(done["event"] as? String == "done")
        #expect(done["rejected"] as? [String: Int] == ["bad_quantity": 1])
        let described = try #require((done["files"] as? [[String: Any]])?.first)
        #expect(described["date_layout"] as? String == "M/D/YYYY H:mm")
        #expect(described["line_end"] as? String == "CRLF")
        #expect(try shop.read("rejects.csv").contains(",bad_quantity,"))

        let again = try await Program.run(["ingest", file, "--store", shop.store])
        #expect(again.status == 0)
        #expect(again.lines.contains { $0.split(separator: " ").map(String.init) == ["already", "there", "10"] })
        #expect(again.output.contains("dates M/D/YYYY H:mm"))
        #expect(again.output.contains("rejected: bad_quantity"))
    }

    @Test("takes a directory, and a pipe")
    func sources() async throws {
        let shop = try Shop()
        let folder = shop.directory.path + "/exports"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        _ = try shop.file("exports/1.csv", Shop.transactions)
        _ = try shop.file("exports/2.csv", Shop.header)
        _ = try shop.file("exports/notes.txt", "not transactions")
        let directory = try await Program.run(["ingest", folder, "--store", shop.store, "--json"])
        #expect(directory.status == 0, "\(directory)")
        let done = try Program.Outcome.object(directory.lines.last ?? "")
        #expect((done["files"] as? [Any])?.count == 2)
        let pipe = try await Program.run(
            ["ingest", "/dev/stdin", "--store", shop.store, "--json"],
            input: Shop.transactions
        )
        #expect(pipe.status == 0, "\(pipe)")
        #expect(try Program.Outcome.object(pipe.lines.last ?? "")["already_there"] as? Int == 10)
    }

    /// Each wrong input, its status, and what the line says.
    private static let wrongFiles: [(text: String?, status: Int32, parts: [String])] = [
        (nil, 66, ["no such file"]),
        ("", 65, ["is empty", "header"]),
        ("a,b\n1,2\n", 65, ["no column customer, date, amount", "has a, b", "--columns customer=NAME"]),
        (
            Shop.header + "1,2,X,1,32.13.2010 8:00,1,5,UK\r\n", 65,
            ["no date of a known form", "32.13.2010", "line 2", "--dates"]
        ),
        ("PK\u{3}\u{4}", 65, ["zip archive"]),
    ]

    @Test("a wrong file is refused and leaves the store as it was", arguments: wrongFiles.indices)
    func wrongFile(index: Int) async throws {
        let wrong = Self.wrongFiles[index]
        let shop = try Shop()
        let path = try wrong.text.map { try shop.file("wrong.csv", $0) } ?? shop.directory.path + "/wrong.csv"
        // No store yet: none is made.
        try await Program.fails(["ingest", path, "--store", shop.store], wrong.status, [path] + wrong.parts)
        #expect(try shop.names().allSatisfy { $0 == "wrong.csv" })
        // A store with something in it stays, even when a good file comes first.
        try await shop.fill()
        let before = try await Program.run(["features", "--store", shop.store, "--json"]).object()
        let other = try shop.file("other.csv", Shop.transactions.replacing("12347", with: "12350"))
        try await Program.fails(["ingest", "--store", shop.store, other, path], wrong.status, [path] + wrong.parts)
        let after = try await Program.run(["features", "--store", shop.store, "--json"]).object()
        #expect(after["hash"] as? String == before["hash"] as? String)
    }

    @Test("a file with a header only is a warning, and makes no store")
    func headerOnly() async throws {
        let shop = try Shop()
        let file = try shop.file("empty.csv", Shop.header)
        let outcome = try await Program.run(["ingest", file, "--store", shop.store, "--json"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(outcome.error == "churn: warning: \(file): has a header and no lines\n")
        #expect(try outcome.object()["warnings"] as? [String] == ["\(file): has a header and no lines"])
        #expect(try shop.names() == ["empty.csv"])
    }

    @Test("a directory without transactions, and a place where nothing can be written")
    func wrongPlaces() async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        let folder = shop.directory.path + "/empty"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try await Program.fails(["ingest", folder, "--store", shop.store], 66, [folder, "*.csv"])
        try await Program.fails(
            ["ingest", file, "--store", shop.store, "--rejects", file],
            73,
            [file, "not a file of rejected lines"]
        )
        #expect(try shop.read("transactions.csv") == Shop.transactions)
    }

    @Test("what is not a store is left alone", arguments: ["ingest", "features", "serve"])
    func notAStore(command: String) async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        let text = "a letter to a friend, longer than the header of a database file would have to be in any case"
        let letter = try shop.file("letter.txt", text)
        let arguments =
            switch command {
            case "ingest": ["ingest", file]
            case "serve": ["serve", "--models", Shop.models, "--port", "0"]
            default: [command]
            }
        try await Program.fails(arguments + ["--store", "sqlite:" + letter], 65, [letter, "not an SQLite database"])
        #expect(try shop.read("letter.txt") == text)
        let folder = shop.directory.path
        try await Program.fails(arguments + ["--store", "sqlite:" + folder], 65, [folder, "directory"])
        try await Program.fails(arguments + ["--store", "nonsense"], 64, ["--store", "nonsense", "sqlite:PATH"])
        if command != "ingest" {
            let none = shop.directory.path + "/none.sqlite"
            try await Program.fails(arguments + ["--store", "sqlite:" + none], 66, [none, "churn ingest"])
            #expect(try !shop.names().contains("none.sqlite"))
        }
    }

    @Test("features: what was built, as of any day")
    func features() async throws {
        let shop = try Shop()
        try await shop.fill()
        let built = try await Program.run(["features", "--store", shop.store, "--json"]).object()
        #expect(built["customers"] as? Int == 2)
        #expect(built["invoices"] as? Int == 8)
        #expect(built["revenue"] as? String == "81493.600")
        #expect(built["as_of"] as? String == "2011-01-19T00:00")
        #expect(built["customers_with_cancellations_only"] as? Int == 1)
        #expect(built["generation"] as? Int == 2)
        let earlier = try await Program.run(["features", "--store", shop.store, "--as-of", "2010-12-03"])
        #expect(earlier.status == 0)
        #expect(earlier.output.contains("1,310.000"))
        #expect(earlier.output.contains("as of 2010-12-03 00:00"))
        try await Program.fails(["features", "--store", shop.store, "--as-of", "2010-02-30"], 64, ["2010-02-30"])
        try await Program.fails(["features", "--store", shop.store, "--as-of", "1999-01-01"], 65, ["later as-of"])
    }

    @Test("generate: the same seed, the same bytes, and transactions that can be read")
    func generate() async throws {
        let shop = try Shop()
        for name in ["a.csv", "b.csv"] {
            let path = shop.directory.path + "/" + name
            let outcome = try await Program.run([
                "generate", "--customers", "20", "--days", "60", "--seed", "5", "-o", path, "--json",
            ])
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try outcome.object()["bytes"] as? Int == shop.read(name).utf8.count)
        }
        #expect(try shop.read("a.csv") == shop.read("b.csv"))
        let ingested = try await Program.run(["ingest", shop.directory.path + "/a.csv", "--store", shop.store])
        #expect(ingested.status == 0, "\(ingested)")
        try await Program.fails(
            ["generate", "--customers", "0", "-o", shop.directory.path + "/c"],
            64,
            ["0 customers"]
        )
        try await Program.fails(["generate", "-o", "/nowhere/at/all.csv"], 73, ["/nowhere/at/all.csv"])
        #expect(try !shop.names().contains("c"))
    }
}
