internal import TestSupport

/// Makes streams of HTTP/1.1 by chance: one to three requests of a grammar that knows what programs disagree about, and now
/// and then some bytes changed. A seed gives the same streams everywhere.
package struct HTTP1Generator {
    private var random: SplitMix64

    package init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    package mutating func next() -> [UInt8] {
        var stream: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &random) { appendRequest(to: &stream) }
        if chance(5) { for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&stream) } }
        return stream
    }

    /// One time in `count`.
    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func pick(_ choices: [String]) -> String {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    private static let methods = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"]
    private static let rareMethods = ["get", "CONNECT", "PRI", "M-SEARCH", "QUERY", "PROPFIND", "GE T", "", "G\u{0}T"]
    private static let targets = [
        "/", "/health", "/v1/customers/7/prediction?contributions=true", "/a%20b", "/v1/predictions",
    ]
    private static let rareTargets = [
        "*", "a", "", "//", "/a b", "/a#b", "/\u{7F}", "/\u{E9}", "/\t", "http://a/b", "HTTP://a:80/?b", "http://a",
        "http:///b",
        "http://u@a/b", "http://[::1]:8000/b", "https://a/\"<>\\^`{|}", "/?a?b=[]", "/.//..", "a:443", "?a",
    ]
    private static let rareVersions = [
        "HTTP/1.0", "HTTP/1.0", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "HTTP/1.1 ", " HTTP/1.1", "HTTP/01.1",
        "HTTP/1", "",
    ]
    private static let fields = [
        "Accept: */*", "Accept-Encoding: gzip, deflate", "Content-Type: application/json", "User-Agent: a/1 (b; c)",
        "X-Empty:",
        "X-Space: \t a b \t ", "If-None-Match: \"a\"", "If-None-Match: \"b\", W/\"c\"", "Origin: http://a",
        "Connection: keep-alive",
        "Accept: text/csv;q=0.5, application/json", "Content-Encoding: identity", "Access-Control-Request-Method: POST",
    ]
    private static let rareFields = [
        "Connection: close", "Connection: a, CLOSE ,b", "Connection: Upgrade", "Upgrade: h2c", "Expect: 100-continue",
        "Expect: a",
        "X : a", " X: a", "X: a\r\n b", "X: a\r\n\tb", "X", ": a", "X: a\u{0}b", "X: a\rb", "X: \u{7F}", "X: \u{E9}",
        "X(: a",
        "Host: b", "Host:", "hOST: a", "Content-Length: 0", "Content-Length: 5", "Transfer-Encoding: chunked",
        "X: a\nY: b",
        "Transfer-Encoding: identity", "TE: trailers", "Trailer: X", "X: a\r", "Content-Length : 3",
        "Content\u{0}Length: 3",
        "Transfer-Encoding\t: chunked", "Proxy-Connection: close", "X: a\u{0B}", "X: a\u{0C}b",
    ]
    private static let rareLengths = [
        "+3", "-1", "3, 3", "3,3", "0x3", "3 ", "03", "", "3;", "18446744073709551619", "3\t", "3\u{0B}",
    ]
    private static let rareCodings = [
        "Chunked", "chunked, chunked", "gzip, chunked", "chunked;a=b", "\u{0B}chunked", "\"chunked\"", "chunked,",
        ", chunked", "xchunked",
        "chunke", "", "identity", "chunked \t",
    ]
    private static let rareChunkLines = [
        "3 ", " 3", "3\t", "0x3", "+3", "-3", "003", "3;", "3;a", "3;a=b", "3;a=\"b c\"", "3; a = b", "3;a=\"b", "3;;",
        "3;a\\b", "3,a",
        "3;\u{E9}", "3\n", "3;a\n", "", "g", "100000003", "fffffffffffffffff", "3;a=b;c", "3;a b", "3;=",
        "3;a=\"\\\"\"", "3\r", "A", "a",
    ]
    private static let bodies = [
        "", "abc", "{\"customer_id\":7}", "0\r\n\r\n", "GET / HTTP/1.1\r\nHost: b\r\n\r\n", "\r\n",
    ]

    private mutating func appendRequest(to stream: inout [UInt8]) {
        if chance(60) { stream += Array(pick(["\r\n", "\r\n\r\n", "\n", "\r", " "]).utf8) }
        let method = chance(50) ? pick(Self.rareMethods) : pick(Self.methods)
        let target = chance(25) ? pick(Self.rareTargets) : pick(Self.targets)
        let version = chance(30) ? pick(Self.rareVersions) : "HTTP/1.1"
        let space = chance(60) ? pick(["  ", "\t", ""]) : " "
        var lines = ["\(method)\(space)\(target) \(version)"]
        if !chance(40) { lines.append("Host: a") }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            lines.append(chance(25) ? pick(Self.rareFields) : pick(Self.fields))
        }
        var body: [UInt8] = []
        appendBody(to: &body, &lines)
        for line in lines {
            stream += Array(line.utf8)
            stream += Array((chance(200) ? pick(["\n", "\r", "\r\r\n", "\n\r"]) : "\r\n").utf8)
        }
        stream += Array((chance(200) ? pick(["\n", "\r\r\n", ""]) : "\r\n").utf8)
        stream += body
    }

    private mutating func appendBody(to body: inout [UInt8], _ lines: inout [String]) {
        let content = pick(Self.bodies)
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: break
        case 4..<7:
            body = Array(content.utf8)
            lines.append("Content-Length: " + (chance(12) ? pick(Self.rareLengths) : "\(body.count)"))
        default:
            lines.append("Transfer-Encoding: " + (chance(12) ? pick(Self.rareCodings) : "chunked"))
            if chance(30) { lines.append("Content-Length: 3") }
            for _ in 0..<Int.random(in: 0...2, using: &random) { appendChunk(to: &body) }
            body += Array(
                (chance(30) ? pick(["0\r\n", "0\n\n", "00\r\n\r\n", "0;a\r\n\r\n", "0 \r\n\r\n"]) : "0\r\n").utf8
            )
            let trailers = ["X: y\r\n", "Content-Length: 3\r\n", "X : y\r\n", " X\r\n", "X\r\n", "X: a\nY: b\r\n"]
            if chance(6) { body += Array(pick(trailers).utf8) }
            body += Array("\r\n".utf8)
        }
    }

    private mutating func appendChunk(to body: inout [UInt8]) {
        let isRare = chance(8)
        let content = isRare ? "abc" : pick(Self.bodies)
        // A chunk without bytes would end the body.
        guard !content.isEmpty else { return }
        let line = isRare ? pick(Self.rareChunkLines) : String(content.utf8.count, radix: 16)
        body += Array("\(line)\r\n\(content)".utf8)
        body += Array((chance(60) ? pick(["\n", "", "\r", "a\r\n"]) : "\r\n").utf8)
    }

    private mutating func mutate(_ stream: inout [UInt8]) {
        guard !stream.isEmpty else { return }
        let place = Int.random(in: stream.indices, using: &random)
        let bytes: [UInt8] = [0, 9, 10, 11, 13, 32, 34, 44, 48, 58, 59, 61, 92, 127, 128, 255]
        let byte =
            chance(3) ? UInt8.random(in: 0...255, using: &random) : bytes[Int.random(in: bytes.indices, using: &random)]
        switch Int.random(in: 0..<5, using: &random) {
        case 0, 1: stream[place] = byte
        case 2: stream.insert(byte, at: place)
        case 3: stream.remove(at: place)
        default:
            let end = min(stream.count, place + Int.random(in: 1...12, using: &random))
            stream.insert(contentsOf: stream[place..<end], at: place)
        }
    }
}
