/// An estimate with a percentile interval.
package struct Interval: Equatable, Sendable {
    /// Of the rows themselves, not the mean of the resamples.
    package var estimate: Double
    package var lower: Double
    package var upper: Double
}

/// Intervals by resampling customers with replacement; all rows of a customer come together.
///
/// A resample's rows depend on the seed and its number only, so any number of threads gives the same intervals. Resamples
/// without both classes are drawn again.
///
/// - Source: Efron, Tibshirani, An Introduction to the Bootstrap (1993), 13.3 (percentile interval); quantiles by linear
///   interpolation.
package struct Bootstrap: Equatable, Sendable {
    package let resamples: Int
    package let seed: UInt64
    /// Share of the resamples inside the interval.
    package let confidence: Double
    package let threads: Int

    /// - Throws: `invalidSetting`.
    package init(
        resamples: Int = 1_000,
        seed: UInt64 = 1,
        confidence: Double = 0.95,
        threads: Int = 1
    ) throws(TrainingError) {
        guard (2...TrainingLimits.bootstrapResamples).contains(resamples) else {
            throw .invalidSetting(
                name: "the resamples",
                expected: "2 to \(TrainingLimits.bootstrapResamples)",
                found: "\(resamples)"
            )
        }
        guard confidence > 0, confidence < 1 else {
            throw .invalidSetting(name: "the confidence", expected: "above 0, below 1", found: "\(confidence)")
        }
        try LogisticRegression.check(threads: threads)
        self.resamples = resamples
        self.seed = seed
        self.confidence = confidence
        self.threads = threads
    }

    /// Intervals of everything in `Metrics.figures` but the counts, and with a threshold of recall, precision, accuracy
    /// and f1 at it.
    package func intervals(_ rows: ScoredRows, threshold: Double? = nil) -> [String: Interval] {
        @Sendable func figures(_ counts: [Int32]?) -> [String: Double] {
            var figures = Metrics(rows, counts: counts).figures
            for name in ["n", "positives", "distinct_scores"] { figures[name] = nil }
            if let threshold {
                let decisions = Confusion(rows, threshold: threshold, counts: counts).figures
                for name in ["accuracy", "recall", "precision", "f1"] { figures[name] = decisions[name] }
            }
            return figures
        }
        let estimates = figures(nil)
        let drawn = resampled([rows]) { counts in figures(counts[0]) }
        return estimates.reduce(into: [:]) { result, figure in
            result[figure.key] = interval(figure.value, drawn.compactMap { $0[figure.key] })
        }
    }

    /// AUC and log-loss, or differences of them.
    package struct Pair: Equatable, Sendable {
        package var areaUnderROC: Interval
        package var logLoss: Interval
    }

    /// Means over several cutoffs. A customer drawn comes with its rows of all cutoffs: they are not independent.
    ///
    /// - Throws: `noRows` when there is no cutoff.
    package func means(over cutoffs: [ScoredRows]) throws(TrainingError) -> Pair {
        guard !cutoffs.isEmpty else { throw .noRows(of: "list of cutoffs") }
        return pair(cutoffs) { counts in Self.means(cutoffs, counts) }
    }

    /// How much better the first of two models is (AUC above 0, log-loss below 0), both scored on the same rows in the same
    /// order: each resample's rows are those of both.
    ///
    /// - Throws: `wrongShape` when the rows (labels, customers) are not the same.
    package func difference(_ first: ScoredRows, minus second: ScoredRows) throws(TrainingError) -> Pair {
        try difference(over: [first], minus: [second])
    }

    /// The same of the means over several cutoffs, in the same order.
    ///
    /// - Throws: `wrongShape`, `noRows`.
    package func difference(over first: [ScoredRows], minus second: [ScoredRows]) throws(TrainingError) -> Pair {
        guard !first.isEmpty else { throw .noRows(of: "list of cutoffs") }
        guard first.count == second.count else {
            throw .wrongShape(what: "cutoffs of the second model", expected: first.count, found: second.count)
        }
        for (a, b) in zip(first, second) where a.labels != b.labels || a.customers != b.customers {
            throw .wrongShape(what: "rows of the second model", expected: a.rowCount, found: b.rowCount)
        }
        return pair(first) { counts in
            let (a, b) = (Self.means(first, counts), Self.means(second, counts))
            return (a.area - b.area, a.logLoss - b.logLoss)
        }
    }

    private static func means(_ cutoffs: [ScoredRows], _ counts: [[Int32]]?) -> (area: Double, logLoss: Double) {
        var sum = (area: 0.0, logLoss: 0.0)
        for (index, rows) in cutoffs.enumerated() {
            sum.area += Ranking.areaUnderROC(rows, counts: counts?[index])
            sum.logLoss += ProbabilityFigures(rows, counts: counts?[index]).logLoss
        }
        return (sum.area / Double(cutoffs.count), sum.logLoss / Double(cutoffs.count))
    }

    private func pair(
        _ cutoffs: [ScoredRows],
        _ figures: @escaping @Sendable ([[Int32]]?) -> (area: Double, logLoss: Double)
    ) -> Pair {
        let estimate = figures(nil)
        let drawn = resampled(cutoffs) { counts in figures(counts) }
        return Pair(
            areaUnderROC: interval(estimate.area, drawn.map(\.area)),
            logLoss: interval(estimate.logLoss, drawn.map(\.logLoss))
        )
    }

    private func interval(_ estimate: Double, _ values: [Double]) -> Interval {
        let sorted = values.sorted()
        let tail = (1 - confidence) / 2
        return Interval(
            estimate: estimate,
            lower: quantile(sorted, tail),
            upper: quantile(sorted, 1 - tail)
        )
    }

    /// `body` of how often each row of each cutoff is drawn, resample by resample.
    private func resampled<Value: Sendable>(
        _ cutoffs: [ScoredRows],
        _ body: @escaping @Sendable ([[Int32]]) -> Value
    ) -> [Value] {
        var numbers: [Int64: Int] = [:]
        let clusters = cutoffs.map { rows in
            rows.customers.map { customer in
                let number = numbers[customer] ?? numbers.count
                numbers[customer] = number
                return number
            }
        }
        let draws = Draws(labels: cutoffs.map(\.labels), clusters: clusters, clusterCount: numbers.count)
        let (seed, resamples) = (seed, resamples)
        return Workers.map(items: resamples, threads: threads) { resample in
            body(draws.counts(seed: seed, resample: resample, resamples: resamples))
        }
    }
}

