internal import ChurnServer
internal import NIOCore
internal import NIOEmbedded
internal import NIOHTTP1

/// Compares what our parser of HTTP/1.1 and SwiftNIO's make of the same bytes. Every request that ours accepts must be one of
/// the other's, with the same method, target, fields, body and end; ours may refuse more.
package struct HTTP1Comparison {
    /// Of the streams so far.
    package struct Counts: Equatable, Sendable {
        package var streams = 0
        /// Requests that both have found alike, to their end or to that of the stream.
        package var requests = 0
        /// Streams that both have refused, and those that ours alone has.
        package var refused = 0
        package var stricter = 0

        package init() {}

        package mutating func add(_ other: Counts) {
            streams += other.streams
            requests += other.requests
            refused += other.refused
            stricter += other.stricter
        }
    }

    package private(set) var counts = Counts()

    package init() {}

    /// - Returns: what differs; `nil` for nothing.
    package mutating func difference(_ bytes: [UInt8]) -> String? {
        counts.streams += 1
        let ours = HTTP1Requests([bytes[...]])
        let theirs = NIORequests(bytes)
        for (index, request) in ours.requests.enumerated() {
            guard index < theirs.requests.count else {
                // An invention of the peer's: ours answers it with an error, the other does not know it.
                if request.method == .other { return nil }
                return "request \(index) is accepted by ours alone; the other's reason: \(theirs.refusal ?? "none")"
            }
            let other = theirs.requests[index]
            let isRefused = index == ours.requests.count - 1 && ours.refusal != nil && !request.isComplete
            if let difference = difference(request, other, hasLatin: bytes.contains { $0 > 127 }, isRefused: isRefused)
            {
                return "request \(index): \(difference)"
            }
            counts.requests += 1
            // Of what comes behind such a request, nothing is a request to us, or to the other.
            if request.isComplete, !request.keepsAlive || other.isUpgrade { return nil }
        }
        if ours.refusal != nil {
            if theirs.refusal != nil { counts.refused += 1 } else { counts.stricter += 1 }
        } else if theirs.requests.count > ours.requests.count {
            return
                "the other finds \(theirs.requests.count) requests where ours finds \(ours.requests.count) and waits for more"
        }
        return nil
    }

    private func difference(
        _ ours: HTTP1Requests.Request,
        _ theirs: NIORequests.Request,
        hasLatin: Bool,
        isRefused: Bool
    ) -> String? {
        let method = theirs.head.method.rawValue
        if ours.method != .other, ours.method.name != method {
            return "the method is \(ours.method.name), not \(method)"
        }
        let target = Array(theirs.head.uri.utf8)
        let isAbsolute = target.first != UInt8(ascii: "/") && target.first != UInt8(ascii: "*")
        guard isAbsolute ? target.suffix(ours.target.count) == ours.target[...] : target == ours.target else {
            return "the target is not \(theirs.head.uri)"
        }
        if ours.keepsAlive != theirs.keepsAlive { return "the connection goes on for ours: \(ours.keepsAlive)" }
        // A text of NIO's does not hold bytes that are none of UTF-8.
        if !hasLatin, ours.fields != theirs.fields { return "the fields differ" }
        // Ours has found a fault within the body.
        if isRefused, theirs.body.starts(with: ours.body) { return nil }
        if ours.isComplete != theirs.isComplete { return "the body ends for ours: \(ours.isComplete)" }
        if ours.body != theirs.body { return "the body has \(ours.body.count) bytes, not \(theirs.body.count)" }
        return nil
    }
}

/// Requests that SwiftNIO's decoder finds in a stream of HTTP/1.1.
private struct NIORequests {
    struct Request {
        var head: HTTPRequestHead
        var body: [UInt8] = []
        var isComplete = false

        /// What follows it is none of HTTP/1.1 to the other, or it takes this field of old for Connection.
        var isUpgrade: Bool {
            head.headers.contains(name: "upgrade") || head.headers.contains(name: "proxy-connection")
        }

        var keepsAlive: Bool {
            let options = head.headers[canonicalForm: "connection"].map { $0.lowercased() }
            return !options.contains("close") && (head.version != .http1_0 || options.contains("keep-alive"))
        }

        /// As ours keeps them.
        var fields: HTTPFields {
            var fields = HTTPFields()
            let others = ["host", "expect", "connection", "content-length", "transfer-encoding"]
            for (name, value) in head.headers where !others.contains(name.lowercased()) {
                // The other leaves white space behind a value, which is no part of it (RFC 9110, section 5.5).
                let end = value.utf8.lastIndex { $0 != 0x20 && $0 != 0x09 }.map { value.utf8.index(after: $0) }
                let value = value.utf8[..<(end ?? value.utf8.startIndex)]
                Array(name.utf8).withUnsafeBytes { name in
                    Array(value).withUnsafeBytes { fields.add(name: name, value: $0) }
                }
            }
            return fields
        }
    }

    var requests: [Request] = []
    /// Why the rest is no request.
    var refusal: String?

    init(_ bytes: [UInt8]) {
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
        )
        do {
            try channel.writeInbound(ByteBuffer(bytes: bytes))
        } catch {
            refusal = "\(error)"
        }
        while let part = try? channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head): requests.append(Request(head: head))
            case .body(let piece): requests[requests.count - 1].body += Array(piece.readableBytesView)
            case .end: requests[requests.count - 1].isComplete = true
            }
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }
}
