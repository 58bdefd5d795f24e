/// Scores of rows by models that were fitted without any row of their customer.
package struct OutOfFold: Equatable, Sendable {
    package var l2: Double
    package var scored: ScoredRows
    package var logLoss: Double
    package var areaUnderROC: Double
}

/// Cross-validation by customer: fold = customer mod folds, so that all rows of a customer, from whatever cutoff, are in
/// one fold. Each fold's standardisation and fit see the other folds only.
package struct CrossValidation: Equatable, Sendable {
    package let folds: Int
    package let regression: LogisticRegression

    /// - Parameter regression: tolerance, iterations and threads of the fits; its penalty is not used.
    /// - Throws: `invalidSetting`.
    package init(folds: Int = 5, regression: LogisticRegression) throws(TrainingError) {
        guard (2...TrainingLimits.folds).contains(folds) else {
            throw .invalidSetting(name: "the folds", expected: "2 to \(TrainingLimits.folds)", found: "\(folds)")
        }
        self.folds = folds
        self.regression = regression
    }

    package func fold(of customer: Int64) -> Int {
        let remainder = Int(customer % Int64(folds))
        return remainder < 0 ? remainder + folds : remainder
    }

    /// Out-of-fold scores of all rows, one set for each penalty in their order.
    ///
    /// - Throws: what fitting throws; `noRows` when a fold is empty.
    package func scores(_ dataset: Dataset, l2 penalties: [Double]) throws(TrainingError) -> [OutOfFold] {
        // From the strongest penalty on, each fit starts near its end.
        let order = penalties.indices.sorted { penalties[$0] > penalties[$1] }
        var probabilities = penalties.map { _ in [Double](repeating: 0, count: dataset.rowCount) }
        for fold in 0..<folds {
            let inside = (0..<dataset.rowCount).filter { self.fold(of: dataset.customers[$0]) == fold }
            let outside = (0..<dataset.rowCount).filter { self.fold(of: dataset.customers[$0]) != fold }
            guard !inside.isEmpty, !outside.isEmpty else { throw .noRows(of: "fold \(fold)") }
            let held = try dataset.selecting(rows: inside)
            let fits = try regression.fitPath(
                try dataset.selecting(rows: outside),
                l2: order.map { penalties[$0] }
            )
            for (fit, index) in zip(fits, order) {
                for (row, probability) in zip(inside, try fit.probabilities(held)) {
                    probabilities[index][row] = probability
                }
            }
        }
        var results: [OutOfFold] = []
        for (penalty, probabilities) in zip(penalties, probabilities) {
            let scored = try ScoredRows(
                probabilities: probabilities,
                labels: dataset.labels,
                customers: dataset.customers
            )
            results.append(
                OutOfFold(
                    l2: penalty,
                    scored: scored,
                    logLoss: ProbabilityFigures(scored, counts: nil).logLoss,
                    areaUnderROC: Ranking.areaUnderROC(scored)
                )
            )
        }
        return results
    }
}
