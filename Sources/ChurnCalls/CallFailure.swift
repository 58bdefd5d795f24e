/// Why a call is answered with a status and not with a result.
package struct CallFailure: Error, Equatable, Sendable {
    package var code: StatusCode
    /// One line, for the caller: it names nothing of the server's surroundings, such as paths and hosts.
    package var message: String
    /// The call was surely not begun: it may be sent again, here or to another server.
    package var notProcessed: Bool

    package init(code: StatusCode, message: String, notProcessed: Bool = false) {
        self.code = code
        self.message = message
        self.notProcessed = notProcessed
    }

    package static func invalidArgument(_ message: String) -> CallFailure {
        CallFailure(code: .invalidArgument, message: message)
    }
}

// MARK: One text for each situation

extension CallFailure {
    package static func unknownCustomer(_ customerID: Int64) -> CallFailure {
        CallFailure(code: .notFound, message: "customer \(customerID) is not known")
    }

    package static func unknownCustomer(_ customer: ResolvedCustomer) -> CallFailure {
        CallFailure(code: .notFound, message: "customer \(customer.description) is not known")
    }

    package static func damagedCustomer(_ customer: ResolvedCustomer) -> CallFailure {
        CallFailure(
            code: .dataLoss,
            message: "the stored features of customer \(customer.description) contradict themselves"
        )
    }

    package static let noFeatures = CallFailure(
        code: .unavailable,
        message: "no features are loaded yet; Health gives the reason",
        notProcessed: true
    )
    package static let storeUnavailable = CallFailure(
        code: .unavailable,
        message: "the store cannot be read; Health gives the reason"
    )
    package static func storeIsSilent(seconds: Int64) -> CallFailure {
        CallFailure(code: .unavailable, message: "the store has not answered within \(seconds) s")
    }
    package static let tooManyLookups = CallFailure(
        code: .resourceExhausted,
        message: "too many calls wait for the store; try again",
        notProcessed: true
    )
    package static let draining = CallFailure(
        code: .unavailable,
        message: "the server is shutting down; open a new connection",
        notProcessed: true
    )
    package static let connectionClosed = CallFailure(code: .cancelled, message: "the connection was closed")
    package static let deadlineExceeded = CallFailure(code: .deadlineExceeded, message: "the deadline passed")
    package static let unknownMethod = CallFailure(
        code: .unimplemented,
        message: "the server does not know this method"
    )
    package static let twoModels = CallFailure.invalidArgument(
        "the envelope and the request name different models; name one of them only"
    )
    package static let tooManyConnections = CallFailure(
        code: .resourceExhausted,
        message: "the server has reached its limit of connections; close some, or try another server",
        notProcessed: true
    )
    package static let tooManyInFlight = CallFailure(
        code: .resourceExhausted,
        message: "too many calls of this connection wait for their answer",
        notProcessed: true
    )
    package static let outOfMemoryBudget = CallFailure(
        code: .resourceExhausted,
        message: "the server has too many large requests in hand; try again",
        notProcessed: true
    )
}
