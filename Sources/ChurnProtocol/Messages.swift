/// A prediction for one customer.
public struct Prediction: Equatable, Sendable {
    public var customerID: Int64
    /// Of churn, in [0, 1].
    public var probability: Double
    /// `probability` is `1 / (1 + exp(-logOdds))`.
    public var logOdds: Double
    /// The decision: `probability >= threshold`.
    public var isChurn: Bool
    public var threshold: Double
    /// The features the model read, before any transform, in the order of its schema.
    public var features: [Double]
    /// One name a feature; empty unless names were asked for.
    public var featureNames: [String]
    /// Log-odds each feature adds to `baseline`; empty unless contributions were asked for.
    public var contributions: [Double]
    public var baseline: Double
    public var model: ModelIdentity
    /// Seconds since 1970-01-01 00:00 on the clock of the transactions: the features hold what happened before it.
    public var featureTime: Int64
    /// Empty when customers are not segmented.
    public var segment: String

    public init(
        customerID: Int64,
        probability: Double,
        logOdds: Double,
        isChurn: Bool,
        threshold: Double,
        features: [Double],
        featureNames: [String],
        contributions: [Double],
        baseline: Double,
        model: ModelIdentity,
        featureTime: Int64,
        segment: String
    ) {
        self.customerID = customerID
        self.probability = probability
        self.logOdds = logOdds
        self.isChurn = isChurn
        self.threshold = threshold
        self.features = features
        self.featureNames = featureNames
        self.contributions = contributions
        self.baseline = baseline
        self.model = model
        self.featureTime = featureTime
        self.segment = segment
    }
}

/// Predictions for many rows, one element a row in the order of the request.
public struct BatchPrediction: Equatable, Sendable {
    /// NaN where the row's status is not OK.
    public var probabilities: [Double]
    /// Empty when no row is a churner; see `isChurn(row:)`.
    public var decisions: [UInt8]
    /// Empty when every row is OK; see `status(row:)`.
    public var statuses: [UInt8]
    public var threshold: Double
    public var model: ModelIdentity
    /// As in `Prediction`; 0 when the features came with the request.
    public var featureTime: Int64

    public init(
        probabilities: [Double],
        decisions: [UInt8],
        statuses: [UInt8],
        threshold: Double,
        model: ModelIdentity,
        featureTime: Int64
    ) {
        self.probabilities = probabilities
        self.decisions = decisions
        self.statuses = statuses
        self.threshold = threshold
        self.model = model
        self.featureTime = featureTime
    }

    /// The decision for one row; `false` for a row that has no prediction.
    public func isChurn(row: Int) -> Bool {
        decisions.indices.contains(row) && decisions[row] != 0
    }

    /// OK, or NOT_FOUND for a customer the server does not know.
    public func status(row: Int) -> StatusCode {
        statuses.indices.contains(row) ? StatusCode(rawValue: Int32(statuses[row])) : .ok
    }
}

/// Which model answered.
public struct ModelIdentity: Hashable, Sendable {
    public var name: String
    public var version: String
    /// Names the features and their order; the names behind it are in `HealthReport`.
    public var schemaID: UInt64

    public init(
        name: String,
        version: String,
        schemaID: UInt64
    ) {
        self.name = name
        self.version = version
        self.schemaID = schemaID
    }
}

/// One column of a batch: the values of one feature, one a row.
public struct FeatureColumn: Equatable, Sendable {
    public var name: String
    public var values: [Double]

    public init(name: String, values: [Double]) {
        self.name = name
        self.values = values
    }
}

/// What a server says of itself.
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

/// A request as a client makes it. The call id is given when it is sent.
package struct Request: Sendable {
    package enum Method: Sendable {
        case predictByID(customer: Int64, contributions: Bool, names: Bool)
        case predictBatchByIDs([Int64])
        case predictBatchByColumns([FeatureColumn])
        case health(names: Bool)
    }

    /// Empty: the server's default model.
    package var model: String
    package var method: Method

    package init(model: String = "", method: Method) {
        self.model = model
        self.method = method
    }
}

/// A response as a client reads it.
package struct Response: Sendable {
    package enum Result: Sendable {
        case predictByID(Prediction)
        case predictBatch(BatchPrediction)
        case health(HealthReport)
        case drainingNotice
        /// A result that this version does not know, or none.
        case none
    }

    /// 0 for a notice.
    package var callID: UInt64
    package var status: StatusCode
    package var message: String
    /// The call was surely not begun: it may be sent again.
    package var notProcessed: Bool
    package var result: Result
}
