/// What fixes the dialect of an address to listen on, as in `grpc://0.0.0.0:50051`: the table of all schemes. A dialect that
/// is to have a port of its own is a case here.
package enum EndpointScheme: String, CaseIterable, Sendable {
    case frames
    case grpc
    case http

    /// What its connections speak.
    package var dialect: DialectChoice {
        switch self {
        case .frames: .fixed(FrameDialect())
        case .grpc: .fixed(HTTP2Dialect())
        case .http: .http
        }
    }

    private func isSpoken(by dialect: any Dialect) -> Bool {
        switch self {
        case .frames: dialect is FrameDialect
        case .grpc: (dialect as? HTTP2Dialect)?.hasCalls ?? false
        case .http: dialect is HTTP1Dialect
        }
    }

    /// The schemes of the dialects that connections may choose from.
    static func spoken(by choice: DialectChoice) -> [EndpointScheme] {
        allCases.filter { scheme in choice.dialects.contains { scheme.isSpoken(by: $0) } }
    }
}

/// Where a server listens, as it announces it.
package struct ListeningAddress: Equatable, Sendable {
    package let host: String
    package let port: Int
    /// What is spoken there; several when a connection's first byte tells.
    package let schemes: [EndpointScheme]
}
