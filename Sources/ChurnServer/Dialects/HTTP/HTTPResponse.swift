internal import ChurnCalls

/// The head of a response, whatever version of HTTP it goes out in.
struct HTTPResponse: Sendable {
    enum ContentType: Sendable {
        case none, json, problem, text, ndjson, csv, html, octets

        var text: StaticString {
            switch self {
            case .none: ""
            case .json: "application/json"
            case .problem: "application/problem+json"
            case .text: "text/plain; charset=utf-8"
            case .html: "text/html; charset=utf-8"
            case .ndjson: "application/x-ndjson"
            case .csv: "text/csv; charset=utf-8"
            case .octets: "application/octet-stream"
            }
        }
    }

    var status: HTTPStatus
    var contentType = ContentType.none
    /// The methods that there are instead.
    var allow: String?
    var retryAfterSeconds: Int?
    var entityTag: UInt64?
    var isGzip = false
    /// Bytes of JSON before the binary data of the Open Inference Protocol; `nil` when there are none behind it.
    var inferenceHeaderBytes: Int?
    /// By the fields Accept and Accept-Encoding.
    var varies = false
    /// `nil` where no page of another origin may read answers.
    var cors: CORSFields?

    init(_ status: HTTPStatus, _ contentType: ContentType = .none) {
        self.status = status
        self.contentType = contentType
    }
}

extension HTTPStatus {
    /// The status of a call that has failed.
    init(_ failure: CallFailure) {
        self =
            switch failure.code {
            case .ok: .ok
            case .cancelled: .clientClosed
            case .invalidArgument, .outOfRange: .badRequest
            case .deadlineExceeded: .gatewayTimeout
            case .notFound: .notFound
            case .alreadyExists, .aborted: .conflict
            case .permissionDenied: .forbidden
            case .resourceExhausted: .tooManyRequests
            case .failedPrecondition: .conflict
            case .unimplemented: .notImplemented
            case .unavailable: .unavailable
            case .unauthenticated: .unauthorized
            // `internal`, `dataLoss`, `unknown`, and codes that this version does not know.
            default: .internalError
            }
    }

    /// What a caller is to wait for before it tries again; `nil` when trying again does not help.
    var retryAfterSeconds: Int? {
        switch self {
        case .tooManyRequests, .unavailable: 1
        default: nil
        }
    }
}
