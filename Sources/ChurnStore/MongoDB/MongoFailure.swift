internal import CMongo

/// What libmongoc says went wrong: its (domain, code), and whether the same call may succeed when it is made again.
struct MongoFailure: Error {
    var domain: UInt32
    var code: UInt32
    /// libmongoc's words. Not for a person unless `isNetwork`: a server's message may quote what is stored.
    var message: String
    var isRetryable: Bool

    init(_ error: bson_error_t, reply: OpaquePointer? = nil) {
        domain = error.domain
        code = error.code
        message = withUnsafeBytes(of: error.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        isRetryable = Self.isNetwork(domain) || Self.retryableCodes.contains(code) || Self.hasRetryLabel(reply)
    }

    /// A failure that the server reported inside a reply.
    init(serverCode code: UInt32) {
        domain = MONGOC_ERROR_SERVER.rawValue
        self.code = code
        message = ""
        isRetryable = Self.retryableCodes.contains(code)
    }

    /// No client is free, or the pool is closed.
    static var noClient: MongoFailure {
        var error = bson_error_t()
        error.domain = MONGOC_ERROR_POOL.rawValue
        return MongoFailure(error)
    }

    /// The connection failed, or there is no server to be had.
    var isNetwork: Bool { Self.isNetwork(domain) }

    /// The server answered; it said no.
    var isServer: Bool { domain == MONGOC_ERROR_SERVER.rawValue || domain == MONGOC_ERROR_WRITE_CONCERN.rawValue }

    private static func isNetwork(_ domain: UInt32) -> Bool {
        domain == MONGOC_ERROR_STREAM.rawValue || domain == MONGOC_ERROR_SERVER_SELECTION.rawValue
    }

    private static func hasRetryLabel(_ reply: OpaquePointer?) -> Bool {
        guard let reply else { return false }
        return mongoc_error_has_label(reply, "RetryableWriteError")
            || mongoc_error_has_label(reply, "TransientTransactionError")
    }

    /// Codes after which a server, or its successor, may do the same thing: of the "Retryable Reads" and "Retryable
    /// Writes" specifications of MongoDB's drivers, and 64 (WriteConcernFailed), 134 (no majority read concern yet).
    private static let retryableCodes: Set<UInt32> = [
        6, 7, 64, 89, 91, 134, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436,
    ]

    static let duplicateKey: UInt32 = 11_000
}

extension StoreError {
    /// The one mapping of libmongoc's errors.
    init(_ failure: MongoFailure, store: String) {
        let code = Int32(bitPattern: failure.code)
        switch (failure.domain, failure.code) {
        case (MONGOC_ERROR_POOL.rawValue, _):
            self = .unreachable(store: store, explanation: "no connection became free")
        case (MONGOC_ERROR_SERVER_SELECTION.rawValue, _), (MONGOC_ERROR_STREAM.rawValue, _):
            // Only these messages name nothing but hosts and sockets.
            self = .unreachable(store: store, explanation: failure.message)
        case (MONGOC_ERROR_CLIENT.rawValue, MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue),
            (MONGOC_ERROR_SERVER.rawValue, 18), (MONGOC_ERROR_SCRAM.rawValue, _), (MONGOC_ERROR_SASL.rawValue, _):
            self = .refused(
                store: store,
                code: code,
                explanation: "the server does not accept the user or the password"
            )
        case (MONGOC_ERROR_SERVER.rawValue, 13):
            self = .refused(store: store, code: code, explanation: "the user may not do this there")
        case (MONGOC_ERROR_SERVER.rawValue, 11_000):
            self = .busy(store: store)
        case (MONGOC_ERROR_WRITE_CONCERN.rawValue, _), (MONGOC_ERROR_SERVER.rawValue, 64):
            self = .refused(store: store, code: code, explanation: "too few servers confirmed a write")
        case (MONGOC_ERROR_SERVER.rawValue, _):
            self = .refused(store: store, code: code, explanation: "the server reports an error")
        default:
            self = .refused(store: store, code: code, explanation: "libmongoc reports error \(failure.domain)")
        }
    }
}
