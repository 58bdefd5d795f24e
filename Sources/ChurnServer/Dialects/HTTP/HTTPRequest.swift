internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// What a request asks for, whatever version of HTTP it came in: all of its head that is needed when its body has come.
struct HTTPRequest: Sendable {
    let method: HTTPMethod
    /// `nil` when there is no such path.
    let route: HTTPRoute?
    /// Of the path.
    let customer: HTTPCustomer
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
        func find(_ path: UnsafeRawBufferPointer) -> (HTTPRoute?, HTTPCustomer, [CChar], isInference: Bool) {
            if HTTPRoute.isInference(path) {
                let found = HTTPRoute.findInference(path)
                return (found?.route, .none, found?.model ?? [], true)
            }
            guard let found = HTTPRoute.find(path) else { return (nil, .none, [], false) }
            let isCustomer = found.route == .customerPrediction
            return (found.route, isCustomer ? HTTPCustomer(found.parameter) : .none, [], false)
        }
        if !path.contains(UInt8(ascii: "%")) {
            (route, customer, model, isInference) = find(path)
        } else if let found = HTTPRoute.find(path), found.route == .customerPrediction {
            // Divided before it is decoded: a slash may be part of a customer's id.
            route = found.route
            customer = percentDecoded(found.parameter)?.withUnsafeBytes { HTTPCustomer($0) } ?? .malformed
            (model, isInference) = ([], false)
        } else {
            // Hardly ever: no other route needs it.
            (route, customer, model, isInference) =
                percentDecoded(path)?.withUnsafeBytes(find) ?? (nil, .none, [], false)
        }
    }

    /// Whether the route answers this method.
    var isMethodAllowed: Bool {
        guard let route else { return true }
        return method == route.method || (method == .head && route.method == .get)
            || (method == .options && !route.isPrototype)
    }
}

/// The customer that a path names.
enum HTTPCustomer: Equatable, Sendable {
    case none
    case number(Int64)
    /// Any other text, perhaps not UTF-8.
    case text([UInt8])
    /// A percent sign without two hexadecimal digits behind it.
    case malformed

    /// - Parameter bytes: without percent-encoding.
    init(_ bytes: UnsafeRawBufferPointer) {
        let text = bytes.bindMemory(to: UInt8.self)
        if case .number(let number) = CustomerText(text) { self = .number(number) } else { self = .text(Array(text)) }
    }

    /// Lends the name to a call; `nil` when there is none.
    func withName<Value>(_ body: (CustomerName?) -> Value) -> Value {
        switch self {
        case .none, .malformed: body(nil)
        case .number(let number): body(.number(number))
        case .text(let text): text.withUnsafeBufferPointer { body(.text($0)) }
        }
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
