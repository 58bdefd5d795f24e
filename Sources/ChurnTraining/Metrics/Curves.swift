/// The curve of true against false positives over all thresholds.
package struct ROCCurve: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        /// Churn is called at or above it; infinity at the first point, where nothing is.
        package var threshold: Double
        package var falsePositiveRate: Double
        package var truePositiveRate: Double
    }

    /// From (0, 0) to (1, 1): one point a distinct score after the first.
    package let points: [Point]
    /// The points without those inside straight stretches (scikit-learn's `drop_intermediate`).
    package let corners: [Point]

    package init(_ rows: ScoredRows) {
        let positives = Double(rows.positiveCount)
        let negatives = Double(rows.rowCount - rows.positiveCount)
        var counts: [(threshold: Double, false: Int, true: Int)] = []
        var found = (false: 0, true: 0)
        rows.forEachGroup(counts: nil) { group in
            found.false += group.rows - group.positives
            found.true += group.positives
            counts.append((group.score, found.false, found.true))
        }
        let start = Point(threshold: .infinity, falsePositiveRate: 0, truePositiveRate: 0)
        let others = counts.map {
            Point(
                threshold: $0.threshold,
                falsePositiveRate: Double($0.false) / negatives,
                truePositiveRate: Double($0.true) / positives
            )
        }
        let cornerNumbers = counts.indices.filter { index in
            guard index > 0, index + 1 < counts.count else { return true }
            let (before, here, after) = (counts[index - 1], counts[index], counts[index + 1])
            return here.false - before.false != after.false - here.false
                || here.true - before.true != after.true - here.true
        }
        points = [start] + others
        corners = [start] + cornerNumbers.map { others[$0] }
    }
}

/// The curve of precision against recall over all thresholds.
package struct PrecisionRecallCurve: Equatable, Sendable {
    package struct Point: Equatable, Sendable {
        /// Churn is called at or above it; infinity at the first point, where nothing is.
        package var threshold: Double
        package var recall: Double
        package var precision: Double
    }

    /// From (recall 0, precision 1) by descending threshold: one point a distinct score after the first.
    package let points: [Point]

    package init(_ rows: ScoredRows) {
        var points = [Point(threshold: .infinity, recall: 0, precision: 1)]
        var found = (rows: 0, positives: 0)
        rows.forEachGroup(counts: nil) { group in
            found.rows += group.rows
            found.positives += group.positives
            points.append(
                Point(
                    threshold: group.score,
                    recall: Double(found.positives) / Double(rows.positiveCount),
                    precision: Double(found.positives) / Double(found.rows)
                )
            )
        }
        self.points = points
    }
}

/// What contacting only the customers with the highest scores is worth.
package enum Lift {
    /// One point of the gain curve.
    package struct Point: Equatable, Sendable {
        /// Share of all rows contacted.
        package var contacted: Double
        /// Share of all churners among them.
        package var found: Double
        /// Churn rate among them over the base rate; 1 where nobody is contacted.
        package var lift: Double { contacted > 0 ? found / contacted : 1 }
    }

    /// Churn rate among the `max(1, ⌊share n⌋)` rows with the highest scores, ties by ascending customer, over the base
    /// rate.
    ///
    /// - Throws: `invalidSetting` when the share is not above 0 and at most 1.
    package static func lift(_ rows: ScoredRows, atShare share: Double) throws(TrainingError) -> Double {
        guard share > 0, share <= 1 else {
            throw .invalidSetting(name: "the share contacted", expected: "above 0, at most 1", found: "\(share)")
        }
        return lift(rows, atShare: share, counts: nil)
    }

    /// The curve from (0, 0) to (1, 1): one point a distinct score after the first.
    package static func gainCurve(_ rows: ScoredRows) -> [Point] {
        var points = [Point(contacted: 0, found: 0)]
        var found = (rows: 0, positives: 0)
        rows.forEachGroup(counts: nil) { group in
            found.rows += group.rows
            found.positives += group.positives
            points.append(
                Point(
                    contacted: Double(found.rows) / Double(rows.rowCount),
                    found: Double(found.positives) / Double(rows.positiveCount)
                )
            )
        }
        return points
    }

    /// Churn rates of `count` groups of equal numbers of rows, up to one, highest scores first.
    package static func rates(_ rows: ScoredRows, groups count: Int = 10) -> [Double] {
        precondition(count > 0)
        return (0..<count).compactMap { group in
            let members = rows.descending[(group * rows.rowCount / count)..<((group + 1) * rows.rowCount / count)]
            guard !members.isEmpty else { return nil }
            return Double(members.count { rows.labels[Int($0)] }) / Double(members.count)
        }
    }

    static func lift(_ rows: ScoredRows, atShare share: Double, counts: [Int32]?) -> Double {
        var total = (rows: rows.rowCount, positives: rows.positiveCount)
        if let counts {
            total = (0, 0)
            for (row, count) in counts.enumerated() {
                total.rows += Int(count)
                if rows.labels[row] { total.positives += Int(count) }
            }
        }
        let wanted = max(1, Int(share * Double(total.rows)))
        var left = wanted
        var positives = 0
        for row in rows.descending where left > 0 {
            let row = Int(row)
            let taken = min(left, counts.map { Int($0[row]) } ?? 1)
            left -= taken
            if rows.labels[row] { positives += taken }
        }
        return Double(positives) / Double(wanted) / (Double(total.positives) / Double(total.rows))
    }
}
