/// Figures of one model on one set of rows. All finite.
///
/// | field | definition |
/// |---|---|
/// | areaUnderROC | share of pairs (churner, other) with the churner's score higher, ties a half; exact up to one rounding |
/// | averagePrecision | over distinct scores, descending: sum of (recall gained) times precision |
/// | areaUnderPR | trapezoids over the same points, from (recall 0, precision 1) |
/// | logLoss | mean of -ln of the probability given to what came true; probabilities at least 2^-52 from 0 and 1 |
/// | brier | mean of (p - y)² |
/// | calibrationError | 10 bins [0, .1) ... [.9, 1]: sum of n_bin / n times \|mean y - mean p\| |
/// | calibrationErrorEqualMass | the same over 10 bins of equal numbers of rows: rank r of n, by ascending score, in bin ⌊10 r / n⌋ |
/// | meanProbability | mean of p |
/// | liftAtTenPercent | churn rate among the ⌊n / 10⌋ (at least 1) highest scores, ties by ascending customer, over the base rate |
package struct Metrics: Equatable, Sendable {
    package var rowCount: Int
    package var positiveCount: Int
    package var areaUnderROC: Double
    package var averagePrecision: Double
    package var areaUnderPR: Double
    package var logLoss: Double
    package var brier: Double
    package var calibrationError: Double
    package var calibrationErrorEqualMass: Double
    package var meanProbability: Double
    package var liftAtTenPercent: Double
    package var distinctScores: Int

    package var baseRate: Double { Double(positiveCount) / Double(rowCount) }

    package init(_ rows: ScoredRows) {
        // Both classes are there: `ScoredRows` has checked.
        self.init(rows, counts: nil)
    }

    /// Names and values as model artefacts and reports give them.
    package var figures: [String: Double] {
        [
            "n": Double(rowCount), "positives": Double(positiveCount), "base_rate": baseRate,
            "roc_auc": areaUnderROC, "average_precision": averagePrecision, "pr_auc_trapezoid": areaUnderPR,
            "log_loss": logLoss, "brier": brier, "ece_10_equal_width": calibrationError,
            "ece_10_equal_mass": calibrationErrorEqualMass, "mean_p": meanProbability,
            "lift_at_10pct": liftAtTenPercent, "distinct_scores": Double(distinctScores),
        ]
    }

    /// - Parameter counts: `[R]`, how often each row counts; once when nil. Both classes must count.
    package init(_ rows: ScoredRows, counts: [Int32]?) {
        let ranking = Ranking(rows, counts: counts)
        let probability = ProbabilityFigures(rows, counts: counts)
        rowCount = ranking.rows
        positiveCount = ranking.positives
        areaUnderROC = ranking.areaUnderROC
        averagePrecision = ranking.averagePrecision
        areaUnderPR = ranking.areaUnderPR
        distinctScores = ranking.distinctScores
        logLoss = probability.logLoss
        brier = probability.brier
        meanProbability = probability.meanProbability
        calibrationError = Calibration.error(
            Calibration.equalWidthBins(rows, count: Calibration.binCount, counts: counts)
        )
        calibrationErrorEqualMass = Calibration.error(
            Calibration.equalMassBins(rows, count: Calibration.binCount, counts: counts)
        )
        liftAtTenPercent = Lift.lift(rows, atShare: 0.1, counts: counts)
    }
}

/// What depends on the order of the scores only.
struct Ranking {
    var rows = 0
    var positives = 0
    var distinctScores = 0
    var areaUnderROC: Double
    var averagePrecision: Double
    var areaUnderPR: Double

    init(_ scored: ScoredRows, counts: [Int32]?) {
        if let counts {
            for (row, count) in counts.enumerated() {
                rows += Int(count)
                if scored.labels[row] { positives += Int(count) }
            }
        } else {
            rows = scored.rowCount
            positives = scored.positiveCount
        }
        // Twice the number of pairs in the right order, ties as one: exact, in integers.
        var doubledPairs: UInt64 = 0
        var negativesBelow = rows - positives
        var found = (rows: 0, positives: 0)
        var precisionSum = 0.0
        var trapezoids = 0.0
        var lastPrecision = 1.0
        var distinct = 0
        scored.forEachGroup(counts: counts) { group in
            let negatives = group.rows - group.positives
            negativesBelow -= negatives
            doubledPairs += UInt64(group.positives) * UInt64(2 * negativesBelow + negatives)
            found.rows += group.rows
            found.positives += group.positives
            let precision = Double(found.positives) / Double(found.rows)
            precisionSum += Double(group.positives) * precision
            trapezoids += Double(group.positives) * (precision + lastPrecision) / 2
            lastPrecision = precision
            distinct += 1
        }
        areaUnderROC = Double(doubledPairs) / (2 * Double(positives) * Double(rows - positives))
        averagePrecision = precisionSum / Double(positives)
        areaUnderPR = trapezoids / Double(positives)
        distinctScores = distinct
    }

    /// Only the area under the ROC curve.
    static func areaUnderROC(_ scored: ScoredRows, counts: [Int32]? = nil) -> Double {
        Ranking(scored, counts: counts).areaUnderROC
    }
}

/// Means over the rows of what each probability costs.
struct ProbabilityFigures {
    var logLoss = 0.0
    var brier = 0.0
    var meanProbability = 0.0

    init(_ scored: ScoredRows, counts: [Int32]?) {
        var weight = 0.0
        for row in 0..<scored.rowCount {
            let count = counts.map { Double($0[row]) } ?? 1
            if count == 0 { continue }
            let p = scored.probabilities[row]
            let miss = scored.labels[row] ? 1 - p : p
            weight += count
            logLoss += count * Self.logLoss(p, isChurn: scored.labels[row])
            brier += count * miss * miss
            meanProbability += count * p
        }
        logLoss /= weight
        brier /= weight
        meanProbability /= weight
    }

    /// Of one row. Bounded as scikit-learn bounds it, so that a certain and wrong score costs 36 and not infinity.
    static func logLoss(_ p: Double, isChurn: Bool) -> Double {
        let bounded = min(max(p, 0x1p-52), 1 - 0x1p-52)
        return -naturalLogarithm(isChurn ? bounded : 1 - bounded)
    }
}
