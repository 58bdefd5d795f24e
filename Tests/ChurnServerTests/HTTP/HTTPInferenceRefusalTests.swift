import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// Requests of the Open Inference Protocol that are wrong: each is refused by name, on the loop and by a worker alike.
@Suite struct HTTPInferenceRefusalTests {
    private static let path = "/v2/models/seed-logistic/infer"

    private static func input(
        _ name: String = "customer_id",
        _ datatype: String = "INT64",
        shape: String = "[1]",
        _ data: String = "\"data\":[1]"
    ) -> String {
        "{\"name\":\"\(name)\",\"datatype\":\"\(datatype)\",\"shape\":\(shape),\(data)}"
    }

    private static func body(_ inputs: String..., more: String = "") -> String {
        "{\"inputs\":[\(inputs.joined(separator: ","))]\(more)}"
    }

    private static let refusedJSON: [(String, String)] = [
        ("", "Expecting value"), ("[]", "the body is of the type array"), ("{}", "no inputs"),
        (body(), "no inputs"), (body(more: "x"), "no JSON"), ("{\"inputs\":{}}", "inputs is of the type object"),
        ("{\"inputs\":[1]}", "the input 0 is of the type number"), ("{\"inputs\":[{}]}", "the input 0 has no name"),
        ("{\"inputs\":[{\"name\":\"a\"}]}", "no datatype"),
        ("{\"inputs\":[{\"name\":\"a\",\"datatype\":\"FP64\"}]}", "no shape"),
        ("{\"inputs\":[{\"name\":\"customer_id\",\"datatype\":\"INT64\",\"shape\":[1]}]}", "neither data nor"),
        (body(input(), input()), "stands alone"), (body(input(), input("Frequency", "FP64")), "stands alone"),
        (body(input("nonsense", "FP64")), "no feature 'nonsense'"),
        (body(input("Frequency", "FP64")), "the column Monetary is missing"),
        (body(input("Frequency", "FP64"), input("Frequency", "FP64")), "twice"),
        (body(input("a\\u0000b", "FP64")), "NUL"),
        // Datatypes.
        (body(input("customer_id", "INT32")), "'INT32', and must have INT64 or BYTES"),
        (body(input("customer_id", "int64")), "'int64'"), (body(input("Frequency", "INT64")), "FP64 or FP32"),
        (body(input("customer_id", "FP64")), "INT64 or BYTES"),
        // Shapes.
        (body(input(shape: "[]")), "the shape []"), (body(input(shape: "[2]")), "1 values"),
        (body(input(shape: "[1,2]")), "[N] or [N, 1]"), (body(input(shape: "[1,1,1]")), "[N] or [N, 1]"),
        (body(input(shape: "[-1]")), "limited to 1000000"), (body(input(shape: "[1.5]")), "not a whole number"),
        (body(input(shape: "[9223372036854775807]")), "limited to 1000000"),
        (body(input(shape: "[9223372036854775808]")), "not a whole number"),
        (body(input(shape: "[1000000]")), "1 values"), (body(input(shape: "[0]", "\"data\":[]")), "no rows"),
        (body(input(shape: "[1,1,1,1,1,1,1,1,1]")), "more than 8 elements"),
        (body(input("features", "FP64", shape: "[1,2]", "\"data\":[1,2]")), "must have [N, 3]"),
        (body(input("features", "FP64", shape: "[3]", "\"data\":[1,2,3]")), "must have [N, 3]"),
        (body(input("features", "FP64", shape: "[4611686018427387905,4]")), "must have [N, 3]"),
        (body(input("features", "FP64", shape: "[4611686018427387905,3]")), "limited to 1000000"),
        (body(input("features", "FP64", shape: "[1000000,3]", "\"data\":[1,2,3]")), "3 values"),
        // Values.
        (body(input(shape: "[1]", "\"data\":[1,2]")), "more values"),
        (body(input("customer_id", shape: "[1]", "\"data\":1")), "no array of values"),
        (body(input("customer_id", shape: "[1]", "\"data\":[[[[[[[[[1]]]]]]]]]")), "no array of values"),
        (body(input("customer_id", shape: "[1]", "\"data\":[1.5]")), "row 0 of the input 'customer_id'"),
        (body(input("customer_id", shape: "[2]", "\"data\":[1,\"2\"]")), "row 1 of the input"),
        (body(input("customer_id", "BYTES", shape: "[1]", "\"data\":[1]")), "row 0 of the input"),
        (body(input("customer_id", "INT64", shape: "[1]", "\"data\":[9223372036854775808]")), "row 0 of the input"),
        (body(input("features", "FP64", shape: "[1,3]", "\"data\":[1,2,1e999]")), "value 2 of the input 'features'"),
        (body(input("features", "FP32", shape: "[1,3]", "\"data\":[1,2,1e39]")), "value 2 of the input 'features'"),
        (body(input("features", "FP64", shape: "[1,3]", "\"data\":[1,2,null]")), "value 2 of the input 'features'"),
        (body(input("features", "FP64", shape: "[1,3]", "\"data\":[1,2,NaN]")), "no JSON"),
        // Binary without its length.
        (body(input("customer_id", shape: "[1]", "\"parameters\":{\"binary_data_size\":8}")), "0 bytes are left"),
        (body(input("customer_id", shape: "[1]", "\"parameters\":{\"binary_data_size\":-1}")), "below 0"),
        (
            body(input("customer_id", shape: "[1]", "\"data\":[1],\"parameters\":{\"binary_data_size\":0}")),
            "has both data"
        ),
        (
            body(input("customer_id", shape: "[1]", "\"parameters\":{\"shared_memory_region\":\"a\"}")),
            "shared_memory_region"
        ),
        // Everything else.
        (body(input(), more: ",\"outputs\":[{\"name\":\"nonsense\"}]"), "no output 'nonsense'"),
        (body(input(), more: ",\"outputs\":[{\"name\":\"status\"},{\"name\":\"status\"}]"), "wanted twice"),
        (body(input(), more: ",\"outputs\":[{}]"), "the output 0 has no name"),
        (
            body(input(), more: ",\"outputs\":[{\"name\":\"status\",\"parameters\":{\"classification\":1}}]"),
            "classification"
        ),
        (
            body(input(), more: ",\"outputs\":[{\"name\":\"status\",\"parameters\":{\"binary_data\":1}}]"),
            "binary_data is"
        ),
        (body(input(), more: ",\"parameters\":{\"timeout\":-1}"), "timeout"),
        (body(input(), more: ",\"id\":1"), "id is of the type number"),
        (body(input(), more: ",\"inputs\":[]"), "twice"),
        (body(input(), more: ",\"id\":\"\(String(repeating: "x", count: 1_025))\""), "1024 characters"),
    ]

