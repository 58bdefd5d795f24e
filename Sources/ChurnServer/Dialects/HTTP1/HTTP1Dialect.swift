package import ChurnCalls
package import ChurnServing
package import NIOCore

/// HTTP/1.1: docs/http.md.
package struct HTTP1Dialect: Dialect {
    package init() {}

    package func prepare(_ snapshot: ServingSnapshot) -> (any Sendable)? { nil }

    package func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession {
        HTTP1Session(loop: loop, transport: transport)
    }

    package func refusal(_ failure: CallFailure) -> ByteBuffer {
        let status = HTTPStatus(failure)
        var response = HTTPResponse(status, .problem)
        response.retryAfterSeconds = status.retryAfterSeconds
        var (output, body, date) = (ByteBuffer(), ByteBuffer(), HTTPDate())
        HTTPResponder.writeProblem(status, failure.message, to: &body)
        let framing = HTTP1Framing(isHead: false, isHTTP10: false, keepsAlive: false)
        output.writeHTTP1(response, body: body, framing, date: date.text(.now()))
        return output
    }
}
