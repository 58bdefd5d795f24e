/// The outcome of a call: the canonical status codes of gRPC, with gRPC's numbers and meanings.
///
/// A code this version does not know is kept as it came: a newer server may send one.
///
/// Source: gRPC, "Status codes and their use in gRPC", doc/statuscodes.md.
public struct StatusCode: RawRepresentable, Hashable, Sendable {
    public var rawValue: Int32

    public init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The call succeeded.
    public static let ok = StatusCode(rawValue: 0)
    /// The caller gave up on the call.
    public static let cancelled = StatusCode(rawValue: 1)
    /// An error of which nothing else is known.
    public static let unknown = StatusCode(rawValue: 2)
    /// The request is wrong whatever the state of the server.
    public static let invalidArgument = StatusCode(rawValue: 3)
    /// The deadline passed before the answer was there.
    public static let deadlineExceeded = StatusCode(rawValue: 4)
    /// No such customer, or no such model.
    public static let notFound = StatusCode(rawValue: 5)
    public static let alreadyExists = StatusCode(rawValue: 6)
    public static let permissionDenied = StatusCode(rawValue: 7)
    /// A limit of the server was reached.
    public static let resourceExhausted = StatusCode(rawValue: 8)
    /// The server is not in a state that allows the call.
    public static let failedPrecondition = StatusCode(rawValue: 9)
    public static let aborted = StatusCode(rawValue: 10)
    public static let outOfRange = StatusCode(rawValue: 11)
    /// The server does not know the method.
    public static let unimplemented = StatusCode(rawValue: 12)
    /// A fault of the server.
    public static let `internal` = StatusCode(rawValue: 13)
    /// The server cannot answer now; trying again may help.
    public static let unavailable = StatusCode(rawValue: 14)
    public static let dataLoss = StatusCode(rawValue: 15)
    public static let unauthenticated = StatusCode(rawValue: 16)
}

extension StatusCode: CustomStringConvertible {
    private static let names = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
        "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
        "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
    ]

    /// gRPC's name of the code, or `STATUS_<number>` for one that this version does not know.
    public var description: String {
        guard let index = Int(exactly: rawValue), Self.names.indices.contains(index) else {
            return "STATUS_\(rawValue)"
        }
        return Self.names[index]
    }
}