    @Test("JSON that is wrong is refused by name, whether the loop reads it or a worker")
    func json() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for (body, words) in Self.refusedJSON {
                    for body in [body, body + String(repeating: " ", count: 6_000)] {
                        let answer = try peer.postJSON(Self.path, body)
                        #expect(answer.status == 400, "\(body.prefix(200)): \(answer.text)")
                        let error = (answer.json as? [String: String])?["error"] ?? ""
                        #expect(error.contains(words), "\(body.prefix(200)): \(answer.text), not \(words)")
                        #expect(answer.fields["content-type"] == "application/json")
                    }
                }
                let body = Self.body(Self.input())
                #expect(try peer.postJSON("/v2/models/none/infer", body).status == 404)
                #expect(try peer.postJSON("/v2/models/seed-logistic/versions/9/infer", body).status == 404)
                let packed = ["Content-Encoding": "br"]
                #expect(try peer.http("POST", Self.path, fields: packed, body: body).status == 415)
                // The server is none the worse for it.
                #expect(try peer.postJSON(Self.path, body).status == 200)
            }
        }
    }

    /// JSON, what stands behind it, the length that the field gives (else the true one), and words of the error.
    private static var refusedBinary: [(String, [UInt8], String?, String)] {
        func binary(_ name: String, _ datatype: String, _ shape: String, _ size: Int) -> String {
            input(name, datatype, shape: shape, "\"parameters\":{\"binary_data_size\":\(size)}")
        }
        func bits(_ values: [Double]) -> [UInt8] {
            values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
        }
        let eight = [UInt8](repeating: 0, count: 8)
        let id = body(binary("customer_id", "INT64", "[1]", 8))
        func row(_ last: Double) -> (String, [UInt8], String?, String) {
            (
                body(binary("features", "FP64", "[1,3]", 24)), bits([1, 1, last]), nil,
                "row 0 of column AvgOrderValue is"
            )
        }
        return [
            (id, eight, "0", "Expecting value"), (id, eight, "1", "no JSON"), (id, eight, "9999999", "the body has"),
            (id, eight, "-1", "not one number"), (id, eight, "x", "not one number"), (id, eight, "", "not one number"),
            (id, eight, "99999999999999999999", "not one number"), (id, [], nil, "0 bytes are left"),
            (id, Array(eight.dropLast()), nil, "7 bytes are left"), (id, eight + [0], nil, "the last 1 bytes"),
            (body(input()), [0], nil, "the last 1 bytes"),
            (body(binary("customer_id", "INT64", "[2]", 8)), eight, nil, "8 bytes of data, and by its shape [2]"),
            (body(binary("customer_id", "INT64", "[1]", 7)), Array(eight.dropLast()), nil, "7 bytes of data"),
            (body(binary("customer_id", "INT64", "[1]", Int.max)), eight, nil, "8 bytes are left"),
            (body(binary("customer_id", "BYTES", "[1]", 3)), [0, 0, 0], nil, "end within a value"),
            (body(binary("customer_id", "BYTES", "[1]", 8)), [5, 0, 0, 0, 49, 49, 49, 49], nil, "end within a value"),
            (body(binary("customer_id", "BYTES", "[1]", 4)), [255, 255, 255, 255], nil, "end within a value"),
            (body(binary("customer_id", "BYTES", "[2]", 5)), [1, 0, 0, 0, 49], nil, "1 values, and by its shape"),
            (body(binary("customer_id", "BYTES", "[1]", 10)), [1, 0, 0, 0, 49, 1, 0, 0, 0, 49], nil, "more values"),
            (body(binary("features", "FP64", "[1,3]", 12)), Array(repeating: 0, count: 12), nil, "12 bytes of data"),
            (body(binary("features", "FP32", "[1,3]", 24)), Array(repeating: 0, count: 24), nil, "24 bytes of data"),
            row(.nan), row(.infinity), row(-.infinity),
        ]
    }

    @Test("binary data that contradict the JSON are refused by name")
    func binary() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for (json, binary, header, words) in Self.refusedBinary {
                    let length = header ?? "\(json.utf8.count)"
                    let head =
                        "POST \(Self.path) HTTP/1.1\r\nHost: test\r\nInference-Header-Content-Length: \(length)\r\n"
                        + "Content-Length: \(json.utf8.count + binary.count)\r\n\r\n"
                    peer.send(Array((head + json).utf8) + binary)
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.status == 400, "\(json), \(length): \(answer.text)")
                    #expect(answer.text.contains(words), "\(json), \(length): \(answer.text), not \(words)")
                }
                let body = Self.body(Self.input())
                // Two lengths are none, even when they agree.
                peer.send(
                    Array(
                        ("POST \(Self.path) HTTP/1.1\r\nHost: a\r\nInference-Header-Content-Length: \(body.utf8.count)\r\n"
                            + "Inference-Header-Content-Length: \(body.utf8.count)\r\nContent-Length: \(body.utf8.count)"
                            + "\r\n\r\n" + body).utf8
                    )
                )
                #expect(try #require(try peer.receiveHTTP()).text.contains("not one number"))
                #expect(try peer.postJSON(Self.path, body).status == 200)
            }
        }
    }

    @Test("changed bytes are answered with outputs or refused, and the connection goes on", arguments: [UInt64(1), 2])
    func damaged(seed: UInt64) async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                var random = SplitMix64(seed: seed)
                let inputs = Self.input(shape: "[2]", "\"parameters\":{\"binary_data_size\":16}")
                let json = Self.body(inputs, more: ",\"parameters\":{\"binary_data_output\":true}")
                var refused = 0
                for _ in 0..<1_500 {
                    var body = Array(json.utf8) + [UInt8](repeating: 0, count: 16)
                    for _ in 0...Int(random.next() % 3) {
                        body[Int(random.next() % UInt64(body.count))] = UInt8(truncatingIfNeeded: random.next())
                    }
                    let head =
                        "POST \(Self.path) HTTP/1.1\r\nHost: test\r\nContent-Length: \(body.count)\r\n"
                        + "Inference-Header-Content-Length: \(json.utf8.count)\r\n\r\n"
                    peer.send(Array(head.utf8) + body)
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.status == 200 || answer.status == 400, "\(answer.text)")
                    if answer.status == 400 {
                        refused += 1
                        #expect((answer.json as? [String: String])?.keys.first == "error")
                    }
                }
                #expect(refused > 500)
            }
        }
    }

    @Test("limits and deadlines are those of every other dialect")
    func limits() async throws {
        try await TestServer.with { server in
            let (peer, large) = (try await server.connect(), try await server.connect())
            try await blocking {
                let ids = [Int64](repeating: 1, count: 100_000)
                let data = "\"data\":\(ids)"
                let slow = Self.body(Self.input(shape: "[100000]", data), more: ",\"parameters\":{\"timeout\":1}")
                let late = try peer.postJSON(Self.path, slow)
                #expect(late.status == 504 && late.text == "{\"error\":\"the deadline passed\"}", "\(late.text)")
                let relaxed = Self.body(Self.input(), more: ",\"parameters\":{\"timeout\":60000000}")
                #expect(try peer.postJSON(Self.path, relaxed).status == 200)
                large.sendHTTP("POST", Self.path, fields: ["Content-Length": "33554433", "Expect": "100-continue"])
                #expect(try large.receiveHTTP()?.status == 413)
            }
        }
    }
}
