import ChurnServer
import Foundation
import ServerTestSupport
import TestSupport
import Testing

@Suite struct HTTPDescriptionTests {
    @Test("docs/openapi.json is what the routes' description makes")
    func committed() throws {
        let file = URL(filePath: Surroundings.path("docs/openapi.json"))
        // To write it anew after a change of the routes: CHURN_TEST_WRITE=1.
        if ProcessInfo.processInfo.environment["CHURN_TEST_WRITE"] == "1" {
            try Data(OpenAPIDocument.bytes).write(to: file)
        }
        #expect(try Data(contentsOf: file) == Data(OpenAPIDocument.bytes))
    }

    @Test("the server gives its description and its page, which are small and load nothing from elsewhere")
    func served() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let document = try peer.http("GET", "/openapi.json")
                #expect(document.fields["content-type"] == "application/json" && document.body == OpenAPIDocument.bytes)
                let page = try peer.http("GET", "/docs")
                #expect(page.fields["content-type"] == "text/html; charset=utf-8")
                #expect(page.body.count < 60_000 && page.text == DocsPage.html)
                #expect(
                    !page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("@import")
                )
            }
        }
    }
}
