import ChurnBase
import ChurnCalls
import ChurnFeatures
import ChurnProtocol
import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// Customers whose ids are texts, by every protocol, from a server whose hash has 16 bits: thousands of texts, of which many
/// have the number of another one.
@Suite(.serialized) struct TextCustomerTests {
    private static let ways: [LookupMode] = [.resident, .readThrough(cachedCustomers: 50)]
    private static let hash = CustomerHash(bits: 16)
    private static let number: Int64 = 12_347

    /// A shop of 3,000 texts and one number.
    private struct TextShop {
        /// With the purchases of each.
        var present: [(text: String, id: CustomerID, purchases: Int64)] = []
        /// Not there, each with the number of one that is.
        var colliding: [(text: String, id: CustomerID)] = []

        init() throws {
            var seen: Set<Int64> = []
            for index in 0..<20_000 where present.count < 3_000 || colliding.count < 500 {
                let text = index % 2 == 0 ? "CUST-\(index)" : "kundin \(index)@example.com/\u{e9}"
                let id = try #require(Array(text.utf8).withUnsafeBufferPointer { CustomerID(text: $0, hash: hash) })
                if present.count < 3_000, seen.insert(id.number).inserted {
                    present.append((text, id, 1 + Int64(present.count % 40)))
                } else if seen.contains(id.number) {
                    colliding.append((text, id))
                }
            }
        }

        var store: FactsStore {
            FactsStore(
                present.map { FactsStore.facts($0.id, purchases: $0.purchases) } + [
                    FactsStore.facts(CustomerID(number: number), purchases: 3)
                ]
            )
        }
    }

    private static func with(_ lookup: LookupMode, _ body: (TestServer, TextShop) async throws -> Void) async throws {
        let shop = try TextShop()
        #expect(shop.present.count == 3_000 && shop.colliding.count >= 500)
        let server = try await TestServer.start(over: shop.store) {
            $0.lookup = lookup
            $0.customerHash = hash
        }
        try await server.whileRunning { try await body($0, shop) }
    }

    private static func byText(_ text: String) -> Request {
        Request(method: .predictByText(customer: text, contributions: false, names: false))
    }

    private static func batch(_ peer: RawPeer, _ texts: [String]) throws -> BatchPrediction {
        let response = try peer.call(Request(method: .predictBatchByTexts(texts)))
        guard case .predictBatch(let batch) = response.result else {
            throw RawPeer.Failure(call: "predictBatch: \(response.message)", code: response.status.rawValue)
        }
        return batch
    }

    @Test("frames: a text has its own data, and one that only has the same number is not known", arguments: ways)
    func frames(lookup: LookupMode) async throws {
        try await Self.with(lookup) { server, shop in
            let peer = try await server.connect()
            try await blocking {
                for (text, _, purchases) in shop.present.prefix(300) {
                    let response = try peer.call(Self.byText("  \(text)\u{A0}"))
                    guard case .predictByID(let prediction) = response.result else {
                        Issue.record("\(text): \(response)")
                        continue
                    }
                    #expect(prediction.customer == text && prediction.customerID == 0)
                    #expect(prediction.features.first == Double(purchases))
                }
                for (text, id) in shop.colliding.prefix(300) {
                    let response = try peer.call(Self.byText(text))
                    #expect(response.status == .notFound && response.message.contains(text), "\(response)")
                    // The number of a text, sent as a number: of nobody, in the short form and in the decoded one.
                    for names in [false, true] {
                        let request = Request(
                            method: .predictByID(customer: id.number, contributions: false, names: names)
                        )
                        #expect(try peer.call(request).status == .notFound)
                    }
                }
                guard case .predictByID(let prediction) = try peer.call(Self.byText("12347.0")).result else {
                    Issue.record("the number is not known by its text")
                    return
                }
                #expect(prediction.customer == "12347" && prediction.customerID == 12_347)
                for (text, status) in [
                    ("1.2E+04", StatusCode.invalidArgument), ("a\0b", .invalidArgument), ("0", .notFound),
                ] {
                    #expect(try peer.call(Self.byText(text)).status == status)
                }
            }
        }
    }

