internal import NIOCore

/// What the header fields of a request say, gathered field by field. Names and values are not kept.
struct GRPCRequestHead {
    /// How messages of the request may be compressed.
    enum Encoding {
        case identity, gzip
        /// One that the server does not have.
        case unknown
    }

    enum Timeout: Equatable {
        case none
        case after(TimeAmount)
        case malformed
    }

    /// Among all methods; `nil` for one that the server does not have.
    private(set) var method: Int?
    private(set) var httpMethod = HTTPMethod.other
    private(set) var isMethodTooLong = false
    private(set) var isGRPC = false
    private(set) var encoding = Encoding.identity
    private(set) var timeout = Timeout.none
    /// As HTTP/2 counts them: every field costs its bytes and 32 more.
    private(set) var headerBytes = 0

    mutating func add(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        headerBytes += name.count + value.count + 32
        // The length first: most fields are none of these.
        switch name.count {
        case 5 where name.equals(":path"): method = GRPCMethod.find(value)
        case 7 where name.equals(":method"):
            httpMethod = HTTPMethod(value)
            isMethodTooLong = value.count > HTTPLimits.methodBytes
        case 12 where name.equals("content-type"): isGRPC = Self.isGRPC(value)
        case 12 where name.equals("grpc-timeout"): timeout = Self.timeout(value)
        case 13 where name.equals("grpc-encoding"): encoding = Self.encoding(value)
        default: break
        }
    }

    private static func encoding(_ value: UnsafeRawBufferPointer) -> Encoding {
        if value.equals("identity") { return .identity }
        return value.equals("gzip") ? .gzip : .unknown
    }

    /// "application/grpc", perhaps with "+proto" behind it, perhaps with parameters.
    private static func isGRPC(_ value: UnsafeRawBufferPointer) -> Bool {
        let type = value.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        let bytes = UnsafeRawBufferPointer(rebasing: type)
        return bytes.equals("application/grpc") || bytes.equals("application/grpc+proto")
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
