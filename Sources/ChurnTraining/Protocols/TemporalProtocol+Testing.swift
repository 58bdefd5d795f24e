internal import ChurnFeatures

/// The test cutoff before anybody has looked. Opening it uses it up.
package struct SealedTest: ~Copyable {
    private let snapshot: Snapshot

    fileprivate init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
    }

    fileprivate consuming func open() -> Snapshot { snapshot }
}

/// One model on the customers of one cutoff it was not trained on.
package struct CutoffResult: Equatable, Sendable {
    package var cutoff: String
    package var inputs: InputSet
    package var l2: Double
    package var fit: FittedLogistic
    package var trainingRows: Int
    package var lastTrainingCutoff: String
    /// Customers ascending.
    package var scored: ScoredRows
    package var metrics: Metrics
}

extension TemporalProtocol {
    package struct TestResult: Equatable, Sendable {
        package var chosen: CutoffResult
        /// The baseline's, for a paired difference; the same as `chosen` where the baseline was chosen.
        package var baseline: CutoffResult
        /// At the threshold of the selection.
        package var confusion: Confusion
    }

    /// - Throws: `missingSnapshot`.
    package func seal(_ snapshots: SnapshotSet) throws(TrainingError) -> SealedTest {
        SealedTest(try snapshots.cutoff(day: testCutoff))
    }

    /// Opens the test, with everything chosen.
    package func test(
        _ selection: Selection,
        on sealed: consuming SealedTest,
        _ snapshots: SnapshotSet
    ) throws(TrainingError) -> TestResult {
        let snapshot = sealed.open()
        let chosen = try result(
            selection.fit,
            selection.chosen.inputs,
            l2: selection.chosen.best.l2,
            on: snapshot,
            trainedOn: trainingSnapshots(snapshots, until: testCutoff)
        )
        let baseline =
            selection.chosen.inputs == selection.baseline.inputs
            ? chosen
            : try evaluate(selection.baseline.inputs, l2: selection.baseline.best.l2, on: snapshot, snapshots)
        return TestResult(
            chosen: chosen,
            baseline: baseline,
            confusion: Confusion(chosen.scored, threshold: selection.threshold.threshold)
        )
    }

    /// One input set and penalty at several cutoffs, at each one fitted to the training cutoffs whose labels end by then.
    ///
    /// - Parameter cutoffs: days since 1970-01-01, each at least a horizon after the first training cutoff.
    /// - Throws: `noTrainingCutoff`, `missingSnapshot`, and what fitting throws.
    package func evaluate(
        _ inputs: InputSet,
        l2: Double,
        over cutoffs: [Int64],
        _ snapshots: SnapshotSet
    ) throws(TrainingError) -> [CutoffResult] {
        var results: [CutoffResult] = []
        for cutoff in cutoffs {
            results.append(try evaluate(inputs, l2: l2, on: snapshots.cutoff(day: cutoff), snapshots))
        }
        return results
    }

    private func evaluate(
        _ inputs: InputSet,
        l2: Double,
        on snapshot: Snapshot,
        _ snapshots: SnapshotSet
    ) throws(TrainingError) -> CutoffResult {
        let training = try trainingSnapshots(snapshots, until: snapshot.day)
        let fit = try regression(l2).fit(Dataset(training, inputs: inputs, population: population))
        return try result(fit, inputs, l2: l2, on: snapshot, trainedOn: training)
    }

    private func result(
        _ fit: FittedLogistic,
        _ inputs: InputSet,
        l2: Double,
        on snapshot: Snapshot,
        trainedOn training: [Snapshot]
    ) throws(TrainingError) -> CutoffResult {
        let rows = try Dataset([snapshot], inputs: inputs, population: population)
        let scored = try ScoredRows(
            probabilities: fit.probabilities(rows),
            labels: rows.labels,
            customers: rows.customers
        )
        return CutoffResult(
            cutoff: snapshot.date,
            inputs: inputs,
            l2: l2,
            fit: fit,
            trainingRows: fit.rowCount,
            lastTrainingCutoff: training.last?.date ?? "",
            scored: scored,
            metrics: Metrics(scored)
        )
    }
}
