internal import ChurnBase
package import ChurnCalls
package import ChurnModel

/// A model ready to answer: its scorer, where its inputs stand in a row, and its identity as C strings,
/// which are made once so that an answer copies no `String`.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it; the C strings are freed by `deinit`.
package final class ServedModel: @unchecked Sendable {
    package let model: LogisticModel
    package let scorer: Scorer
    /// Where its inputs stand in a row of its model set, and the feature of each.
    package let inputColumns: Range<Int>
    package let featureColumns: [Int]
    package let identity: ModelIdentityView
    /// NUL-terminated names of the inputs.
    package let names: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>
    /// Of everything that its answers depend on: another model under the same name and version has another.
    package let contentHash: UInt64
    private let selector: UnsafeMutablePointer<CChar>
    private let ownedStrings: [UnsafeMutablePointer<CChar>]

    init(_ model: LogisticModel, columns: ModelSet.Columns, level: CPULevel) {
        self.model = model
        scorer = Scorer(model, level: level)
        inputColumns = columns.inputs
        featureColumns = columns.features

        var owned: [UnsafeMutablePointer<CChar>] = []
        func copy(_ text: String) -> UnsafeMutablePointer<CChar> {
            let start = copyOfCString(text)
            owned.append(start)
            return start
        }
        identity = ModelIdentityView(
            name: copy(model.name),
            version: copy(String(model.version)),
            schemaID: model.schemaHash,
            threshold: model.threshold
        )
        selector = copy(model.selector)
        contentHash = Self.contentHash(of: model, level: level)
        let names = UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: model.inputs.count)
        _ = names.initialize(from: model.inputs.map { copy($0.feature) })
        self.names = UnsafeBufferPointer(names)
        ownedStrings = owned
    }

    deinit {
        names.deallocate()
        for string in ownedStrings { string.deallocate() }
    }

    private static func contentHash(of model: LogisticModel, level: CPULevel) -> UInt64 {
        var hash = StableHash()
        hash.combine(text: model.selector)
        // The names and transforms of its inputs.
        hash.combine(model.schemaHash)
        hash.combine(model.threshold.bitPattern)
        hash.combine(model.intercept.bitPattern)
        for input in model.inputs {
            hash.combine(input.mean.bitPattern)
            hash.combine(input.scale.bitPattern)
            hash.combine(input.term.coefficient.bitPattern)
        }
        // The last bits of a probability.
        hash.combine(text: level.rawValue)
        return hash.value
    }

    package var inputCount: Int { featureColumns.count }

    /// - Parameter row: of the layout that this model was made with.
    @inline(__always)
    func score(row: UnsafePointer<Double>) -> (logOdds: Double, probability: Double) {
        scorer.score(inputs: row + inputColumns.lowerBound)
    }

    /// The answer to a batch whose rows are scored; it points into `scratch`.
    func batchAnswer(rows: Int, _ scratch: BatchScratch, hasStatuses: Bool, featureTime: Int64) -> PredictBatchAnswer {
        batchAnswer(
            rows: rows,
            probabilities: scratch.probabilities,
            decisions: scratch.decisions,
            statuses: hasStatuses ? scratch.statuses : nil,
            featureTime: featureTime
        )
    }

    /// The answer to a batch whose rows are scored; it points into the buffers, which have room for `rows` or more.
    ///
    /// - Parameters:
    ///   - rows: 1 or more.
    ///   - probabilities: NaN, a row without a prediction, is no churner.
    ///   - decisions: overwritten.
    ///   - statuses: `nil` when every row is OK.
    func batchAnswer(
        rows: Int,
        probabilities: UnsafeMutableBufferPointer<Double>,
        decisions: UnsafeMutableBufferPointer<UInt8>,
        statuses: UnsafeMutableBufferPointer<UInt8>?,
        featureTime: Int64
    ) -> PredictBatchAnswer {
        let churners = scorer.decide(
            probabilities: probabilities.baseAddress.unsafelyUnwrapped,
            rows: rows,
            into: decisions.baseAddress.unsafelyUnwrapped
        )
        return PredictBatchAnswer(
            probabilities: UnsafeBufferPointer(rebasing: probabilities[..<rows]),
            decisions: UnsafeBufferPointer(rebasing: decisions[..<(churners > 0 ? rows : 0)]),
            statuses: statuses.map { UnsafeBufferPointer(rebasing: $0[..<rows]) }
                ?? UnsafeBufferPointer(start: nil, count: 0),
            featureTime: featureTime
        )
    }

    /// Whether `text` (NUL-terminated) is the model's name, or its "name@version".
    func matches(_ text: UnsafePointer<CChar>) -> Bool {
        equal(text, identity.name) || equal(text, UnsafePointer(selector))
    }
}

/// Whether two NUL-terminated strings are byte for byte the same.
func equal(_ a: UnsafePointer<CChar>, _ b: UnsafePointer<CChar>) -> Bool {
    var index = 0
    while a[index] == b[index] {
        if a[index] == 0 { return true }
        index += 1
    }
    return false
}
