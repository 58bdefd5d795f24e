import Foundation
import TestSupport
import Testing

/// What a command keeps, what it refuses, and what it says about both.
@Suite("What ingest keeps and refuses", .timeLimit(.minutes(2)))
struct IngestRefusalTests {
    /// Lines on one day each, of a customer each.
    private static func lines(_ count: Int, quantity: String = "1", from first: Int = 1) -> String {
        (first..<(first + count)).map { index in
            let day = index % 28 + 1
            return "\(index),A,x,\(quantity),2011-01-\(day < 10 ? "0" : "")\(day) 10:00,5.00,\(1_000 + index),UK\r\n"
        }
        .joined()
    }

    @Test(
        "as many rejects as are allowed, and one more",
        arguments: [
            (20, 0, [], true), (21, 0, [], false), (20, 180, [], true), (21, 180, [], false), (30, 270, [], true),
            (31, 270, [], false), (3, 10, ["--max-rejects", "3"], true), (4, 10, ["--max-rejects", "3"], false),
            (25, 75, ["--max-rejects", "25%"], true), (26, 74, ["--max-rejects", "25%"], false),
            (0, 5, ["--max-rejects", "0"], true), (1, 500, ["--max-rejects", "0"], false),
        ] as [(Int, Int, [String], Bool)]
    )
    func maxRejects(bad: Int, good: Int, flags: [String], isKept: Bool) async throws {
        let shop = try Shop()
        // One good line, so that it is not for want of any that a command is refused.
        let text = Shop.header + Self.lines(good + 1) + Self.lines(bad, quantity: "many", from: 10_000)
        let file = try shop.file("lines.csv", text)
        let rejects = shop.directory.path + "/rejects.csv"
        let arguments = ["ingest", file, "--store", shop.store, "--rejects", rejects] + flags
        // Lines without a customer are no rejects, whatever their number.
        let guests = try shop.file("guests.csv", Shop.header + Self.lines(1) + "1,A,x,1,2011-01-02 10:00,5.00,,UK\r\n")
        #expect(
            try await Program.run(["ingest", guests, "--max-rejects", "0", "--store", shop.store + ".other"]).status
                == 0
        )
        guard isKept else {
            let rejected = ["lines.csv: \(bad) of \(bad + good + 1) lines are rejected, more than", "bad_quantity"]
            try await Program.fails(arguments, 65, rejected + ["nothing was kept", "--rejects", "--max-rejects"])
            #expect(try !shop.names().contains("store.sqlite"))
            // What is wrong with the lines is there to be looked at.
            #expect(try shop.read("rejects.csv").contains("bad_quantity"))
            return
        }
        let outcome = try await Program.run(arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(try Program.Outcome.object(outcome.lines.last ?? "")["added"] as? Int == good + 1)
    }

    @Test("a command that is refused leaves the store as it was, even for its last line")
    func contradiction() async throws {
        let shop = try Shop()
        try await shop.fill()
        let before = try await Program.run(["store", "check", "--store", shop.store, "--json"]).object()
        let first = try shop.file("1.csv", Shop.transactions.replacing("12347", with: "12350"))
        for last in ["9,A,x,1,31/1/2011 9:00,1,5,UK\r\n", "9,A,x,1,1/31/2011 9:00,1,5,UK\r\n\0"] {
            let second = try shop.file("2.csv", Shop.transactions + last)
            try await Program.fails(["ingest", first, second, "--store", shop.store], 65, [second])
            let after = try await Program.run(["store", "check", "--store", shop.store, "--json"]).object()
            #expect(after["lines"] as? Int == before["lines"] as? Int)
        }
    }

