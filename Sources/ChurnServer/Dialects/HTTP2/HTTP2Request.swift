internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// A request on a stream of HTTP/2 that is no call of gRPC, while it arrives. nghttp2 has refused what RFC 9113 calls
/// malformed: fields of the connection, a body of another length than its `content-length`, missing or repeated pseudo-fields.
final class HTTP2Request {
    /// As it came: perhaps longer than it may be.
    private let target: [UInt8]
    private var fields = HTTPFields()
    private var fieldCount = 0
    /// Of the body; `nil` when there is no such field.
    private(set) var contentLength: Int?
    /// The hash of `:authority`, or of `host`.
    private var authority: UInt64?
    /// Whether both are there and name different servers (RFC 9113, section 8.3.1).
    private(set) var isContradictory = false
    var body = HTTPBodyReader()
    /// What is asked, once the head is whole.
    private(set) var whole: HTTPRequest?
    /// It is answered without its body, which is short.
    var isRefused = false

    /// - Parameter authority: its hash, if it came before the target.
    init(target: UnsafeRawBufferPointer, authority: UInt64?) {
        self.target = Array(target)
        self.authority = authority
    }

    /// What two texts that name the same server have in common.
    static func hash(ofAuthority text: UnsafeRawBufferPointer) -> UInt64 {
        var hash = StableHash()
        for byte in text { hash.combine(byte: lowercase(byte)) }
        return hash.value
    }

    func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        if name.first != UInt8(ascii: ":") { fieldCount += 1 }
        switch name.count {
        case 4 where isText(name, "host"), 10 where isText(name, ":authority"):
            let found = Self.hash(ofAuthority: value)
            if let authority, authority != found { isContradictory = true }
            authority = found
        // nghttp2 lets nothing but digits through.
        case 14 where isText(name, "content-length"): contentLength = decimalInteger(value).map { Int($0) } ?? .max
        default: fields.add(name: name, value: trimmed(value))
        }
    }

    /// The head is whole.
    func end(_ head: GRPCRequestHead, arrival: NIODeadline) -> HTTPRequest {
        let request = target.withUnsafeBytes {
            HTTPRequest(head.httpMethod, target: $0, fields: fields, arrival: arrival)
        }
        whole = request
        return request
    }

    /// Why the head is no request that a route could answer, by the limits of HTTP/1.1; `nil` when it is one.
    func fault(_ head: GRPCRequestHead) -> HTTPFault? {
        if head.isMethodTooLong {
            return HTTPFault(.notImplemented, "the method is above the limit of \(HTTPLimits.methodBytes) bytes")
        }
        if target.count > HTTPLimits.targetBytes {
            return HTTPFault(.uriTooLong, "the target is above the limit of \(HTTPLimits.targetBytes) bytes")
        }
        if head.headerBytes > HTTP2Limits.headerBytes {
            return HTTPFault(.fieldsTooLarge, "the head is above the limit of \(HTTP2Limits.headerBytes) bytes")
        }
        if fieldCount > HTTPLimits.fields {
            return HTTPFault(.fieldsTooLarge, "the head has more than \(HTTPLimits.fields) fields")
        }
        let isVisible = target.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
        let isPath = target.first == UInt8(ascii: "/") || (target == [UInt8(ascii: "*")] && head.httpMethod == .options)
        return isVisible && isPath ? nil : HTTPFault(.badRequest, "the target is not a path")
    }

    /// When the rest of the body must have come: a slow peer may send, but not hold memory for ever.
    func bodyDeadline(_ arrival: NIODeadline) -> NIODeadline {
        arrival + HTTPLimits.bodyTimeout + .seconds(Int64(body.count / HTTPLimits.bodyBytesPerSecond))
    }
}
