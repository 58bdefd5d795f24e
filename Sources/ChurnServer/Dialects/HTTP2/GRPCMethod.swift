internal import ChurnBase
internal import ChurnProtocol

/// A service of gRPC and its methods: what calls are routed by, and what other services tell of it.
///
/// A service of another folder joins by its place in `all`.
struct GRPCService: Sendable {
    /// With its package.
    let name: String
    /// Whether `grpc.health.v1` reports on it.
    let hasHealth: Bool
    let methods: [GRPCMethod]

    /// In the order in which a path is compared with them: those that are called most come first.
    static let all: [GRPCService] = [churn, inference, health, reflection, reflectionAlpha]

    static let churn = GRPCService(
        name: "churn.v1.Churn",
        hasHealth: true,
        methods: [
            GRPCMethod("/churn.v1.Churn/PredictById") { $2.answer($0, of: .predictByID, on: $1) },
            GRPCMethod("/churn.v1.Churn/PredictBatch") { $2.answer($0, of: .predictBatch, on: $1) },
            GRPCMethod("/churn.v1.Churn/PredictBatchStream") { $2.streamBatch($0, on: $1) },
            GRPCMethod("/churn.v1.Churn/Health") { $2.answer($0, of: .health, on: $1) },
        ]
    )
}

struct GRPCMethod: Sendable {
    /// As in the field `:path`.
    let path: StaticString
    let kind: Kind

    enum Kind: Sendable {
        /// Answers a request of one message.
        case message(@Sendable (GRPCMessageReader.Message, HTTP2Stream, HTTP2Session) -> Void)
        /// Begins to answer a request whose messages are still to come, by a `GRPCRequestReader`.
        case stream(@Sendable (HTTP2Stream, HTTP2Session) -> Void)
    }

    init(
        _ path: StaticString,
        _ answer: @escaping @Sendable (GRPCMessageReader.Message, HTTP2Stream, HTTP2Session) -> Void
    ) {
        self.path = path
        kind = .message(answer)
    }

    init(_ path: StaticString, stream begin: @escaping @Sendable (HTTP2Stream, HTTP2Session) -> Void) {
        self.path = path
        kind = .stream(begin)
    }

    /// Of all services. Calls refer to them by position.
    static let all: [GRPCMethod] = GRPCService.all.flatMap(\.methods)

    /// - Returns: the position; `nil` for a method that the server does not have.
    static func find(_ path: UnsafeRawBufferPointer) -> Int? {
        all.withUnsafeBufferPointer { methods in
            // Most of them differ by their length already.
            methods.firstIndex { path.equals($0.path) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes are this text of ASCII.
    @inline(__always)
    func equals(_ text: StaticString) -> Bool {
        guard count == text.utf8CodeUnitCount, let baseAddress else { return false }
        return memcmp(baseAddress, text.utf8Start, count) == 0
    }
}
