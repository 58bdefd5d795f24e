import Foundation
import TestSupport
import Testing

/// Small files of the kinds that shops export, each with what a person would expect of it. The inputs are
/// `Tests/Fixtures/Files/NAME`, and each goes through the real program: into features, and into a store.
struct FileCase: Sendable, CustomTestStringConvertible {
    enum Outcome: Sendable {
        /// Exit status 65, one line with all these parts and the file's name; no output and no store.
        case refused([String])
        /// - asOf: the 00:00 after the last purchase.
        /// - customers: in ascending order, each with features by name.
        /// - said: parts of what the program says, on either stream.
        case read(asOf: String, customers: [(Int, [String: Double])], said: [String] = [], unsaid: [String] = [])
    }

    var file: String
    var arguments: [String] = []
    var outcome: Outcome

    var testDescription: String { ([file] + arguments).joined(separator: " ") }
    var path: String { Surroundings.path("Tests/Fixtures/Files/\(file)") }

    static let dates: [FileCase] = [
        FileCase(
            file: "01-date-only-iso.csv",
            outcome: .read(
                asOf: "2011-01-06",
                customers: [(17850, ["purchase_days": 2, "mean_hour": 0, "tenure_days": 36])]
            )
        ),
        FileCase(
            file: "03a-dmy-slash-first-ambiguous.csv",
            outcome: .read(asOf: "2011-01-07", customers: [(17850, ["tenure_days": 33, "Frequency": 3])])
        ),
        FileCase(
            file: "03b-dmy-slash-all-ambiguous.csv",
            outcome: .refused(["line 2", "\"01/12/2010 08:26\"", "--dates dmy", "--dates mdy"])
        ),
        FileCase(
            file: "03b-dmy-slash-all-ambiguous.csv",
            arguments: ["--dates", "dmy"],
            outcome: .read(asOf: "2010-12-07", customers: [(17850, ["tenure_days": 6])])
        ),
        FileCase(
            file: "03b-dmy-slash-all-ambiguous.csv",
            arguments: ["--dates", "mdy"],
            outcome: .read(asOf: "2010-06-13", customers: [(17850, ["tenure_days": 152])])
        ),
        FileCase(file: "04-mdy-dash.csv", outcome: .refused(["12-01-2010 08:26", "--dates dmy", "--dates mdy"])),
        FileCase(
            file: "04-mdy-dash.csv",
            arguments: ["--dates", "mdy"],
            outcome: .read(asOf: "2010-12-07", customers: [(17850, ["tenure_days": 6])])
        ),
        FileCase(
            file: "04-mdy-dash.csv",
            arguments: ["--dates", "dmy"],
            outcome: .read(asOf: "2010-06-13", customers: [(17850, ["tenure_days": 152])])
        ),
        FileCase(file: "05-ampm.csv", outcome: .refused(["12/1/2010 8:26 AM", "--dates dmy", "--dates mdy"])),
        FileCase(
            file: "05-ampm.csv",
            arguments: ["--dates", "mdy"],
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["mean_hour": (506.0 + 785) / 120])])
        ),
        FileCase(
            file: "05-ampm.csv",
            arguments: ["--dates", "dmy"],
            outcome: .read(asOf: "2010-01-13", customers: [(17850, ["mean_hour": (506.0 + 785) / 120])])
        ),
        FileCase(
            file: "07c-offset.csv",
            outcome: .read(
                asOf: "2010-12-02",
                customers: [(17850, ["mean_hour": 506.0 / 60])],
                said: ["+00:00", "--time-zone"]
            )
        ),
        FileCase(
            file: "07c-offset.csv",
            arguments: ["--time-zone", "Europe/Paris"],
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["mean_hour": 566.0 / 60])])
        ),
        FileCase(file: "09-d-mon-yy.csv", outcome: .refused(["1-Jan-14", "--two-digit-years"])),
        FileCase(
            file: "09-d-mon-yy.csv",
            arguments: ["--two-digit-years", "2000"],
            outcome: .read(asOf: "2014-01-02", customers: [(17850, ["Monetary": 15.3])])
        ),
        FileCase(
            file: "09-d-mon-yy.csv",
            arguments: ["--dates", "d-MMM-yy", "--two-digit-years", "2000"],
            outcome: .read(asOf: "2014-01-02", customers: [(17850, ["Monetary": 15.3])])
        ),
        FileCase(
            file: "10-german-dots.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["mean_hour": 506.0 / 60])])
        ),
        FileCase(
            file: "26-future-date.csv",
            outcome: .read(
                asOf: "2091-06-06",
                customers: (100...108).map { ($0, [:]) },
                said: [
                    "warning: the last day, 2091-06-05, stands 29,128 days after all others and is after today",
                    "--until",
                ]
            )
        ),
        FileCase(
            file: "26-future-date.csv",
            arguments: ["--until", "2011-12-31"],
            outcome: .read(
                asOf: "2011-09-06",
                customers: (100...108).map { ($0, ["Frequency": 1]) },
                unsaid: ["warning"]
            )
        ),
        FileCase(file: "53-two-digit-year.csv", outcome: .refused(["12/1/10 8:26", "--two-digit-years"])),
        FileCase(
            file: "53-two-digit-year.csv",
            arguments: ["--two-digit-years", "2000"],
            outcome: .refused(["12/1/10 8:26", "--dates dmy", "--dates mdy"])
        ),
        FileCase(
            file: "53-two-digit-year.csv",
            arguments: ["--two-digit-years", "2000", "--dates", "mdy"],
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["Monetary": 15.3])])
        ),
    ]

    static let numbers: [FileCase] = [
        FileCase(
            file: "11-semicolon-decimal-comma.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["Monetary": 15.3])], said: ["semicolon", "comma"])
        ),
        FileCase(
            file: "13-decimal-comma-quoted.csv",
            outcome: .read(asOf: "2010-12-03", customers: [(17850, ["Monetary": 30.6])], said: ["decimal", "comma"])
        ),
        FileCase(
            file: "14-thousands.csv",
            outcome: .read(
                asOf: "2010-12-03",
                customers: [(17850, ["Monetary": 14_814])],
                said: ["thousands", "comma"]
            )
        ),
        FileCase(
            file: "15b-price-third.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["Monetary": 77.802])], said: ["rounded"])
        ),
        FileCase(
            file: "21b-qty-fraction-kg.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(17850, ["Monetary": 1.148])], said: ["rounded"])
        ),
    ]

    static let columns: [FileCase] = [
        FileCase(
            file: "19b-trailing-delimiter-data-only.csv",
            outcome: .read(asOf: "2011-01-06", customers: [(17850, ["Frequency": 2])], said: ["empty field"])
        ),
        FileCase(
            file: "20b-footer-total.csv",
            outcome: .read(asOf: "2011-01-06", customers: [(17850, ["Monetary": 30.6])], said: ["without customer"])
        ),
        FileCase(
            file: "23-C-positive.csv",
            outcome: .read(
                asOf: "2010-12-03",
                customers: [(5, ["Monetary": 383.57])],
                said: ["warning: 1 purchase has", "--cancelled-invoices 'C*'"]
            )
        ),
        FileCase(
            file: "23-C-positive.csv",
            arguments: ["--cancelled-invoices", "C*"],
            outcome: .read(
                asOf: "2010-12-02",
                customers: [(5, ["Monetary": 10, "Frequency": 1])],
                unsaid: ["--cancelled-invoices"]
            )
        ),
        FileCase(
            file: "24-return-all.csv",
            outcome: .read(
                asOf: "2011-02-02",
                customers: [
                    (7, ["Monetary": 500, "net_monetary": 500]), (12346, ["Monetary": 77_183.6, "net_monetary": 0]),
                ]
            )
        ),
        FileCase(
            file: "25-return-exceeds.csv",
            outcome: .read(asOf: "2011-01-19", customers: [(7, ["Monetary": 10])])
        ),
        FileCase(
            file: "33-missing-stock.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(5, ["Monetary": 1])], said: ["product"])
        ),
        FileCase(
            file: "42-order-names.csv",
            outcome: .read(asOf: "2010-12-02", customers: [(5, ["Monetary": 1, "distinct_products": 1])])
        ),
        FileCase(
            file: "46-all-guest.csv",
            outcome: .refused(["nothing was kept", "all 2 lines are without a customer"])
        ),
        FileCase(
            file: "72-shopify-blank-extra-lines.csv",
            outcome: .read(
                asOf: "2024-02-06",
                customers: [(5, ["Monetary": 100, "Frequency": 1]), (6, ["Monetary": 10])],
                said: ["filled"]
            )
        ),
        FileCase(
            file: "77-cancel-by-status.csv",
            outcome: .read(
                asOf: "2024-02-07",
                customers: [(5, ["Monetary": 510]), (6, ["Monetary": 90])],
                said: ["Status", "cancelled", "refunded", "--exclude"]
            )
        ),
        FileCase(
            file: "77-cancel-by-status.csv",
            arguments: ["--exclude", "status=Cancelled,refunded"],
            outcome: .read(asOf: "2024-01-06", customers: [(5, ["Monetary": 10])], said: ["left out"])
        ),
    ]

    static let containers: [FileCase] = [
        FileCase(
            file: "60-archive.zip",
            outcome: .read(asOf: "2011-01-06", customers: [(17850, ["Frequency": 2])], said: ["readme.txt", "skipped"])
        ),
        FileCase(
            file: "61-excel.xlsx",
            outcome: .read(
                asOf: "2010-12-02",
                customers: [(12583, ["Monetary": 90]), (17850, ["Monetary": 35.64, "distinct_products": 2])],
                said: ["without customer"]
            )
        ),
        FileCase(file: "62-html-as.xls", outcome: .refused(["HTML", "CSV"])),
        FileCase(file: "35-jsonl.jsonl", outcome: .refused(["JSON", "CSV"])),
        FileCase(file: "36-parquet.parquet", outcome: .refused(["Parquet", "CSV"])),
    ]

    static let all = dates + numbers + columns + containers
}

