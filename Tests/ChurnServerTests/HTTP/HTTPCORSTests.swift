import ChurnServer
import ServerTestSupport
import TestSupport
import Testing

/// Whose pages may read answers in a browser.
@Suite struct HTTPCORSTests {
    private static let shop = "https://shop.example"
    private static let allowOrigin = "access-control-allow-origin"
    /// Every field that a server of another policy might send.
    private static func names(_ answer: HTTPAnswer) -> [String] {
        answer.fields.keys.filter { $0.hasPrefix("access-control-") }.sorted()
    }

    private static func preflight(_ origin: String) -> [String: String] {
        ["Origin": origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"]
    }

    @Test("off unless it is set: no answer says anything to pages of other origins")
    func off() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for target in ["/v1/models", "/", "/nothing"] {
                    let answer = try peer.http("GET", target, fields: ["Origin": Self.shop])
                    #expect(Self.names(answer).isEmpty && answer.fields["vary"] == nil)
                }
                let batch = try peer.http("OPTIONS", "/v1/predictions", fields: Self.preflight(Self.shop))
                #expect(batch.status == 204 && Self.names(batch).isEmpty)
                #expect(try peer.http("OPTIONS", "/predict_churn", fields: Self.preflight(Self.shop)).status == 405)
            }
        }
    }

    @Test("pages of the origins that are set may read every answer, and others none")
    func allowed() async throws {
        let policy = CORSPolicy([Self.shop, "http://localhost:3000"])
        try await TestServer.with(configuration: { $0.cors = policy }) { server in
            let peer = try await server.connect()
            try await blocking {
                for origin in [Self.shop, "http://localhost:3000"] {
                    for (target, status) in [
                        ("/v1/models", 200), ("/v1/customers/1/prediction", 200), ("/v1/customers/0/prediction", 404),
                        ("/nothing", 404), ("/health", 200), ("/v1/predictions", 405),
                    ] {
                        let answer = try peer.http("GET", target, fields: ["Origin": origin])
                        #expect(answer.status == status && answer.fields[Self.allowOrigin] == origin, "\(target)")
                        #expect(answer.fields["vary"] == "origin")
                        #expect(
                            answer.fields["access-control-expose-headers"]
                                == "etag, inference-header-content-length, retry-after"
                        )
                        #expect(Self.names(answer).count == 2)
                    }
                }
                // One more than an origin that is set, in another case, and none.
                for origin in [
                    "https://shop.example.org", "https://SHOP.example", "https://shop.example:8443", "null", "",
                ] {
                    let answer = try peer.http("GET", "/v1/models", fields: ["Origin": origin])
                    #expect(answer.status == 200 && Self.names(answer).isEmpty && answer.fields["vary"] == "origin")
                    let asked = try peer.http("OPTIONS", "/v1/predictions", fields: Self.preflight(origin))
                    #expect(asked.status == 204 && Self.names(asked).isEmpty && asked.fields["vary"] == "origin")
                }
                #expect(try peer.http("GET", "/v1/models").fields["vary"] == "origin")
            }
        }
    }

    @Test("large batches and answers that come late say so too", arguments: [LookupMode.resident, .readThrough()])
    func batches(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: {
            $0.cors = CORSPolicy([Self.shop])
            $0.lookup = lookup
        }) { server in
            let peer = try await server.connect()
            try await blocking {
                for rows in [1, 2_000, 30_000] {
                    let answer = try peer.http(
                        "POST",
                        "/v1/predictions",
                        fields: ["Content-Type": "application/json", "Origin": Self.shop],
                        body: "{\"customer_ids\":\([Int64](repeating: 1, count: rows))}"
                    )
                    #expect(answer.status == 200 && answer.fields[Self.allowOrigin] == Self.shop, "\(rows) rows")
                    #expect(answer.fields["vary"] == "accept, accept-encoding, origin")
                }
                let one = try peer.http("GET", "/v1/customers/2/prediction", fields: ["Origin": Self.shop])
                #expect(one.status == 200 && one.fields[Self.allowOrigin] == Self.shop)
            }
        }
    }

    @Test("a preflight is answered on every route that there is, and allows no credentials")
    func preflights() async throws {
        for (policy, allowed, vary) in [([Self.shop], Self.shop, "origin"), (["*"], "*", nil)] {
            try await TestServer.with(configuration: { $0.cors = CORSPolicy(policy) }) { server in
                let peer = try await server.connect()
                try await blocking {
                    for (target, methods) in [
                        ("/v1/predictions", "POST, OPTIONS"), ("/v1/customers/1/prediction", "GET, HEAD, OPTIONS"),
                        ("/predict_churn_by_id", "POST"), ("/health", "GET"),
                    ] {
                        let answer = try peer.http("OPTIONS", target, fields: Self.preflight(Self.shop))
                        #expect(answer.status == 204 && answer.body.isEmpty, "\(target)")
                        #expect(answer.fields[Self.allowOrigin] == allowed && answer.fields["vary"] == vary)
                        #expect(answer.fields["access-control-allow-methods"] == methods)
                        #expect(answer.fields["access-control-allow-headers"]?.contains("content-type") == true)
                        #expect(answer.fields["access-control-max-age"] == "7200")
                        #expect(answer.fields["access-control-allow-credentials"] == nil)
                    }
                    let unknown = try peer.http("OPTIONS", "/nothing", fields: Self.preflight(Self.shop))
                    #expect(unknown.status == 404 && unknown.fields["access-control-allow-methods"] == nil)
                    // No preflight: what it says is about the route itself.
                    #expect(try peer.http("OPTIONS", "/predict_churn", fields: ["Origin": Self.shop]).status == 405)
                }
            }
        }
    }

    @Test(
        "an origin is what browsers send",
        arguments: [
            ("https://shop.example", true), ("http://localhost:3000", true), ("http://127.0.0.1:8080", true),
            ("http://[::1]:3000", true), ("http://[::1]", true), ("https://xn--bcher-kva.example", true),
            ("https://shop.example/", false), ("https://Shop.example", false), ("shop.example", false),
            ("https://", false), ("https://shop.example:443", false), ("http://shop.example:80", false),
            ("http://shop.example:443", true), ("https://shop.example:0443", false), ("https://shop.example:", false),
            ("https://shop.example:70000", false), ("https://user@shop.example", false), ("ftp://shop.example", false),
            ("https://*.example", false), ("null", false), ("", false), ("*", false), ("https://a b", false),
            ("http://[::1", false), ("https://shop.example\r\nx: y", false),
        ]
    )
    func origins(text: String, isOrigin: Bool) {
        #expect(CORSPolicy.isOrigin(text) == isOrigin)
        let (alone, joined) = (CORSPolicy([text]), CORSPolicy([Self.shop, text]))
        #expect(((try? ServerConfiguration(cors: alone)) != nil) == (isOrigin || text == "*"))
        #expect(((try? ServerConfiguration(cors: joined)) != nil) == isOrigin)
    }
}
