/// Decisions at a threshold (churn at or above it) against what came true.
package struct Confusion: Equatable, Sendable {
    package var threshold: Double
    package var trueNegatives = 0
    package var falsePositives = 0
    package var falseNegatives = 0
    package var truePositives = 0

    package init(_ rows: ScoredRows, threshold: Double) {
        self.init(rows, threshold: threshold, counts: nil)
    }

    /// - Parameter counts: `[R]`, how often each row counts; once when nil.
    package init(_ rows: ScoredRows, threshold: Double, counts: [Int32]?) {
        self.threshold = threshold
        for row in 0..<rows.rowCount {
            let count = counts.map { Int($0[row]) } ?? 1
            switch (rows.probabilities[row] >= threshold, rows.labels[row]) {
            case (false, false): trueNegatives += count
            case (true, false): falsePositives += count
            case (false, true): falseNegatives += count
            case (true, true): truePositives += count
            }
        }
    }

    package var accuracy: Double {
        Self.ratio(
            trueNegatives + truePositives,
            trueNegatives + falsePositives + falseNegatives + truePositives
        )
    }

    /// Share of the churners that are found.
    package var recall: Double { Self.ratio(truePositives, truePositives + falseNegatives) }

    /// Share of churners among those called so; 0 when nobody is.
    package var precision: Double { Self.ratio(truePositives, truePositives + falsePositives) }

    /// Harmonic mean of recall and precision; 0 when nobody is found.
    package var f1: Double { Self.ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) }

    /// Names and values as model artefacts and reports give them.
    package var figures: [String: Double] {
        [
            "tn": Double(trueNegatives), "fp": Double(falsePositives), "fn": Double(falseNegatives),
            "tp": Double(truePositives), "accuracy": accuracy, "recall": recall, "precision": precision, "f1": f1,
        ]
    }

    private static func ratio(_ part: Int, _ whole: Int) -> Double {
        whole > 0 ? Double(part) / Double(whole) : 0
    }
}
