internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// What stands behind the question mark of a target: names and values, each name once.
struct HTTPQuery {
    private var values: [String: String] = [:]

    /// - Parameters:
    ///   - bytes: as they came.
    ///   - allowed: a name that is none of these is refused, so that a misspelt one is not passed over.
    init(_ bytes: [UInt8], allowed: [String]) throws(HTTPFault) {
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let sides = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let name = try Self.decoded(sides[0])
            guard allowed.contains(name) else {
                throw HTTPFault(
                    .badRequest,
                    "there is no parameter \(quotedForPeer(name)); these are: \(allowed.joined(separator: ", "))"
                )
            }
            let value = try sides.count > 1 ? Self.decoded(sides[1]) : ""
            guard values.updateValue(value, forKey: name) == nil else {
                throw HTTPFault(.badRequest, "the parameter \(name) is there twice")
            }
        }
    }

    private static func decoded(_ text: ArraySlice<UInt8>) throws(HTTPFault) -> String {
        let spaced = text.map { $0 == UInt8(ascii: "+") ? 0x20 : $0 }
        guard let bytes = spaced.withUnsafeBytes({ percentDecoded($0) }),
            bytes.withUnsafeBytes({ firstInvalidUTF8($0) }) == nil
        else { throw HTTPFault(.badRequest, "the query is not UTF-8 in percent-encoding") }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// `nil` when there is none.
    func text(_ name: String) -> String? { values[name] }

    func flag(_ name: String) throws(HTTPFault) -> Bool {
        switch values[name] {
        case nil, "false", "0": return false
        case "true", "1": return true
        case let other?: throw HTTPFault(.badRequest, "\(name) is \(quotedForPeer(other)), and is true or false")
        }
    }

    /// When the call ends at the latest, by `timeout_ms`; `nil` when it has no deadline.
    func deadline(_ arrival: NIODeadline) throws(HTTPFault) -> NIODeadline? {
        guard let text = values["timeout_ms"] else { return nil }
        return arrival + (try HTTPCallOptions.timeout(Int64(text)))
    }
}

/// What calls have in common, whether a query or a body says so.
struct HTTPCallOptions {
    /// - Returns: the model's name as calls have it: NUL-terminated, "name" or "name@version", or nothing for the default.
    static func selector(model: String?) throws(HTTPFault) -> [CChar] {
        guard let model else { return [0] }
        guard !model.utf8.contains(0) else { throw HTTPFault(.badRequest, "the model's name has a NUL in it") }
        return model.utf8.map { CChar(bitPattern: $0) } + [0]
    }

    static func timeout(_ milliseconds: Int64?) throws(HTTPFault) -> TimeAmount {
        guard let milliseconds, (1...Int64(UInt32.max)).contains(milliseconds) else {
            throw HTTPFault(.badRequest, "timeout_ms is not a whole number within 1...\(UInt32.max)")
        }
        return .milliseconds(milliseconds)
    }
}
