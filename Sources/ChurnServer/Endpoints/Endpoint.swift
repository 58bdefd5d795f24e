internal import ChurnProtocol

/// An address that a server listens on, and how its connections speak.
package struct Endpoint: Sendable {
    /// A name or a number, without brackets.
    package var host: String
    /// 0: any free port.
    package var port: Int
    package var dialect: DialectChoice
    package var security: Security

    package init(
        host: String = ServiceAddress.defaultHost,
        port: Int = ServiceAddress.defaultPort,
        dialect: DialectChoice = .all,
        security: Security = .plaintext
    ) {
        self.host = host
        self.port = port
        self.dialect = dialect
        self.security = security
    }
}

/// What lies between a connection's socket and its session.
package enum Security: Equatable, Sendable {
    /// Nothing: for networks in which every peer is trusted.
    case plaintext
}

/// An endpoint and the socket that listens at it.
struct OpenEndpoint: Sendable {
    let endpoint: Endpoint
    let listener: ListeningSocket
}
