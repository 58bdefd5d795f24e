/// A fitted logistic regression, checked: `p = σ(intercept + Σ_j coefficient_j · (t_j(x_j) - mean_j) / scale_j)`.
///
/// Whoever holds one may rely on what `init` checks: what ``ModelHeader`` checks, finite numbers of bounded magnitude, and
/// scales above 0.
package struct LogisticModel: Equatable, HeadedModel {
    package let header: ModelHeader
    /// The header's inputs, each with its numbers.
    package let inputs: [ModelInput]
    /// Log-odds of a row whose every transformed feature is at its mean.
    package let intercept: Double
    /// The header's, in reach of each decision without a copy of the header.
    package let threshold: Double

    /// - Parameter source: named in errors; `model NAME@VERSION` when nil.
    /// - Throws: the first ``ModelError`` found.
    package init(
        name: String,
        version: Int,
        inputs: [ModelInput],
        intercept: Double,
        threshold: Double,
        source: String? = nil
    ) throws(ModelError) {
        let header = try ModelHeader(
            name: name,
            version: version,
            inputs: inputs.map(\.definition),
            threshold: threshold,
            source: source
        )
        try self.init(header, terms: inputs.map(\.term), intercept: intercept, source: source)
    }

    /// - Parameter terms: one for each input of the header's row.
    init(_ header: ModelHeader, terms: [LogisticTerm], intercept: Double, source: String?) throws(ModelError) {
        precondition(terms.count == header.row.count, "a term for each input")
        let at = source ?? "model \(header.name)@\(header.version)"
        for (index, term) in terms.enumerated() { try term.check("inputs[\(index)]", at: at) }
        try ModelHeader.check(intercept, "intercept", at: at)
        self.header = header
        self.intercept = intercept
        threshold = header.threshold
        inputs = zip(header.row.inputs, terms).map { ModelInput($0, $1) }
    }
}

/// The numbers of one input of a logistic regression.
package struct LogisticTerm: Equatable, Sendable {
    /// Of the transformed feature, over the training rows.
    package var mean: Double
    /// Standard deviation of the transformed feature over the training rows; above 0.
    package var scale: Double
    /// Log-odds per standard deviation.
    package var coefficient: Double

    package init(mean: Double, scale: Double, coefficient: Double) {
        self.mean = mean
        self.scale = scale
        self.coefficient = coefficient
    }

    fileprivate func check(_ field: String, at: String) throws(ModelError) {
        try ModelHeader.check(mean, "\(field).mean", at: at)
        try ModelHeader.check(scale, "\(field).scale", at: at)
        try ModelHeader.check(coefficient, "\(field).coefficient", at: at)
        guard scale > 0 else {
            throw .outOfRange(at: at, field: "\(field).scale", expected: "a number above 0", found: "\(scale)")
        }
        // The number the scorer works with: a tiny scale can carry it beyond the range of a double.
        try ModelHeader.check(coefficient / scale, "\(field).coefficient / scale", at: at)
    }
}

/// One input of a logistic regression: what it is made of, and its numbers.
package struct ModelInput: Equatable, Sendable {
    package var definition: InputDefinition
    package var term: LogisticTerm

    package init(_ definition: InputDefinition, _ term: LogisticTerm) {
        self.definition = definition
        self.term = term
    }

    package init(feature: String, transform: Transform = .identity, mean: Double, scale: Double, coefficient: Double) {
        definition = InputDefinition(feature, transform)
        term = LogisticTerm(mean: mean, scale: scale, coefficient: coefficient)
    }

    package var feature: String { definition.feature }
    package var transform: Transform {
        get { definition.transform }
        set { definition.transform = newValue }
    }
    package var mean: Double {
        get { term.mean }
        set { term.mean = newValue }
    }
    package var scale: Double { term.scale }
    package var coefficient: Double { term.coefficient }
}