@Suite("Small files of every kind", .timeLimit(.minutes(5)))
struct FileCasesTests {
    @Test("features straight from the file", arguments: FileCase.all)
    func features(_ file: FileCase) async throws {
        let shop = try Shop()
        let output = shop.directory.path + "/features.csv"
        let arguments = ["features", file.path, "--output", output] + file.arguments
        switch file.outcome {
        case .refused(let parts):
            try await Program.fails(arguments, 65, [file.path] + parts)
            #expect(try shop.names() == [])
        case .read(let asOf, let customers, let said, let unsaid):
            let outcome = try await Program.run(arguments)
            try #require(outcome.status == 0, "\(outcome)")
            let everything = outcome.output + outcome.error
            #expect(everything.contains("as of \(asOf) 00:00"), "\(everything)")
            for part in said { #expect(everything.contains(part), "no '\(part)' in \(everything)") }
            for part in unsaid { #expect(!everything.contains(part), "'\(part)' in \(everything)") }
            try Self.compare(try shop.read("features.csv"), customers)
        }
    }

    @Test("the store gets the same, or is not even made", arguments: FileCase.all)
    func store(_ file: FileCase) async throws {
        let shop = try Shop()
        let arguments = ["ingest", file.path, "--store", shop.store] + file.arguments
        switch file.outcome {
        case .refused(let parts):
            try await Program.fails(arguments, 65, [file.path] + parts)
            #expect(try shop.names() == [])
        case .read(let asOf, let customers, _, _):
            let ingested = try await Program.run(arguments)
            try #require(ingested.status == 0, "\(ingested)")
            let built = try await Program.run(["features", "--store", shop.store, "--json"]).object()
            #expect(built["as_of"] as? String == "\(asOf)T00:00")
            #expect(built["customers"] as? Int == customers.count)
            let straight = try await Program.run(
                ["features", file.path, "--json", "--output", shop.directory.path + "/features.csv"] + file.arguments
            )
            .object()
            for key in ["hash", "revenue"] { #expect(built[key] as? String == straight[key] as? String, "\(key)") }
        }
    }

    private static func compare(_ csv: String, _ customers: [(Int, [String: Double])]) throws {
        let rows = csv.split(separator: "\n").map { $0.split(separator: ",").map(String.init) }
        let names = try #require(rows.first)
        #expect(rows.dropFirst().map(\.first) == customers.map { String($0.0) })
        for (row, customer) in zip(rows.dropFirst(), customers) {
            for (feature, value) in customer.1 {
                let index = try #require(names.firstIndex(of: feature))
                let found = try #require(Double(row[index]))
                #expect(abs(found - value) < 1e-9, "\(feature) of \(customer.0) is \(found)")
            }
        }
    }
}
