internal import ChurnBase
internal import NIOCore

/// How one request is answered, beyond the response itself.
struct HTTP1Framing: Sendable {
    var isHead: Bool
    var isHTTP10: Bool
    /// Whether the connection goes on after the response.
    var keepsAlive: Bool
}

extension ByteBuffer {
    /// Writes a response with a body of known length.
    mutating func writeHTTP1(_ response: HTTPResponse, body: ByteBuffer, _ framing: HTTP1Framing, date: [UInt8]) {
        writeHTTP1Head(response, framing, date: date)
        if response.hasContent {
            writeLiteral("content-length: ")
            writeDecimal(Int64(body.readableBytes))
            writeLiteral("\r\n")
        }
        writeLiteral("\r\n")
        if !framing.isHead, response.hasContent { writeImmutableBuffer(body) }
    }

    /// Writes the head of a response whose body comes in pieces, and the first of them.
    mutating func writeHTTP1(_ response: HTTPResponse, firstPiece: ByteBuffer, _ framing: HTTP1Framing, date: [UInt8]) {
        writeHTTP1Head(response, framing, date: date)
        // Before HTTP/1.1 such a body ends with its connection.
        writeLiteral(framing.isHTTP10 ? "\r\n" : "transfer-encoding: chunked\r\n\r\n")
        writeHTTP1Piece(firstPiece, framing)
    }

    mutating func writeHTTP1Piece(_ piece: ByteBuffer, _ framing: HTTP1Framing) {
        // A chunk without bytes would end the body.
        guard piece.readableBytes > 0 else { return }
        if framing.isHTTP10 {
            writeImmutableBuffer(piece)
        } else {
            writeString(String(piece.readableBytes, radix: 16))
            writeLiteral("\r\n")
            writeImmutableBuffer(piece)
            writeLiteral("\r\n")
        }
    }

    mutating func writeHTTP1End(_ framing: HTTP1Framing) {
        if !framing.isHTTP10 { writeLiteral("0\r\n\r\n") }
    }

    /// Writes the head of a response up to what tells where its body ends.
    mutating func writeHTTP1Head(_ response: HTTPResponse, _ framing: HTTP1Framing, date: [UInt8]) {
        if response.status == .ok {
            writeLiteral("HTTP/1.1 200 OK\r\ndate: ")
        } else {
            writeLiteral("HTTP/1.1 ")
            writeDecimal(Int64(response.status.rawValue))
            writeLiteral(" ")
            writeLiteral(response.status.reason)
            writeLiteral("\r\ndate: ")
        }
        writeBytes(date)
        if response.contentType != .none {
            writeLiteral("\r\ncontent-type: ")
            writeLiteral(response.contentType.text)
        }
        writeLiteral("\r\n")
        response.writeFields(to: &self)
        if !framing.keepsAlive {
            writeLiteral("connection: close\r\n")
        } else if framing.isHTTP10 {
            writeLiteral("connection: keep-alive\r\n")
        }
    }
}

extension ByteBuffer: HTTPFieldWriter {
    mutating func writeField(_ name: StaticString, literal value: StaticString) {
        writeLiteral(name)
        writeLiteral(": ")
        writeLiteral(value)
        writeLiteral("\r\n")
    }

    mutating func writeField(_ name: StaticString, quotedHexadecimal value: UInt64) {
        writeLiteral(name)
        writeLiteral(": ")
        writeQuotedHexadecimal(value)
        writeLiteral("\r\n")
    }

    mutating func writeField(_ name: StaticString, _ value: String) {
        writeLiteral(name)
        writeLiteral(": ")
        writeString(value)
        writeLiteral("\r\n")
    }
}
