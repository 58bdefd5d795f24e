/// How much worse a model gets when one input's values are dealt out at random among the rows.
///
/// - Source: Breiman, "Random Forests" (2001, doi 10.1023/A:1010933404324), section 10.
package struct PermutationImportance: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var input: String
        /// Mean over the repeats of the AUC lost, and the standard deviation (n - 1) of the repeats.
        package var areaLost: Double
        package var areaDeviation: Double
        /// Mean over the repeats of the log-loss gained, and the standard deviation (n - 1) of the repeats.
        package var lossGained: Double
        package var lossDeviation: Double
    }

    /// In the order of the inputs.
    package let rows: [Row]

    /// - Parameters:
    ///   - dataset: rows that the model was not fitted to.
    ///   - repeats: 2 to 1,000.
    /// - Throws: `invalidSetting`, `wrongShape`, `oneClass`.
    package init(
        _ fit: FittedLogistic,
        on dataset: Dataset,
        repeats: Int = 20,
        seed: UInt64 = 1,
        threads: Int = 1
    ) throws(TrainingError) {
        guard (2...1_000).contains(repeats) else {
            throw .invalidSetting(name: "the repeats", expected: "2 to 1000", found: "\(repeats)")
        }
        try LogisticRegression.check(threads: threads)
        let whole = try Self.figures(fit, dataset)
        let trials = Workers.map(items: fit.inputs.count * repeats, threads: threads) { trial in
            Result { () throws(TrainingError) in
                try Self.figures(
                    fit,
                    Self.permuted(dataset, input: trial / repeats, seed: seed, stream: trial)
                )
            }
        }
        var rows: [Row] = []
        for (index, input) in fit.inputs.enumerated() {
            var areas: [Double] = []
            var losses: [Double] = []
            for trial in trials[(index * repeats)..<((index + 1) * repeats)] {
                let figures = try trial.get()
                areas.append(whole.area - figures.area)
                losses.append(figures.logLoss - whole.logLoss)
            }
            rows.append(
                Row(
                    input: input,
                    areaLost: Self.mean(areas),
                    areaDeviation: Self.deviation(areas),
                    lossGained: Self.mean(losses),
                    lossDeviation: Self.deviation(losses)
                )
            )
        }
        self.rows = rows
    }

    private static func figures(
        _ fit: FittedLogistic,
        _ dataset: Dataset
    ) throws(TrainingError) -> (area: Double, logLoss: Double) {
        let scored = try ScoredRows(
            probabilities: fit.probabilities(dataset),
            labels: dataset.labels,
            customers: dataset.customers
        )
        return (Ranking.areaUnderROC(scored), ProbabilityFigures(scored, counts: nil).logLoss)
    }

    private static func permuted(
        _ dataset: Dataset,
        input: Int,
        seed: UInt64,
        stream: Int
    ) throws(TrainingError) -> Dataset {
        let random = CounterRandom(seed: seed, .permutation, stream: stream)
        var values = dataset.values
        let start = input * dataset.rowCount
        for row in (1..<max(2, dataset.rowCount)).reversed() where row < dataset.rowCount {
            values.swapAt(start + row, start + random.integer(row, below: row + 1))
        }
        return try Dataset(
            inputs: dataset.inputs,
            values: values,
            labels: dataset.labels,
            customers: dataset.customers
        )
    }

    private static func mean(_ values: [Double]) -> Double {
        values.reduce(0, +) / Double(values.count)
    }

    private static func deviation(_ values: [Double]) -> Double {
        let mean = mean(values)
        return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)).squareRoot()
    }
}
