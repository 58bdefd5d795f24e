/// Where a server listens, and a client looks for it, unless either is told otherwise.
package enum ServiceAddress {
    /// Of this machine alone: the protocol has no authentication of its own.
    package static let defaultHost = "127.0.0.1"
    package static let defaultPort = 7447
    /// Both, as people write them.
    package static let defaultText = "\(defaultHost):\(defaultPort)"
}
