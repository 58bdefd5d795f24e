import ChurnModel
import ChurnServer
import ChurnStore
import ServerTestSupport
import TestSupport
import Testing

/// Entity tags: what an answer is made from, before it is made.
@Suite struct HTTPEntityTagTests {
    private static let path = "/v1/customers/12347/prediction"

    private static func tag(_ peer: RawPeer, _ target: String = path) throws -> String {
        try #require(try peer.http("GET", target).fields["etag"], "\(target) has no tag")
    }

    /// The seed model, with another intercept under the same name and version.
    private static func changed() throws -> LogisticModel {
        let model = try ModelCatalog(directory: Surroundings.path("models")).model("seed-logistic")
        return try LogisticModel(
            name: model.header.name,
            version: model.header.version,
            inputs: model.inputs,
            intercept: model.intercept + 1,
            threshold: model.threshold
        )
    }

    @Test("an answer that is known already is not sent again", arguments: [LookupMode.resident, .readThrough()])
    func known(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                for path in ["/v1/customers/12347/prediction", "/v1/models", "/docs", "/openapi.json"] {
                    let first = try peer.http("GET", path)
                    let tag = try #require(first.fields["etag"])
                    for known in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                        let again = try peer.http("GET", path, fields: ["If-None-Match": known])
                        #expect(again.status == 304 && again.body.isEmpty && again.fields["etag"] == tag)
                    }
                    let other = try peer.http("GET", path, fields: ["If-None-Match": "\"other\""])
                    #expect(other.status == 200 && other.body == first.body)
                }
                let models = try #require(try peer.http("GET", "/v1/models").json as? [String: Any])
                let first = try #require((models["models"] as? [[String: Any]])?.first)
                #expect(first["name"] as? String == "seed-logistic" && first["default"] as? Bool == true)
            }
        }
    }

    @Test("a tag is of the build, the model and the request, and the same on every server of a store")
    func parts() async throws {
        let shop = try await Shop()
        let first = try await TestServer.start(over: shop.location).whileRunning { server in
            let peer = try await server.connect()
            return try await blocking {
                let targets = [
                    Self.path, "\(Self.path)?contributions=true", "/v1/customers/1/prediction", "/v1/models", "/docs",
                    "/openapi.json",
                ]
                let tags = try targets.map { try Self.tag(peer, $0) }
                #expect(Set(tags).count == targets.count)
                // What changes nothing of the answer changes nothing of the tag.
                #expect(try Self.tag(peer, "\(Self.path)?timeout_ms=60000&model=seed-logistic%401") == tags[0])
                return tags
            }
        }
        let second = try await TestServer.start(over: shop.location).whileRunning { server in
            let peer = try await server.connect()
            return try await blocking { (try Self.tag(peer), try Self.tag(peer, "/v1/models")) }
        }
        #expect(second.0 == first[0] && second.1 == first[3])
        let other = try await TestServer.start(over: shop.location, models: [try Self.changed()]).whileRunning {
            server in
            let peer = try await server.connect()
            return try await blocking { (try Self.tag(peer), try Self.tag(peer, "/v1/models")) }
        }
        #expect(other.0 != first[0] && other.1 != first[3])
    }

    @Test("a new build has new tags while the server runs, and a customer who is not known has none")
    func builds() async throws {
        let shop = try await Shop()
        try await TestServer.start(over: shop.location).whileRunning { server in
            let peer = try await server.connect()
            try await blocking {
                let old = try Self.tag(peer)
                let unknown = try peer.http("GET", "/v1/customers/999999/prediction", fields: ["If-None-Match": "*"])
                #expect(unknown.status == 404 && unknown.fields["etag"] == nil)
                let models = try peer.http("GET", "\(Self.path)?model=none", fields: ["If-None-Match": "*"])
                #expect(models.status == 404)
                _ = try shop.location.open(.create).buildFeatures(asOfDay: nil)
                // The server polls the store every 20 ms; each answer is of one build or the other.
                var answer = try peer.http("GET", Self.path, fields: ["If-None-Match": old])
                while answer.status == 304 {
                    #expect(answer.fields["etag"] == old)
                    answer = try peer.http("GET", Self.path, fields: ["If-None-Match": old])
                }
                #expect(answer.status == 200 && answer.fields["etag"] != old)
            }
        }
    }
}
