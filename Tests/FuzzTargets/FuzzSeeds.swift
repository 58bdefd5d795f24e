internal import TestSupport

/// The corpus that fuzzing begins with, and pieces of bytes that mean something: written out, so that they can be read.
extension FuzzTarget {
    package func seeds() throws -> [[UInt8]] {
        switch self {
        case .http1: return Self.inputs(Self.http1Streams.map { Array($0.utf8) })
        case .http2:
            let disguised = Self.inputs([Array(Self.http1Streams[0].utf8)], with: .bare)
            return Self.inputs(Self.http2Streams) + Self.inputs(Self.http2Records, with: .records) + disguised
        case .frames: return Self.inputs(try GoldenFrames.requests.map(GoldenFrames.frame) + Self.frameStreams)
        }
    }

    /// Each stream in a few of the ways in which it may arrive.
    private static func inputs(_ streams: [[UInt8]], with option: FuzzOptions = []) -> [[UInt8]] {
        let ways: [FuzzOptions] = [[], [.small, .slow], [.late, .drains], [.slow, .waits, .breaks]]
        return streams.flatMap { stream in ways.map { [$0.union(option).rawValue, 7] + stream } }
    }

    package var tokens: [[UInt8]] {
        switch self {
        case .http1: Self.http1Tokens.map { Array($0.utf8) }
        case .http2: Self.http2Tokens
        case .frames: [Self.byID(1), Self.byIDs(2), [0, 0, 0, 0], [0, 1, 0, 0], [255, 255, 255, 255]]
        }
    }

    // MARK: HTTP/1.1

    private static let http1Options: [FuzzOptions] = [
        [], [.small, .slow], [.late, .drains], [.slow, .waits, .breaks],
    ]

    private static let http1Streams: [String] = [
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /livez HTTP/1.0\r\n\r\n",
        "POST /predict_churn_by_id HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n"
            + "{\"customer_id\":12347}",
        "GET /v1/customers/7/prediction?contributions=true HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"
            + "GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\nHEAD /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v1/predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 24\r\n\r\n"
            + "{\"customer_ids\":[1,2,9]}",
        "POST /v1/predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: application/x-ndjson\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"customer_ids\":\r\n8;a=b\r\n[1,2,9]}\r\n0\r\nX: y\r\n\r\n"
            + "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /v1/predictions HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nAccept: text/csv\r\n"
            + "Expect: 100-continue\r\nContent-Length: 6024\r\n\r\n{\"customer_ids\":[1"
            + String(repeating: ",2", count: 3_003) + "]}",
        "POST /v1/predictions HTTP/1.1\r\nHost: a\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
            + "\u{1F}\u{08}\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n\r\nPUT http://a:80/docs HTTP/1.1\r\nHost: a\r\nOrigin: b\r\nConnection: close\r\n\r\n",
    ]

    private static let http1Tokens: [String] = [
        "\r\n", "\r\n\r\n", "\n", "\r", " ", "\t", "\0", ":", ";", ",", "0\r\n\r\n", "GET ", "POST ", "HEAD ",
        "OPTIONS ", "PUT ",
        " HTTP/1.1\r\n", " HTTP/1.0\r\n", "Host: a\r\n", "Content-Length: ", "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: ", "Connection: close\r\n", "Connection: keep-alive\r\n", "Expect: 100-continue\r\n",
        "Content-Type: application/json\r\n", "Content-Encoding: gzip\r\n", "Accept: application/x-ndjson\r\n",
        "Accept: text/csv\r\n", "Accept-Encoding: gzip\r\n", "If-None-Match: *\r\n", "Origin: a\r\n",
        "Access-Control-Request-Method: GET\r\n", "/v1/predictions", "/v1/customers/", "/prediction", "/v1/models",
        "/v1/health",
        "/predict_churn", "/predict_churn_by_id", "/docs", "/openapi.json", "/livez", "/readyz", "?contributions=true",
        "{\"customer_ids\":[1,2]}", "{\"customer_id\":1}", "http://", "%2F", "ffffffff\r\n",
    ]

    // MARK: HTTP/2

    private typealias H2 = HTTP2Bytes

    private static func bytes(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }

    /// PredictByIdRequest: field 1, sfixed64.
    private static func byID(_ customer: UInt8) -> [UInt8] { [0x09, customer, 0, 0, 0, 0, 0, 0, 0] }