    @Test("batches of frames: every row has its own data or its own status, small and large", arguments: ways)
    func batches(lookup: LookupMode) async throws {
        try await Self.with(lookup) { server, shop in
            let peer = try await server.connect()
            try await blocking {
                let known = shop.present.map(\.text)
                var expected: [Int64: Double] = [:]
                for purchases in Set(shop.present.map(\.purchases)) {
                    let text = try #require(shop.present.first { $0.purchases == purchases }?.text)
                    guard case .predictByID(let found) = try peer.call(Self.byText(text)).result else { continue }
                    expected[purchases] = found.probability
                }
                let odd = ["12347", "1e5", "", "0", "-1", "\u{1}", String(repeating: "x", count: 201), "nobody"]
                for count in [3, 3_000] {
                    let texts = Array(known.prefix(count)) + odd + shop.colliding.map(\.text)
                    let answer = try Self.batch(peer, texts)
                    for row in 0..<count {
                        #expect(answer.status(row: row) == .ok)
                        #expect(answer.probabilities[row] == expected[shop.present[row].purchases])
                    }
                    let statuses = (count..<(count + odd.count)).map { answer.status(row: $0) }
                    let invalid = StatusCode.invalidArgument
                    #expect(
                        statuses == [.ok, invalid, invalid, .notFound, .notFound, invalid, invalid, .notFound]
                    )
                    for row in (count + odd.count)..<texts.count {
                        #expect(answer.status(row: row) == .notFound && answer.probabilities[row].isNaN)
                        #expect(!answer.isChurn(row: row))
                    }
                }
                let numbers = shop.present.map(\.id.number) + [Self.number]
                let response = try peer.call(Request(method: .predictBatchByIDs(numbers)))
                guard case .predictBatch(let answer) = response.result else {
                    Issue.record("\(response)")
                    return
                }
                #expect(answer.probabilities.dropLast().allSatisfy(\.isNaN) && answer.status(row: 3_000) == .ok)
                #expect((0..<3_000).allSatisfy { answer.status(row: $0) == .notFound })
            }
        }
    }

    private static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : String(format: "%%%02X", byte)
        }.joined()
    }

    @Test("HTTP: percent-encoded texts in paths, entity tags, and all forms of batches", arguments: ways)
    func http(lookup: LookupMode) async throws {
        try await Self.with(lookup) { server, shop in
            let peer = try await server.connect()
            try await blocking {
                var tags: Set<String> = []
                for (text, _, purchases) in shop.present.prefix(100) {
                    let path = "/v1/customers/\(Self.encoded(text))/prediction"
                    let answer = try peer.http("GET", path)
                    let json = try #require(answer.json as? [String: Any], "\(text): \(answer.text)")
                    #expect(json["customer"] as? String == text && json["customer_id"] == nil)
                    #expect((json["features"] as? [String: Double])?["Frequency"] == Double(purchases))
                    let tag = try #require(answer.fields["etag"])
                    tags.insert(tag)
                    #expect(try peer.http("GET", path, fields: ["If-None-Match": tag]).status == 304)
                }
                #expect(tags.count == 100)
                for (text, id) in shop.colliding.prefix(200) {
                    for name in [Self.encoded(text), "\(id.number)"] {
                        let path = "/v1/customers/\(name)/prediction"
                        let answer = try peer.http("GET", path, fields: ["If-None-Match": "*"])
                        let isNumber = name.hasPrefix("-")
                        #expect(answer.status == (isNumber ? 400 : 404), "\(answer.text)")
                    }
                }
                for (name, status) in [
                    ("12347", 200), ("12347.0", 200), ("%3", 400), ("a%zz", 400), ("%FF", 400), ("%01", 400),
                    ("1e5", 400),
                    ("%20", 400), ("0", 404), ("-1", 404), ("%2F", 404), ("nobody", 404),
                ] {
                    let answer = try peer.http("GET", "/v1/customers/\(name)/prediction")
                    #expect(answer.status == status, "\(name): \(answer.text)")
                }
                try Self.checkBatches(peer, shop)
            }
        }
    }

    private static func checkBatches(_ peer: RawPeer, _ shop: TextShop) throws {
        let (known, missing) = (shop.present[1].text, shop.colliding[0].text)
        let body = "{\"customers\":[\" \(known)\",12347,\"12347\",\"\(missing)\",1.5,\"a,\\\"b\",-5]}"
        for body in [body, body + String(repeating: " ", count: 6_000)] {
            let lines = try peer.postJSON("/v1/predictions?format=ndjson", body).text.split(separator: "\n")
            let ends = [
                "OK\"}", "OK\"}", "OK\"}", "NOT_FOUND\"}", "INVALID_ARGUMENT\"}", "NOT_FOUND\"}", "INVALID_ARGUMENT\"}",
            ]
            let names = [
                "\"customer\":\"\(known)\"", "\"customer_id\":12347", "\"customer_id\":12347",
                "\"customer\":\"\(missing)\"", "\"customer\":\"1.5\"", "\"customer\":\"a,\\\"b\"",
                "\"customer\":\"-5\"",
            ]
            #expect(lines.count == 7)
            for (line, (name, end)) in zip(lines, zip(names, ends)) {
                #expect(line.hasPrefix("{\(name),\"probability\":") && line.hasSuffix(end), "\(line)")
            }
            let rows = try peer.postJSON("/v1/predictions?format=csv", body).text.split(separator: "\n")
            #expect(rows.first == "customer,probability,churn,status")
            #expect(rows[1].hasPrefix("\(known),0.") && rows[2].hasPrefix("12347,0."))
            #expect(rows[4] == "\(missing),,,NOT_FOUND" && rows[6] == "\"a,\"\"b\",,,NOT_FOUND")
            let json = try #require(try peer.postJSON("/v1/predictions", body).json as? [String: Any])
            #expect((json["predictions"] as? [Any])?.count == 7 && json["feature_time"] is Int)
        }
        for body in ["{\"customers\":[null]}", "{\"customers\":[\"a\"],\"customer_ids\":[1]}", "{\"customers\":\"a\"}"]
        {
            #expect(try peer.postJSON("/v1/predictions", body).status == 400)
        }
    }

    @Test("the Open Inference Protocol: texts of both inputs", arguments: ways)
    func inference(lookup: LookupMode) async throws {
        try await Self.with(lookup) { server, shop in
            let peer = try await server.connect()
            try await blocking {
                let texts =
                    shop.present.prefix(300).map(\.text) + shop.colliding.prefix(300).map(\.text) + [
                        "12347", "1e5", "0",
                    ]
                let expected = try Self.batch(peer, texts)
                let http = try RawPeer(port: server.port)
                let data = texts.map { "\"\($0)\"" }.joined(separator: ",")
                for input in ["customer", "customer_id"] {
                    let body =
                        "{\"inputs\":[{\"name\":\"\(input)\",\"datatype\":\"BYTES\",\"shape\":[603],\"data\":[\(data)]}]}"
                    let answer = try http.postJSON("/v2/models/seed-logistic/infer", body)
                    let json = try #require(answer.json as? [String: Any], "\(answer.text)")
                    let outputs = try #require(json["outputs"] as? [[String: Any]])
                    let statuses = try #require(outputs.last?["data"] as? [Int])
                    #expect(statuses == [Int](repeating: 0, count: 300) + [Int](repeating: 5, count: 300) + [0, 3, 5])
                    let probabilities = try #require(outputs.first?["data"] as? [Any])
                    // Foundation reads the last bit of a double as it likes.
                    for row in 0..<300 {
                        let found = try #require(probabilities[row] as? Double)
                        #expect(abs(found - expected.probabilities[row]) < 1e-15)
                    }
                    #expect(probabilities[300..<600].allSatisfy { $0 is NSNull })
                }
                let numbers = shop.present.prefix(10).map { "\($0.id.number)" }.joined(separator: ",")
                let body =
                    "{\"inputs\":[{\"name\":\"customer_id\",\"datatype\":\"INT64\",\"shape\":[10],\"data\":[\(numbers)]}],"
                    + "\"outputs\":[{\"name\":\"status\"}]}"
                let answer = try http.postJSON("/v2/models/seed-logistic/infer", body)
                #expect(answer.text.hasSuffix("\"data\":[5,5,5,5,5,5,5,5,5,5]}]}"), "\(answer.text)")
                let wrong = body.replacing("customer_id", with: "customer")
                #expect(try http.postJSON("/v2/models/seed-logistic/infer", wrong).status == 400)
            }
        }
    }
}
