/// What a store is opened for.
package enum StoreAccess: Equatable, Sendable {
    /// To read. Never creates or migrates anything.
    case read
    /// To write to a store that must be there already.
    case update
    /// To write; creates the store, and the directory it lies in, when there is none.
    case create
}

/// A store of all, as this program opens them.
package typealias Store = TransactionStore & FeatureStore & PredictionStore
