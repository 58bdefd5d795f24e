import Foundation
import TestSupport
import Testing

/// A customer whose lines are all within the limits, and whose sums are not.
@Suite("Customers beyond 64 bits", .timeLimit(.minutes(5)))
struct LeftOutTests {
    /// 9,300 times the largest amount of a line is more than 2^63 thousandths.
    private static let transactions: String = {
        var text = Shop.transactions
        for line in 0..<9_300 {
            text += "A\(line / 100),P\(line % 100),GOLD,1000,12/8/2010 8:26,1000000000,666,United Kingdom\r\n"
        }
        return text
    }()

    private static let remark =
        "churn: warning: 1 customer is left out, since the sums of their quantities or amounts exceed 64 bits: 666; "
        + "check the prices of these lines\n"

    @Test("are left out by files and stores alike, and named", arguments: ["sqlite", "mongodb"])
    func leftOut(kind: String) async throws {
        let shop = try Shop()
        let file = try shop.file("absurd.csv", Self.transactions)
        let usual = try shop.file("usual.csv", Shop.transactions)
        let output = ["--json", "-o", shop.directory.path + "/features.csv"]
        let made = try await Program.run(["features", file] + output)
        #expect(made.status == 0 && made.error.contains(Self.remark), "\(made.error)")
        let straight = try made.object()
        #expect(straight["customers_left_out"] as? Int == 1)
        #expect(
            try shop.read("features.csv").split(separator: "\n").map { $0.prefix { $0 != "," } }.dropFirst() == [
                "12346", "12347",
            ]
        )
        // All others as without.
        let other = try await Program.run(["features", usual] + output).object()
        for key in ["hash", "revenue", "as_of"] { #expect(straight[key] as? String == other[key] as? String, "\(key)") }

        let place = ["--store", kind == "sqlite" ? shop.store : try MongoDatabase().uri]
        #expect(try await Program.run(["ingest", file] + place).status == 0)
        let built = try await Program.run(["features", "--json"] + place)
        #expect(built.status == 0 && built.error == Self.remark, "\(built.error)")
        let store = try built.object()
        #expect(store["customers_left_out"] as? Int == 1)
        for key in ["hash", "revenue", "as_of"] { #expect(store[key] as? String == other[key] as? String, "\(key)") }
        for key in ["purchases", "cancellations", "invoices", "customers"] {
            #expect(store[key] as? Int == other[key] as? Int, "\(key)")
        }
        let again = try await Program.run(["features"] + place)
        #expect(again.output.contains("left out: sums beyond 64 bits") && again.error == Self.remark)
    }

    @Test("the products of one that is left out are nobody's, in files and stores", arguments: ["sqlite", "mongodb"])
    func products(kind: String) async throws {
        let shop = try Shop()
        // All others bought in a file without a column for the product.
        let others = try shop.file("others.csv", Shop.transactions.replacing("StockCode", with: "Colour"))
        let absurd = try shop.file("absurd.csv", Shop.header + Self.transactions.dropFirst(Shop.transactions.count))
        let output = shop.directory.path + "/features.csv"
        let straight = try await Program.run(["features", others, absurd, "--json", "-o", output])
        #expect(straight.status == 0 && straight.error.contains(Self.remark), "\(straight.error)")
        let header = try #require(shop.read("features.csv").split(separator: "\n").first)
        #expect(header.split(separator: ",").count == 19 && !header.contains("products"))
        let said = "churn: no purchase has a product: distinct_products, last_day_products are absent\n"
        #expect(straight.error.contains(said), "\(straight.error)")

        let place = ["--store", kind == "sqlite" ? shop.store : try MongoDatabase().uri]
        #expect(try await Program.run(["ingest", others, absurd] + place).status == 0)
        let built = try await Program.run(["features", "--json"] + place)
        #expect(built.status == 0 && built.error == said + Self.remark, "\(built.error)")
        #expect(try built.object()["hash"] as? String == straight.object()["hash"] as? String)
        let explained = ["explain", "12347", "--model", "churn-temporal", "--models", Shop.models] + place
        try await Program.fails(explained, 65, ["churn-temporal@1 reads last_day_products", "name no products"])
    }

    @Test("a shop with nobody else has no features, and is told why")
    func nobodyElse() async throws {
        let shop = try Shop()
        let file = try shop.file(
            "absurd.csv",
            Self.transactions.replacing(",12347,", with: ",,").replacing(",12346,", with: ",,")
        )
        let output = shop.directory.path + "/features.csv"
        try await Program.fails(["features", file, "-o", output], 65, ["customer 666", "no other customer is left"])
        #expect(try await Program.run(["ingest", file, "--store", shop.store]).status == 0)
        try await Program.fails(
            ["features", "--store", shop.store],
            65,
            ["customer 666", "no other customer is left"]
        )
        #expect(!FileManager.default.fileExists(atPath: output))
    }
}
