internal import ChurnFeatures

/// An honest forecast: features from before a cutoff, label from the days after it.
///
/// Choosing (inputs, penalty, threshold) sees the training cutoffs only; their labels end at the test cutoff or before.
/// The test cutoff is opened once, by `test`, with everything chosen.
package struct TemporalProtocol: Equatable, Sendable {
    /// Days since 1970-01-01, ascending.
    package let trainingCutoffs: [Int64]
    package let testCutoff: Int64
    package let horizonDays: Int
    package let population: Population
    /// Input sets to choose from.
    package let candidates: [InputSet]
    /// What a candidate must beat by more than one standard error.
    package let baseline: InputSet
    /// Penalties to choose from.
    package let penalties: [Double]
    package let penaltyRule: PenaltyRule
    package let validation: CrossValidation
    package let thresholdRule: ThresholdRule
    package let allowedLeaks: Set<String>

    package static let defaultRecall = 0.85
    package static let usualPenalties = [1.0, 3, 10, 30, 100, 300, 1_000]

    /// - Throws: `invalidSetting`, `noTrainingCutoff`, `overlappingTest`.
    package init(
        trainingCutoffs: [Int64],
        testCutoff: Int64,
        horizonDays: Int = SnapshotCollector.defaultHorizonDays,
        population: Population = .all,
        candidates: [InputSet] = InputSet.candidates,
        baseline: InputSet = .t10,
        penalties: [Double] = usualPenalties,
        penaltyRule: PenaltyRule = .oneStandardError,
        validation: CrossValidation,
        thresholdRule: ThresholdRule = .recall(defaultRecall),
        allowedLeaks: Set<String> = []
    ) throws(TrainingError) {
        try Self.check(trainingCutoffs: trainingCutoffs, testCutoff: testCutoff, horizonDays: horizonDays)
        guard !penalties.isEmpty else {
            throw .invalidSetting(name: "the penalties", expected: "at least one", found: "none")
        }
        self.trainingCutoffs = Set(trainingCutoffs).sorted()
        self.testCutoff = testCutoff
        self.horizonDays = horizonDays
        self.population = population
        self.candidates = candidates
        self.baseline = baseline
        self.penalties = penalties
        self.penaltyRule = penaltyRule
        self.validation = validation
        self.thresholdRule = thresholdRule
        self.allowedLeaks = allowedLeaks
    }

    /// Whether training and test can be told apart.
    ///
    /// - Throws: `noTrainingCutoff`, `overlappingTest`.
    package static func check(
        trainingCutoffs: [Int64],
        testCutoff: Int64,
        horizonDays: Int
    ) throws(TrainingError) {
        guard let last = trainingCutoffs.max() else {
            throw .noTrainingCutoff(for: CivilTime.format(day: testCutoff), horizonDays: horizonDays)
        }
        guard last + Int64(horizonDays) <= testCutoff else {
            throw .overlappingTest(
                trainingCutoff: CivilTime.format(day: last),
                testCutoff: CivilTime.format(day: testCutoff),
                horizonDays: horizonDays
            )
        }
    }

    /// One input set at its best penalty.
    package struct Candidate: Equatable, Sendable {
        package var inputs: InputSet
        /// One for each penalty, in the order of `penalties`.
        package var trials: [Trial]
        /// At the penalty that was chosen.
        package var best: OutOfFold
        /// Mean log-loss of the baseline minus this one's, and its standard error by customer: above 0 this one is better.
        package var improvement: Double
        package var standardError: Double
        /// AUC of the out-of-fold scores by training cutoff.
        package var areaByCutoff: [(cutoff: String, areaUnderROC: Double)]

        package var isClearlyBetter: Bool { improvement > standardError }

        package struct Trial: Equatable, Sendable {
            package var l2: Double
            package var logLoss: Double
            package var areaUnderROC: Double
        }

        package static func == (left: Candidate, right: Candidate) -> Bool {
            left.inputs == right.inputs && left.trials == right.trials && left.best == right.best
                && left.improvement == right.improvement && left.standardError == right.standardError
                && left.areaByCutoff.elementsEqual(right.areaByCutoff, by: ==)
        }
    }

    /// Everything that was chosen, from the training cutoffs alone.
    package struct Selection: Equatable, Sendable {
        package var candidates: [Candidate]
        package var baseline: Candidate
        package var chosen: Candidate
        /// Pooled rows of the chosen inputs.
        package var training: Dataset
        package var fit: FittedLogistic
        package var threshold: ThresholdChoice
        package var leaks: LeakReport
    }

    /// Chooses the inputs, the penalty and the threshold, and fits.
    ///
    /// The penalty of each set goes by its log-loss over all out-of-fold rows (`PenaltyRule`). The set is the one with the
    /// least log-loss among those that beat the baseline by more than one standard error of the paired difference, and the
    /// baseline where none does.
    ///
    /// - Throws: `missingSnapshot`, `leaks`, `invalidSetting` when a name is allowed that no candidate has, and what fitting
    ///   throws.
    package func select(_ snapshots: SnapshotSet) throws(TrainingError) -> Selection {
        let features = Set((candidates + [self.baseline]).flatMap(\.features))
        if let stray = allowedLeaks.subtracting(features).min() {
            throw .invalidSetting(name: "an allowed leak", expected: "one of the inputs", found: "\"\(stray)\"")
        }
        let training = try trainingSnapshots(snapshots, until: testCutoff)
        let baseline = try candidate(self.baseline, training, baseline: nil)
        var results: [Candidate] = []
        for set in candidates {
            results.append(set == self.baseline ? baseline : try candidate(set, training, baseline: baseline.best))
        }
        let chosen =
            results.filter(\.isClearlyBetter).min { $0.best.logLoss < $1.best.logLoss } ?? baseline
        let dataset = try Dataset(training, inputs: chosen.inputs, population: population)
        return Selection(
            candidates: results,
            baseline: baseline,
            chosen: chosen,
            training: dataset,
            fit: try regression(chosen.best.l2).fit(dataset),
            threshold: try ThresholdChoice(thresholdRule, on: chosen.best.scored),
            leaks: try checkLeaks(chosen.inputs, training)
        )
    }

    private func checkLeaks(_ set: InputSet, _ training: [Snapshot]) throws(TrainingError) -> LeakReport {
        // What is allowed need not be an input of every set.
        try LeakGuard(window: .after(horizonDays: horizonDays), allowed: allowedLeaks.intersection(set.features))
            .check(set, on: training, population: population)
    }

    private func candidate(
        _ set: InputSet,
        _ training: [Snapshot],
        baseline: OutOfFold?
    ) throws(TrainingError) -> Candidate {
        _ = try checkLeaks(set, training)
        let dataset = try Dataset(training, inputs: set, population: population)
        let scores = try validation.scores(dataset, l2: penalties)
        let best = penaltyRule.choose(scores)
        let difference = baseline.map { PairedLoss($0.scored, minus: best.scored) }
        return Candidate(
            inputs: set,
            trials: scores.map { Candidate.Trial(l2: $0.l2, logLoss: $0.logLoss, areaUnderROC: $0.areaUnderROC) },
            best: best,
            improvement: difference?.mean ?? 0,
            standardError: difference?.standardError ?? 0,
            areaByCutoff: try areas(best.scored, training)
        )
    }

    private func areas(
        _ scored: ScoredRows,
        _ snapshots: [Snapshot]
    ) throws(TrainingError) -> [(cutoff: String, areaUnderROC: Double)] {
        var result: [(cutoff: String, areaUnderROC: Double)] = []
        var start = 0
        for snapshot in snapshots {
            let rows = start..<(start + snapshot.rows(of: population).count)
            let part = try ScoredRows(
                probabilities: Array(scored.probabilities[rows]),
                labels: Array(scored.labels[rows]),
                customers: Array(scored.customers[rows])
            )
            result.append((snapshot.date, Ranking.areaUnderROC(part)))
            start = rows.upperBound
        }
        return result
    }

    /// The training cutoffs whose labels end by `day`.
    func trainingSnapshots(_ snapshots: SnapshotSet, until day: Int64) throws(TrainingError) -> [Snapshot] {
        var result: [Snapshot] = []
        for cutoff in trainingCutoffs where cutoff + Int64(horizonDays) <= day {
            let snapshot = try snapshots.cutoff(day: cutoff)
            guard snapshot.window == .after(horizonDays: horizonDays) else {
                throw .missingSnapshot(cutoff: snapshot.date)
            }
            result.append(snapshot)
        }
        guard !result.isEmpty else {
            throw .noTrainingCutoff(for: CivilTime.format(day: day), horizonDays: horizonDays)
        }
        return result
    }

    func regression(_ l2: Double) throws(TrainingError) -> LogisticRegression {
        let usual = validation.regression
        return try LogisticRegression(
            l2: l2,
            tolerance: usual.tolerance,
            maxIterations: usual.maxIterations,
            threads: usual.threads
        )
    }
}

