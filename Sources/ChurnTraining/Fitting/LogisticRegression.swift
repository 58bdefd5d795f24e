/// Fits a logistic regression with an L2 penalty to its exact optimum.
///
/// Minimises over the weights `w` of the standardised inputs `x'` and the intercept `b`, which is not penalised:
/// `Σ_r [ln(1 + exp(z_r)) - y_r z_r] + λ/2 |w|²`, `z_r = b + w · x'_r`. This is scikit-learn's objective with C = 1/λ.
///
/// Newton's method (iteratively reweighted least squares) with a backtracking line search. The same data and settings
/// give the same bits, whatever the number of threads: see `StandardisedRows.evaluate`.
///
/// - Source: Hastie, Tibshirani, Friedman, The Elements of Statistical Learning, 2nd ed., 4.4.1; line search: Nocedal,
///   Wright, Numerical Optimization, 2nd ed., algorithm 3.1.
package struct LogisticRegression: Equatable, Sendable {
    /// λ, 0 or more. In units of the loss: the loss of a row is added up, not averaged.
    package let l2: Double
    /// Largest magnitude of an element of the objective's gradient at the end. Where the sum over the rows cannot be
    /// computed that well (beyond some 450,000 rows), rows times 2^-52 takes its place; and a fit also ends when no weight
    /// moves by more than 2^-46 of itself. `FittedLogistic.gradientNorm` tells what was reached.
    package let tolerance: Double
    package let maxIterations: Int
    package let threads: Int

    /// - Throws: `invalidSetting`.
    package init(
        l2: Double = 1,
        tolerance: Double = 1e-10,
        maxIterations: Int = 100,
        threads: Int = 1
    ) throws(TrainingError) {
        guard l2 >= 0, l2 <= 1e15 else {
            throw .invalidSetting(name: "the penalty", expected: "a number from 0 to 1e15", found: "\(l2)")
        }
        guard tolerance > 0, tolerance <= 1 else {
            throw .invalidSetting(name: "the tolerance", expected: "a number above 0, at most 1", found: "\(tolerance)")
        }
        guard (1...10_000).contains(maxIterations) else {
            throw .invalidSetting(name: "the iterations", expected: "1 to 10000", found: "\(maxIterations)")
        }
        try Self.check(threads: threads)
        self.l2 = l2
        self.tolerance = tolerance
        self.maxIterations = maxIterations
        self.threads = threads
    }

    package static func check(threads: Int) throws(TrainingError) {
        guard (1...TrainingLimits.threads).contains(threads) else {
            throw .invalidSetting(
                name: "the number of threads",
                expected: "1 to \(TrainingLimits.threads)",
                found: "\(threads)"
            )
        }
    }

    /// - Throws: `TrainingError`: `oneClass`; without a penalty `collinear` and `separable`; `notConverged`;
    ///   `unusableValue` when a column's spread is too small for a double.
    /// - Complexity: O(R C²) an iteration, usually 5 to 12 of them.
    package func fit(_ dataset: Dataset) throws(TrainingError) -> FittedLogistic {
        try fit(StandardisedRows(dataset, threads: threads), startingAt: nil)
    }

    /// One fit for each penalty, in their order, from one standardisation; each starts where the one before it ended.
    ///
    /// - Parameter l2: descending is fastest.
    package func fitPath(_ dataset: Dataset, l2 penalties: [Double]) throws(TrainingError) -> [FittedLogistic] {
        let rows = try StandardisedRows(dataset, threads: threads)
        var fits: [FittedLogistic] = []
        for penalty in penalties {
            let regression = try LogisticRegression(
                l2: penalty,
                tolerance: tolerance,
                maxIterations: maxIterations,
                threads: threads
            )
            fits.append(try regression.fit(rows, startingAt: fits.last?.weights))
        }
        return fits
    }

    func fit(
        _ rows: StandardisedRows,
        startingAt start: [Double]?
    ) throws(TrainingError) -> FittedLogistic {
        guard rows.positiveCount > 0, rows.positiveCount < rows.rowCount else {
            throw .oneClass(isChurn: rows.positiveCount > 0, rows: rows.rowCount)
        }
        let end = try NewtonRun(rows, self).run(startingAt: start)
        return FittedLogistic(
            inputs: rows.inputs,
            means: rows.means,
            scales: rows.scales,
            weights: end.weights,
            l2: l2,
            objective: end.value.loss,
            gradientNorm: end.value.gradientNorm,
            hessian: end.value.hessian,
            iterations: end.iterations,
            rowCount: rows.rowCount,
            positiveCount: rows.positiveCount
        )
    }
}
