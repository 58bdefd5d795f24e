/// A rule that turns probabilities into a threshold. Apply it to scores of rows that the model was not fitted to.
package enum ThresholdRule: Equatable, Sendable {
    /// The largest threshold that finds at least this share of the churners, above 0 and at most 1.
    case recall(Double)
    /// The threshold of least cost: so much for each churner missed, so much for each customer contacted (churner or not).
    /// Both 0 or more, not both 0. Among equals the largest.
    case leastCost(miss: Double, contact: Double)

    /// The rule in words, for the artefact.
    package var description: String {
        switch self {
        case .recall(let target):
            "The largest threshold with a recall of at least \(target) on the out-of-fold scores of the training rows."
        case .leastCost(let miss, let contact):
            "The threshold of least cost on the out-of-fold scores of the training rows, at \(miss) for a churner "
                + "missed and \(contact) for a customer contacted."
        }
    }
}

package struct ThresholdChoice: Equatable, Sendable {
    package var rule: ThresholdRule
    /// In [0, 1]; churn at or above it.
    package var threshold: Double
    /// Of the rows that the choice was made on.
    package var confusion: Confusion
    /// Mean cost of a row under ``ThresholdRule/leastCost(miss:contact:)``.
    package var costPerRow: Double?

    /// - Throws: `invalidSetting`.
    package init(_ rule: ThresholdRule, on rows: ScoredRows) throws(TrainingError) {
        self.rule = rule
        switch rule {
        case .recall(let target):
            guard target > 0, target <= 1 else {
                throw .invalidSetting(name: "the recall", expected: "above 0, at most 1", found: "\(target)")
            }
            threshold = Self.threshold(rows, recall: target)
        case .leastCost(let miss, let contact):
            guard miss >= 0, contact >= 0, miss.isFinite, contact.isFinite, miss + contact > 0 else {
                throw .invalidSetting(
                    name: "the costs of a miss and of a contact",
                    expected: "0 or more, not both 0",
                    found: "\(miss) and \(contact)"
                )
            }
            let best = Self.leastCost(rows, miss: miss, contact: contact)
            threshold = best.threshold
            costPerRow = best.cost / Double(rows.rowCount)
        }
        confusion = Confusion(rows, threshold: threshold)
    }

    /// The score of churner number `⌈target P⌉`, highest first.
    private static func threshold(_ rows: ScoredRows, recall target: Double) -> Double {
        let wanted = max(1, Int((target * Double(rows.positiveCount)).rounded(.up)))
        var found = 0
        for row in rows.descending where rows.labels[Int(row)] {
            found += 1
            if found == wanted { return rows.probabilities[Int(row)] }
        }
        return 0
    }

    private static func leastCost(
        _ rows: ScoredRows,
        miss: Double,
        contact: Double
    ) -> (threshold: Double, cost: Double) {
        // At 1 nobody is contacted, but for those with the score 1, which the first group then counts.
        var best = (threshold: 1.0, cost: miss * Double(rows.positiveCount))
        var isFirst = true
        var contacted = 0
        var found = 0
        rows.forEachGroup(counts: nil) { group in
            contacted += group.rows
            found += group.positives
            let cost = miss * Double(rows.positiveCount - found) + contact * Double(contacted)
            if cost < best.cost || (isFirst && group.score >= 1) { best = (group.score, cost) }
            isFirst = false
        }
        return best
    }
}
