import ChurnProtocol
import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// Version 1: predictions of one customer and of many, in every format.
@Suite struct HTTPPredictionTests {
    private static let ways: [LookupMode] = [.resident, .readThrough()]
    private static let unknown: Int64 = 999_999

    private static func byFrames(_ peer: RawPeer, _ ids: [Int64]) throws -> [Double] {
        let response = try peer.call(Request(method: .predictBatchByIDs(ids)))
        guard case .predictBatch(let batch) = response.result else {
            throw RawPeer.Failure(call: "predictBatch: \(response.message)", code: response.status.rawValue)
        }
        return batch.probabilities
    }

    @Test("every customer has the double of the frames, bit for bit, in every format", arguments: ways)
    func doubles(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let (frames, http) = (try await server.connect(), try await server.connect())
            try await blocking {
                let ids = Array(1...200) + [KnownCustomer.id] as [Int64]
                let expected = try Self.byFrames(frames, ids)
                for (id, probability) in zip(ids, expected) {
                    let answer = try http.http("GET", "/v1/customers/\(id)/prediction")
                    let json = try #require(answer.json as? [String: Any])
                    #expect(json["customer_id"] as? Int64 == id)
                    // Foundation's doubles are not always the nearest: the text is compared.
                    #expect(answer.text.contains("\"probability\":\(probability),"), "customer \(id): \(answer.text)")
                    let prototype = try http.postJSON("/predict_churn_by_id", "{\"customer_id\":\(id)}")
                    #expect(prototype.text.contains("{\"churn_probability\":\(probability),"))
                }
                let body = "{\"customer_ids\":\(ids + [Self.unknown])}"
                let csv = try http.postJSON("/v1/predictions?format=csv", body)
                #expect(csv.status == 200 && csv.fields["content-type"] == "text/csv; charset=utf-8")
                let lines = csv.text.split(separator: "\n")
                #expect(lines.first == "customer_id,probability,churn,status")
                let expectedLines = zip(ids, expected).map { "\($0),\($1),\($1 >= 0.35),OK" }
                #expect(lines.dropFirst().map(String.init) == expectedLines + ["\(Self.unknown),,,NOT_FOUND"])
                let ndjson = try http.postJSON("/v1/predictions?format=ndjson", body)
                #expect(ndjson.fields["content-type"] == "application/x-ndjson")
                let rows =
                    zip(ids, expected).map {
                        "{\"customer_id\":\($0),\"probability\":\($1),\"churn\":\($1 >= 0.35),\"status\":\"OK\"}"
                    } + [
                        "{\"customer_id\":\(Self.unknown),\"probability\":null,\"churn\":null,\"status\":\"NOT_FOUND\"}"
                    ]
                #expect(ndjson.text == rows.joined(separator: "\n") + "\n")
                let json = try http.postJSON("/v1/predictions", body)
                #expect(json.fields["content-type"] == "application/json")
                #expect(json.text.hasSuffix(",\"predictions\":[\(rows.joined(separator: ","))]}"))
                #expect(json.text.hasPrefix("{\"model\":{\"name\":\"seed-logistic\",\"version\":\"1\","))
                #expect(json.json != nil)
            }
        }
    }

    @Test("a prediction has what the frames have, and contributions on demand", arguments: ways)
    func customer(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                let path = "/v1/customers/12347/prediction"
                let plain = try peer.http("GET", path)
                #expect(plain.status == 200)
                #expect(
                    plain.text.contains(
                        "\"churn\":false,\"segment\":null,\"feature_time\":"
                    )
                )
                #expect(
                    plain.text.contains(
                        "\"features\":{\"Frequency\":7.0,\"Monetary\":4310.0,\"AvgOrderValue\":615.7142857142857},\"model\""
                    )
                )
                let full = try peer.http(
                    "GET",
                    "\(path)?contributions=true&model=seed-logistic%401&timeout_ms=30000"
                )
                let json = try #require(full.json as? [String: Any])
                let contributions = try #require(json["contributions"] as? [String: Double])
                let baseline = try #require(json["baseline"] as? Double)
                let logOdds = try #require(json["log_odds"] as? Double)
                #expect(contributions.count == 3)
                #expect(abs(baseline + contributions.values.reduce(0, +) - logOdds) < 1e-9)
                for (target, status) in [
                    ("/v1/customers/999999/prediction", 404), ("/v1/customers/x/prediction", 404),
                    ("/v1/customers/9223372036854775808/prediction", 404), ("\(path)?model=none", 404),
                    ("\(path)?contributions=maybe", 400), ("\(path)?timeout_ms=0", 400),
                    ("\(path)?nonsense=1", 400), ("\(path)?model=a&model=b", 400), ("\(path)?model=%ff", 400),
                    ("/v1/customers//prediction", 404), ("/v1/customers/1/2/prediction", 404), ("/v1/none", 404),
                ] {
                    let answer = try peer.http("GET", target)
                    #expect(answer.status == status, "\(target): \(answer.text)")
                    let isProblem = answer.fields["content-type"] == "application/problem+json"
                    // What no route answers is answered as by FastAPI.
                    #expect(isProblem == !answer.text.contains("\"Not Found\"}"), "\(target)")
                }
            }
        }
    }

    @Test("features that come with the request are scored by column")
    func columns() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let body =
                    "{\"features\":{\"Monetary\":[4310,1],\"AvgOrderValue\":[615.7142857142857,1],\"Frequency\":[7,1]}}"
                let answer = try peer.postJSON("/v1/predictions?format=csv", body)
                let lines = answer.text.split(separator: "\n")
                #expect(lines.count == 3 && lines.first == "probability,churn,status")
                #expect(lines.dropFirst().first == "\(KnownCustomer.probability),false,OK")
            }
        }
    }

    @Test(
        "a batch that cannot be answered is refused by name",
        arguments: [
            ("{}", 400, "neither customer_ids nor customers nor features"),
            ("[]", 400, "the body is of the type array"),
            ("{\"customer_ids\":[1],\"features\":{}}", 400, "two of"), ("{\"customer_ids\":[]}", 400, "no rows"),
            ("{\"customer_ids\":[1.5]}", 400, "row 0"), ("{\"customer_ids\":[1,\"x\"]}", 400, "row 1"),
            ("{\"customer_ids\":[1],\"customer_ids\":[1]}", 400, "twice"), ("{\"ids\":[1]}", 400, "'ids'"),
            ("{\"customer_ids\":[1}", 400, "Expecting ',' delimiter, at byte 18"), ("", 400, "Expecting value"),
            ("{\"customer_ids\":[1],\"model\":\"none\"}", 404, "'none'"),
            ("{\"customer_ids\":[1],\"model\":1}", 400, "model is of the type number"),
            ("{\"customer_ids\":[1],\"timeout_ms\":-1}", 400, "timeout_ms"),
            ("{\"features\":{\"Frequency\":[1]}}", 400, "Monetary is missing"),
            ("{\"features\":{\"Frequency\":[1e999]}}", 400, "row 0 of the column 'Frequency'"),
            ("{\"features\":{}}", 400, "no columns"),
        ]
    )
    func refused(body: String, status: Int, words: String) async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                // A small body on the loop, a longer one by a worker: the same words.
                for body in [body, body + String(repeating: " ", count: 6_000)] {
                    let answer = try peer.postJSON("/v1/predictions", body)
                    #expect(answer.status == status, "\(answer.text)")
                    let problem = try #require(answer.json as? [String: Any])
                    #expect(problem["status"] as? Int == status)
                    let detail = try #require(problem["detail"] as? String)
                    if !body.isEmpty || words.isEmpty { #expect(detail.contains(words), "\(detail)") }
                }
            }
        }
    }

    @Test("customer ids that doubles cannot hold are texts, in and out")
    func exactNumbers() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let body = "{\"customer_ids\":[9007199254740991,9007199254740992,\"9223372036854775807\",\"1\"]}"
                let answer = try peer.postJSON("/v1/predictions?format=ndjson", body)
                let ids = answer.text.split(separator: "\n").map { $0.prefix { $0 != "," } }
                #expect(
                    ids == [
                        "{\"customer_id\":9007199254740991", "{\"customer_id\":\"9007199254740992\"",
                        "{\"customer_id\":\"9223372036854775807\"", "{\"customer_id\":1",
                    ]
                )
            }
        }
    }

    @Test("a format is chosen by the parameter, else by Accept")
    func formats() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for (accept, type) in [
                    ("*/*", "application/json"), ("text/csv", "text/csv; charset=utf-8"),
                    ("application/x-ndjson, text/csv;q=0.1", "application/x-ndjson"), ("text/html", ""),
                    ("application/json;q=0, text/csv", "text/csv; charset=utf-8"),
                ] {
                    let fields = ["Content-Type": "application/json", "Accept": accept]
                    let answer = try peer.http(
                        "POST",
                        "/v1/predictions",
                        fields: fields,
                        body: "{\"customer_ids\":[1]}"
                    )
                    #expect(answer.status == (type.isEmpty ? 406 : 200))
                    if !type.isEmpty { #expect(answer.fields["content-type"] == type) }
                }
                let text = try peer.http(
                    "POST",
                    "/v1/predictions",
                    fields: ["Content-Type": "text/plain"],
                    body: "{\"customer_ids\":[1]}"
                )
                #expect(text.status == 415)
                #expect(try peer.postJSON("/v1/predictions?format=xml", "{\"customer_ids\":[1]}").status == 400)
            }
        }
    }

    // MARK: Large batches

    @Test("a large batch comes in pieces, and small calls of others come between", arguments: ways)
    func large(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let (frames, peer, bystander) = (
                try await server.connect(), try await server.connect(), try await server.connect()
            )
            try await blocking {
                let ids = (0..<40_000).map { Int64($0 % 250) }
                let expected = try Self.byFrames(frames, ids)
                let fields = ["Content-Type": "application/json"]
                peer.sendHTTP("POST", "/v1/predictions?format=csv", fields: fields, body: "{\"customer_ids\":\(ids)}")
                peer.sendHTTP("GET", "/livez")
                #expect(try bystander.http("GET", "/livez").status == 200)
                let answer = try #require(try peer.receiveHTTP())
                #expect(answer.fields["transfer-encoding"] == "chunked")
                let lines = answer.text.split(separator: "\n").dropFirst()
                #expect(lines.count == ids.count)
                for (row, line) in lines.enumerated() {
                    let probability = expected[row]
                    let wanted =
                        probability.isNaN
                        ? "\(ids[row]),,,NOT_FOUND"
                        : "\(ids[row]),\(probability),\(probability >= 0.35),OK"
                    if line != wanted {
                        Issue.record("row \(row): \(line), not \(wanted)")
                        break
                    }
                }
                // In its order behind the batch.
                #expect(try peer.receiveHTTP()?.text == "ok\n")
            }
        }
    }

    @Test("a large batch to HTTP/1.0 ends with its connection")
    func largeToHTTP10() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let body = "{\"customer_ids\":\([Int64](repeating: 1, count: 20_000))}"
                let head = "POST /v1/predictions?format=csv HTTP/1.0\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
                peer.send(Array((head + body).utf8))
                var answer: [UInt8] = []
                while let bytes = try peer.receiveSome() { answer += bytes }
                let lines = String(decoding: answer, as: UTF8.self).split(separator: "\n")
                #expect(lines.count { $0.hasSuffix(",OK") } == 20_000)
            }
        }
    }

    @Test("packed requests are unpacked within their limits, and packed answers unpack to the plain ones")
    func gzip() async throws {
        try await TestServer.with { server in
            let python = "/usr/bin/env"
            let peer = try await server.connect()
            try await blocking {
                // Python's gzip is the other implementation.
                let script = """
                    import gzip, json, sys, urllib.request
                    url = sys.argv[1]
                    def post(body, **fields):
                        request = urllib.request.Request(url, body, {"Content-Type": "application/json", **fields})
                        try:
                            with urllib.request.urlopen(request) as answer:
                                return answer.status, answer.headers.get("content-encoding"), answer.read()
                        except urllib.error.HTTPError as error:
                            return error.code, None, error.read()
                    for count in 150, 50_000:
                        body = json.dumps({"customer_ids": [n % 300 for n in range(count)]}).encode()
                        plain = post(body)
                        assert plain[:2] == (200, None), plain[:2]
                        packed = post(gzip.compress(body), **{"Content-Encoding": "gzip", "Accept-Encoding": "gzip"})
                        assert packed[:2] == (200, "gzip"), packed
                        assert gzip.decompress(packed[2]) == plain[2]
                    packed = {"Content-Encoding": "gzip"}
                    bomb = gzip.compress(bytes(40 * 1024 * 1024))
                    for body, fields, status in [
                        (bomb, packed, 413), (gzip.compress(b"{}")[:-4], packed, 400), (gzip.compress(b"{}") + b"x", packed, 400),
                        (b"{}", packed, 400), (b"{}", {"Content-Encoding": "br"}, 415), (b"{}", {"Content-Encoding": "gzip, gzip"}, 415),
                    ]:
                        assert post(body, **fields)[0] == status, (fields, status, post(body, **fields))
                    """
                let url = "http://127.0.0.1:\(server.port)/v1/predictions"
                // It throws for a script that fails.
                try ChildProcess.run(python, ["python3", "-c", script, url])
                #expect(try peer.http("GET", "/livez").status == 200)
            }
        }
    }

    @Test("a reader that takes its time gets its answer whole, and another is served meanwhile")
    func slowReader() async throws {
        try await TestServer.with { server in
            let (slow, bystander) = (try await server.connect(), try await server.connect())
            try await blocking {
                let ids = [Int64](repeating: 1, count: 100_000)
                slow.sendHTTP(
                    "POST",
                    "/v1/predictions?format=ndjson",
                    fields: ["Content-Type": "application/json"],
                    body: "{\"customer_ids\":\(ids)}"
                )
                // The head has come: the batch is scored, and its pieces wait for the reader.
                #expect(try slow.receiveLine() == "HTTP/1.1 200 OK\r")
                for _ in 0..<100 { #expect(try bystander.http("GET", "/livez").status == 200) }
                var rows = 0
                while rows < ids.count, let bytes = try slow.receiveSome() {
                    rows += bytes.count { $0 == UInt8(ascii: "{") }
                }
                #expect(rows == ids.count)
            }
        }
    }
}
