import Foundation
import TestSupport
import Testing

/// The flags that say how files are read, and what is shown of it.
@Suite("How files are read", .timeLimit(.minutes(2)))
struct ReadingOptionsTests {
    private static let german =
        "Kundennr;Belegdatum;Belegnr;Artikelnr;Betrag;Status\r\n" + "17850;05.12.2010;1;A;1.234,50;bezahlt\r\n"
        + "17851;06.12.2010;2;B;2,55;storniert\r\n" + "17852;07.12.2010;3;A;nichts;bezahlt\r\n"
    private static let columns = "customer=Kundennr,date=Belegdatum,invoice=Belegnr,product=Artikelnr,amount=Betrag"

    @Test("a dry run shows the reading and writes nothing")
    func dryRun() async throws {
        let shop = try Shop()
        let file = try shop.file("umsatz.csv", Self.german)
        let arguments = ["ingest", "--dry-run", file, "--store", shop.store, "--columns", Self.columns]
        let shown = try await Program.run(arguments)
        #expect(shown.status == 0, "\(shown)")
        for part in [
            "customer Kundennr, date Belegdatum", "ignored Status", "semicolon", "decimal comma", "bezahlt (2)",
            "--exclude",
            "17850  2010-12-05 00:00", "1234.500", "lines read", "bad_price",
            "line 4 of \(file): 17852;07.12.2010;3;A;nichts;bezahlt\n",
            "first day           2010-12-05", "last day            2010-12-06", "days without sales  0",
            "largest customer    17850 with 99.8 % of all revenue", "nothing was stored",
        ] {
            #expect(shown.output.contains(part), "no '\(part)' in \(shown.output)")
        }
        let object = try await Program.run(arguments + ["--json"]).object()
        #expect(object["event"] as? String == "dry_run")
        #expect(object["kept"] as? Int == 2 && object["rejected"] as? [String: Int] == ["bad_price": 1])
        #expect((object["first_lines"] as? [[String: Any]])?.first?["amount"] as? String == "1234.500")
        let example = try #require((object["examples"] as? [[String: Any]])?.first)
        #expect(example["reason"] as? String == "bad_price" && example["line"] as? Int == 4)
        #expect((object["survey"] as? [String: Any])?["last_day"] as? String == "2010-12-06")
        #expect(try shop.names() == ["umsatz.csv"])
        // What an ingest would refuse is shown, and refused.
        let refused = try await Program.run(arguments + ["--max-rejects", "0"])
        #expect(refused.status == 65 && refused.output.contains("bad_price"))
        #expect(refused.error.contains("more than 0"), "\(refused.error)")
    }

    @Test("a layout that was saved reads further files, and is refused where it does not fit")
    func savedLayout() async throws {
        let shop = try Shop()
        let file = try shop.file("first.csv", Self.german)
        let layout = shop.directory.path + "/shop.layout"
        let first = try await Program.run([
            "ingest", file, "--store", shop.store, "--columns", Self.columns, "--exclude", "status=storniert",
            "--save-layout", layout,
        ])
        #expect(first.status == 0, "\(first)")
        let text = try shop.read("shop.layout")
        for part in ["columns: customer=Kundennr", "decimal: comma", "exclude: status=storniert"] {
            #expect(text.contains(part), "\(text)")
        }
        // A file that proves nothing by itself: 1,234 is a decimal comma as before.
        let nightly = try shop.file(
            "nightly.csv",
            "Kundennr;Belegdatum;Belegnr;Artikelnr;Betrag;Status\r\n17850;08.12.2010;4;A;1,234;bezahlt\r\n"
        )
        let second = try await Program.run(["features", nightly, "--layout", layout])
        #expect(second.status == 0, "\(second)")
        #expect(second.output.contains("\n17850,1,1.234,1.234,"), "\(second.output)")
        let other = try shop.file("other.csv", Shop.transactions)
        try await Program.fails(["ingest", other, "--layout", layout, "--store", shop.store], 65, [other, "Kundennr"])
        let broken = try shop.file("broken.layout", "dates: sometimes\n")
        try await Program.fails(
            ["ingest", other, "--layout", broken, "--store", shop.store],
            65,
            [broken, "sometimes"]
        )
        try await Program.fails(["ingest", other, "--layout", layout + "s", "--store", shop.store], 66, [layout + "s"])
        // Nothing is saved of what was refused.
        let refused = [
            "ingest", other, "--dates", "dmy", "--save-layout", shop.directory.path + "/x", "--store", shop.store,
        ]
        try await Program.fails(refused, 65, [other])
        #expect(try !shop.names().contains("x"))
    }

    @Test("standard input is read like a file, an archive too, and leaves no copy behind")
    func standardInput() async throws {
        let shop = try Shop()
        let temporary = shop.directory.path + "/temporary"
        try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: true)
        // A pipe, which can be read only once.
        let (status, output) = try await blocking {
            try ChildProcess(
                "/bin/sh",
                [
                    "-c",
                    "cat \"$1\" | \"$0\" ingest - --json --store \"$2\"", try Surroundings.churn(),
                    Surroundings.path("Tests/Fixtures/Files/60-archive.zip"), shop.store,
                ],
                environment: ["TMPDIR": temporary]
            )
            .waitForEnd()
        }
        #expect(status == 0, "\(output)")
        #expect(output.contains("\"file\": \"standard input/exports/2010.csv\""), "\(output)")
        #expect(output.contains("\"added\": 2"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
        let nowhere = try await Program.run(
            ["ingest", "/dev/fd/0", "-", "--store", shop.store],
            environment: ["TMPDIR": temporary + "/none"],
            input: Shop.transactions
        )
        #expect(nowhere.status == 74)
        #expect(nowhere.error.contains("\(temporary)/none: a temporary file cannot be used"), "\(nowhere.error)")
    }

    @Test("a flag that does not fit is wrong usage, and says what fits")
    func wrongFlags() async throws {
        let shop = try Shop()
        let file = try shop.file("transactions.csv", Shop.transactions)
        for (flags, parts) in [
            (["--dates", "sometimes"], ["--dates sometimes"]), (["--columns", "buyer=Name"], ["--columns", "buyer"]),
            (["--separator", "x"], ["--separator x", "semicolon"]), (["--decimal", "x"], ["--decimal x", "comma"]),
            (["--time-zone", "Mars/Olympus"], ["--time-zone", "Mars/Olympus", "Europe/London"]),
            (["--two-digit-years", "20"], ["--two-digit-years 20"]),
            (["--exclude", "cancelled"], ["--exclude", "status="]),
        ] {
            try await Program.fails(["ingest", file, "--store", shop.store] + flags, 64, parts)
        }
        let useless = try await Program.run(["features", "--dates", "dmy", "--store", shop.store])
        #expect(useless.status == 64 && useless.error.contains("--dates: goes with files"), "\(useless.error)")
        #expect(try shop.names() == ["transactions.csv"])
    }

    @Test("shells complete the flags and their values", arguments: ["bash", "zsh", "fish"])
    func completion(shell: String) async throws {
        let script = try await Program.run(["--generate-completion-script", shell])
        #expect(script.status == 0)
        for part in ["cancelled-invoices", "save-layout", "epoch-ms", "apostrophe"] {
            #expect(script.output.contains(part), "no '\(part)'")
        }
    }
}
