/// A fitted logistic regression, checked: `p = σ(intercept + Σ_j coefficient_j · (t_j(x_j) - mean_j) / scale_j)`.
///
/// Whoever holds one may rely on what `init` checks: finite numbers of bounded magnitude, scales above 0, at least one
/// input and no feature twice, a threshold in [0, 1].
package struct LogisticModel: Equatable, Sendable {
    package let name: String
    /// 1 or more; a higher one replaces a lower one.
    package let version: Int
    package let inputs: [ModelInput]
    /// Log-odds of a row whose every transformed feature is at its mean.
    package let intercept: Double
    /// Decision rule: churn when the probability is at or above this.
    package let threshold: Double
    /// Of ``inputs``; see ``schemaHash(of:)``.
    package let schemaHash: UInt64

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
        try Self.check(intercept, "intercept", at: at)
        guard threshold.isFinite else { throw .notFinite(at: at, field: "threshold", found: "\(threshold)") }
        guard (0...1).contains(threshold) else {
            throw .outOfRange(at: at, field: "threshold", expected: "a number from 0 to 1", found: "\(threshold)")
        }
        self.name = name
        self.version = version
        self.inputs = inputs
        self.intercept = intercept
        self.threshold = threshold
        self.schemaHash = ChurnModel.schemaHash(of: inputs)
    }

    private static func check(_ inputs: [ModelInput], at: String) throws(ModelError) {
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
            try check(input.mean, "\(field).mean", at: at)
            try check(input.scale, "\(field).scale", at: at)
            try check(input.coefficient, "\(field).coefficient", at: at)
            guard input.scale > 0 else {
                throw .outOfRange(
                    at: at,
                    field: "\(field).scale",
                    expected: "a number above 0",
                    found: "\(input.scale)"
                )
            }
            // The number the scorer works with: a tiny scale can carry it beyond the range of a double.
            try check(input.coefficient / input.scale, "\(field).coefficient / scale", at: at)
        }
    }

    private static func check(_ value: Double, _ field: String, at: String) throws(ModelError) {
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

extension LogisticModel {
    /// `name@version`, as a selector names it.
    package var selector: String { "\(name)@\(version)" }

    /// The decision for a probability; NaN is no churn.
    @inline(__always)
    package func isChurn(probability: Double) -> Bool {
        probability >= threshold
    }
}

/// Which names are allowed. A model's name is a folder's name too, so neither separators nor a leading dot.
enum ModelName {
    static func isModelName(_ name: String) -> Bool {
        guard let first = name.utf8.first, isLowerOrDigit(first), name.utf8.count <= ModelLimits.nameBytes else {
            return false
        }
        return name.utf8.allSatisfy { isLowerOrDigit($0) || ".-_".utf8.contains($0) }
    }

    static func isFeatureName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= ModelLimits.nameBytes && name.utf8.allSatisfy { (0x21...0x7e).contains($0) }
    }

    private static func isLowerOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

/// What a caller asks for: `NAME` or `NAME@VERSION`.
package struct ModelSelector: Equatable, Sendable {
    package var name: String
    /// nil: the highest there is.
    package var version: Int?

    package init(name: String, version: Int? = nil) {
        self.name = name
        self.version = version
    }

    /// nil when `text` is not of the form; the empty text is not.
    package init?(parsing text: String) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = parts.first.map(String.init), ModelName.isModelName(name) else { return nil }
        self.name = name
        guard parts.count == 2 else { return }
        guard let version = modelVersion(parsing: parts[1]) else { return nil }
        self.version = version
    }
}

/// A version as a folder's name spells it: decimal digits, no sign, no leading zero.
func modelVersion(parsing text: some StringProtocol) -> Int? {
    guard text.utf8.first != UInt8(ascii: "0"), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
        let version = Int(text), version <= ModelLimits.version
    else { return nil }
    return version
}
