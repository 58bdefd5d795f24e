import ChurnProtocol
import ChurnServer
import ServerTestSupport
import TestSupport
import Testing

/// Requests and what is none, over real sockets.
@Suite struct HTTP1SessionTests {
    private static let ways: [LookupMode] = [.resident, .readThrough()]
    private static let known = "{\"customer_id\":12347}"
    private static let byID = request("/predict_churn_by_id", known)

    private static func request(_ target: String, _ body: String, fields: String = "") -> [UInt8] {
        let head = "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\(fields)"
        return Array("\(head)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
    }

    @Test("a thousand requests in one write are answered in their order", arguments: ways)
    func pipelined(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                // Fewer at once than may wait.
                for _ in 0..<10 {
                    var bytes: [UInt8] = []
                    for customer in 1...100 {
                        bytes += Self.request("/predict_churn_by_id", "{\"customer_id\":\(customer)}")
                        bytes += Array("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
                    }
                    peer.send(bytes)
                    for customer in 1...100 {
                        let answer = try #require(try peer.receiveHTTP())
                        #expect(answer.text.hasPrefix("{\"customer_id\":\(customer),"))
                        #expect(try peer.receiveHTTP()?.text == "ok\n")
                    }
                }
            }
        }
    }

    @Test("one byte a packet is as good as one packet", arguments: ways)
    func byteByByte(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                // The first begins like HTTP/2's preface.
                for bytes in [Self.byID, Array("PUT / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), Self.byID] {
                    for byte in bytes { peer.send([byte]) }
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.status == (bytes == Self.byID ? 200 : 405))
                }
            }
        }
    }

    @Test("a connection goes on or ends as its peer says")
    func keepAlive() async throws {
        try await TestServer.with { server in
            try await blocking {
                for (text, isKept) in [
                    ("GET /livez HTTP/1.1\r\nHost: a\r\n\r\n", true),
                    ("GET /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false),
                    ("GET /livez HTTP/1.0\r\n\r\n", false),
                    ("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true),
                ] {
                    let peer = try RawPeer(port: server.port)
                    peer.send(Array((text + text).utf8))
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.status == 200 && answer.text == "ok\n")
                    #expect((answer.fields["connection"] == "close") == !isKept)
                    #expect(answer.fields["date"]?.hasSuffix(" GMT") == true)
                    let next = try peer.receiveHTTP()
                    #expect((next != nil) == isKept, "\(text)")
                }
            }
        }
    }

    @Test("HEAD has the fields of GET and no body, and OPTIONS names the methods")
    func methods() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for target in ["/livez", "/health", "/"] {
                    let (get, head) = (try peer.http("GET", target), try peer.http("HEAD", target))
                    #expect(head.status == 200 && head.body.isEmpty)
                    #expect(head.fields["content-length"] == "\(get.body.count)")
                }
                let options = try peer.http("OPTIONS", "/livez")
                #expect(options.status == 204 && options.fields["allow"] == "GET, HEAD, OPTIONS")
                #expect(try peer.http("OPTIONS", "*").status == 204)
                let refused = try peer.http("DELETE", "/v1/health")
                #expect(refused.status == 405 && refused.fields["allow"] == "GET, HEAD, OPTIONS")
                #expect(refused.fields["content-type"] == "application/problem+json")
            }
        }
    }

    @Test("a peer that waits for a word gets it, or its answer at once")
    func expectations() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let head =
                    "POST /predict_churn_by_id HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Expect: 100-continue\r\nContent-Length: "
                peer.send(Array("\(head)\(Self.known.utf8.count)\r\n\r\n".utf8))
                #expect(try peer.receiveLine() == "HTTP/1.1 100 Continue\r")
                #expect(try peer.receiveLine() == "\r")
                peer.send(Array(Self.known.utf8))
                #expect(try peer.receiveHTTP()?.status == 200)
                // Refused from the head alone: the peer has not sent the body.
                peer.send(Array("\(head)100000\r\n\r\n".utf8))
                let refused = try #require(try peer.receiveHTTP())
                #expect(refused.status == 413 && refused.fields["connection"] == "close")
                #expect(try peer.receiveLine() == nil)
            }
        }
    }

    @Test("a body in chunks, however cut, is as good as one of known length")
    func chunks() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let head =
                    "POST /predict_churn_by_id HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
                for size in [1, 3, 100] {
                    var bytes = Array(head.utf8)
                    var rest = Array(Self.known.utf8)[...]
                    while !rest.isEmpty {
                        let piece = rest.prefix(size)
                        bytes += Array("\(String(piece.count, radix: 16))\r\n".utf8) + piece + Array("\r\n".utf8)
                        rest = rest.dropFirst(size)
                    }
                    peer.send(bytes + Array("0\r\n\r\n".utf8))
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.text.contains("0.07052281746741611"))
                }
                // Above the limit of the route, which no head tells.
                let chunk = Array("1000\r\n".utf8) + [UInt8](repeating: 0x20, count: 4096) + Array("\r\n".utf8)
                peer.send(Array(head.utf8) + chunk + chunk + chunk + chunk + chunk)
                #expect(try peer.receiveHTTP()?.status == 413)
                #expect(try peer.receiveLine() == nil)
            }
        }
    }

    @Test("a fault closes its connection and no other, and what stands behind it is not answered")
    func smuggling() async throws {
        try await TestServer.with { server in
            let bystander = try await server.connect()
            try await blocking {
                for fault in [
                    "POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                    "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
                    "GET /livez HTTP/1.1\nHost: a\n\n",
                    "GET /livez HTTP/1.1\r\nHost : a\r\n\r\n",
                    "POST /predict_churn HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                    "GET /livez\r\n\r\n",
                ] {
                    let peer = try RawPeer(port: server.port)
                    peer.send(Array((fault + "GET /v1/health HTTP/1.1\r\nHost: a\r\n\r\n").utf8))
                    let answer = try #require(try peer.receiveHTTP())
                    #expect(answer.status == 400 && answer.fields["connection"] == "close", "\(fault)")
                    #expect(answer.fields["content-type"] == "application/problem+json")
                    #expect(try peer.receiveLine() == nil, "\(fault)")
                    #expect(try bystander.http("GET", "/livez").status == 200)
                }
            }
        }
    }

    @Test("a head that does not come whole is given up, and its connection with it", .timeLimit(.minutes(1)))
    func slowHead() async throws {
        try await TestServer.with { server in
            let (slow, bystander) = (try await server.connect(), try await server.connect())
            try await blocking {
                // More of it does not set the clock back.
                slow.send(Array("GET /livez HTTP/1.1\r\nHost: a\r\n".utf8))
                let begun = ContinuousClock.now
                for _ in 0..<50 {
                    slow.send(Array("X: y\r\n".utf8))
                    #expect(try bystander.http("GET", "/livez").status == 200)
                }
                let answer = try #require(try slow.receiveHTTP())
                #expect(answer.status == 408 && answer.fields["connection"] == "close")
                #expect(ContinuousClock.now - begun < .seconds(25))
                #expect(try slow.receiveLine() == nil)
                #expect(try bystander.http("GET", "/livez").status == 200)
            }
        }
    }

    @Test("a peer that ends its output is answered, then the connection closes", arguments: ways)
    func halfClosed(lookup: LookupMode) async throws {
        try await TestServer.with(configuration: { $0.lookup = lookup }) { server in
            let peer = try await server.connect()
            try await blocking {
                peer.send(Self.byID + Self.byID + Array(Self.byID.dropLast(3)))
                peer.endOutput()
                for expected in [200, 200, nil] {
                    let status = try peer.receiveHTTP()?.status
                    #expect(status == expected)
                }
            }
        }
    }

    @Test("requests beyond those that may wait are refused, and the connection closes")
    func tooManyWaiting() async throws {
        try await TestServer.with(configuration: {
            $0.lookup = .readThrough()
            $0.maxInFlightPerConnection = 2
        }) { server in
            let peer = try await server.connect()
            try await blocking {
                var bytes: [UInt8] = []
                for customer in 1...20 {
                    bytes += Self.request("/predict_churn_by_id", "{\"customer_id\":\(customer)}")
                }
                peer.send(bytes)
                #expect(try peer.receiveHTTP()?.status == 200)
                #expect(try peer.receiveHTTP()?.status == 200)
                let refused = try #require(try peer.receiveHTTP())
                #expect(refused.status == 429 && refused.fields["retry-after"] == "1")
                #expect(refused.fields["connection"] == "close")
                #expect(try peer.receiveHTTP() == nil)
            }
        }
    }

    @Test("at a drain an idle connection is closed, and one with a request in hand is answered first")
    func draining() async throws {
        try await TestServer.with(configuration: {
            $0.drainTimeout = .seconds(30)
            // What is sent first is read first.
            $0.eventLoops = 1
        }) { server in
            let (idle, busy) = (try await server.connect(), try await server.connect())
            try await blocking {
                for peer in [idle, busy] {
                    let status = try peer.http("GET", "/readyz").status
                    #expect(status == 200)
                }
                busy.send(Array(Self.byID.dropLast(1)))
                #expect(try idle.http("GET", "/livez").status == 200)
            }
            await server.beginStopping()
            try await blocking {
                #expect(try idle.receiveHTTP() == nil)
                busy.send(Array(Self.byID.suffix(1)))
                let answer = try #require(try busy.receiveHTTP())
                #expect(answer.status == 200 && answer.fields["connection"] == "close")
                #expect(try busy.receiveHTTP() == nil)
            }
        }
    }

    @Test("readiness fails while the server is still answering before it stops")
    func readinessBeforeStop() async throws {
        try await TestServer.with(configuration: { $0.drainDelay = .seconds(3) }) { server in
            let peer = try await server.connect()
            #expect(try await blocking { try peer.http("GET", "/readyz").status } == 200)
            await server.beginStopping()
            try await blocking {
                var status = 200
                // The shutdown begins on another thread.
                for _ in 0..<100_000 where status == 200 { status = try peer.http("GET", "/readyz").status }
                #expect(status == 503)
                #expect(try peer.http("GET", "/livez").status == 200)
                let health = try peer.http("GET", "/v1/health").text
                #expect(health.contains("\"state\":\"NOT_SERVING\"") && health.contains("\"draining\":true"))
            }
        }
    }

    @Test("a connection above the limit is told so in HTTP on a port of its own")
    func tooManyConnections() async throws {
        try await TestServer.with(configuration: {
            $0.endpoints = [Endpoint(port: 0, dialect: .fixed(HTTP1Dialect()))]
            $0.maxConnections = 1
        }) { server in
            let first = try await server.connect()
            try await blocking {
                #expect(try first.http("GET", "/livez").status == 200)
                let refused = try #require(try RawPeer(port: server.port).receiveHTTP())
                #expect(refused.status == 429 && refused.fields["retry-after"] == "1")
            }
        }
    }

    @Test("frames and HTTP share a port, and have the same double")
    func frames() async throws {
        try await TestServer.with { server in
            let (frames, http) = (try await server.connect(), try await server.connect())
            try await blocking {
                let response = try frames.call(
                    Request(method: .predictByID(customer: 12347, contributions: false, names: false))
                )
                guard case .predictByID(let prediction) = response.result else {
                    Issue.record("no prediction")
                    return
                }
                let answer = try http.postJSON("/predict_churn_by_id", Self.known)
                #expect(answer.text.contains("\"churn_probability\":\(prediction.probability),"))
            }
        }
    }
}
