/// The state of a server: whether it answers calls, and what it answers them from.
public struct HealthReport: Equatable, Sendable {
    /// Whether calls are answered.
    public struct State: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public var rawValue: Int32

        public init(rawValue: Int32) {
            self.rawValue = rawValue
        }

        public static let unspecified = State(rawValue: 0)
        public static let serving = State(rawValue: 1)
        /// Calls are answered, but something behind the server is gone or stale.
        public static let degraded = State(rawValue: 2)
        public static let notServing = State(rawValue: 3)

        public var description: String {
            switch self {
            case .serving: "SERVING"
            case .degraded: "DEGRADED"
            case .notServing: "NOT_SERVING"
            default: "STATE_\(rawValue)"
            }
        }
    }

    public struct Model: Equatable, Sendable {
        public var name: String
        public var version: String
        public var schemaID: UInt64
        public var threshold: Double
        /// Empty unless names were asked for.
        public var features: [String]

        public init(name: String, version: String, schemaID: UInt64, threshold: Double, features: [String]) {
            self.name = name
            self.version = version
            self.schemaID = schemaID
            self.threshold = threshold
            self.features = features
        }
    }

    public struct Features: Equatable, Sendable {
        public var customers: UInt64
        /// The feature build that is being served.
        public var generation: UInt64
        /// Seconds since 1970-01-01 00:00 on the clock of the transactions.
        public var featureTime: Int64

        public init(customers: UInt64, generation: UInt64, featureTime: Int64) {
            self.customers = customers
            self.generation = generation
            self.featureTime = featureTime
        }
    }

    public struct Store: Equatable, Sendable {
        public var kind: String
        public var reachable: Bool
        /// Since the last successful check.
        public var checkedMillisecondsAgo: UInt64

        public init(kind: String, reachable: Bool, checkedMillisecondsAgo: UInt64) {
            self.kind = kind
            self.reachable = reachable
            self.checkedMillisecondsAgo = checkedMillisecondsAgo
        }
    }

    public var state: State
    /// One line; empty when SERVING.
    public var reason: String
    public var draining: Bool
    public var serverVersion: String
    public var uptimeMilliseconds: UInt64
    /// The first is the default.
    public var models: [Model]
    /// `nil` while no features are loaded.
    public var features: Features?
    /// `nil` when the server has no store.
    public var store: Store?

    public init(
        state: State,
        reason: String,
        draining: Bool,
        serverVersion: String,
        uptimeMilliseconds: UInt64,
        models: [Model],
        features: Features?,
        store: Store?
    ) {
        self.state = state
        self.reason = reason
        self.draining = draining
        self.serverVersion = serverVersion
        self.uptimeMilliseconds = uptimeMilliseconds
        self.models = models
        self.features = features
        self.store = store
    }
}