    @Test("of a folder the good files are kept, and the status tells that one was not")
    func emptyAmongOthers() async throws {
        let shop = try Shop()
        let folder = shop.directory.path + "/exports"
        try FileManager.default.createDirectory(atPath: folder + "/2011", withIntermediateDirectories: true)
        _ = try shop.file("exports/2011/good.csv", Shop.header + Self.lines(12))
        let guests = try shop.file("exports/guests.csv", Shop.header + "1,A,x,1,2011-01-02 10:00,5.00,,UK\r\n")
        _ = try shop.file("exports/header.csv", Shop.header)
        for added in [12, 0] {
            let outcome = try await Program.run(["ingest", folder, "--store", shop.store, "--json"])
            #expect(outcome.status == 65)
            #expect(outcome.error.contains("warning: \(folder)/header.csv: has a header and no lines"), "\(outcome)")
            #expect(
                outcome.error.contains("error: \(guests): nothing was kept of it, the only line is without a customer")
            )
            // The second time, lines that are there already count as kept.
            #expect(try Program.Outcome.object(outcome.lines.last ?? "")["added"] as? Int == added)
        }
    }

    @Test("other days are left out, and counted")
    func days() async throws {
        let shop = try Shop()
        let file = try shop.file("lines.csv", Shop.header + Self.lines(28))
        let range = ["--since", "2011-01-10", "--until", "2011-01-12"]
        let outcome = try await Program.run(["ingest", file, "--json", "--store", shop.store] + range)
        #expect(outcome.status == 0, "\(outcome)")
        let done = try Program.Outcome.object(outcome.lines.last ?? "")
        #expect(done["kept"] as? Int == 3 && done["left_out"] as? [String: Int] == ["outside_days": 25])
        #expect(done["rejected"] as? [String: Int] == [:])
        let none = ["--since", "2012-01-01"]
        try await Program.fails(["ingest", file, "--store", shop.store] + none, 65, [file, "left out", "--since"])
        for (flags, part) in [
            (["--since", "2011-02-30"], "'2011-02-30' is not a day"),
            (["--since", "2011-02-02", "--until", "2011-02-01"], "is after --until 2011-02-01"),
        ] {
            try await Program.fails(["ingest", file, "--store", shop.store] + flags, 64, [part])
        }
    }

    @Test("warnings: what stands out is said, in words and for programs")
    func warnings() async throws {
        let shop = try Shop()
        let typo =
            "99,A,x,1,2091-01-05 10:00,5.00,1001,UK\r\n98,A,x,1,1911-01-05 10:00,5.00,1001,UK\r\n"
            + "97,A,x,1000,2011-01-05 10:00,5.00,1002,UK\r\n"
        let file = try shop.file("lines.csv", Shop.header + Self.lines(300) + typo)
        let outcome = try await Program.run(["ingest", file, "--json", "--store", shop.store])
        #expect(outcome.status == 0, "\(outcome)")
        let expected = [
            "the last day, 2091-01-05, stands", "and is after today; check its dates, or leave them out with --until",
            "the first day, 1911-01-05, stands", "--since", "one line has 76.", "invoice 97 of customer 1002",
            "one customer has 76.",
        ]
        for part in expected { #expect(outcome.error.contains(part), "no '\(part)' in \(outcome.error)") }
        let warnings = try Program.Outcome.object(outcome.lines.last ?? "")["warnings"] as? [String] ?? []
        #expect(outcome.error == warnings.map { "churn: warning: \($0)\n" }.joined())
        #expect(warnings.count == 4)
    }

    @Test("one absurd line fails nobody: it is rejected by name")
    func absurdLine() async throws {
        let shop = try Shop()
        let absurd = "77,A,x,2147483647,2011-01-05 10:00,1000000000,1001,UK\r\n"
        let file = try shop.file("lines.csv", Shop.header + Self.lines(12) + absurd)
        let outcome = try await Program.run(["ingest", file, "--json", "--store", shop.store])
        #expect(outcome.status == 0, "\(outcome)")
        #expect(
            try Program.Outcome.object(outcome.lines.last ?? "")["rejected"] as? [String: Int] == ["absurd_amount": 1]
        )
        let built = try await Program.run(["features", "--store", shop.store, "--json"]).object()
        #expect(built["customers"] as? Int == 12 && built["revenue"] as? String == "60.000")
    }
}
