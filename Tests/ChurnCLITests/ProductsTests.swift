import Foundation
import TestSupport
import Testing

/// Files without a column for the product: what depends on products is absent, and never a count of 0.
@Suite("Without products", .timeLimit(.minutes(5)))
struct ProductsTests {
    private static let absent = "distinct_products, last_day_products"
    /// The code stands in a column of which nothing is known.
    private static let withoutProducts = Shop.transactions.replacing("StockCode", with: "Colour")

    /// An SQLite store beside the shop's files, or a database of the stand-in.
    private func store(_ kind: String, _ shop: Shop) throws -> String {
        kind == "sqlite" ? shop.store : try MongoDatabase().uri
    }

    @Test("features of files leave the columns out, and say so once")
    func files() async throws {
        let shop = try Shop()
        let without = try shop.file("without.csv", Self.withoutProducts)
        let outcome = try await Program.run(["features", without])
        #expect(outcome.status == 0, "\(outcome)")
        let header = try #require(outcome.lines.first?.split(separator: ","))
        #expect(header.count == 19 && !header.contains { $0.contains("products") })
        #expect(outcome.lines.map { $0.split(separator: ",").count } == [19, 19, 19])
        let said = outcome.error.split(separator: "\n").filter { $0.hasPrefix("churn: ") }
        #expect(said == ["churn: no purchase has a product: \(Self.absent) are absent"])

        // The other features are those of the same lines with products.
        let with = try shop.file("with.csv", Shop.transactions)
        let all = try await Program.run(["features", with]).lines.map { $0.split(separator: ",") }
        let kept = try #require(all.first).indices.filter { !all[0][$0].contains("products") }
        #expect(all.map { row in kept.map { row[$0] } } == outcome.lines.map { $0.split(separator: ",") })
    }

    @Test("a store tells of them, and of a mixture with both counts", arguments: ["sqlite", "mongodb"])
    func stores(kind: String) async throws {
        let shop = try Shop()
        let place = ["--store", try store(kind, shop)]
        let without = try shop.file("without.csv", Self.withoutProducts)
        let straight = try await Program.run(["features", without, "--json", "-o", shop.directory.path + "/f.csv"])
        #expect(try await Program.run(["ingest", without] + place).status == 0)
        let built = try await Program.run(["features", "--json"] + place)
        #expect(try built.object()["hash"] as? String == straight.object()["hash"] as? String)
        #expect(try built.object()["purchases_without_product"] as? Int == 8)
        #expect(built.error == "churn: no purchase has a product: \(Self.absent) are absent\n")

        let with = try shop.file(
            "with.csv",
            Shop.header + "1,A,B,1,12/13/2010 8:26,1,\(KnownCustomer.id),UK\r\n2,A,B,1,12/13/2010 8:26,1,5,UK\r\n"
        )
        #expect(try await Program.run(["ingest", with] + place).status == 0)
        let mixed = try await Program.run(["features", "--json"] + place)
        let warning = "churn: warning: 8 of 10 purchase lines have no product: \(Self.absent) count the 2"
        #expect(mixed.error.hasPrefix(warning))
        let files = try await Program.run(
            ["features", without, with, "--json", "-o", shop.directory.path + "/mixed.csv"]
        )
        for key in ["hash", "revenue"] {
            #expect(try mixed.object()[key] as? String == files.object()[key] as? String, "\(key)")
        }
        #expect(files.error.contains("warning: 8 of 10 purchase lines have no product"))
        let rows = try shop.read("mixed.csv").split(separator: "\n").map { $0.split(separator: ",") }
        let column = try #require(rows[0].firstIndex(of: "distinct_products"))
        #expect(rows[0].count == 21 && rows.dropFirst().map { $0[column] } == ["1", "0", "1"])
    }

