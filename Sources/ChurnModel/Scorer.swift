/// Scores rows with a model. Its calls allocate nothing and may be made from any thread.
///
/// "Features" are raw values, "inputs" what the model's transforms make of them, both in the order of
/// `model.inputs`. One row, a batch by columns, a batch of rows and any position in them give the same bits.
///
/// A class, so that handing it on is one reference and not a copy of each of its arrays.
package final class Scorer: Sendable {
    package let model: LogisticModel
    /// Whose kernels score.
    package let level: CPULevel
    /// `w_j = coefficient_j / scale_j`: log-odds per unit of input.
    private let weights: ContiguousArray<Double>
    private let means: ContiguousArray<Double>
    private let row: ModelRow
    /// `b = intercept - Σ_j w_j mean_j`: log-odds of inputs that are all 0.
    package let bias: Double
    /// The largest magnitude of an input for which no step of scoring can overflow; about 4e307 for usual models.
    ///
    /// With W = Σ|w|, the sums of scoring stay below |b| + W · limit and those of contributions below
    /// |intercept| + W · (limit + largest mean): less than half of what a double holds, as ``ModelLimits/magnitude``
    /// bounds b, W and the means.
    package let inputLimit: Double

    /// - Parameter level: one that is available.
    package init(_ model: LogisticModel, level: CPULevel) {
        precondition(level.isAvailable, "this processor has no \(level.rawValue)")
        self.model = model
        self.level = level
        row = model.row
        weights = ContiguousArray(model.inputs.map { $0.coefficient / $0.scale })
        means = ContiguousArray(model.inputs.map(\.mean))
        // Summed in twice the precision, from the rounded weights. So the bias is rounded once, and the weights'
        // own rounding acts on x - mean, as in the contributions, not on x and mean apart.
        var sum = DoubleDouble(model.intercept)
        for (weight, mean) in zip(weights, means) { sum.subtract(product: weight, mean) }
        bias = sum.rounded
        let total = weights.reduce(1) { $0 + $1.magnitude }
        inputLimit = Double.greatestFiniteMagnitude / 4 / total
    }

    /// - Parameter level: one that is available.
    package convenience init(_ model: Model, level: CPULevel) {
        switch model {
        case .logistic(let model): self.init(model, level: level)
        }
    }

    /// Inputs of a row.
    package var inputCount: Int { weights.count }

    // MARK: One row

    /// `z = b + w_0 x_0 + w_1 x_1 + ...`, in that order, and the probability `1 / (1 + exp(-z))`, in [0, 1].
    ///
    /// - Parameter inputs: `[inputCount]`, transformed, of magnitude at most ``inputLimit``.
    @inline(__always)
    package func score(inputs: UnsafePointer<Double>) -> (logOdds: Double, probability: Double) {
        weights.withUnsafeBufferPointer { weights in
            let base = weights.baseAddress.unsafelyUnwrapped  // a model has at least one input
            return level.scoreRow(inputs: inputs, weights: base, count: weights.count, bias: bias)
        }
    }

    /// Each input's part in the log-odds, against a customer at the means of the training rows:
    /// `contributions[j] = w_j · (inputs[j] - mean_j)`.
    ///
    /// ``baseline`` plus the contributions, added in order, equals the log-odds up to ``tolerance(inputs:)``.
    ///
    /// - Parameters:
    ///   - inputs: as for ``logOdds(inputs:)``.
    ///   - contributions: `[inputCount]`, overwritten; log-odds.
    package func contributions(inputs: UnsafePointer<Double>, into contributions: UnsafeMutablePointer<Double>) {
        for j in weights.indices {
            contributions[j] = weights[j] * (inputs[j] - means[j])
        }
    }

    /// Log-odds of a row at the means: the model's intercept.
    package var baseline: Double { model.intercept }

    /// The probability that goes with ``baseline``.
    package var baselineProbability: Double {
        weights.withUnsafeBufferPointer { weights in
            let base = weights.baseAddress.unsafelyUnwrapped
            return level.scoreRow(inputs: base, weights: base, count: 0, bias: baseline).probability
        }
    }

    /// How far apart two ways of adding up one row's log-odds may be: with or without FMA, or by contributions.
    ///
    /// `4u (|b| + Σ|w x| + Σ|w mean|)(terms + 1)` with u = 2^-53. Without contributions the sum over the means is not
    /// needed; with them it is, since they are rounded on the scale of `w mean` even where all `x` are 0.
    package func tolerance(inputs: UnsafePointer<Double>) -> Double {
        var size = bias.magnitude
        for j in weights.indices {
            size += (weights[j] * inputs[j]).magnitude + (weights[j] * means[j]).magnitude
        }
        return 4 * 0x1p-53 * size * Double(weights.count + 1)
    }

    // MARK: Batches

    /// Probabilities of a batch held by columns.
    ///
    /// - Parameters:
    ///   - columns: `inputCount` columns of at least `rows` inputs each.
    ///   - rows: 0 or more.
    ///   - probabilities: `[rows]`, overwritten; must not overlap a column.
    package func score(
        columns: UnsafePointer<UnsafePointer<Double>>,
        rows: Int,
        probabilities: UnsafeMutablePointer<Double>
    ) {
        precondition(rows >= 0)
        weights.withUnsafeBufferPointer { weights in
            guard let base = weights.baseAddress else { return }
            level.scoreColumns(
                columns: columns,
                weights: base,
                count: weights.count,
                bias: bias,
                rows: rows,
                probabilities: probabilities
            )
        }
    }

    /// Probabilities of rows that lie anywhere.
    ///
    /// - Parameters:
    ///   - rows: `[rowCount]`, each of `inputCount` adjacent inputs.
    ///   - probabilities: `[rowCount]`, overwritten; must not overlap the inputs.
    package func score(
        rows: UnsafePointer<UnsafePointer<Double>>,
        rowCount: Int,
        probabilities: UnsafeMutablePointer<Double>
    ) {
        precondition(rowCount >= 0)
        weights.withUnsafeBufferPointer { weights in
            guard let base = weights.baseAddress else { return }
            level.scoreRows(
                rows,
                weights: base,
                count: weights.count,
                bias: bias,
                rowCount: rowCount,
                probabilities: probabilities
            )
        }
    }

    /// The decisions for probabilities: 1 where churn, else 0.
    ///
    /// - Parameters:
    ///   - rows: 0 or more.
    ///   - decisions: `[rows]`, overwritten.
    /// - Returns: how many are 1.
    @discardableResult
    package func decide(
        probabilities: UnsafePointer<Double>,
        rows: Int,
        into decisions: UnsafeMutablePointer<UInt8>
    ) -> Int {
        let threshold = model.threshold
        var churners = 0
        for row in 0..<rows {
            let decision: UInt8 = probabilities[row] >= threshold ? 1 : 0
            decisions[row] = decision
            churners &+= Int(decision)
        }
        return churners
    }

    // MARK: From features to inputs

    /// See ``ModelRow``.
    package var needsNoTransform: Bool { row.needsNoTransform }

    /// The transform of one input.
    package func transform(ofInput index: Int) -> Transform { row.transform(ofInput: index) }

    /// Makes a row's inputs from its features. `inputs` may be `features`.
    package func transform(features: UnsafePointer<Double>, into inputs: UnsafeMutablePointer<Double>) {
        row.transform(features: features, into: inputs)
    }

    /// Makes a column of input `index` from a column of its feature. `inputs` may be `features`.
    package func transform(
        column features: UnsafePointer<Double>,
        ofInput index: Int,
        rows: Int,
        into inputs: UnsafeMutablePointer<Double>
    ) {
        row.transform(column: features, ofInput: index, rows: rows, into: inputs)
    }

    // MARK: Checks

    /// Where an input is that cannot be scored.
    package struct Position: Equatable, Sendable {
        package var row: Int
        /// Index in `model.inputs`.
        package var column: Int

        package init(row: Int, column: Int) {
            self.row = row
            self.column = column
        }
    }

    /// The first input, column by column, that is NaN, infinite or beyond ``inputLimit``; nil when all can be scored.
    ///
    /// A transform outside its domain, like the logarithm of a negative value, gives such inputs, and NaN and infinite
    /// features stay what they are: checking the inputs checks the features.
    package func firstInvalid(columns: UnsafePointer<UnsafePointer<Double>>, rows: Int) -> Position? {
        precondition(rows >= 0)
        for column in 0..<inputCount {
            let row = level.firstBeyond(limit: inputLimit, in: columns[column], count: rows)
            if row >= 0 { return Position(row: row, column: column) }
        }
        return nil
    }

    /// The index of a row's first input that cannot be scored, or nil; see ``firstInvalid(columns:rows:)``.
    package func firstInvalid(inputs: UnsafePointer<Double>) -> Int? {
        row.firstInvalid(inputs: inputs, limit: inputLimit, level: level)
    }
}
