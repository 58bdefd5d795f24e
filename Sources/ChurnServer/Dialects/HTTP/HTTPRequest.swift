internal import ChurnBase
internal import NIOCore

/// What a request asks for, whatever version of HTTP it came in: all of its head that is needed when its body has come.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    /// `nil` when there is no such path.
    let route: HTTPRoute?
    /// Of the path; `nil` unless it is a whole number within the range.
    let customerID: Int64?
    /// Of a path of the Open Inference Protocol, as calls have it: NUL-terminated, "name" or "name@version"; empty for any
    /// other path.
    let model: [CChar]
    /// Whether the path is of the Open Inference Protocol, if only by its beginning.
    let isInference: Bool
    /// Behind the question mark, as it came.
    let query: [UInt8]
    let fields: HTTPFields
    /// The asterisk: the server as a whole.
    let isForServer: Bool
    /// What a deadline is counted from.
    let arrival: NIODeadline

    /// - Parameter target: a path that begins with a slash, perhaps with a query; or an asterisk.
    init(_ method: HTTPMethod, target: UnsafeRawBufferPointer, fields: HTTPFields, arrival: NIODeadline) {
        self.method = method
        self.fields = fields
        self.arrival = arrival
        isForServer = target.first == UInt8(ascii: "*")
        let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
        query = end < target.count ? Array(target[(end + 1)...]) : []
        let path = UnsafeRawBufferPointer(rebasing: target[..<end])
        func find(_ path: UnsafeRawBufferPointer) -> (HTTPRoute?, Int64?, [CChar], isInference: Bool) {
            if HTTPRoute.isInference(path) {
                let found = HTTPRoute.findInference(path)
                return (found?.route, nil, found?.model ?? [], true)
            }
            guard let found = HTTPRoute.find(path) else { return (nil, nil, [], false) }
            return (found.route, decimalInteger(found.parameter), [], false)
        }
        if path.contains(UInt8(ascii: "%")) {
            // Hardly ever: no route needs it.
            (route, customerID, model, isInference) =
                percentDecoded(path)?.withUnsafeBytes(find) ?? (nil, nil, [], false)
        } else {
            (route, customerID, model, isInference) = find(path)
        }
    }

    /// Whether the route answers this method.
    var isMethodAllowed: Bool {
        guard let route else { return true }
        return method == route.method || (method == .head && route.method == .get)
            || (method == .options && !route.isPrototype)
    }
}

/// The bytes that %XX stand for, and the others; `nil` when a percent sign has no two digits behind it.
func percentDecoded(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    var decoded: [UInt8] = []
    decoded.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
        guard bytes[index] == UInt8(ascii: "%") else {
            decoded.append(bytes[index])
            index += 1
            continue
        }
        guard index + 2 < bytes.count, let high = hexadecimalDigit(bytes[index + 1]),
            let low = hexadecimalDigit(bytes[index + 2])
        else { return nil }
        decoded.append(high << 4 | low)
        index += 3
    }
    return decoded
}