/// What resamples are drawn from.
private struct Draws: Sendable {
    /// By cutoff and row.
    var labels: [[Bool]]
    /// Each row's customer, numbered from 0 over all cutoffs.
    var clusters: [[Int]]
    var clusterCount: Int

    /// How often each row is drawn, by cutoff.
    ///
    /// With one churner in a thousand rows a third of the resamples has none; they are drawn again, and both classes come
    /// soon enough. The rows as they are end the search where one class hangs on a customer who is hardly ever drawn.
    func counts(seed: UInt64, resample: Int, resamples: Int) -> [[Int32]] {
        for attempt in 0..<Self.attempts {
            let random = CounterRandom(seed: seed, .bootstrap, stream: resample + attempt * resamples)
            var drawn = [Int32](repeating: 0, count: clusterCount)
            for draw in 0..<clusterCount { drawn[random.integer(draw, below: clusterCount)] += 1 }
            let counts = clusters.map { $0.map { drawn[$0] } }
            if zip(counts, labels).allSatisfy({ Self.hasBothClasses($0, $1) }) { return counts }
        }
        return labels.map { [Int32](repeating: 1, count: $0.count) }
    }

    private static let attempts = 1_000

    private static func hasBothClasses(_ counts: [Int32], _ labels: [Bool]) -> Bool {
        var found = (positive: false, negative: false)
        for (count, isChurn) in zip(counts, labels) where count > 0 {
            if isChurn { found.positive = true } else { found.negative = true }
            if found.positive, found.negative { return true }
        }
        return false
    }
}

/// The quantile of sorted values by linear interpolation (numpy's default, R's type 7).
func quantile(_ sorted: [Double], _ share: Double) -> Double {
    guard let last = sorted.indices.last else { return .nan }
    let position = share * Double(last)
    let low = Int(position)
    guard low < last else { return sorted[last] }
    return sorted[low] + (position - Double(low)) * (sorted[low + 1] - sorted[low])
}