    @Test("a model that reads one is refused by name, the others are served", arguments: ["sqlite", "mongodb"])
    func serving(kind: String) async throws {
        let shop = try Shop()
        let store = try store(kind, shop)
        let place = ["--store", store]
        #expect(try await Program.run(["ingest", shop.file("without.csv", Self.withoutProducts)] + place).status == 0)
        #expect(try await Program.run(["features"] + place).status == 0)
        let parts = ["churn-temporal@1 reads last_day_products", "name no products", "column with the product"]
        let models = ["--models", Shop.models]
        try await Program.fails(["explain", "12347", "--model", "churn-temporal"] + models + place, 65, parts)
        #expect(try await Program.run(["explain", "12347", "--model", "seed-logistic"] + models + place).status == 0)

        for lookup in ["resident", "read-through"] {
            let arguments = ["serve", "--listen", "127.0.0.1:0", "--lookup", lookup] + models + place
            let server = try await blocking { try ChildProcess(Surroundings.churn(), arguments) }
            let line = try await blocking { try server.waitForLine("listening on ") }
            let address = ["--server", "127.0.0.1:" + (line.split(separator: ":").last ?? "")]
            // The default model is the one that is refused.
            try await Program.fails(["predict", "12347"] + address, 65, parts)
            try await Program.fails(["score", "--all"] + place + address, 65, parts)
            let other = ["--model", "seed-logistic"] + address
            #expect(try await Program.run(["predict", "12347"] + other).status == 0)
            #expect(try await Program.run(["score", "--all"] + place + other).lines.count == 3)
            let health = try await Program.run(["health"] + address)
            #expect(health.status == 0 && health.output.hasPrefix("DEGRADED"), "\(health)")
            for part in parts { #expect(health.output.contains(part), "\(health.output)") }
            let port = try #require(line.split(separator: ":").last.flatMap { Int($0) })
            #expect(try await Self.isAnsweredByGRPC(port, model: nil) == false)
            #expect(try await Self.isAnsweredByGRPC(port, model: "seed-logistic") == true)
            let refused = try await Self.answerByHTTP(port, "GET /v1/customers/12347/prediction")
            #expect(refused.hasPrefix("HTTP/1.1 4") && parts.allSatisfy(refused.contains), "\(refused)")
            let answered = try await Self.answerByHTTP(port, "GET /v1/customers/12347/prediction?model=seed-logistic")
            #expect(answered.hasPrefix("HTTP/1.1 200 "), "\(answered)")
            for (model, ready, inferred) in [("churn-temporal", "503", "409"), ("seed-logistic", "200", "200")] {
                let path = "/v2/models/\(model)"
                let readiness = try await Self.answerByHTTP(port, "GET \(path)/ready")
                let inference = try await Self.answerByHTTP(port, "POST \(path)/infer", body: Self.inference)
                #expect(readiness.hasPrefix("HTTP/1.1 \(ready) "), "\(readiness)")
                #expect(inference.hasPrefix("HTTP/1.1 \(inferred) "), "\(inference)")
                for answer in [readiness, inference] where ready != "200" {
                    #expect(parts.allSatisfy(answer.contains), "\(answer)")
                }
            }
            #expect(try await Program.run(["health", "--strict"] + address).status == 1)
            kill(server.identifier, SIGTERM)
            let (status, log) = try await blocking { server.waitForEnd() }
            #expect(status == 0 && log.contains("churn-temporal@1 reads last_day_products"), "\(log)")
        }
    }

    private struct NoFields: Error {}

    /// Whether PredictById for customer 12347 is answered with a message: a call that fails has a status alone.
    private static func isAnsweredByGRPC(_ port: Int, model: String?) async throws -> Bool {
        func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
            [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind, flags, 0, 0, 0, stream] + payload
        }
        func text(_ text: String) -> [UInt8] { [UInt8(text.utf8.count)] + text.utf8 }
        // HPACK: POST, http, then literals that enter no table.
        let fields =
            [0x83, 0x86, 0x04] + text("/churn.v1.Churn/PredictById") + [0x01] + text("127.0.0.1")
            + [0x0F, 0x10] + text("application/grpc") + [0x00] + text("te") + text("trailers")
        // Field 1, sfixed64, and field 15, a text.
        let message = [0x09, 0x3B, 0x30, 0, 0, 0, 0, 0, 0] + (model.map { [0x7A] + text($0) } ?? [])
        let request =
            Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, []) + frame(1, 4, 1, fields)
            + frame(0, 1, 1, [0, 0, 0, 0, UInt8(message.count)] + message)
            // GOAWAY: the server closes behind its answer.
            + frame(7, 0, 0, [UInt8](repeating: 0, count: 8))
        var rest = try await blocking { try TCPExchange.answer(port: port, to: request, count: 4096) }[...]
        while let header = rest.prefix(9).count == 9 ? Array(rest.prefix(9)) : nil {
            if header[3] == 1, header[8] == 1 { return header[4] & 1 == 0 }
            rest = rest.dropFirst(9 + Int(header[1]) << 8 + Int(header[2]))
        }
        throw NoFields()
    }

    /// Customer 12347 by the Open Inference Protocol.
    private static let inference =
        "{\"inputs\":[{\"name\":\"customer_id\",\"datatype\":\"INT64\",\"shape\":[1],\"data\":[12347]}]}"

    /// - Parameter request: method and target.
    private static func answerByHTTP(_ port: Int, _ request: String, body: String = "") async throws -> String {
        let text =
            "\(request) HTTP/1.1\r\nHost: churn\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            + body
        let answer = try await blocking { try TCPExchange.answer(port: port, to: Array(text.utf8), count: 65_536) }
        return String(decoding: answer, as: UTF8.self)
    }

    @Test("train leaves the inputs out, and refuses those that were asked for")
    func training() async throws {
        let shop = try Shop()
        let generated = try await Program.run(["generate", "--customers", "400", "--days", "300", "--output", "-"])
        let file = try shop.file("made-up.csv", generated.output.replacing("StockCode", with: "Colour"))
        let place = ["--store", shop.store, "--models", shop.directory.path + "/models"]
        #expect(try await Program.run(["ingest", file, "--store", shop.store]).status == 0)
        try await Program.fails(
            ["train", "--inputs", "t10", "--horizon", "60"] + place,
            65,
            ["T10 reads last_day_products", "name no products", "--inputs auto"]
        )
        let trained = try await Program.run(["train", "--horizon", "60", "--json"] + place)
        #expect(trained.status == 0, "\(trained)")
        let inputs = try #require(trained.object()["inputs"] as? [String])
        #expect(!inputs.isEmpty && !inputs.contains { $0.contains("products") })
        let page = try shop.read("models/churn-temporal/1/report.json")
        #expect(!page.contains("\"distinct_products\""))
        try await Program.fails(
            ["evaluate", "churn-temporal", "--models", Shop.models, "--horizon", "60", "--store", shop.store],
            65,
            ["churn-temporal@1 reads last_day_products"]
        )
    }
}
