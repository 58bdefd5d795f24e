internal import ChurnFeatures
package import ChurnModel

extension TrainingReport {
    /// What reports cost beside the training: how often resampled, and on how many threads.
    package struct Effort: Equatable, Sendable {
        package var bootstrap: Bootstrap
        package var permutations: Int
        package var threads: Int

        /// - Throws: `invalidSetting`.
        package init(resamples: Int = 1_000, permutations: Int = 20, threads: Int = 1) throws(TrainingError) {
            bootstrap = try Bootstrap(resamples: resamples, threads: threads)
            self.permutations = permutations
            self.threads = threads
        }
    }

    /// Of a forecast.
    ///
    /// - Parameters:
    ///   - following: cutoffs to follow the chosen inputs and the prototype's over.
    ///   - artefact: what `TemporalProtocol.artefact` made of the same selection and test.
    /// - Throws: what evaluating throws.
    package init(
        _ proto: TemporalProtocol,
        _ selection: TemporalProtocol.Selection,
        _ test: TemporalProtocol.TestResult,
        artefact: ModelArtefact,
        snapshots: SnapshotSet,
        following days: [Int64],
        data: DataSummary,
        segments: Segments?,
        effort: Effort
    ) throws(TrainingError) {
        let testSnapshot = try snapshots.cutoff(day: proto.testCutoff)
        let testRows = try Dataset([testSnapshot], inputs: selection.chosen.inputs, population: proto.population)
        // The prototype's inputs, trained and tested the same way: what the model has to beat.
        let prototype = InputSet.seed3
        let penalty = selection.chosen.best.l2
        let others = try proto.evaluate(prototype, l2: penalty, over: days, snapshots)
        let ours = try proto.evaluate(selection.chosen.inputs, l2: penalty, over: days, snapshots)

        kind = .temporal(testCutoff: testSnapshot.date, horizonDays: proto.horizonDays)
        model = artefact.model
        inputSet = selection.chosen.inputs.name
        l2 = penalty
        thresholdRule = artefact.thresholdRule
        thresholdConfusion = selection.threshold.confusion
        self.data = data
        trainingRows = selection.fit.rowCount
        trainingPositives = selection.fit.positiveCount
        trainingCustomers = Set(selection.training.customers).count
        var cutoffs: [CutoffRows] = []
        for day in proto.trainingCutoffs {
            let snapshot = try snapshots.cutoff(day: day)
            cutoffs.append(
                CutoffRows(cutoff: snapshot.date, rows: snapshot.rowCount, positives: snapshot.positiveCount)
            )
        }
        trainingCutoffs = cutoffs
        self.test = Evaluation(
            test.chosen.scored,
            threshold: selection.threshold.threshold,
            bootstrap: effort.bootstrap
        )
        comparison = try others.first { $0.cutoff == test.chosen.cutoff }.map { other throws(TrainingError) in
            Comparison(
                other: prototype.name,
                metrics: other.metrics,
                difference: try effort.bootstrap.difference(test.chosen.scored, minus: other.scored)
            )
        }
        following = try Following(ours, others, effort.bootstrap)
        candidates = Self.candidates(selection)
        coefficients = try CoefficientTable(selection.fit, training: selection.training).rows
        importance = try PermutationImportance(
            selection.fit,
            on: testRows,
            repeats: effort.permutations,
            threads: effort.threads
        ).rows
        dropOne =
            selection.training.inputs.count > 1
            ? try DropOne(selection.training, l2: penalty, validation: proto.validation) : nil
        self.segments = segments
        leaks = try Self.leakRows(artefact.model, testSnapshot, shared: snapshots.shared)
        resamples = effort.bootstrap.resamples
        procedure = artefact.training.procedure
        notes = artefact.notes
    }

    private static func candidates(_ selection: TemporalProtocol.Selection) -> [Candidate] {
        let all =
            selection.candidates.contains { $0.inputs == selection.baseline.inputs }
            ? selection.candidates : [selection.baseline] + selection.candidates
        return all.map { candidate in
            Candidate(
                name: candidate.inputs.name,
                inputs: candidate.inputs.features,
                trials: candidate.trials,
                l2: candidate.best.l2,
                logLoss: candidate.best.logLoss,
                areaUnderROC: candidate.best.areaUnderROC,
                improvement: candidate.improvement,
                standardError: candidate.standardError,
                isBaseline: candidate.inputs == selection.baseline.inputs,
                isChosen: candidate.inputs == selection.chosen.inputs
            )
        }
    }

