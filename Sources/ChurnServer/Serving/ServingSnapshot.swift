internal import ChurnFeatures
internal import ChurnModel
internal import ChurnStore

/// All that answers need, as of one feature build: models, and a table of their inputs for every customer. Immutable; a
/// new build makes a new snapshot, and each event loop swaps its reference to it.
final class ServingSnapshot: Sendable {
    /// The first is the default; never empty.
    let models: [ServedModel]
    /// `nil` until a feature build is loaded, and when customers are looked up in the store.
    let resident: ResidentFeatures?
    /// The feature build that answers come from, for Health; `nil` while there is none.
    let build: Build?
    /// The short way to the default model's answers, where there is one.
    let plainRoute: PlainRoute?

    struct Build: Sendable {
        let generation: Int64
        let customers: Int64
        /// Seconds since 1970-01-01 00:00 on the clock of the transactions.
        let featureTime: Int64
    }

    /// Without features, for now.
    ///
    /// - Parameter models: not empty.
    init(models: [ServedModel]) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        self.models = models
        resident = nil
        build = nil
        plainRoute = nil
    }

    /// With the features of all customers.
    ///
    /// - Parameters:
    ///   - models: not empty.
    ///   - table: of the layout that the models were made with.
    init(models: [ServedModel], table: FeatureTable) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        self.models = models
        let resident = ResidentFeatures(table: table)
        self.resident = resident
        build = Build(
            generation: table.generation,
            customers: Int64(table.rowCount),
            featureTime: resident.featureTime
        )
        plainRoute = PlainRoute(resident, served: models[0])
    }

    /// With features that stay in the store.
    ///
    /// - Parameter models: not empty.
    init(models: [ServedModel], inStore newest: FeatureBuild) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        self.models = models
        resident = nil
        build = Build(
            generation: newest.generation,
            customers: newest.customers,
            featureTime: newest.context.featureTime
        )
        plainRoute = nil
    }

    /// - Parameter selector: NUL-terminated: empty for the default, a name, or "name@version".
    /// - Returns: the model's position in `models`, or `nil` for one that is not served.
    func modelIndex(_ selector: UnsafePointer<CChar>) -> Int? {
        if selector[0] == 0 { return 0 }
        return models.firstIndex { $0.matches(selector) }
    }

    /// - Throws: what to tell a caller who wants a model that is not served.
    func requireModel(_ selector: UnsafePointer<CChar>) throws(CallFailure) -> Int {
        guard let index = modelIndex(selector) else { throw .unknownModel(selector, serving: self) }
        return index
    }
}

/// A feature build in memory, in rows of a ``ResidentLayout``.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it; the C strings are freed by `deinit`.
final class ResidentFeatures: @unchecked Sendable {
    let table: FeatureTable
    private let segmentNames: [UnsafeMutablePointer<CChar>]
    /// As-of time of the features, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    let featureTime: Int64

    init(table: FeatureTable) {
        self.table = table
        featureTime = table.context.featureTime
        segmentNames = table.segmentNames.map { copyOfCString($0) }
    }

    deinit {
        for name in segmentNames { name.deallocate() }
    }

    /// NUL-terminated name of a row's segment; `nil` when it has none.
    func segment(row: Int) -> UnsafePointer<CChar>? {
        table.segment(row: row).map(segmentName)
    }

    /// NUL-terminated name of a segment, by its position in the table's names.
    func segmentName(_ index: Int) -> UnsafePointer<CChar> {
        UnsafePointer(segmentNames[index])
    }
}
