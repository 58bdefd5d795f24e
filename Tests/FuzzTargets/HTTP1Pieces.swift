internal import ChurnServer
internal import TestSupport

/// Requests that our parser finds in a stream of HTTP/1.1.
struct HTTP1Requests: Equatable {
    struct Request: Equatable {
        var method: HTTPMethod
        var target: [UInt8]
        var keepsAlive: Bool
        var expectsContinue: Bool
        var fields: HTTPFields
        var body: [UInt8] = []
        var isComplete = false
    }

    var requests: [Request] = []
    /// Why the rest is no request.
    var refusal: HTTP1Refusal?

    /// - Parameter pieces: in which the stream arrives.
    init(_ pieces: [ArraySlice<UInt8>]) {
        var parser = HTTP1Parser()
        for piece in pieces {
            piece.withUnsafeBytes { bytes in
                var rest = bytes
                while take(parser.next(&rest)) {}
            }
        }
    }

    /// - Returns: whether there may be more in the piece in hand.
    private mutating func take(_ event: HTTP1Parser.Event) -> Bool {
        switch event {
        case .needsMore: return false
        case .broken(let refusal):
            self.refusal = refusal
            return false
        case .head(let head):
            requests.append(
                Request(
                    method: head.method,
                    target: Array(head.target),
                    keepsAlive: head.keepsAlive,
                    expectsContinue: head.expectsContinue,
                    fields: head.fields,
                    isComplete: head.body == .none
                )
            )
        case .body(let piece, let isLast):
            requests[requests.count - 1].body += Array(piece)
            requests[requests.count - 1].isComplete = isLast
        }
        return true
    }
}

/// Whether the parser finds the same in a stream however it is cut.
enum HTTP1Pieces {
    /// - Returns: what differs; `nil` for nothing.
    static func difference(_ bytes: [UInt8], _ random: SplitMix64) -> String? {
        var random = random
        let whole = HTTP1Requests([bytes[...]])
        var pieces: [ArraySlice<UInt8>] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            pieces.append(rest.prefix(Int.random(in: 1...24, using: &random)))
            rest = rest.dropFirst(pieces[pieces.count - 1].count)
        }
        let cut = HTTP1Requests(pieces)
        if whole.requests != cut.requests { return "the parser finds other requests when the stream is cut" }
        // Where a line is too long and broken as well, it depends on the cut which is found first.
        if (whole.refusal == nil) != (cut.refusal == nil) { return "the parser refuses depending on the cut" }
        return nil
    }
}
