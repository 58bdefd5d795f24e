import ChurnModel
import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// The prototype's routes, byte for byte.
@Suite struct HTTPPrototypeTests {
    private static let ways: [LookupMode] = [.resident, .readThrough()]

    @Test("documented requests have their documented answers", arguments: ways)
    func documented(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                let json = "application/json"
                let prediction = "{\"churn_probability\":0.07052281746741611,\"churn_prediction\":0}"
                let features = "{\"Frequency\":7,\"Monetary\":4310.0,\"AvgOrderValue\":615.7142857142857}"
                let banner = try peer.http("GET", "/")
                #expect(banner.status == 200 && banner.fields["content-type"] == json)
                #expect(banner.text == "{\"message\":\"Churn Prediction API is running\"}")
                #expect(
                    try peer.http("GET", "/health").text
                        == "{\"api\":\"running\",\"mongo\":\"connected\",\"model\":\"loaded\",\"documents\":201}"
                )
                let churn = try peer.postJSON("/predict_churn", features)
                #expect(churn.status == 200 && churn.fields["content-type"] == json)
                #expect(churn.text == prediction)
                #expect(
                    try peer.postJSON("/predict_churn_by_id", "{\"customer_id\":12347}").text
                        == "{\"customer_id\":12347,\"features\":\(features),\"prediction\":\(prediction)}"
                )
                let unknown = try peer.postJSON("/predict_churn_by_id", "{\"customer_id\": 999999}")
                #expect(unknown.status == 200 && unknown.text == "{\"error\":\"Customer not found\"}")
                // Beyond 64 bits.
                let beyond = try peer.postJSON("/predict_churn_by_id", "{\"customer_id\":9223372036854775808}")
                #expect(beyond.status == 200 && beyond.text == "{\"error\":\"Customer not found\"}")
                // What the model takes for a churner.
                let churner = try peer.postJSON(
                    "/predict_churn",
                    "{\"Frequency\":1,\"Monetary\":\"1.0\",\"AvgOrderValue\":true}"
                )
                #expect(churner.text.hasSuffix(",\"churn_prediction\":1}"))
            }
        }
    }

    private struct Golden: Decodable {
        var method: String
        var path: String
        var content_type: String?
        var body: String
        var status: Int
        var allow: String?
        var answer: String
    }

    /// What ours refuses and FastAPI does not, by design: numbers beyond all doubles, which FastAPI trips over.
    private static let stricter = ["{\"customer_id\":1e400}"]

    @Test("what does not fit has FastAPI's answer, as recorded")
    func golden() async throws {
        let file = URL(filePath: Surroundings.path("Tests/Fixtures/http/fastapi.json"))
        let cases = try JSONDecoder().decode([Golden].self, from: Data(contentsOf: file))
        #expect(cases.count > 100)
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for golden in cases {
                    let fields = golden.content_type.map { ["Content-Type": $0] } ?? [:]
                    let body = golden.method == "POST" ? golden.body : nil
                    let answer = try peer.http(golden.method, golden.path, fields: fields, body: body)
                    let name = "\(golden.method) \(golden.path) \(golden.content_type ?? "") \(golden.body)"
                    if Self.stricter.contains(golden.body) {
                        #expect(answer.status == 422, "\(name): \(answer.text)")
                        continue
                    }
                    #expect(answer.status == golden.status, "\(name): \(answer.text)")
                    #expect(answer.fields["allow"] == golden.allow, "\(name)")
                    // The recording's handlers repeat what they were given; ours predict.
                    if golden.status != 200 { #expect(answer.text == golden.answer, "\(name)") }
                }
            }
        }
    }

    @Test("without the prototype's model its routes say so")
    func otherModel() async throws {
        let catalog = try ModelCatalog(directory: Surroundings.path("models"))
        let models = [try catalog.model("churn-temporal")]
        try await TestServer.with(models: models) { server in
            let peer = try await server.connect()
            try await blocking {
                let answer = try peer.postJSON("/predict_churn_by_id", "{\"customer_id\":12347}")
                #expect(answer.status == 503)
                #expect(answer.text.contains("start it with --model seed-logistic"))
                let health = try peer.http("GET", "/health").text
                #expect(health.contains("\"model\":\"not loaded\""))
            }
        }
    }

    @Test("answers come from the prototype's model, whatever the default is")
    func defaultModel() async throws {
        let catalog = try ModelCatalog(directory: Surroundings.path("models"))
        let models = [try catalog.model("churn-temporal"), try catalog.model("seed-logistic")]
        try await TestServer.with(models: models) { server in
            let peer = try await server.connect()
            try await blocking {
                let text = try peer.postJSON("/predict_churn_by_id", "{\"customer_id\":12347}").text
                #expect(text.contains("\"churn_probability\":0.07052281746741611,"))
            }
        }
    }

    @Test("without features the routes that need them say so, and the others answer")
    func noFeatures() async throws {
        try await TestServer.with(hasFeatures: false) { server in
            let peer = try await server.connect()
            try await blocking {
                let answer = try peer.postJSON("/predict_churn_by_id", "{\"customer_id\":12347}")
                #expect(answer.status == 503 && answer.fields["retry-after"] == "1")
                let health = try peer.http("GET", "/health").text
                #expect(health.hasSuffix(",\"documents\":0}"))
                #expect(try peer.http("GET", "/readyz").status == 503)
                #expect(try peer.http("GET", "/livez").status == 200)
                let features = "{\"Frequency\":7,\"Monetary\":4310.0,\"AvgOrderValue\":615.7142857142857}"
                #expect(try peer.postJSON("/predict_churn", features).status == 200)
            }
        }
    }
}
