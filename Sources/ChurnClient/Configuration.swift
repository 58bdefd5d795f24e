internal import ChurnProtocol
public import NIOCore
internal import NIOPosix

extension ChurnClient {
    /// Where the server is, and how far a client goes to reach it. Checked when it is made.
    public struct Configuration: Sendable {
        /// The address a server listens on unless it is told otherwise.
        public static let defaultHost = ServiceAddress.defaultHost
        /// The port a server listens on unless it is told otherwise.
        public static let defaultPort = ServiceAddress.defaultPort
        public static let defaultTimeout = Duration.seconds(10)

        /// A name or an address, without a port.
        public let host: String
        /// 1 to 65535.
        public let port: Int
        /// How long one attempt to connect may take.
        public let connectTimeout: Duration
        /// How long a call may take when it does not say, from its start to its answer: connecting, waiting in line
        /// and being sent again count.
        public let timeout: Duration
        /// Most calls that are with the server at a time. Further ones wait in line, in the order of their start.
        public let maxInFlight: Int
        /// How often one call is tried: attempts to connect that failed while it waited, and sends that the server
        /// said it did not begin. 1: fail at the first trouble.
        public let maximumAttempts: Int
        /// The pause after the first failure in a row; it doubles with each further one. Between half of a pause and
        /// all of it is taken, at random, so that many clients do not come back in step.
        public let backoff: Duration
        /// The longest pause.
        public let maximumBackoff: Duration
        /// Where the client's one event loop is taken from. It must not be shut down before the client.
        public let eventLoopGroup: any EventLoopGroup

        /// - Parameter eventLoopGroup: `nil` for the one that every NIO user of the process shares.
        /// - Throws: INVALID_ARGUMENT, naming the setting that is out of range.
        public init(
            host: String = defaultHost,
            port: Int = defaultPort,
            connectTimeout: Duration = .seconds(5),
            timeout: Duration = defaultTimeout,
            maxInFlight: Int = 256,
            maximumAttempts: Int = 8,
            backoff: Duration = .milliseconds(50),
            maximumBackoff: Duration = .seconds(2),
            eventLoopGroup: (any EventLoopGroup)? = nil
        ) throws(ChurnError) {
            func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(ChurnError) {
                guard holds else { throw ChurnError(code: .invalidArgument, message: message(), notProcessed: true) }
            }
            try require(!host.isEmpty, "the server's host is empty; give a name or an address")
            try require((1...65_535).contains(port), "port \(port) is not in 1...65535")
            try require(connectTimeout > .zero, "connectTimeout must be more than 0")
            try require(timeout > .zero, "timeout must be more than 0")
            try require(maxInFlight > 0, "maxInFlight must be more than 0")
            try require(maximumAttempts > 0, "maximumAttempts must be more than 0")
            try require(backoff > .zero, "backoff must be more than 0")
            try require(maximumBackoff >= backoff, "maximumBackoff must not be less than backoff")
            self.host = host
            self.port = port
            self.connectTimeout = connectTimeout
            self.timeout = timeout
            self.maxInFlight = maxInFlight
            self.maximumAttempts = maximumAttempts
            self.backoff = backoff
            self.maximumBackoff = maximumBackoff
            self.eventLoopGroup = eventLoopGroup ?? MultiThreadedEventLoopGroup.singleton
        }

        /// `host:port` as people write it, IPv6 addresses in brackets.
        var endpoint: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    }
}
