// Re-exported: the messages of this module are made of its types.
@_exported public import ChurnCalls

/// A prediction for one customer.
public struct Prediction: Equatable, Sendable {
    /// 0 for a customer whose id is a text.
    public var customerID: Int64
    /// The text that the customer was asked for by, as the server understood it: without blanks at its ends, of a number
    /// its digits. `nil` when it was asked for by number.
    public var customer: String?
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
        customer: String? = nil,
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
        self.customer = customer
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

    /// OK, or NOT_FOUND for a customer the server does not know, or INVALID_ARGUMENT for a text that is no customer's id.
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

/// A request as a client makes it. The call id is given when it is sent.
package struct Request: Sendable {
    package enum Method: Sendable {
        case predictByID(customer: Int64, contributions: Bool, names: Bool)
        case predictByText(customer: String, contributions: Bool, names: Bool)
        case predictBatchByIDs([Int64])
        case predictBatchByTexts([String])
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
