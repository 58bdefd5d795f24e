/// The prototype's protocol, kept to reproduce its numbers. Its AUC is no forecast: the label (a recency above 90 days) is
/// made from the window that the features are counted over.
///
/// Rows: customers ascending, those with a `recency_24h` of `excludedRecency` left out (the prototype divided by 374 minus
/// it). Split: the first `⌈n · testShare⌉` of NumPy's `RandomState(splitSeed).permutation(n)` are the test rows, the rest
/// the training rows, each in the order of the permutation (scikit-learn's `train_test_split`).
package struct SeedProtocol: Equatable, Sendable {
    package var inputs: InputSet
    package var regression: LogisticRegression
    package var splitSeed: UInt32
    package var testShare: Double
    package var excludedRecency: Double?
    package var allowedLeaks: Set<String>

    package static let recencyLimit = 90

    /// - Throws: `invalidSetting`.
    package init(
        inputs: InputSet = .seed3,
        regression: LogisticRegression,
        splitSeed: UInt32 = 42,
        testShare: Double = 0.2,
        excludedRecency: Double? = 374,
        allowedLeaks: Set<String> = []
    ) throws(TrainingError) {
        guard testShare > 0, testShare < 1 else {
            throw .invalidSetting(name: "the test's share", expected: "above 0, below 1", found: "\(testShare)")
        }
        self.inputs = inputs
        self.regression = regression
        self.splitSeed = splitSeed
        self.testShare = testShare
        self.excludedRecency = excludedRecency
        self.allowedLeaks = allowedLeaks
    }

    package struct Outcome: Equatable, Sendable {
        package var inputs: InputSet
        package var training: Dataset
        package var test: Dataset
        package var fit: FittedLogistic
        /// The test rows, in the order of the permutation.
        package var scored: ScoredRows
        package var leaks: LeakReport
    }

    /// - Parameter snapshot: of the whole history (`SnapshotCollector` with `sharedRecency: recencyLimit`).
    /// - Throws: `leaks`, and what making the rows and fitting throw.
    package func run(_ snapshot: Snapshot) throws(TrainingError) -> Outcome {
        let leaks = try LeakGuard(window: snapshot.window, allowed: allowedLeaks).check(inputs, on: [snapshot])
        let all = try Dataset([snapshot], inputs: inputs)
        let recency = snapshot.feature("recency_24h") ?? []
        let kept = try all.selecting(
            rows: (0..<all.rowCount).filter { recency[recency.startIndex + $0] != excludedRecency }
        )
        var generator = MersenneTwister(seed: splitSeed)
        let order = generator.permutation(kept.rowCount)
        let testCount = Int((Double(kept.rowCount) * testShare).rounded(.up))
        let test = try kept.selecting(rows: Array(order[..<testCount]))
        let training = try kept.selecting(rows: Array(order[testCount...]))
        let fit = try regression.fit(training)
        let scored = try ScoredRows(
            probabilities: fit.probabilities(test),
            labels: test.labels,
            customers: test.customers
        )
        return Outcome(inputs: inputs, training: training, test: test, fit: fit, scored: scored, leaks: leaks)
    }
}
