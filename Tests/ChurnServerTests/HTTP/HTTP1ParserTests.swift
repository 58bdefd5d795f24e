import ChurnServer
import TestSupport
import Testing

/// The parser by itself, without a socket and without a loop.
@Suite struct HTTP1ParserTests {
    /// What a parser makes of a stream.
    private enum Parsed: Equatable {
        case request(HTTPMethod, target: String, body: [UInt8], keepsAlive: Bool, expectsContinue: Bool)
        case broken(HTTPStatus)
    }

    private static func parse(_ pieces: [[UInt8]]) -> [Parsed] {
        var parser = HTTP1Parser()
        var parsed: [Parsed] = []
        var head: (method: HTTPMethod, target: String, keepsAlive: Bool, expectsContinue: Bool)?
        var body: [UInt8] = []
        func end() {
            guard let begun = head else {
                Issue.record("a body without a head")
                return
            }
            parsed.append(
                .request(
                    begun.method,
                    target: begun.target,
                    body: body,
                    keepsAlive: begun.keepsAlive,
                    expectsContinue: begun.expectsContinue
                )
            )
            (head, body) = (nil, [])
        }
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                var rest = bytes
                while true {
                    switch parser.next(&rest) {
                    case .needsMore:
                        #expect(rest.isEmpty)
                        return
                    case .head(let found):
                        #expect(head == nil)
                        head = (
                            found.method, String(decoding: found.target, as: UTF8.self), found.keepsAlive,
                            found.expectsContinue
                        )
                        if found.body == .none { end() }
                    case .body(let piece, let isLast):
                        body += Array(piece)
                        if isLast { end() }
                    case .broken(let refusal):
                        #expect(!refusal.detail.isEmpty)
                        parsed.append(.broken(refusal.status))
                    }
                }
            }
        }
        return parsed
    }

    private static func parse(_ text: String) -> [Parsed] { parse([Array(text.utf8)]) }

    private static func request(
        _ method: HTTPMethod,
        _ target: String,
        _ body: String = "",
        keepsAlive: Bool = true,
        expectsContinue: Bool = false
    ) -> Parsed {
        .request(
            method,
            target: target,
            body: Array(body.utf8),
            keepsAlive: keepsAlive,
            expectsContinue: expectsContinue
        )
    }

    // MARK: What is a request

    private static let requests: [(text: String, parsed: Parsed)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", request(.get, "/")),
        ("GET /a?b=%20c HTTP/1.1\r\nhost:a:8000\r\nX-Empty:\r\nX: \t y z \t \r\n\r\n", request(.get, "/a?b=%20c")),
        ("HEAD http://a.example:80/b HTTP/1.1\r\nHost: c\r\n\r\n", request(.head, "/b")),
        ("OPTIONS * HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n", request(.options, "*")),
        ("GET / HTTP/1.1\r\nHost:\r\nConnection: Upgrade, CLOSE\r\n\r\n", request(.get, "/", keepsAlive: false)),
        ("GET / HTTP/1.0\r\n\r\n", request(.get, "/", keepsAlive: false)),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", request(.get, "/")),
        ("POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", request(.post, "/p")),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 000012\r\n\r\nhello\r\n\r\nGET",
            request(.post, "/p", "hello\r\n\r\nGET")
        ),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}",
            request(.post, "/p", "{}", expectsContinue: true)
        ),
        ("POST /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", request(.post, "/p")),
        (
            "POST /p HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n"
                + "5;a=b;c=\"d\"\r\nhello\r\n00a\r\n, world\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n",
            request(.post, "/p", "hello, world\r\n!")
        ),
        ("get / HTTP/1.1\r\nHost: a\r\n\r\n", request(.other, "/")),
        ("\r\nPUT /q HTTP/1.1\r\nHost: a\r\n\r\n", request(.put, "/q")),
    ]

    @Test("requests in one stream are the same however it arrives", arguments: [UInt64(1), 2, 3, 4, 5, 6, 7, 8])
    func pieces(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var stream: [UInt8] = []
        var expected: [Parsed] = []
        for _ in 0..<60 {
            let request = Self.requests[Int.random(in: 0..<Self.requests.count, using: &random)]
            stream += Array(request.text.utf8)
            expected.append(request.parsed)
        }
        #expect(Self.parse([stream]) == expected)
        #expect(Self.parse(stream.map { [$0] }) == expected)
        for longest in [3, 40, 700] {
            var pieces: [[UInt8]] = []
            var rest = stream[...]
            while !rest.isEmpty {
                pieces.append(Array(rest.prefix(Int.random(in: 1...longest, using: &random))))
                rest = rest.dropFirst(pieces[pieces.count - 1].count)
            }
            #expect(Self.parse(pieces) == expected, "pieces up to \(longest)")
        }
    }

    // MARK: What is none

    private static let head = "POST / HTTP/1.1\r\nHost: a\r\n"
    private static let chunked = head + "Transfer-Encoding: chunked\r\n\r\n"

    private static let refused: [(name: String, text: String, status: HTTPStatus)] = [
        ("length with chunked", head + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("chunked with length", head + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n", .badRequest),
        ("two lengths", head + "Content-Length: 4\r\nContent-Length: 5\r\n\r\n", .badRequest),
        ("two equal lengths", head + "Content-Length: 4\r\nContent-Length: 4\r\n\r\n", .badRequest),
        ("a list of lengths", head + "Content-Length: 4, 4\r\n\r\n", .badRequest),
        ("a length with a sign", head + "Content-Length: +4\r\n\r\n", .badRequest),
        ("a negative length", head + "Content-Length: -4\r\n\r\n", .badRequest),
        ("a hexadecimal length", head + "Content-Length: 0x4\r\n\r\n", .badRequest),
        ("no length", head + "Content-Length:\r\n\r\n", .badRequest),
        ("two transfer codings", head + "Transfer-Encoding: gzip, chunked\r\n\r\n", .notImplemented),
        ("an unknown transfer coding", head + "Transfer-Encoding: identity\r\n\r\n", .notImplemented),
        ("a disguised transfer coding", head + "Transfer-Encoding: \u{0B}chunked\r\n\r\n", .badRequest),
        ("chunked twice", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .badRequest),
        ("a folded field", head + "X: a\r\n b\r\n\r\n", .badRequest),
        ("a first field that is folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .badRequest),
        ("a space before the colon", head + "Content-Length : 4\r\n\r\n", .badRequest),
        ("no colon", head + "Content-Length\r\n\r\n", .badRequest),
        ("no name", head + ": a\r\n\r\n", .badRequest),
        ("a bare line feed in the head", "GET / HTTP/1.1\nHost: a\r\n\r\n", .badRequest),
        ("a bare line feed at its end", "GET / HTTP/1.1\r\nHost: a\r\n\n", .badRequest),
        ("a carriage return in a value", head + "X: a\rb\r\n\r\n", .badRequest),
        ("two carriage returns", head + "X: a\r\r\n\r\n", .badRequest),
        ("a NUL in a value", head + "X: a\0b\r\n\r\n", .badRequest),
        ("a NUL in the target", "GET /a\0b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a tab", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a target that is not ASCII", "GET /ä HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a relative target", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("an authority", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("another scheme", "GET ftp://a/b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("an absolute target without an authority", "GET http:///b HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("an asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("HTTP/0.9", "GET /\r\n\r\n", .badRequest),
        ("no version", "GET / HTTX/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a small version", "GET / http/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("another version", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", .versionNotSupported),
        ("a long method", "BREWBREWBREWBREWBREW / HTTP/1.1\r\nHost: a\r\n\r\n", .notImplemented),
        ("CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", .notImplemented),
        ("CONNECT with a path", "CONNECT /a HTTP/1.1\r\nHost: a\r\n\r\n", .notImplemented),
        ("a length behind a tab", head + "Content-Length:\t4\r\n\r\n", .badRequest),
        ("a length before a tab", head + "Content-Length: 4\t\r\n\r\n", .badRequest),
        ("a transfer coding before a tab", head + "Transfer-Encoding: chunked\t\r\n\r\n", .badRequest),
        ("a length among the trailers", chunked + "0\r\nContent-Length: 4\r\n\r\n", .badRequest),
        ("a transfer coding among the trailers", chunked + "0\r\ntransfer-encoding: chunked\r\n\r\n", .badRequest),
        ("an extension without a name", chunked + "5;\r\nhello\r\n", .badRequest),
        ("an extension with spaces", chunked + "5; a = b\r\nhello\r\n", .badRequest),
        ("an extension without a value", chunked + "5;a=\r\nhello\r\n", .badRequest),
        ("an extension with an open quote", chunked + "5;a=\"b\r\nhello\r\n", .badRequest),
        ("an extension with an escaped quote", chunked + "5;a=\"\\\"\"\r\nhello\r\n", .badRequest),
        ("text behind a quoted extension", chunked + "5;a=\"b\"c\r\nhello\r\n", .badRequest),
        ("no Host", "GET / HTTP/1.1\r\n\r\n", .badRequest),
        ("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .badRequest),
        ("a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", .badRequest),
        ("a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", .badRequest),
        ("an unknown expectation", head + "Expect: fail\r\n\r\n", .expectationFailed),
        ("empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .badRequest),
        ("a chunk without a length", chunked + "\r\n", .badRequest),
        ("a chunk's length with a sign", chunked + "+5\r\nhello\r\n", .badRequest),
        ("a chunk's length with 0x", chunked + "0x5\r\nhello\r\n", .badRequest),
        ("a chunk's length with a space", chunked + "5 \r\nhello\r\n", .badRequest),
        ("a chunk's length that overflows", chunked + "10000000000000005\r\nhello\r\n", .badRequest),
        ("a chunk's length above the limit", chunked + "fffffff\r\n", .contentTooLarge),
        ("a chunk that is longer", chunked + "5\r\nhello!\r\n", .badRequest),
        ("a chunk that ends in a line feed", chunked + "5\r\nhello\n", .badRequest),
        ("a chunk's line that ends in a line feed", chunked + "5\nhello\r\n", .badRequest),
        ("an extension with a carriage return", chunked + "5;a\rb\r\nhello\r\n", .badRequest),
        ("an extension without an end", chunked + "5;" + String(repeating: "a", count: 300), .badRequest),
        ("a trailer that is no field", chunked + "0\r\nno field\r\n\r\n", .badRequest),
        ("trailers without an end", chunked + "0\r\n" + String(repeating: "A: b\r\n", count: 1000), .badRequest),
        ("a body above the limit", head + "Content-Length: 67108865\r\n\r\n", .contentTooLarge),
        ("a body above all limits", head + "Content-Length: 99999999999999999999\r\n\r\n", .contentTooLarge),
        ("a target above the limit", "GET /" + String(repeating: "a", count: 9_000), .uriTooLong),
        ("a head above the limit", head + "X: " + String(repeating: "a", count: 17_000), .fieldsTooLarge),
        ("too many fields", head + String(repeating: "A: b\r\n", count: 100) + "\r\n", .fieldsTooLarge),
        ("a method without an end", String(repeating: "A", count: 9_000), .uriTooLong),
        ("TLS", "\u{16}\u{3}\u{1}\r\n", .badRequest),
    ]

    @Test("what could be read in two ways, or without end, is refused", arguments: refused.indices)
    func refusals(index: Int) {
        let (name, text, status) = Self.refused[index]
        // What stands behind is never read as a request.
        let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
        let bytes = Array((text + smuggled).utf8)
        #expect(Self.parse([bytes]) == [.broken(status)], "\(name)")
        #expect(Self.parse(bytes.map { [$0] }) == [.broken(status)], "\(name), byte by byte")
        // And a request before is read as ever.
        let before = Array(Self.requests[0].text.utf8)
        let afterOther = Self.parse([before + bytes])
        #expect(afterOther == [Self.requests[0].parsed, .broken(status)], "\(name), behind a request")
    }

    @Test("any truncation needs more, and any changed byte is a request or a refusal", arguments: requests.indices)
    func hostile(index: Int) {
        let bytes = Array(Self.requests[index].text.utf8)
        for count in 0..<bytes.count {
            #expect(Self.parse([Array(bytes.prefix(count))]).isEmpty, "\(count) bytes")
        }
        for position in bytes.indices {
            for byte in [0, 10, 13, 32, 58, bytes[position] ^ 1] {
                var changed = bytes
                changed[position] = byte
                // It must end; what it makes of it is the table's above.
                #expect(Self.parse([changed]).count <= 3)
            }
        }
    }

    @Test("limits are reached, and not crossed")
    func limits() {
        let target = "/" + String(repeating: "a", count: HTTPLimits.targetBytes - 1)
        #expect(Self.parse("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") == [Self.request(.get, target)])
        #expect(Self.parse("GET \(target)a HTTP/1.1\r\nHost: a\r\n\r\n") == [.broken(.uriTooLong)])
        let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
        let filler = String(repeating: "a", count: HTTPLimits.headBytes - start.utf8.count - 4)
        #expect(Self.parse(start + filler + "\r\n\r\n") == [Self.request(.get, "/")])
        #expect(Self.parse(start + filler + "a\r\n\r\n") == [.broken(.fieldsTooLarge)])
        let fields = String(repeating: "A: b\r\n", count: HTTPLimits.fields - 1)
        #expect(Self.parse("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n") == [Self.request(.get, "/")])
    }
}
