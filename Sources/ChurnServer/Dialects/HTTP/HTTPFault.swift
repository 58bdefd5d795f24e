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
