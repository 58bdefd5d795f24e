import ChurnProtocol
import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The Open Inference Protocol over HTTP: what it answers, and what it refuses.
@Suite struct HTTPInferenceTests {
    private static let ways: [LookupMode] = [.resident, .readThrough()]
    private static let path = "/v2/models/seed-logistic/infer"
    private static let unknown: Int64 = 999_999

    private static func bytes(_ values: some Sequence<some FixedWidthInteger>) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    }

    /// Sends JSON with binary data behind it.
    private static func post(
        _ peer: RawPeer,
        _ json: String,
        _ binary: [UInt8],
        header: String? = nil,
        path: String = path
    ) throws -> HTTPAnswer {
        let head =
            "POST \(path) HTTP/1.1\r\nHost: test\r\nInference-Header-Content-Length: \(header ?? "\(json.utf8.count)")\r\n"
            + "Content-Length: \(json.utf8.count + binary.count)\r\n\r\n"
        peer.send(Array((head + json).utf8) + binary)
        return try #require(try peer.receiveHTTP())
    }

    /// The JSON of an answer, and what stands behind it.
    private static func parts(_ answer: HTTPAnswer) throws -> (json: [String: Any], binary: [UInt8]) {
        let length = try #require(answer.fields["inference-header-content-length"].flatMap { Int($0) })
        #expect(answer.status == 200 && answer.fields["content-type"] == "application/octet-stream")
        let json = try JSONSerialization.jsonObject(with: Data(answer.body.prefix(length)))
        return (try #require(json as? [String: Any]), Array(answer.body.dropFirst(length)))
    }

    private static func byFrames(_ peer: RawPeer, _ ids: [Int64]) throws -> [UInt64] {
        let response = try peer.call(Request(method: .predictBatchByIDs(ids)))
        guard case .predictBatch(let batch) = response.result else {
            throw RawPeer.Failure(call: "predictBatch: \(response.message)", code: response.status.rawValue)
        }
        return batch.probabilities.map(\.bitPattern)
    }

    private static func doubles(_ bytes: some Collection<UInt8>) -> [UInt64] {
        Array(bytes).withUnsafeBytes { bytes in
            (0..<(bytes.count / 8)).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
            }
        }
    }

    @Test("every customer has the double of the frames, bit for bit, in every form", arguments: ways)
    func doubles(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let (frames, http) = (try await server.connect(), try await server.connect())
            try await blocking {
                // On the loop, and on a worker.
                for rows in [201, 20_000] {
                    let ids = (0..<rows).map { Int64(1 + $0 % 200) } + [KnownCustomer.id, Self.unknown]
                    let count = ids.count
                    let expected = try Self.byFrames(frames, ids)
                    let texts = ids.map { Array("\($0)".utf8) }
                    let binaryTexts = texts.flatMap { Self.bytes([UInt32($0.count)]) + $0 }
                    for (datatype, binary) in [("INT64", Self.bytes(ids)), ("BYTES", binaryTexts)] {
                        for shape in ["[\(count)]", "[\(count),1]"] {
                            let json =
                                "{\"id\":\"a\\u0042\",\"parameters\":{\"binary_data_output\":true},\"inputs\":[{\"name\":"
                                + "\"customer_id\",\"datatype\":\"\(datatype)\",\"shape\":\(shape),"
                                + "\"parameters\":{\"binary_data_size\":\(binary.count)}}]}"
                            let (answer, data) = try Self.parts(try Self.post(http, json, binary))
                            #expect(
                                answer["model_name"] as? String == "seed-logistic" && answer["id"] as? String == "aB"
                            )
                            #expect(answer["model_version"] as? String == "1")
                            let outputs = try #require(answer["outputs"] as? [[String: Any]])
                            #expect(outputs.map { $0["name"] as? String } == ["probability", "decision", "status"])
                            #expect(outputs.allSatisfy { $0["shape"] as? [Int] == [count] })
                            #expect(data.count == 13 * count)
                            let found = Self.doubles(data.prefix(8 * count))
                            #expect(found.dropLast() == expected.dropLast())
                            #expect(Double(bitPattern: found[count - 1]).isNaN)
                            let decisions = expected.map { UInt8(Double(bitPattern: $0) >= 0.35 ? 1 : 0) }
                            #expect(Array(data.dropFirst(8 * count).prefix(count)) == decisions)
                            let statuses = Self.bytes([Int32](repeating: 0, count: count - 1) + [5])
                            #expect(Array(data.dropFirst(9 * count)) == statuses)
                        }
                    }
                    let json =
                        "{\"outputs\":[{\"name\":\"status\"},{\"name\":\"probability\"}],\"inputs\":[{\"data\":\(ids),"
                        + "\"shape\":[\(count)],\"datatype\":\"INT64\",\"name\":\"customer_id\"}]}"
                    let answer = try http.postJSON(Self.path, json)
                    let probabilities = expected.dropLast().map { "\(Double(bitPattern: $0))" } + ["null"]
                    let statuses = [String](repeating: "0", count: count - 1) + ["5"]
                    #expect(
                        answer.text
                            == "{\"model_name\":\"seed-logistic\",\"model_version\":\"1\",\"outputs\":[{\"name\":\"status\","
                            + "\"datatype\":\"INT32\",\"shape\":[\(count)],\"data\":[\(statuses.joined(separator: ","))]},"
                            + "{\"name\":\"probability\",\"datatype\":\"FP64\",\"shape\":[\(count)],\"data\":["
                            + "\(probabilities.joined(separator: ","))]}]}"
                    )
                    #expect(answer.fields["inference-header-content-length"] == nil)
                }
            }
        }
    }

    @Test("one output in JSON, one in binary, of one answer")
    func mixed() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let json =
                    "{\"outputs\":[{\"name\":\"decision\",\"parameters\":{\"binary_data\":true}},{\"name\":\"status\"}],"
                    + "\"inputs\":[{\"name\":\"customer_id\",\"datatype\":\"BYTES\",\"shape\":[2],\"data\":[\"1\",\"0\"]}]}"
                let (answer, binary) = try Self.parts(try peer.postJSON(Self.path + "?x=1", json))
                let outputs = try #require(answer["outputs"] as? [[String: Any]])
                #expect(outputs[0]["parameters"] as? [String: Int] == ["binary_data_size": 2])
                #expect(outputs[1]["data"] as? [Int] == [0, 5] && binary.count == 2 && binary[1] == 0)
            }
        }
    }

    @Test("features come as one tensor each or as one matrix, FP64 or FP32, JSON or binary")
    func features() async throws {
        try await TestServer.with { server in
            let (frames, peer) = (try await server.connect(), try await server.connect())
            try await blocking {
                let expected = try Self.byFrames(frames, [KnownCustomer.id])
                let wanted =
                    "{\"outputs\":[{\"name\":\"probability\",\"parameters\":{\"binary_data\":true}}],\"inputs\":["
                func tensor(_ name: String, _ type: String, _ shape: String, _ data: String) -> String {
                    "{\"name\":\"\(name)\",\"datatype\":\"\(type)\",\"shape\":\(shape),\(data)}"
                }
                let names = ["Frequency", "Monetary", "AvgOrderValue"]
                let exact = ["7", "4310.0", "615.7142857142857"]
                let values = [7, 4310, 615.7142857142857] as [Double]
                let apart = zip(names, exact).map { tensor($0, "FP64", "[1]", "\"data\":[\($1)]") }
                for inputs in [
                    apart.joined(separator: ","), apart.reversed().joined(separator: ","),
                    tensor("features", "FP64", "[1,3]", "\"data\":[\(exact.joined(separator: ","))]"),
                    tensor("features", "FP64", "[1,3]", "\"data\":[[\(exact.joined(separator: ","))]]"),
                ] {
                    let (_, binary) = try Self.parts(try peer.postJSON(Self.path, wanted + inputs + "]}"))
                    #expect(Self.doubles(binary) == expected, "\(inputs)")
                }
                let matrix = tensor("features", "FP64", "[2,3]", "\"parameters\":{\"binary_data_size\":48}")
                let data = Self.bytes((values + [1, 1, 1]).map(\.bitPattern))
                let (_, both) = try Self.parts(try Self.post(peer, wanted + matrix + "]}", data))
                #expect(Self.doubles(both).first == expected.first && Self.doubles(both).count == 2)
                #expect(Self.doubles(both)[1] != expected[0])
                // A float is widened: the answer is that of the widened number.
                let floats = Self.bytes(values.map { Float($0).bitPattern })
                let narrow = tensor("features", "FP32", "[1,3]", "\"parameters\":{\"binary_data_size\":12}")
                let (_, first) = try Self.parts(try Self.post(peer, wanted + narrow + "]}", floats))
                let widened = values.map { "\(Double(Float($0)))" }
                let wide = tensor("features", "FP64", "[1,3]", "\"data\":[\(widened.joined(separator: ","))]")
                let (_, second) = try Self.parts(try peer.postJSON(Self.path, wanted + wide + "]}"))
                #expect(first == second && Self.doubles(first) != expected)
                let text = tensor("features", "FP32", "[1,3]", "\"data\":[\(exact.joined(separator: ","))]")
                let (_, third) = try Self.parts(try peer.postJSON(Self.path, wanted + text + "]}"))
                #expect(third == first)
            }
        }
    }

    @Test("what a client asks before it infers")
    func metadata() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for (target, text) in [
                    ("/v2/health/live", "{\"live\":true}"), ("/v2/health/ready", "{\"ready\":true}"),
                    ("/v2/models/seed-logistic/ready", "{\"name\":\"seed-logistic\",\"ready\":true}"),
                    ("/v2/models/seed%2dlogistic/versions/1/ready", "{\"name\":\"seed-logistic\",\"ready\":true}"),
                ] {
                    let answer = try peer.http("GET", target)
                    #expect(answer.status == 200 && answer.text == text, "\(target): \(answer.text)")
                }
                let metadata = try peer.http("GET", "/v2/models/seed-logistic")
                #expect(try peer.http("GET", "/v2/models/seed-logistic/versions/1").body == metadata.body)
                let model = try #require(metadata.json as? [String: Any])
                let inputs = try #require(model["inputs"] as? [[String: Any]])
                #expect(
                    inputs.map { $0["name"] as? String }
                        == ["customer_id", "customer", "features", "Frequency", "Monetary", "AvgOrderValue"]
                )
                #expect(inputs[2]["shape"] as? [Int] == [-1, 3] && model["versions"] as? [String] == ["1"])
                let index = "[{\"name\":\"seed-logistic\",\"version\":\"1\",\"state\":\"READY\",\"reason\":\"\"}]"
                for body in ["", "{}", "{\"ready\":true}"] {
                    #expect(try peer.postJSON("/v2/repository/index", body).text == index)
                }
                #expect(try peer.postJSON("/v2/repository/index", "{\"ready\":1}").status == 400)
                #expect(try peer.http("GET", "/v2").text.contains("\"extensions\":[\"binary_tensor_data\"]"))
                for (method, target, status) in [
                    ("GET", "/v2/models/none", 404), ("GET", "/v2/models/seed-logistic/versions/2/ready", 404),
                    ("GET", "/v2/none", 404), ("GET", "/v2/models/", 404), ("GET", "/v2/models/a/versions/1/2/3", 404),
                    ("GET", "/v2/models//ready", 404), ("GET", "/v2/models/a%00b", 400), ("GET", "/v2/models/%ff", 400),
                    ("GET", Self.path, 405), ("POST", "/v2", 405),
                ] {
                    let answer = try peer.http(method, target, body: method == "POST" ? "" : nil)
                    #expect(answer.status == status, "\(target): \(answer.text)")
                    #expect((answer.json as? [String: String])?.keys.first == "error", "\(target): \(answer.text)")
                }
            }
        }
        try await TestServer.with(hasFeatures: false) { server in
            let peer = try await server.connect()
            try await blocking {
                for target in ["/v2/health/ready", "/v2/models/seed-logistic/ready"] {
                    let answer = try peer.http("GET", target)
                    #expect(answer.status == 503 && answer.text.hasPrefix("{\"error\":"), "\(answer.text)")
                }
                #expect(try peer.http("GET", "/v2/health/live").status == 200)
                let index = try peer.postJSON("/v2/repository/index", "")
                #expect(index.text.contains("\"UNAVAILABLE\""))
                #expect(try peer.postJSON("/v2/repository/index", "{\"ready\":true}").text == "[]")
            }
        }
    }
}
