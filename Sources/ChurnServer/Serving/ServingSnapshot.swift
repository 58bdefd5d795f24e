internal import ChurnFeatures
internal import ChurnModel

/// All that answers need, as of one feature build: models, and a table of their inputs for every customer. Immutable; a
/// new build makes a new snapshot, and each event loop swaps its reference to it.
final class ServingSnapshot: Sendable {
    /// The first is the default; never empty.
    let models: [ServedModel]
    /// `nil` until a feature build is loaded.
    let resident: ResidentFeatures?
    /// The short way to the default model's answers, where there is one.
    let plainRoute: PlainRoute?

    /// - Parameter table: of the layout that the models were made with.
    init(models: [ServedModel], table: FeatureTable?) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        self.models = models
        let resident = table.map { ResidentFeatures(table: $0) }
        self.resident = resident
        plainRoute = resident.flatMap { PlainRoute($0, served: models[0]) }
    }

    /// - Parameter selector: NUL-terminated: empty for the default, a name, or "name@version".
    /// - Returns: the model's position in `models`, or `nil` for one that is not served.
    func modelIndex(_ selector: UnsafePointer<CChar>) -> Int? {
        if selector[0] == 0 { return 0 }
        return models.firstIndex { $0.matches(selector) }
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
        featureTime = table.context.asOfMinute * 60
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
