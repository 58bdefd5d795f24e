package import ChurnBase
internal import ChurnProtocol

/// Settings of a server. `init` refuses what cannot work.
package struct ServerConfiguration: Sendable {
    /// Where to listen, 1 or more. 127.0.0.1 unless told otherwise: there is no authentication.
    package var endpoints: [Endpoint]
    /// What carries the bytes.
    package var transport: TransportKind
    /// Threads that serve connections; 0: one a core.
    package var eventLoops: Int
    /// Open connections; one more is refused.
    package var maxConnections: Int
    /// Calls of one connection that may wait for their answer; one more is refused.
    package var maxInFlightPerConnection: Int
    /// How long a server that was told to stop waits for calls in flight and for its clients to go.
    package var drainTimeout: Duration
    /// How long a server that was told to stop goes on as before while Health says that it drains. Nothing when another
    /// server has its listening sockets.
    package var drainDelay: Duration
    /// How often the store is asked for a newer feature build.
    package var storePollInterval: Duration
    /// Where the features of customers are while the server runs.
    package var lookup: LookupMode
    /// The path of the Unix socket at which a server hands its listening sockets over to the next; `nil`: it does not.
    package var handover: String?
    /// Who has started this server, and may have opened its listening sockets.
    package var manager: ServiceManager
    /// Whose pages may read answers of HTTP in a browser; `nil`: those of no other origin.
    package var cors: CORSPolicy?
    /// What the numbers of customers whose ids are texts were made with. Another one is for tests, in which texts are to
    /// have the same number.
    package var customerHash = CustomerHash.standard

    package static let defaultTransport = TransportKind.epoll
    package static let defaultMaxConnections = 4096
    package static let defaultMaxInFlightPerConnection = 256
    package static let defaultDrainTimeout = Duration.seconds(10)
    package static let defaultDrainDelay = Duration.zero
    package static let defaultStorePollInterval = Duration.seconds(2)

    package init(
        endpoints: [Endpoint] = [Endpoint()],
        transport: TransportKind = ServerConfiguration.defaultTransport,
        eventLoops: Int = 0,
        maxConnections: Int = ServerConfiguration.defaultMaxConnections,
        maxInFlightPerConnection: Int = ServerConfiguration.defaultMaxInFlightPerConnection,
        drainTimeout: Duration = ServerConfiguration.defaultDrainTimeout,
        drainDelay: Duration = ServerConfiguration.defaultDrainDelay,
        storePollInterval: Duration = ServerConfiguration.defaultStorePollInterval,
        lookup: LookupMode = .resident,
        handover: String? = nil,
        manager: ServiceManager = .none,
        cors: CORSPolicy? = nil
    ) throws(ServerError) {
        try Self.require(
            (1...ServerLimits.endpoints).contains(endpoints.count),
            "\(endpoints.count) listening addresses are not within 1...\(ServerLimits.endpoints)"
        )
        for endpoint in endpoints { try Self.check(endpoint) }
        try Self.require((0...1024).contains(eventLoops), "\(eventLoops) event loops are not within 0...1024")
        try Self.require(
            (1...1_000_000).contains(maxConnections),
            "\(maxConnections) connections are not within 1...1000000"
        )
        try Self.require(
            (1...65536).contains(maxInFlightPerConnection),
            "\(maxInFlightPerConnection) calls in flight are not within 1...65536"
        )
        try Self.require(
            drainTimeout >= .zero && drainTimeout <= .seconds(3600),
            "the drain timeout is not within 0...3600 seconds"
        )
        try Self.require(
            drainDelay >= .zero && drainDelay <= .seconds(3600),
            "the drain delay is not within 0...3600 seconds"
        )
        try Self.require(
            storePollInterval >= .milliseconds(10) && storePollInterval <= .seconds(3600),
            "the store poll interval is not within 0.01...3600 seconds"
        )
        if let cors { try Self.check(cors) }
        if case .readThrough(let cachedCustomers, let freshFor) = lookup {
            try Self.require(
                (1...1_000_000_000).contains(cachedCustomers),
                "\(cachedCustomers) cached customers are not within 1...1000000000"
            )
            try Self.require(
                freshFor >= .milliseconds(1) && freshFor <= .seconds(86_400),
                "the time for which a cached customer is fresh is not within 0.001...86400 seconds"
            )
        }
        self.endpoints = endpoints
        self.transport = transport
        self.eventLoops = eventLoops
        self.maxConnections = maxConnections
        self.maxInFlightPerConnection = maxInFlightPerConnection
        self.drainTimeout = drainTimeout
        self.drainDelay = drainDelay
        self.storePollInterval = storePollInterval
        self.lookup = lookup
        self.handover = handover
        self.manager = manager
        self.cors = cors
    }

    private static func check(_ endpoint: Endpoint) throws(ServerError) {
        try require(
            !endpoint.host.isEmpty,
            "the host is empty; name an address such as \(ServiceAddress.defaultHost)"
        )
        try require((0...65535).contains(endpoint.port), "the port \(endpoint.port) is not within 0...65535")
    }

    private static func check(_ cors: CORSPolicy) throws(ServerError) {
        for origin in cors.origins where !cors.isForAny {
            try require(
                CORSPolicy.isOrigin(origin),
                "'\(origin)' is not an origin such as https://shop.example, nor * alone"
            )
        }
    }

    private static func require(_ condition: Bool, _ message: String) throws(ServerError) {
        guard condition else { throw .configuration(message) }
    }
}

/// The two ways of having a customer's features.
package enum LookupMode: Equatable, Sendable {
    /// Those of all customers are in memory, and a newer build is loaded whole.
    case resident
    /// Those that are asked for are read from the store, and the last of them kept: for more customers than fit in memory.
    case readThrough(
        cachedCustomers: Int = LookupMode.defaultCachedCustomers,
        freshFor: Duration = LookupMode.defaultFreshFor
    )

    package static let defaultCachedCustomers = 100_000
    package static let defaultFreshFor = Duration.seconds(30)
}

/// The two ways of carrying bytes; answers, limits and deadlines are the same over both.
package enum TransportKind: String, CaseIterable, Sendable {
    /// Loops of our own over epoll(7): the fastest.
    case epoll
    /// SwiftNIO's event loops.
    case nio
}

/// Why a server does not start.
package enum ServerError: Error, Equatable {
    case configuration(String)
    /// The operating system refused what every server needs.
    case system(String)
    case portInUse(host: String, port: Int)
    case cannotListen(host: String, port: Int, reason: String)
    /// The listening sockets cannot be taken over from the server before, or cannot be handed on.
    case handover(String)
}

extension ServerError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .configuration(let message), .system(let message), .handover(let message):
            message
        case .portInUse(let host, let port):
            "\(host):\(port) is in use; stop the other server or choose another port with --listen"
        case .cannotListen(let host, let port, let reason):
            "cannot listen on \(host):\(port): \(reason)"
        }
    }
}