    /// PredictBatchRequest with ids.
    private static func byIDs(_ count: Int) -> [UInt8] {
        let ids = (1...count).flatMap { number -> [UInt8] in [UInt8(truncatingIfNeeded: number), 0, 0, 0, 0, 0, 0, 0] }
        let inner = bytes([0x0A], varint(ids.count), ids)
        return bytes([0x0A], varint(inner.count), inner)
    }

    private static func varint(_ number: Int) -> [UInt8] {
        number < 128 ? [UInt8(number)] : [UInt8(number & 127 | 128)] + varint(number >> 7)
    }

    private static func data(_ stream: UInt8, _ payload: [UInt8], isLast: Bool = false) -> [UInt8] {
        H2.frame(H2.Kind.data, flags: isLast ? H2.endStream : 0, stream: stream, payload)
    }

    private static func call(_ stream: UInt8, _ path: Int, _ payload: [UInt8]) -> [UInt8] {
        bytes(H2.headers(stream, H2.paths[path]), data(stream, H2.message(payload), isLast: true))
    }

    private static func reset(_ stream: UInt8) -> [UInt8] { H2.frame(H2.Kind.reset, stream: stream, [0, 0, 0, 8]) }

    private static let settings = H2.frame(H2.Kind.settings)
    private static let acknowledged = H2.frame(H2.Kind.settings, flags: 1)

    /// Room for 8 MiB, of the connection and of stream 1.
    private static let room = bytes(
        H2.frame(H2.Kind.windowUpdate, [0, 127, 255, 255]),
        H2.frame(H2.Kind.windowUpdate, stream: 1, [0, 127, 255, 255])
    )

    private static let ping = H2.frame(H2.Kind.ping, [1, 2, 3, 4, 5, 6, 7, 8])

    private static let http2Streams: [[UInt8]] = [
        bytes(settings, acknowledged, call(1, 0, byID(7)), call(3, 0, byID(8)), ping),
        bytes(settings, call(1, 3, []), call(3, 4, []), call(5, 9, []), call(7, 10, []), call(9, 6, [])),
        bytes(settings, call(1, 1, byIDs(12)), call(3, 2, byIDs(600)), room),
        messageInPieces, openStreams, headersInPieces, compressed, documents, batches,
    ]

    /// Requests that are no calls, and calls beside them.
    private static let documents = bytes(
        settings,
        H2.request(1, "/v1/customers/7/prediction?contributions=true", [("if-none-match", "*"), ("host", "fuzz")]),
        H2.request(3, "/predict_churn_by_id", isPost: true, isLast: false, [("content-length", "17")]),
        data(3, Array("{\"customer_id\":".utf8)),
        call(5, 0, byID(8)),
        data(3, Array("7}".utf8), isLast: true),
        H2.request(7, "/none", [("host", "other")]),
        H2.request(9, "/livez", isPost: true, isLast: false, [("content-length", "99999")]),
        data(9, [1, 2, 3]),
        H2.request(11, "/openapi.json"),
        H2.request(13, "/v1/predictions", isPost: true, isLast: false, [("content-length", "3")]),
        data(13, [123], isLast: true)
    )

    /// A small one, a large one in pieces, one that is called off, one that is packed and no gzip.
    private static let batches: [UInt8] = {
        let body = Array("{\"customer_ids\":[1\(String(repeating: ",2", count: 3_000))]}".utf8)
        return bytes(
            settings,
            H2.request(1, "/v1/predictions", isPost: true, isLast: false),
            data(1, Array("{\"customer_ids\":[1,2,9]}".utf8), isLast: true),
            H2.request(3, "/v1/predictions?format=csv", isPost: true, isLast: false, [("accept-encoding", "gzip")]),
            data(3, Array(body.prefix(5_000))),
            H2.request(5, "/v1/predictions", isPost: true, isLast: false),
            data(5, body, isLast: true),
            reset(5),
            data(3, Array(body.dropFirst(5_000)), isLast: true),
            H2.request(7, "/v1/predictions", isPost: true, isLast: false, [("content-encoding", "gzip")]),
            data(7, [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0, 0], isLast: true),
            room
        )
    }()

