/// Figures of a single column that tell a gross leak.
///
/// The limits lie between what honest inputs and leaks of the Online Retail data reach under the prototype's protocol:
/// alone, honest ones have AUCs up to 0.76 and pure tails up to 1.6 % of the rows, leaks AUCs from 0.88 or tails from 8 %;
/// combined with another input, honest ones reach 0.78 and 5.6 %, leaks 0.99 or 19 %. Not every leak shows: the date of
/// the last cancellation has an AUC of 0.64 and a tail of 0.4 %.
package enum LeakStatistics {
    package static let areaLimit = 0.85
    package static let tailLimit = 0.05
    package static let combinedTailLimit = 0.1
    /// A pure tail counts only when chance would make it less often than this.
    private static let tailChance = 1e-6
    /// Values, or quantiles, whose churn rates are looked at.
    private static let bins = 32

    /// The figures of a column that are beyond the limits.
    ///
    /// - Parameters:
    ///   - values: `[R]`; rows that are not finite are left out.
    ///   - known: other columns of the same rows.
    /// - Throws: `oneClass`, `noRows`.
    static func suspicious(
        _ values: [Double],
        labels: [Bool],
        known: [(name: String, values: ArraySlice<Double>)]
    ) throws(TrainingError) -> [LeakStatistic] {
        guard !labels.isEmpty else { throw .noRows(of: "column") }
        let positives = labels.count { $0 }
        guard positives > 0, positives < labels.count else {
            throw .oneClass(isChurn: positives > 0, rows: labels.count)
        }
        var statistics: [LeakStatistic] = []
        if let figures = ColumnFigures(values, labels: labels) {
            if figures.area >= areaLimit { statistics.append(.areaUnderROC(figures.area)) }
            if figures.tail.share > tailLimit, figures.tailChance < tailChance {
                statistics.append(
                    .pureTail(
                        share: figures.tail.share,
                        atLowEnd: figures.tail.atLowEnd,
                        isChurn: figures.tail.isChurn
                    )
                )
            }
        }
        // A column that shows by itself needs no partner.
        guard statistics.isEmpty else { return statistics }
        for (name, other) in known {
            for (expression, combined) in combinations(values, Array(other), name: name) {
                guard let figures = ColumnFigures(combined, labels: labels) else { continue }
                let isPure = figures.tail.share > combinedTailLimit && figures.tailChance < tailChance
                guard figures.area >= areaLimit || isPure else { continue }
                statistics.append(
                    .combination(
                        expression: expression,
                        areaUnderROC: figures.area,
                        pureTailShare: figures.tail.share
                    )
                )
            }
        }
        return statistics
    }

    private static func combinations(
        _ x: [Double],
        _ known: [Double],
        name: String
    ) -> [(expression: String, values: [Double])] {
        [
            ("\(name) / x", zip(x, known).map { $1 / $0 }),
            ("x / \(name)", zip(x, known).map { $0 / $1 }),
            ("x * \(name)", zip(x, known).map { $0 * $1 }),
            // A mean of gaps is a span over one less than a count.
            ("x * (\(name) - 1)", zip(x, known).map { $0 * ($1 - 1) }),
        ]
    }

    /// The figures of one column.
    struct ColumnFigures {
        /// The larger of the areas under the ROC curve of the values, either way round, and of the churn rates of the
        /// values (or, when there are many, of the quantiles) they fall in.
        var area: Double
        /// The larger pure tail; share of the rows.
        var tail: (share: Double, atLowEnd: Bool, isChurn: Bool)
        /// How often chance alone makes the tail pure.
        var tailChance: Double

        /// Nil when less than half of the rows have a value, or one class is missing among them.
        init?(_ values: [Double], labels: [Bool]) {
            let order = values.indices.filter { values[$0].isFinite }.sorted { values[$0] < values[$1] }
            let positives = order.count { labels[$0] }
            guard 2 * order.count >= values.count, positives > 0, positives < order.count else { return nil }
            var groups: [(rows: Int, positives: Int)] = []
            var last = Double.nan
            for row in order {
                if values[row] != last { groups.append((0, 0)) }
                last = values[row]
                groups[groups.count - 1].rows += 1
                if labels[row] { groups[groups.count - 1].positives += 1 }
            }
            let area = Self.area(groups)
            let byRate = Self.binned(groups, rows: order.count).sorted {
                $0.positives * $1.rows < $1.positives * $0.rows
            }
            self.area = max(area, 1 - area, Self.area(byRate))
            let low = Self.pureRun(groups)
            let high = Self.pureRun(groups.reversed())
            let run = low.rows >= high.rows ? low : high
            let total = Double(order.count)
            tail = (Double(run.rows) / total, low.rows >= high.rows, run.isChurn)
            let rate = Double(run.isChurn ? positives : order.count - positives) / total
            tailChance = exponentialFunction(Double(run.rows) * naturalLogarithm(rate))
        }

        /// Area under the ROC curve of groups in the order of their scores, lowest first.
        private static func area(_ groups: [(rows: Int, positives: Int)]) -> Double {
            var negativesBelow = 0
            var doubledPairs: UInt64 = 0
            var positives = 0
            for group in groups {
                let negatives = group.rows - group.positives
                doubledPairs += UInt64(group.positives) * UInt64(2 * negativesBelow + negatives)
                negativesBelow += negatives
                positives += group.positives
            }
            return Double(doubledPairs) / (2 * Double(positives) * Double(negativesBelow))
        }

        /// The groups themselves when there are few, else joined to quantiles.
        private static func binned(
            _ groups: [(rows: Int, positives: Int)],
            rows: Int
        ) -> [(rows: Int, positives: Int)] {
            guard groups.count > bins else { return groups }
            var result = [(rows: Int, positives: Int)](repeating: (0, 0), count: bins)
            var rank = 0
            for group in groups {
                let bin = rank * bins / rows
                result[bin].rows += group.rows
                result[bin].positives += group.positives
                rank += group.rows
            }
            return result.filter { $0.rows > 0 }
        }

        /// Rows from the start up to the first group with rows of the other class.
        private static func pureRun(
            _ groups: some Sequence<(rows: Int, positives: Int)>
        ) -> (rows: Int, isChurn: Bool) {
            var run = (rows: 0, isChurn: false)
            for group in groups {
                if run.rows == 0 { run.isChurn = group.positives > 0 }
                guard group.positives == (run.isChurn ? group.rows : 0) else { break }
                run.rows += group.rows
            }
            return run
        }
    }
}
