internal import ChurnBase

/// Why a request is not understood. What follows it on its connection cannot be trusted, so the connection closes.
package struct HTTP1Refusal: Error, Equatable, Sendable {
    package var status: HTTPStatus
    /// One line for the caller.
    package var detail: String

    package init(_ status: HTTPStatus, _ detail: String) {
        self.status = status
        self.detail = detail
    }
}

/// The head of a request of HTTP/1.1. `target` is a view, valid until the parser is used again and no longer than its input.
package struct HTTP1Head {
    package enum Body: Equatable, Sendable {
        case none
        /// 1 or more bytes.
        case length(Int)
        case chunked
    }

    package var method: HTTPMethod
    /// A path that begins with a slash, perhaps with a query; or an asterisk.
    package var target: UnsafeRawBufferPointer
    package var isHTTP10: Bool
    package var body = Body.none
    /// Whether the connection goes on after the answer.
    package var keepsAlive: Bool
    /// The peer waits for a word before it sends the body.
    package var expectsContinue = false
    package var fields = HTTPFields()
}

/// Reads one head, strictly: what two programs could read in two ways is refused. (RFC 9112, RFC 9110 section 5.)
struct HTTP1HeadReader {
    private var head: HTTP1Head
    private var hosts = 0
    private var contentLength: Int?
    private var isChunked = false
    private var fieldCount = 0
    /// "close" beats "keep-alive".
    private var close = false
    private var keepAlive = false

    /// - Parameter bytes: from the request line to the empty line, both included; every line ends in CR LF, and there is no
    ///   other LF.
    static func read(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Refusal) -> HTTP1Head {
        var rest = bytes
        var reader = HTTP1HeadReader(head: try requestLine(nextLine(&rest)))
        while true {
            let line = nextLine(&rest)
            if line.isEmpty { break }
            try reader.addField(line)
        }
        return try reader.finished()
    }

    private init(head: HTTP1Head) {
        self.head = head
    }

    /// - Precondition: there is a line feed.
    static func nextLine(_ rest: inout UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let start = rest.baseAddress.unsafelyUnwrapped
        let end = memchr(start, 0x0A, rest.count).map { UnsafeRawPointer($0) - start } ?? rest.count
        let line = UnsafeRawBufferPointer(rebasing: rest[..<max(0, end - 1)])
        rest = UnsafeRawBufferPointer(rebasing: rest[min(rest.count, end + 1)...])
        return line
    }

    // MARK: Request line

    private static func requestLine(_ line: UnsafeRawBufferPointer) throws(HTTP1Refusal) -> HTTP1Head {
        guard let space = line.firstIndex(of: 0x20), let last = line.lastIndex(of: 0x20), space < last else {
            throw HTTP1Refusal(.badRequest, "the request line is not a method, a target and a version")
        }
        let name = UnsafeRawBufferPointer(rebasing: line[..<space])
        guard !name.isEmpty, name.allSatisfy(isTokenCharacter) else {
            throw HTTP1Refusal(.badRequest, "the method is not a token")
        }
        let isHTTP10 = try isHTTP10(UnsafeRawBufferPointer(rebasing: line[(last + 1)...]))
        guard name.count <= HTTPLimits.methodBytes else {
            throw HTTP1Refusal(.notImplemented, "the method is above the limit of \(HTTPLimits.methodBytes) bytes")
        }
        // What follows it would be no HTTP to any program in between.
        guard !isText(name, "CONNECT") else {
            throw HTTP1Refusal(.notImplemented, "the server is no proxy, and has no CONNECT")
        }
        let method = HTTPMethod(name)
        let target = UnsafeRawBufferPointer(rebasing: line[(space + 1)..<last])
        guard target.count <= HTTPLimits.targetBytes else { throw targetTooLong }
        return HTTP1Head(
            method: method,
            target: try originForm(target, method),
            isHTTP10: isHTTP10,
            keepsAlive: !isHTTP10
        )
    }

    static var targetTooLong: HTTP1Refusal {
        HTTP1Refusal(.uriTooLong, "the target is above the limit of \(HTTPLimits.targetBytes) bytes")
    }