    /// With calls beside it that are called off.
    private static let messageInPieces: [UInt8] = {
        let message = H2.message(byIDs(900))
        return bytes(
            settings,
            H2.headers(1, H2.paths[1]),
            data(1, Array(message.prefix(4_000))),
            H2.headers(3, H2.paths[0]),
            reset(3),
            data(1, Array(message.dropFirst(4_000)), isLast: true),
            reset(5)
        )
    }()

    /// Watches and reflection.
    private static let openStreams = bytes(
        settings,
        call(1, 5, []),
        H2.headers(3, H2.paths[7]),
        data(3, H2.message([0x3A, 0])),
        H2.headers(5, H2.paths[8]),
        data(5, H2.message([0x22, 1, 0x61]), isLast: true),
        data(3, [], isLast: true),
        H2.frame(H2.Kind.goaway, [0, 0, 0, 0, 0, 0, 0, 0])
    )

    /// With trailers, and no window.
    private static let headersInPieces: [UInt8] = {
        let block = H2.block(H2.paths[0])
        return bytes(
            H2.frame(H2.Kind.settings, [0, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
            H2.frame(H2.Kind.headers, stream: 1, Array(block.prefix(20))),
            H2.frame(H2.Kind.continuation, stream: 1, Array(block.dropFirst(20).prefix(20))),
            H2.frame(H2.Kind.continuation, flags: H2.endHeaders, stream: 1, Array(block.dropFirst(40))),
            data(1, H2.message(byID(3))),
            H2.frame(H2.Kind.headers, flags: 5, stream: 1, [0, 1, 97, 1, 98]),
            H2.frame(H2.Kind.windowUpdate, stream: 1, [0, 0, 0, 9])
        )
    }()

    private static let compressed = bytes(
        H2.headers(1, H2.paths[0], [("grpc-timeout", "1S"), ("grpc-encoding", "gzip")]),
        data(1, H2.message([0x1F, 0x8B, 8, 0, 0], isCompressed: true), isLast: true),
        H2.frame(H2.Kind.priority, stream: 3, [0, 0, 0, 1, 9]),
        H2.frame(H2.Kind.data, flags: 8, stream: 1, [2, 0, 0])
    )

    /// What `HTTP2Bytes.frames(ofRecords:)` reads.
    private static let http2Records: [[UInt8]] = [
        bytes([4, 0, 0, 0], [32, 0, 1, 0], [64, 1, 1, 9], byID(7), [33, 0, 3, 0], [64, 1, 3, 28], byIDs(3)),
        bytes(
            [33, 0, 1, 0],
            [67, 255, 1, 8, 1, 0, 0, 0, 0, 0, 0, 0],
            [34, 0, 3, 0],
            [67, 128, 3, 0],
            [3, 0, 1, 4, 0, 0, 0, 8],
            [68, 127, 0, 0]
        ),
        bytes(
            [37, 0, 1, 0],
            [64, 1, 1, 0],
            [39, 0, 3, 0],
            [64, 0, 3, 2, 0x3A, 0],
            [65, 1, 3, 3, 1, 2, 3],
            [6, 0, 0, 8],
            Array(byID(1).dropFirst())
        ),
    ]

    private static let http2Tokens: [[UInt8]] = {
        var tokens = H2.paths.map { H2.block($0) }
        tokens += H2.paths.map { Array($0.utf8) }
        tokens += (0...9).map { H2.frame(UInt8($0), flags: UInt8($0 % 2), stream: 1) }
        tokens += ["grpc-timeout", "grpc-encoding", "gzip"].map { Array($0.utf8) }
        tokens += [H2.preface, byID(7), byIDs(2), room, reset(1), [0x3F, 0xE1, 0xFF, 0x03], [0, 0, 0, 0, 0]]
        // Records.
        tokens += [
            [32, 0, 1, 0], [64, 1, 1, 9], [67, 255, 1, 1], [65, 1, 1, 1], [68, 127, 0, 0], [0x1F, 0x8B, 8, 0],
        ]
        return tokens
    }()

    // MARK: Frames

    private static let frameStreams: [[UInt8]] = [
        [0, 0, 0, 4, 0x08, 1, 0x12, 0], [0, 0, 0, 0], bytes([0, 0, 1, 0], Array(repeating: 0x0A, count: 256)),
    ]
}
