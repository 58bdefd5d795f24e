internal import ChurnBase

/// Which pages of other origins may read answers in a browser (the Fetch standard's CORS). None, unless a setting names them.
///
/// There are no credentials to allow: the server has no authentication, and never sends `access-control-allow-credentials`.
package struct CORSPolicy: Equatable, Sendable {
    /// Instead of a list: pages of every origin.
    package static let any = "*"

    let origins: [String]

    /// - Parameter origins: as browsers send them, or `*` alone.
    /// - Returns: `nil` when there is none.
    package init?(_ origins: [String]) {
        guard !origins.isEmpty else { return nil }
        self.origins = origins
    }

    /// Whether a text is an origin as browsers send it: a scheme and a host in small letters, perhaps a port, and nothing
    /// behind it. Browsers leave the usual ports out.
    package static func isOrigin(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { text.hasPrefix($0) }) else { return false }
        var host = text.dropFirst(scheme.count)
        if let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") {
            let port = host[host.index(after: colon)...]
            guard let number = UInt16(port), "\(number)" == port, number != (scheme == "http://" ? 80 : 443) else {
                return false
            }
            host = host[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            return !host.isEmpty && host.utf8.allSatisfy { hexadecimalDigit($0) != nil || $0 == UInt8(ascii: ":") }
                && host.lowercased() == host
        }
        return !host.isEmpty
            && host.utf8.allSatisfy {
                isDigit($0) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "-")
                    || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            }
    }

    /// Whether answers are for pages of every origin, and so the same for all.
    var isForAny: Bool { origins == [Self.any] }

    /// What an answer to a request of this origin says; `nil` when its pages may not read it.
    func allowed(_ origin: [UInt8]) -> String? {
        guard !origin.isEmpty else { return nil }
        return isForAny ? Self.any : origins.first { $0.utf8.elementsEqual(origin) }
    }
}

/// What a response says to browsers whose pages come from elsewhere.
struct CORSFields: Sendable {
    /// `nil`: that the page may not read it.
    var allowedOrigin: String?
    /// The request only asks whether another one may be sent.
    var isPreflight = false
    /// A response to a page of another origin may be another.
    var varies = true
}

extension HTTPResponder {
    /// Whether a request only asks, for a page that may, whether another one may be sent.
    func isAllowedPreflight(_ request: HTTPRequest) -> Bool {
        request.method == .options && request.fields.isPreflight && cors?.allowed(request.fields.origin) != nil
    }

    /// The response with what browsers are to know of it.
    func forBrowser(_ response: HTTPResponse, to request: HTTPRequest) -> HTTPResponse {
        guard let cors else { return response }
        var response = response
        response.cors = CORSFields(
            allowedOrigin: cors.allowed(request.fields.origin),
            isPreflight: isAllowedPreflight(request),
            varies: !cors.isForAny
        )
        return response
    }
}
