internal import ChurnCalls
package import ChurnFeatures
internal import ChurnModel
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
    /// Models that cannot score the customers of this build, since it has no products. They score rows that a call
    /// brings with it all the same.
    package let withheld: [WithheldModel]

    package struct Build: Sendable {
        package let generation: Int64
        package let customers: Int64
        /// Seconds since 1970-01-01 00:00 on the clock of the transactions.
        package let featureTime: Int64
        /// Tells builds apart, and segmentations of one build.
        package let identity: UInt64
    }

    /// Without a feature build, for now.
    ///
    /// - Parameter features: what can be asked all the same.
    package init(models: ModelSet, features: (any FeatureSource)? = nil) {
        self.models = models
        self.features = features
        resident = nil
        build = nil
        withheld = []
    }

    /// With the features of all customers in memory.
    ///
    /// - Parameter table: of the layout of `models`.
    package init(models: ModelSet, table: FeatureTable) {
        self.models = models
        let resident = ResidentFeatures(table: table)
        self.resident = resident
        features = resident
        withheld = table.hasProducts ? [] : models.readingProducts
        build = Build(
            generation: table.generation,
            customers: Int64(table.rowCount),
            featureTime: resident.featureTime,
            identity: table.identity
        )
    }

    /// With features that stay in the store.
    ///
    /// - Parameters:
    ///   - features: made for `models`.
    ///   - hasProducts: whether any customer of the build has a product.
    init(models: ModelSet, features: any FeatureSource, of newest: FeatureBuild, hasProducts: Bool) {
        self.models = models
        self.features = features
        resident = nil
        withheld = hasProducts ? [] : models.readingProducts
        build = Build(
            generation: newest.generation,
            customers: newest.customers,
            featureTime: newest.context.featureTime,
            identity: newest.identity
        )
    }

    /// - Throws: where the model cannot score the customers of the build.
    func requireFeatures(of served: ServedModel) throws(CallFailure) {
        guard !withheld.isEmpty, let withheld = withheld.first(where: { $0.model === served }) else { return }
        throw CallFailure(code: .failedPrecondition, message: withheld.reason)
    }

    /// Whether calls for the customers of this build are answered by that model.
    package func answers(by served: ServedModel) -> Bool { !withheld.contains { $0.model === served } }
}

/// A model of a set that a build lacks features of.
package struct WithheldModel: Sendable {
    package let model: ServedModel
    package let features: [String]

    /// One line for callers: what is wrong and the next step.
    package var reason: String {
        "the model \(model.model.selector) reads \(features.joined(separator: ", ")), and the transactions name no "
            + "products; train one without these, or ingest files that have a column with the product"
    }
}
