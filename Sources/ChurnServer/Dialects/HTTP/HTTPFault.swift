internal import ChurnCalls

/// Why a request is answered with an error.
struct HTTPFault: Error, Equatable, Sendable {
    var status: HTTPStatus
    /// One line for the caller.
    var detail: String

    init(_ status: HTTPStatus, _ detail: String) {
        self.status = status
        self.detail = detail
    }

    init(_ failure: CallFailure) {
        self.init(HTTPStatus(failure), failure.message)
    }
}

extension HTTPFault {
    static var unknownEncoding: HTTPFault {
        HTTPFault(.unsupportedMediaType, "the server knows no other content coding than gzip")
    }
}

/// A peer's own text, for a message to it: cut short, and with control characters made visible.
func quotedForPeer(_ text: String) -> String {
    let cut = text.unicodeScalars.prefix(CallLimits.echoedCharacters).map { $0.escaped(asASCII: false) }.joined()
    return "'\(cut)'"
}
