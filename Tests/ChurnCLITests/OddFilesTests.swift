import Foundation
import TestSupport
import Testing

/// Odd files through the real program: refused in one line that says what helps, with nothing kept, or read. What
/// docs/data.md lists is what the program takes, and what its help lists.
@Suite("Odd files", .timeLimit(.minutes(3)))
struct OddFilesTests {
    /// A file that is refused, and what its line says.
    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var parts: [String]
        var encoding = String.Encoding.utf8

        var testDescription: String { name }
    }

    private static let header = "customer_id,order_id,sku,quantity,price,date\n"

    private static func line(
        _ customer: String,
        quantity: String = "1",
        price: String = "2.50",
        date: String
    ) -> String {
        "\(customer),\(customer),A,\(quantity),\(price),\(date)\n"
    }

    static let refused: [Refused] = [
        Refused(
            name: "full-width.csv",
            text: header + line("11", quantity: "６", date: "2024-01-13"),
            parts: ["line 2", "full-width digits", "uconv -x Fullwidth-Halfwidth"]
        ),
        Refused(
            name: "offsets.csv",
            text: header + line("11", date: "2024-01-13T10:00:00+01:00")
                + line("12", date: "2024-07-13T10:00:00+02:00"),
            parts: ["line 3", "same offset", "--time-zone"]
        ),
        Refused(
            name: "zone.csv",
            text: header + line("11", date: "2024-01-13 10:00:00 CST"),
            parts: ["line 2", "\"CST\"", "--dates", "yyyy-MM-dd HH:mm:ss 'CST'"]
        ),
        Refused(
            name: "month.csv",
            text: header + line("11", date: "13 grudnia 2024"),
            parts: ["line 2", "\"grudnia\" is no name of a month", "--dates"]
        ),
        Refused(
            name: "week.csv",
            text: header + line("11", date: "2024-W02-6"),
            parts: ["line 2", "\"2024-W02-6\" is no date of a known form", "--dates with dmy, mdy, ymd, serial, epoch"]
        ),
        Refused(
            name: "milliseconds.csv",
            text: header + line("11", date: "1705140000123"),
            parts: ["line 2", "13 January 2024 (--dates epoch-ms)"]
        ),
        Refused(
            name: "two-digits.csv",
            text: header + line("11", date: "1/13/24 1:05 PM"),
            parts: ["line 2", "two digits", "--two-digit-years 2000"]
        ),
        Refused(
            name: "both-orders.csv",
            text: header + line("11", date: "13/01/2024") + line("12", date: "01/14/2024"),
            parts: ["line 3", "cannot have the day first", "in line 2", "--dates with a pattern"]
        ),
        Refused(
            name: "three-digits.csv",
            text: header + line("11", price: "\"1,250\"", date: "2024-01-13"),
            parts: ["line 2", "1250 (--decimal point) or 1.250 (--decimal comma)"]
        ),
        Refused(
            name: "currencies.csv",
            text: header + line("11", price: "USD 2.50", date: "2024-01-13")
                + line("12", price: "EUR 2.50", date: "2024-01-14"),
            parts: ["line 3", "the currency of \"EUR 2.50\" is not that of \"USD 2.50\" in line 2"]
        ),
        Refused(
            name: "currency-column.csv",
            text: "customer_id,order_id,sku,quantity,price,date,order currency\n11,1,A,1,2,2024-01-13,USD\n"
                + "11,1,B,1,2,2024-01-13,\n12,2,A,1,2,2024-01-13,usd\n12,3,A,1,2,2024-01-13,JPY\n",
            parts: [
                "line 5: the currency \"JPY\" is not the \"USD\" of line 2", "one currency",
                "--columns status=\"order currency\" --exclude status=JPY",
            ]
        ),
        Refused(
            name: "quoted-lines.csv",
            text: "\"customer_id;order_id;sku;quantity;price;date\"\n\"11;1;A;1;2,50;13.01.2024\"\n",
            parts: ["no column customer", "each line is in quotes as a whole", "sed 's/^\"//; "]
        ),
        Refused(
            name: "order-total.csv",
            text: "order_id,customer_id,date,sku,order_total\n1,11,2024-01-13,A,13\n1,11,2024-01-13,B,13\n",
            parts: ["\"order_total\" looks like the total of an order", "--columns amount=NAME"]
        ),
        Refused(
            name: "names.csv",
            text: "Kundennummer;Datum;Menge;Preis (€)\n11;13.01.2024;1;2,50\n",
            parts: ["no column customer", "Kundennummer, Datum, Menge, Preis (€)", "--columns customer=NAME"],
            encoding: .windowsCP1252
        ),
        Refused(
            name: "mac.csv",
            text: (header + line("11", date: "2024-01-13")).replacing("\n", with: "\r"),
            parts: ["carriage return alone", "LF or CRLF"]
        ),
        Refused(
            name: "wide.csv",
            text: header + line("11", date: "2024-01-13"),
            parts: ["UTF-16", "iconv -f UTF-16 -t UTF-8"],
            encoding: .utf16
        ),
        Refused(
            name: "guests.csv",
            text: header + line("guest", date: "2024-01-13") + line("#N/A", date: "2024-01-13"),
            parts: ["nothing was kept", "without a customer", "--columns customer=NAME"]
        ),
        Refused(
            name: "damaged.csv",
            text: header + line("1.23457E+12", date: "2024-01-13") + line("1.23457E+12", date: "2024-01-14"),
            parts: ["nothing was kept", "bad_customer", "--columns customer=NAME"]
        ),
    ]

    @Test("are refused in one line with the flag or the step, and nothing is kept", arguments: refused)
    func refusals(_ file: Refused) async throws {
        let shop = try Shop()
        let path = shop.directory.path + "/" + file.name
        let bytes = try #require(file.text.data(using: file.encoding))
        try bytes.write(to: URL(filePath: path))
        let output = shop.directory.path + "/features.csv"
        for arguments in [["features", path, "-o", output], ["ingest", path, "--store", shop.store]] {
            try await Program.fails(arguments, 65, [path] + file.parts)
        }
        #expect(try shop.names() == [file.name])

        // Nor is anything kept of a good file beside it, or of what the store had.
        try await shop.fill()
        let before = try await Program.run(["store", "check", "--store", shop.store, "--json"]).object()
        // A price without a sign, which proves nothing for the others.
        let good = try shop.file("good.csv", Self.header + Self.line("77", price: "2", date: "2024-01-13"))
        #expect(try await Program.run(["ingest", good, path, "--store", shop.store]).status == 65)
        let after = try await Program.run(["store", "check", "--store", shop.store, "--json"]).object()
        // Files of which no line is kept do not take others with them.
        let others = file.parts.contains("nothing was kept") ? 1 : 0
        let lines = try #require(before["lines"] as? Int)
        #expect(after["lines"] as? Int == lines + others, "\(file.name)")
    }

    @Test("text that is not UTF-8 is Windows-1252, in a store as in its header")
    func windows1252() async throws {
        let shop = try Shop()
        let text = "Kunde;Datum;Bestellung;Artikel;Menge;Preis €;Land\n11;13.01.2024;R–1;„Tasse“;2;2,50;Côte d’Ivoire\n"
        let path = shop.directory.path + "/orders.csv"
        try #require(text.data(using: .windowsCP1252)).write(to: URL(filePath: path))
        let columns = [
            "--columns",
            "customer=Kunde,date=Datum,invoice=Bestellung,product=Artikel,quantity=Menge,price=Preis €,country=Land",
        ]
        let dry = try await Program.run(["ingest", path, "--dry-run"] + columns)
        #expect(dry.status == 0, "\(dry)")
        for part in ["Windows-1252", "price Preis €", "R–1", "„Tasse“", "Côte d’Ivoire"] {
            #expect((dry.output + dry.error).contains(part), "no \(part) in \(dry)")
        }
        // The same export in UTF-8 has the same lines.
        let other = try shop.file("utf8.csv", text)
        for (file, added) in [(path, 1), (other, 0)] {
            let kept = try await Program.run(["ingest", file, "--json", "--store", shop.store] + columns)
            #expect(try Program.Outcome.object(kept.lines.last ?? "")["added"] as? Int == added, "\(kept)")
        }
    }

    @Test("one currency in a column is said, several are left out by flag, and files in different ones are a warning")
    func currencies() async throws {
        let shop = try Shop()
        func file(_ name: String, _ currencies: [String]) throws -> String {
            let lines = currencies.enumerated().map {
                "\(11 + $0.offset),\($0.offset),A,1,2,2024-01-13,\($0.element)\n"
            }
            return try shop.file(name, "customer_id,order_id,sku,quantity,price,date,currency\n" + lines.joined())
        }
        let output = ["-o", shop.directory.path + "/f.csv"]
        let dollars = try file("usd.csv", ["USD", "", "usd"])
        let one = try await Program.run(["features", dollars] + output)
        #expect(one.status == 0 && one.output.contains("amounts are in USD"), "\(one)")
        let mixed = try file("mixed.csv", ["USD", "JPY", "USD"])
        let left = ["--columns", "status=currency", "--exclude", "status=JPY"]
        #expect(try await Program.run(["features", mixed] + left + output).status == 0)
        #expect(try shop.read("f.csv").split(separator: "\n").count == 3)
        let both = try await Program.run(["features", dollars, file("eur.csv", ["EUR"])] + output)
        #expect(both.status == 0 && both.error.contains("warning: \(dollars): amounts are in USD, and in "), "\(both)")
        // An order's currency says nothing of amounts in the shop's own.
        let base = "customer_id,order_id,sku,quantity,base_price,date,currency\n"
        let own = try shop.file("own.csv", base + "11,1,A,1,2,2024-01-13,USD\n12,2,A,1,2,2024-01-13,JPY\n")
        #expect(try await Program.run(["features", own] + output).status == 0)
    }

    @Test("byte-order marks before a header are none of its first name", arguments: [0, 1, 2, 3])
    func marks(count: Int) async throws {
        let shop = try Shop()
        let text = String(repeating: "\u{FEFF}", count: count) + Self.header + Self.line("11", date: "2024-01-13")
        let outcome = try await Program.run(["features", shop.file("marks.csv", text)])
        #expect(outcome.status == 0 && outcome.lines.count == 2, "\(outcome)")
    }

    // --- What the documents and the help say ---

    private static func document() throws -> String {
        try String(contentsOf: URL(filePath: Surroundings.path("docs/data.md")), encoding: .utf8)
    }

    /// The cells of the rows of the table whose header begins so.
    private static func table(_ header: String) throws -> [[String]] {
        let lines = try document().split(separator: "\n", omittingEmptySubsequences: false)
        let start = try #require(lines.firstIndex { $0.hasPrefix(header) })
        return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map {
            $0.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }
    }

    private static func quoted(_ text: String) -> [String] { text.matches(of: /`([^`]+)`/).map { String($0.1) } }

    @Test("each form of date in docs/data.md is read by the program")
    func dates() async throws {
        let shop = try Shop()
        let rows = try Self.table("| form | examples |")
        var examples = 0
        for row in rows {
            for example in Self.quoted(row[1]) where example.contains(where: \.isNumber) {
                // What is in doubt by itself, and is refused, is read with the flag that the row names.
                let isInDoubt = row[2].contains("`--dates dmy`")
                let isSerial = row[0].contains("serials")
                let text = Self.header + Self.line("11", date: "\"\(example)\"")
                let path = try shop.file("date.csv", text)
                let command = ["features", path, "-o", shop.directory.path + "/f.csv"]
                if isInDoubt { try await Program.fails(command, 65, ["(--dates dmy)", "(--dates mdy)", example]) }
                let flags = isInDoubt ? ["--dates", "dmy"] : isSerial ? ["--dates", "serial"] : []
                let outcome = try await Program.run(command + flags)
                #expect(outcome.status == 0, "\(example): \(outcome.error)")
                examples += 1
            }
        }
        #expect(rows.count >= 7 && examples >= 12)
    }

    @Test("the help of ingest and features lists the layouts, roles and flags of docs/data.md")
    func help() async throws {
        let document = try Self.document()
        let start = try #require(document.range(of: "\n## What is read\n")).upperBound
        let end = try #require(document.range(of: "\n## What a line is\n")).lowerBound
        let section = document[start..<end]
        let flags = Set(section.matches(of: /--[a-z][a-z-]+/).map { String($0.0) })
        let dates = Set(section.matches(of: /--dates ([a-z-]+)/).map { String($0.1) })
        #expect(dates.isSuperset(of: ["dmy", "serial", "epoch"]) && flags.count > 12)
        let roles = try Self.table("| role | what it is |").flatMap { Self.quoted($0[0]) }
        #expect(roles.count >= 11)
        for command in ["ingest", "features"] {
            // As one line: the help breaks lines where they are full.
            let help = try await Program.run([command, "--help"]).output
                .split { $0.isWhitespace }.joined(separator: " ")
            for flag in flags where command == "ingest" || flag != "--dry-run" {
                let isListed = help.contains("\(flag) ") || help.contains("\(flag),")
                #expect(isListed || flag == "--json", "\(command) \(flag)")
            }
            let listed = try #require(help.firstMatch(of: /Roles: (.+?)\. Unset/)).1
            let named = Set(listed.matches(of: /[a-z]+/).map { String($0.0) })
            for role in roles { #expect(named.contains(role), "\(command): no role \(role)") }
            let layouts = try #require(help.firstMatch(of: /How dates are written: (.+?) or a pattern/)).1
            for name in ["dmy", "mdy", "ymd", "serial", "epoch", "epoch-ms"] {
                #expect(layouts.split { " ,".contains($0) }.contains(name[...]), "\(command): \(name)")
            }
            for name in dates { #expect(layouts.contains(name), "\(command): \(name)") }
        }
    }
}