/// How a penalty is chosen by the log-loss of its out-of-fold scores.
package enum PenaltyRule: String, Equatable, Sendable {
    /// The least log-loss; among equals the strongest.
    case leastLoss
    /// The strongest penalty whose log-loss is within one standard error (of the paired difference, by customer) of the
    /// least. The curve is flat there, and a stronger penalty is the simpler model.
    ///
    /// - Source: Hastie et al., The Elements of Statistical Learning, 2nd ed., 7.10.
    case oneStandardError

    /// - Precondition: at least one.
    func choose(_ scores: [OutOfFold]) -> OutOfFold {
        let least = scores.dropFirst().reduce(scores[0]) { best, next in
            (next.logLoss, -next.l2) < (best.logLoss, -best.l2) ? next : best
        }
        guard self == .oneStandardError else { return least }
        return scores.filter { $0.l2 > least.l2 }.reduce(least) { strongest, next in
            let worse = PairedLoss(next.scored, minus: least.scored)
            return next.l2 > strongest.l2 && worse.mean <= worse.standardError ? next : strongest
        }
    }

    var description: String {
        switch self {
        case .leastLoss: "the least log-loss"
        case .oneStandardError: "the strongest within one standard error of the least log-loss"
        }
    }
}

/// The mean difference of two models' log-losses on the same rows, and its standard error with the rows of a customer
/// taken together: rows of one customer at neighbouring cutoffs are nearly the same.
///
/// With `D_c` the sum of the differences of customer c's rows and `n` rows: mean `Σ_c D_c / n`, standard error
/// `sqrt(C / (C - 1) Σ_c (D_c - n_c mean)²) / n`.
struct PairedLoss {
    var mean: Double
    var standardError: Double

    init(_ first: ScoredRows, minus second: ScoredRows) {
        precondition(first.labels == second.labels && first.customers == second.customers)
        var numbers: [Int64: Int] = [:]
        var sums: [(difference: Double, rows: Double)] = []
        for row in 0..<first.rowCount {
            let difference =
                ProbabilityFigures.logLoss(first.probabilities[row], isChurn: first.labels[row])
                - ProbabilityFigures.logLoss(second.probabilities[row], isChurn: second.labels[row])
            let number = numbers[first.customers[row]] ?? sums.count
            if number == sums.count {
                numbers[first.customers[row]] = number
                sums.append((0, 0))
            }
            sums[number].difference += difference
            sums[number].rows += 1
        }
        let rows = Double(first.rowCount)
        let mean = sums.reduce(0) { $0 + $1.difference } / rows
        let squares = sums.reduce(0) { total, sum in
            let deviation = sum.difference - sum.rows * mean
            return total + deviation * deviation
        }
        let customers = Double(sums.count)
        self.mean = mean
        standardError = (customers / max(1, customers - 1) * squares).squareRoot() / rows
    }
}