    /// Of the prototype's protocol.
    ///
    /// - Parameter snapshot: the one that the outcome was made from.
    package init(
        _ outcome: SeedProtocol.Outcome,
        artefact: ModelArtefact,
        snapshot: Snapshot,
        data: DataSummary,
        segments: Segments?,
        effort: Effort
    ) throws(TrainingError) {
        kind = .seed(recencyAbove: SeedProtocol.recencyLimit)
        model = artefact.model
        inputSet = outcome.inputs.name
        l2 = outcome.fit.l2
        thresholdRule = artefact.thresholdRule
        thresholdConfusion = nil
        self.data = data
        trainingRows = outcome.fit.rowCount
        trainingPositives = outcome.fit.positiveCount
        trainingCustomers = Set(outcome.training.customers).count
        trainingCutoffs = []
        test = Evaluation(outcome.scored, threshold: artefact.model.threshold, bootstrap: effort.bootstrap)
        comparison = nil
        following = nil
        candidates = []
        coefficients = try CoefficientTable(outcome.fit, training: outcome.training).rows
        importance = try PermutationImportance(
            outcome.fit,
            on: outcome.test,
            repeats: effort.permutations,
            threads: effort.threads
        ).rows
        dropOne = nil
        self.segments = segments
        leaks = try Self.leakRows(artefact.model, nil, shared: snapshot)
        resamples = effort.bootstrap.resamples
        procedure = artefact.training.procedure
        notes = artefact.notes
    }

    /// - Parameter test: nil where nothing is forecast.
    private static func leakRows(
        _ model: Model,
        _ test: Snapshot?,
        shared: Snapshot?
    ) throws(TrainingError) -> [LeakRow] {
        let inputs = Set(model.row.features)
        let sharedGuard = LeakGuard(window: .shared(recencyAbove: SeedProtocol.recencyLimit))
        let disjointGuard = LeakGuard(window: .after(horizonDays: 1))
        var rows: [LeakRow] = []
        let snapshot = test ?? shared
        for feature in snapshot?.schema.names ?? [] where snapshot?.feature(feature) != nil {
            rows.append(
                LeakRow(
                    feature: feature,
                    isInput: inputs.contains(feature),
                    reads: FeatureLineages.schema.lineage(of: feature)?.reads ?? "",
                    sharedWindow: sharedGuard.finding(feature)?.description,
                    disjointWindow: disjointGuard.finding(feature)?.description,
                    areaAlone: try test.map { snapshot throws(TrainingError) in try area(feature, snapshot) },
                    areaAloneShared: try shared.map { snapshot throws(TrainingError) in try area(feature, snapshot) }
                )
            )
        }
        return rows
    }

    /// Of one feature by its rank: which direction means churn does not matter.
    private static func area(_ feature: String, _ snapshot: Snapshot) throws(TrainingError) -> Double {
        let values = Array(snapshot.feature(feature) ?? [])
        // Ranks are all that counts, and they are probabilities once divided by their number.
        let distinct = Set(values).sorted()
        var ranks: [Double: Double] = [:]
        for (rank, value) in distinct.enumerated() { ranks[value] = Double(rank) / Double(max(1, distinct.count - 1)) }
        let scored = try ScoredRows(
            probabilities: values.map { ranks[$0] ?? 0 },
            labels: snapshot.labels,
            customers: snapshot.customers
        )
        let area = Ranking.areaUnderROC(scored)
        return max(area, 1 - area)
    }
}

extension TrainingReport.Following {
    /// - Returns: nil when there is no cutoff.
    init?(_ model: [CutoffResult], _ prototype: [CutoffResult], _ bootstrap: Bootstrap) throws(TrainingError) {
        guard !model.isEmpty else { return nil }
        cutoffs = zip(model, prototype).map { ours, theirs in
            TrainingReport.FollowedCutoff(
                cutoff: ours.cutoff,
                rows: ours.scored.rowCount,
                baseRate: ours.scored.baseRate,
                trainingRows: ours.trainingRows,
                lastTrainingCutoff: ours.lastTrainingCutoff,
                model: ours.metrics,
                prototype: theirs.metrics
            )
        }
        self.model = try bootstrap.means(over: model.map(\.scored))
        self.prototype = try bootstrap.means(over: prototype.map(\.scored))
        difference = try bootstrap.difference(over: model.map(\.scored), minus: prototype.map(\.scored))
    }
}
