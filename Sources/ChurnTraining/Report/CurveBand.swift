/// A curve on a fixed grid with a pointwise interval.
package struct CurveBand: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        package var x: Double
        package var estimate: Double
        package var lower: Double
        package var upper: Double
    }

    package let points: [Point]
}

/// ROC, precision and recall, and gain curves with bootstrap intervals, all at the same resamples.
///
/// The curves themselves are exact at every grid point: ROC and gain run straight between two scores, precision steps.
package struct CurveBands: Equatable, Sendable {
    /// True positive rate over false positive rate.
    package let roc: CurveBand
    /// Precision over recall, from recall 0.02 on: before it a handful of customers decides.
    package let precisionRecall: CurveBand
    /// Share of churners found over share of customers contacted.
    package let gain: CurveBand

    private static let steps = 100
    private static let firstRecallStep = 2

    /// Customers are resampled as ``Bootstrap`` does it.
    package init(_ rows: ScoredRows, bootstrap: Bootstrap) {
        let whole = Curves(rows, counts: nil)
        var numbers: [Int64: Int] = [:]
        let clusters = rows.customers.map { customer in
            let number = numbers[customer] ?? numbers.count
            numbers[customer] = number
            return number
        }
        let (seed, clusterCount) = (bootstrap.seed, numbers.count)
        let drawn = Workers.map(items: bootstrap.resamples, threads: bootstrap.threads) { resample -> Curves? in
            let random = CounterRandom(seed: seed, .bootstrap, stream: resample)
            var times = [Int32](repeating: 0, count: clusterCount)
            for draw in 0..<clusterCount { times[random.integer(draw, below: clusterCount)] += 1 }
            return Curves(ifPossible: rows, counts: clusters.map { times[$0] })
        }
        .compactMap { $0 }
        let tail = (1 - bootstrap.confidence) / 2
        func band(_ values: KeyPath<Curves, [Double]>, from first: Int) -> CurveBand {
            CurveBand(
                points: (first...Self.steps).map { step in
                    let sorted = drawn.map { $0[keyPath: values][step] }.sorted()
                    let estimate = whole[keyPath: values][step]
                    return CurveBand.Point(
                        x: Double(step) / Double(Self.steps),
                        estimate: estimate,
                        lower: sorted.isEmpty ? estimate : quantile(sorted, tail),
                        upper: sorted.isEmpty ? estimate : quantile(sorted, 1 - tail)
                    )
                }
            )
        }
        roc = band(\.truePositiveRates, from: 0)
        precisionRecall = band(\.precisions, from: Self.firstRecallStep)
        gain = band(\.found, from: 0)
    }

    /// One resample's curves on the grid.
    private struct Curves: Sendable {
        var truePositiveRates: [Double]
        var precisions: [Double]
        var found: [Double]

        /// Nil without both classes.
        init?(ifPossible rows: ScoredRows, counts: [Int32]) {
            var (positives, negatives) = (0, 0)
            for (row, count) in counts.enumerated() {
                if rows.labels[row] { positives += Int(count) } else { negatives += Int(count) }
            }
            guard positives > 0, negatives > 0 else { return nil }
            self.init(rows, counts: counts)
        }

        init(_ rows: ScoredRows, counts: [Int32]?) {
            var corners: [(positives: Double, negatives: Double)] = [(0, 0)]
            var sum = (positives: 0, negatives: 0)
            rows.forEachGroup(counts: counts) { group in
                sum.positives += group.positives
                sum.negatives += group.rows - group.positives
                corners.append((Double(sum.positives), Double(sum.negatives)))
            }
            let (positives, negatives) = (Double(sum.positives), Double(sum.negatives))
            let all = positives + negatives
            truePositiveRates = Self.interpolated(corners.map { ($0.negatives / negatives, $0.positives / positives) })
            found = Self.interpolated(corners.map { (($0.positives + $0.negatives) / all, $0.positives / positives) })
            // The precision of the first score that reaches the recall: between scores there is nothing to choose.
            var corner = 0
            precisions = (0...CurveBands.steps).map { step in
                let recall = Double(step) / Double(CurveBands.steps)
                while corner + 1 < corners.count, corners[corner].positives / positives < recall { corner += 1 }
                let (true_, false_) = corners[corner]
                return true_ + false_ > 0 ? true_ / (true_ + false_) : 1
            }
        }

        /// Values at the grid of a polyline whose x never falls; the highest where it stands upright.
        private static func interpolated(_ points: [(x: Double, y: Double)]) -> [Double] {
            var next = 0
            return (0...CurveBands.steps).map { step in
                let x = Double(step) / Double(CurveBands.steps)
                while next < points.count, points[next].x <= x { next += 1 }
                guard next > 0 else { return 0 }
                let before = points[next - 1]
                guard next < points.count, points[next].x > before.x else { return before.y }
                let after = points[next]
                return before.y + (x - before.x) / (after.x - before.x) * (after.y - before.y)
            }
        }
    }
}
