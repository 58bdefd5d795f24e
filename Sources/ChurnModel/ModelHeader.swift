/// What all families of models have in common, checked: a name, a version, the row that the model reads, and a threshold.
package struct ModelHeader: Equatable, Sendable {
    package let name: String
    /// 1 or more; a higher one replaces a lower one.
    package let version: Int
    /// At least one input, and no feature twice.
    package let row: ModelRow
    /// Decision rule: churn when the probability is at or above this; in [0, 1].
    package let threshold: Double

    /// - Parameter source: named in errors; `model NAME@VERSION` when nil.
    /// - Throws: the first ``ModelError`` found.
    package init(
        name: String,
        version: Int,
        inputs: [InputDefinition],
        threshold: Double,
        source: String? = nil
    ) throws(ModelError) {
        let at = source ?? "model \(name)@\(version)"
        guard ModelName.isModelName(name) else { throw .invalidName(at: at, field: "name", found: name) }
        guard (1...ModelLimits.version).contains(version) else {
            throw .outOfRange(
                at: at,
                field: "version",
                expected: "a whole number from 1 to \(ModelLimits.version)",
                found: "\(version)"
            )
        }
        try Self.check(inputs, at: at)
        guard threshold.isFinite else { throw .notFinite(at: at, field: "threshold", found: "\(threshold)") }
        guard (0...1).contains(threshold) else {
            throw .outOfRange(at: at, field: "threshold", expected: "a number from 0 to 1", found: "\(threshold)")
        }
        self.name = name
        self.version = version
        self.threshold = threshold
        row = ModelRow(inputs)
    }

    private static func check(_ inputs: [InputDefinition], at: String) throws(ModelError) {
        guard !inputs.isEmpty else { throw .noInputs(at: at) }
        guard inputs.count <= ModelLimits.inputs else {
            throw .tooManyInputs(at: at, limit: ModelLimits.inputs, found: inputs.count)
        }
        var seen: Set<String> = []
        for (index, input) in inputs.enumerated() {
            let field = "inputs[\(index)]"
            guard ModelName.isFeatureName(input.feature) else {
                throw .invalidName(at: at, field: "\(field).feature", found: input.feature)
            }
            guard seen.insert(input.feature).inserted else { throw .duplicateInput(at: at, feature: input.feature) }
            if case .log(let offset) = input.transform { try check(offset, "\(field).offset", at: at) }
        }
    }

    /// That a number of a model is finite, and of bounded magnitude.
    static func check(_ value: Double, _ field: String, at: String) throws(ModelError) {
        guard value.isFinite else { throw .notFinite(at: at, field: field, found: "\(value)") }
        guard value.magnitude <= ModelLimits.magnitude else {
            throw .outOfRange(
                at: at,
                field: field,
                expected: "a magnitude of at most \(ModelLimits.magnitude)",
                found: "\(value)"
            )
        }
    }
}

/// A model of one family or of any: what its header says of it.
package protocol HeadedModel: Sendable {
    var header: ModelHeader { get }
}

extension HeadedModel {
    package var name: String { header.name }
    package var version: Int { header.version }
    package var row: ModelRow { header.row }
    package var threshold: Double { header.threshold }
    /// Of the row; see ``schemaHash(of:)``.
    package var schemaHash: UInt64 { header.row.schemaHash }
    /// `name@version`, as a selector names it.
    package var selector: String { "\(header.name)@\(header.version)" }

    /// The decision for a probability; NaN is no churn.
    package func isChurn(probability: Double) -> Bool { probability >= header.threshold }
}