    private static func isHTTP10(_ version: UnsafeRawBufferPointer) throws(HTTP1Refusal) -> Bool {
        if isText(version, "HTTP/1.1") { return false }
        if isText(version, "HTTP/1.0") { return true }
        let isVersion =
            version.count == 8 && isText(UnsafeRawBufferPointer(rebasing: version[..<5]), "HTTP/")
            && isDigit(version[5]) && version[6] == UInt8(ascii: ".") && isDigit(version[7])
        guard isVersion else { throw HTTP1Refusal(.badRequest, "the request line does not end in a version of HTTP") }
        throw HTTP1Refusal(.versionNotSupported, "the server speaks HTTP/1.1, HTTP/1.0 and HTTP/2")
    }

    /// The target without scheme and authority.
    private static func originForm(
        _ target: UnsafeRawBufferPointer,
        _ method: HTTPMethod
    ) throws(HTTP1Refusal) -> UnsafeRawBufferPointer {
        let malformed = HTTP1Refusal(.badRequest, "the target is neither a path nor an absolute address of http")
        // Visible ASCII; a fragment is the client's own.
        guard let first = target.first, target.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw malformed
        }
        if first == UInt8(ascii: "/") { return target }
        if first == UInt8(ascii: "*"), target.count == 1, method == .options { return target }
        for scheme in ["http://", "https://"] as [StaticString] {
            let length = scheme.utf8CodeUnitCount
            guard target.count > length,
                isTextIgnoringCase(UnsafeRawBufferPointer(rebasing: target[..<length]), scheme)
            else { continue }
            let rest = UnsafeRawBufferPointer(rebasing: target[length...])
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")), isHost(rest[..<slash]), slash > 0 else {
                throw malformed
            }
            return UnsafeRawBufferPointer(rebasing: rest[slash...])
        }
        throw malformed
    }

    // MARK: Fields

    private mutating func addField(_ line: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        fieldCount += 1
        guard fieldCount <= HTTPLimits.fields else {
            throw HTTP1Refusal(.fieldsTooLarge, "the head has more than \(HTTPLimits.fields) fields")
        }
        let (name, value) = try Self.field(line)
        switch name.count {
        case 4 where isTextIgnoringCase(name, "host"):
            hosts += 1
            guard Self.isHost(value[...]) else { throw HTTP1Refusal(.badRequest, "the field Host is no host") }
        case 6 where isTextIgnoringCase(name, "expect"): try addExpectation(value)
        case 10 where isTextIgnoringCase(name, "connection"): addConnection(value)
        case 14 where isTextIgnoringCase(name, "content-length"):
            try Self.refuseTab(line)
            try addLength(value)
        case 17 where isTextIgnoringCase(name, "transfer-encoding"):
            try Self.refuseTab(line)
            try addTransferCoding(value)
        default: head.fields.add(name: name, value: value)
        }
    }

    /// A tab may stand around a value, but not every program takes it for white space: then the body ends elsewhere.
    private static func refuseTab(_ line: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        guard !line.contains(0x09) else {
            throw HTTP1Refusal(.badRequest, "a field that says where the body ends has a tab in it")
        }
    }

    /// Nothing that a trailer could say matters here, but a program that merged it into the head would find another body.
    static func checkTrailer(_ line: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        let name = try field(line).name
        guard !isTextIgnoringCase(name, "content-length"), !isTextIgnoringCase(name, "transfer-encoding") else {
            throw HTTP1Refusal(.badRequest, "a trailer says where the body ends")
        }
    }

    /// A line as name and value.
    static func field(
        _ line: UnsafeRawBufferPointer
    ) throws(HTTP1Refusal) -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if line[0] == 0x20 || line[0] == 0x09 {
            throw HTTP1Refusal(.badRequest, "a field is folded over several lines")
        }
        var end = 0
        while end < line.count, isTokenCharacter(line[end]) { end += 1 }
        guard end > 0, end < line.count, line[end] == UInt8(ascii: ":") else {
            throw HTTP1Refusal(.badRequest, "a line of the head is no field: a name, a colon and a value")
        }
        let value = trimmed(UnsafeRawBufferPointer(rebasing: line[(end + 1)...]))
        guard value.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
            throw HTTP1Refusal(.badRequest, "a field has a control character in its value")
        }
        return (UnsafeRawBufferPointer(rebasing: line[..<end]), value)
    }

    private mutating func addExpectation(_ value: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        guard isTextIgnoringCase(value, "100-continue") else {
            throw HTTP1Refusal(.expectationFailed, "the server knows no other expectation than 100-continue")
        }
        head.expectsContinue = true
    }

    private mutating func addConnection(_ value: UnsafeRawBufferPointer) {
        for option in value.split(separator: UInt8(ascii: ",")) {
            let option = trimmed(UnsafeRawBufferPointer(rebasing: option))
            if isTextIgnoringCase(option, "close") { close = true }
            if isTextIgnoringCase(option, "keep-alive") { keepAlive = true }
        }
    }

    private mutating func addLength(_ value: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        guard contentLength == nil else { throw HTTP1Refusal(.badRequest, "the head has two fields Content-Length") }
        guard !value.isEmpty, value.allSatisfy(isDigit) else {
            throw HTTP1Refusal(.badRequest, "the field Content-Length is not one number of digits")
        }
        let tooLong = HTTP1Refusal(.contentTooLarge, "the body is above the limit of \(HTTPLimits.bodyBytes) bytes")
        // Digits enough for the limit, so that nothing overflows.
        guard value.count <= 18 else { throw tooLong }
        let length = value.reduce(0) { 10 * $0 + Int($1 - UInt8(ascii: "0")) }
        guard length <= HTTPLimits.bodyBytes else { throw tooLong }
        contentLength = length
    }

    private mutating func addTransferCoding(_ value: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        guard !isChunked else { throw HTTP1Refusal(.badRequest, "the head has two fields Transfer-Encoding") }
        guard isTextIgnoringCase(value, "chunked") else {
            throw HTTP1Refusal(.notImplemented, "the server knows no other transfer coding than chunked")
        }
        isChunked = true
    }

    private func finished() throws(HTTP1Refusal) -> HTTP1Head {
        var head = head
        guard hosts == 1 || (hosts == 0 && head.isHTTP10) else {
            throw HTTP1Refusal(.badRequest, "the head has \(hosts) fields Host; a request has one")
        }
        if isChunked {
            guard contentLength == nil else {
                throw HTTP1Refusal(.badRequest, "the head has both Content-Length and Transfer-Encoding")
            }
            guard !head.isHTTP10 else {
                throw HTTP1Refusal(.badRequest, "HTTP/1.0 has no transfer codings; send Content-Length")
            }
            head.body = .chunked
        } else if let contentLength, contentLength > 0 {
            head.body = .length(contentLength)
        }
        if head.isHTTP10 || head.body == .none { head.expectsContinue = false }
        head.keepsAlive = !close && (!head.isHTTP10 || keepAlive)
        return head
    }

    // MARK: Characters

    /// A name or an address, perhaps with a port; or nothing. (RFC 3986, section 3.2.2.)
    private static func isHost(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let (low, high): (UInt64, UInt64) = (0x2FFF_6FF2_0000_0000, 0x47FF_FFFE_AFFF_FFFE)
        return text.allSatisfy { byte in
            byte < 64 ? low >> byte & 1 == 1 : byte < 128 && high >> (byte - 64) & 1 == 1
        }
    }
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

/// Whether a byte may be part of a method or of a field's name (RFC 9110, section 5.6.2).
@inline(__always)
func isTokenCharacter(_ byte: UInt8) -> Bool {
    // One bit for each byte below 128.
    let (low, high): (UInt64, UInt64) = (0x03FF_6CFA_0000_0000, 0x57FF_FFFF_C7FF_FFFE)
    return byte < 64 ? low >> byte & 1 == 1 : byte < 128 && high >> (byte - 64) & 1 == 1
}
