internal import ChurnFeatures
internal import ChurnStore

/// All that answers need, as of one feature build: a set of models, and where the features of customers are for it.
/// Immutable: whoever answers replaces its reference to it, and a call keeps the one it began with.
package final class ServingSnapshot: Sendable {
    package let models: ModelSet
    /// `nil` until a feature build is loaded.
    package let features: (any FeatureSource)?
    /// The same, when they are all in memory: for dialects that read the table themselves.
    package let resident: ResidentFeatures?
    /// The feature build that answers come from, for Health; `nil` while there is none.
    package let build: Build?

    package struct Build: Sendable {
        package let generation: Int64
        package let customers: Int64
        /// Seconds since 1970-01-01 00:00 on the clock of the transactions.
        package let featureTime: Int64
    }

    /// Without a feature build, for now.
    ///
    /// - Parameter features: what can be asked all the same.
    package init(models: ModelSet, features: (any FeatureSource)? = nil) {
        self.models = models
        self.features = features
        resident = nil
        build = nil
    }

    /// With the features of all customers in memory.
    ///
    /// - Parameter table: of the layout of `models`.
    init(models: ModelSet, table: FeatureTable) {
        self.models = models
        let resident = ResidentFeatures(table: table)
        self.resident = resident
        features = resident
        build = Build(
            generation: table.generation,
            customers: Int64(table.rowCount),
            featureTime: resident.featureTime
        )
    }

    /// With features that stay in the store.
    ///
    /// - Parameter features: made for `models`.
    init(models: ModelSet, features: any FeatureSource, of newest: FeatureBuild) {
        self.models = models
        self.features = features
        resident = nil
        build = Build(
            generation: newest.generation,
            customers: newest.customers,
            featureTime: newest.context.featureTime
        )
    }
}
