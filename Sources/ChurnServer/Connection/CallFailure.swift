internal import ChurnModel
internal import ChurnProtocol

/// Why a call is answered with a status and not with a result.
struct CallFailure: Error {
    var code: StatusCode
    /// One line, for the caller.
    var message: String
    var notProcessed = false

    static func invalidArgument(_ message: String) -> CallFailure {
        CallFailure(code: .invalidArgument, message: message)
    }

    static func unknownModel(_ selector: UnsafePointer<CChar>, serving snapshot: ServingSnapshot) -> CallFailure {
        guard let text = String(validatingCString: selector) else {
            return .invalidArgument("the model's name is not UTF-8")
        }
        let served = snapshot.models.map(\.model.selector).joined(separator: ", ")
        return CallFailure(
            code: .notFound,
            message: "the model \(quoted(text)) is not served; this server has \(served)"
        )
    }

    static func unknownCustomer(_ customer: Int64) -> CallFailure {
        CallFailure(code: .notFound, message: "customer \(customer) is not known")
    }

    static func damagedCustomer(_ customer: Int64) -> CallFailure {
        CallFailure(
            code: .dataLoss,
            message: "the stored features of customer \(customer) contradict themselves; build them again"
        )
    }

    static let noFeatures = CallFailure(
        code: .unavailable,
        message: "no features are loaded yet; Health gives the reason",
        notProcessed: true
    )
    static let draining = CallFailure(
        code: .unavailable,
        message: "the server is shutting down; open a new connection",
        notProcessed: true
    )
    static let connectionClosed = CallFailure(code: .cancelled, message: "the connection was closed")
    static let deadlineExceeded = CallFailure(code: .deadlineExceeded, message: "the deadline passed")
    static let tooManyInFlight = CallFailure(
        code: .resourceExhausted,
        message: "too many calls of this connection wait for their answer",
        notProcessed: true
    )
    static let outOfMemoryBudget = CallFailure(
        code: .resourceExhausted,
        message: "the server has too many large requests in hand; try again",
        notProcessed: true
    )
    static let unknownMethod = CallFailure(code: .unimplemented, message: "the server does not know this method")
}

/// A peer's own text, for a message to it: cut short, and with control characters made visible.
func quoted(_ text: String) -> String {
    let cut = text.unicodeScalars.prefix(ServerLimits.echoedCharacters).map { $0.escaped(asASCII: false) }.joined()
    return "'\(cut)'"
}
