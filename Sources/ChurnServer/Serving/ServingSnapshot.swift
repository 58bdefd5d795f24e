internal import ChurnFeatures
internal import ChurnModel

/// All that answers need, as of one feature build: models, the feature table, and each model's inputs for every
/// customer. Immutable; a new build makes a new snapshot, and each event loop swaps its reference to it.
final class ServingSnapshot: Sendable {
    /// The first is the default; never empty.
    let models: [ServedModel]
    /// `nil` until a feature build is loaded. Its inputs stand beside the models, in the same order.
    let resident: ResidentFeatures?
    /// The short way to the default model's answers, where there is one.
    let plainRoute: PlainRoute?

    init(models: [ServedModel], table: FeatureTable?) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        self.models = models
        let resident = table.map { ResidentFeatures(table: $0, models: models) }
        self.resident = resident
        plainRoute = resident.flatMap { PlainRoute($0, inputs: $0.inputs[0], served: models[0]) }
    }

    /// - Parameter selector: NUL-terminated: empty for the default, a name, or "name@version".
    /// - Returns: the model's position in `models`, or `nil` for one that is not served.
    func modelIndex(_ selector: UnsafePointer<CChar>) -> Int? {
        if selector[0] == 0 { return 0 }
        return models.firstIndex { $0.matches(selector) }
    }
}

/// A feature build in memory, with the transformed inputs of every model.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it; the C strings are freed by `deinit`.
final class ResidentFeatures: @unchecked Sendable {
    let table: FeatureTable
    /// One a model.
    let inputs: [ModelInputs]
    private let segmentNames: [UnsafeMutablePointer<CChar>]
    /// As-of time of the features, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    let featureTime: Int64

    init(table: FeatureTable, models: [ServedModel]) {
        self.table = table
        inputs = models.map { ModelInputs(model: $0, table: table) }
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

/// The inputs of one model for every row of a table, row-major and transformed (standardisation is in the weights), so
/// that a score reads one or two cache lines.
///
/// `@unchecked Sendable`: written by `init` and only read after it.
final class ModelInputs: @unchecked Sendable {
    let stride: Int
    private let values: UnsafeMutablePointer<Double>

    init(model: ServedModel, table: FeatureTable) {
        stride = model.inputCount
        values = .allocate(capacity: max(1, table.rowCount * stride))
        for row in 0..<table.rowCount {
            let features = table.features(row: row)
            let out = values + row * stride
            for (position, index) in model.featureIndices.enumerated() {
                out[position] = model.scorer.transform(ofInput: position)(features[index])
            }
        }
    }

    deinit {
        values.deallocate()
    }

    /// The inputs of one row: `stride` doubles.
    ///
    /// - Precondition: `row` is a row of the table.
    @inline(__always)
    func row(_ row: Int) -> UnsafePointer<Double> {
        UnsafePointer(values + row * stride)
    }
}
