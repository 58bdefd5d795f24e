internal import ChurnBase
internal import ChurnProtocol
internal import NIOCore

/// What the header fields of a request say, gathered field by field. Names and values are not kept.
struct GRPCRequestHead {
    enum Route: Equatable {
        case call(ServiceMethod)
        case healthCheck
        /// A method that the server does not have.
        case unknown
    }

    enum Timeout: Equatable {
        case none
        case after(TimeAmount)
        case malformed
    }

    private(set) var route = Route.unknown
    private(set) var isPost = false
    private(set) var isGRPC = false
    private(set) var isIdentity = true
    private(set) var timeout = Timeout.none
    /// As HTTP/2 counts them: every field costs its bytes and 32 more.
    private(set) var headerBytes = 0

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        headerBytes += name.count + value.count + 32
        // The length first: most fields are none of these.
        switch name.count {
        case 5 where equal(name, ":path"): route = Self.route(of: value)
        case 7 where equal(name, ":method"): isPost = equal(value, "POST")
        case 12 where equal(name, "content-type"): isGRPC = Self.isGRPC(value)
        case 12 where equal(name, "grpc-timeout"): timeout = Self.timeout(value)
        case 13 where equal(name, "grpc-encoding"): isIdentity = equal(value, "identity")
        default: break
        }
    }

    private static func route(of path: UnsafeRawBufferPointer) -> Route {
        if equal(path, "/churn.v1.Churn/PredictById") { return .call(.predictByID) }
        if equal(path, "/churn.v1.Churn/PredictBatch") { return .call(.predictBatch) }
        if equal(path, "/churn.v1.Churn/Health") { return .call(.health) }
        if equal(path, "/grpc.health.v1.Health/Check") { return .healthCheck }
        return .unknown
    }

    /// "application/grpc", perhaps with "+proto" behind it, perhaps with parameters.
    private static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
        let type = value.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        let bytes = UnsafeRawBufferPointer(rebasing: type)
        return equal(bytes, "application/grpc") || equal(bytes, "application/grpc+proto")
    }

    /// One to eight digits and a unit.
    static func timeout(_ value: UnsafeRawBufferPointer) -> Timeout {
        guard (2...9).contains(value.count), let unit = value.last else { return .malformed }
        var count: Int64 = 0
        for digit in value.dropLast() {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return .malformed }
            count = 10 * count + Int64(digit - UInt8(ascii: "0"))
        }
        return switch unit {
        case UInt8(ascii: "n"): .after(.nanoseconds(count))
        case UInt8(ascii: "u"): .after(.microseconds(count))
        case UInt8(ascii: "m"): .after(.milliseconds(count))
        case UInt8(ascii: "S"): .after(.seconds(count))
        // Eight digits of these are up to 11,000 years: more than a clock of nanoseconds can count.
        case UInt8(ascii: "M"): .after(.seconds(60 * min(count, Self.longestHours * 60)))
        case UInt8(ascii: "H"): .after(.seconds(3600 * min(count, Self.longestHours)))
        default: .malformed
        }
    }

    /// Ten years.
    private static let longestHours: Int64 = 24 * 3652
}

/// Whether the bytes are this text of ASCII.
@inline(__always)
private func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
    guard bytes.count == text.utf8CodeUnitCount, let start = bytes.baseAddress else { return false }
    return memcmp(start, text.utf8Start, bytes.count) == 0
}
