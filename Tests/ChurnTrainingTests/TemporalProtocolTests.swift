import ChurnModel
import ChurnTraining
import TestSupport
import Testing

@Suite struct TemporalProtocolTests {
    private func protocolOf(
        candidates: [InputSet] = [],
        baseline: InputSet = .t10,
        cutoffs: [Int64]? = nil,
        population: Population = .all,
        penalties: [Double] = [100],
        rule: ThresholdRule = .recall(0.8),
        threads: Int = 1
    ) throws -> TemporalProtocol {
        let reference = try Reference.temporal.get()
        return try TemporalProtocol(
            trainingCutoffs: cutoffs ?? reference.train_cutoffs.texts.map(day),
            testCutoff: day(reference.test_cutoff.text),
            population: population,
            candidates: candidates,
            baseline: baseline,
            penalties: penalties,
            validation: CrossValidation(regression: LogisticRegression(threads: threads)),
            thresholdRule: rule
        )
    }

    @Test("every cutoff has the customers, churners and feature means of the reference")
    func snapshots() throws {
        let reference = try Reference.temporal.get()
        let snapshots = try RealData.snapshots.get()
        #expect(snapshots.cutoffs.count == 28)
        var described = 0
        for (date, expected) in reference.cutoffs.fields {
            let snapshot = try snapshots.cutoff(day: day(date))
            #expect(Double(snapshot.rowCount) == expected.n.number)
            #expect(Double(snapshot.positiveCount) == expected.churners.number)
            // The reference describes the features of the training cutoffs and of the test's.
            guard !expected.feature_means.fields.isEmpty else { continue }
            described += 1
            let dataset = try Dataset([snapshot], inputs: .t10)
            for (index, name) in Self.t10Names.enumerated() {
                let mean = dataset.column(index).reduce(0, +) / Double(dataset.rowCount)
                #expect(abs(mean - expected.feature_means[name].number) < 1e-9)
            }
        }
        #expect(described == 16)
    }

    /// The reference's names of T10's inputs, in order.
    private static let t10Names = [
        "act180", "l_units", "l_mon", "l_rec", "l_d60", "l_lastprod", "hour_mean", "ratio", "l_gapstd", "cancel_rate",
    ]

    @Test(
        "a fixed set at the reference's penalty: fit, out-of-fold scores, thresholds, test",
        arguments: [
            (InputSet.t10, "recommended_T10", 100.0, false), (.t6, "T6", 100, false), (.seed3, "seed3_raw", 100, false),
            (.t10, "recommended_T10_one_training_cutoff_2011_06_12", 10, true),
        ]
    )
    func fixedSet(inputs: InputSet, name: String, l2: Double, onlyLastCutoff: Bool) throws {
        let reference = try Reference.temporal.get()
        let expected = reference[name]
        let proto = try protocolOf(
            baseline: inputs,
            cutoffs: onlyLastCutoff ? [day("2011-06-12")] : nil,
            penalties: [l2]
        )
        let snapshots = try RealData.snapshots.get()
        let selection = try proto.select(snapshots)
        #expect(expected.lam.number == l2)
        #expect(Double(selection.fit.rowCount) == expected.rows.number)
        #expect(largestDifference(selection.fit.means, expected.mean.numbers) < 1e-9)
        #expect(largestDifference(selection.fit.scales, expected.scale.numbers) < 1e-9)
        #expect(largestDifference(selection.fit.coefficients, expected.coef.numbers) < 1e-9)
        #expect(abs(selection.fit.intercept - expected.intercept.number) < 1e-9)
        #expect(abs(selection.fit.objective - expected.objective.number) < 1e-8)

        let outOfFold = selection.chosen.best
        #expect(abs(outOfFold.areaUnderROC - expected.oof_auc_pooled.number) < 1e-9)
        #expect(abs(outOfFold.logLoss - expected.oof_log_loss.number) < 1e-9)
        #expect(selection.chosen.areaByCutoff.count == expected.oof_auc_by_cutoff.fields.count)
        for (cutoff, area) in selection.chosen.areaByCutoff {
            #expect(abs(area - expected.oof_auc_by_cutoff[cutoff].number) < 1e-9)
        }
        for (target, threshold) in expected.thresholds_from_oof_recall.fields {
            let choice = try ThresholdChoice(.recall(Double(target) ?? .nan), on: outOfFold.scored)
            #expect(abs(choice.threshold - threshold.number) < 1e-9)
            #expect(choice.confusion.recall >= Double(target) ?? .nan)
        }

        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        #expect(differences(Metrics(test.chosen.scored).figures, expected.test, names: metricNames) == [])
        // The thresholds as written there may be off by a rounding, so take each from its own choice.
        for (target, threshold) in expected.thresholds_from_oof_recall.fields {
            let choice = try ThresholdChoice(.recall(Double(target) ?? .nan), on: outOfFold.scored)
            let figures = Confusion(test.chosen.scored, threshold: choice.threshold).figures
            let there = expected.test.confusion["\(threshold.number)"]
            #expect(differences(figures, there, names: Array(figures.keys)) == [])
        }
    }

    @Test("T10 at the test cutoff: AUC and every probability of the reference")
    func t10() throws {
        let reference = try Reference.temporal.get()
        let proto = try protocolOf()
        let snapshots = try RealData.snapshots.get()
        let selection = try proto.select(snapshots)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        #expect(abs(test.chosen.metrics.areaUnderROC - 0.7503136145527208) < 1e-9)
        #expect(test.chosen.scored.customers.map(Double.init) == reference.test.customer_ids.numbers)
        #expect(test.chosen.scored.labels.map { $0 ? 1 : 0 } == reference.test.y.numbers)
        #expect(largestDifference(test.chosen.scored.probabilities, reference.test.p_T10.numbers) < 1e-9)
        #expect(differences(test.chosen.scored, reference.recommended_T10.test) == [])
        #expect(reference.recommended_T10.features.texts == Self.t10Names)
    }

    @Test("only customers active in the last 180 days")
    func active() throws {
        let expected = try Reference.temporal.get().T10_population_active180
        let proto = try protocolOf(population: .active(days: 180))
        let snapshots = try RealData.snapshots.get()
        let selection = try proto.select(snapshots)
        #expect(Double(selection.fit.rowCount) == expected.rows.number)
        #expect(largestDifference(selection.fit.coefficients, expected.coef.numbers) < 1e-9)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        #expect(differences(test.chosen.scored, expected.test) == [])
    }

    @Test("eight cutoffs, trained anew for each", arguments: [(InputSet.t10, "T10"), (.seed3, "seed3_raw")])
    func overCutoffs(inputs: InputSet, name: String) throws {
        let reference = try Reference.temporal.get().evaluation_over_cutoffs
        let dates = reference.fields.keys.sorted()
        #expect(dates.count == 8)
        let results = try protocolOf().evaluate(inputs, l2: 100, over: dates.map(day), RealData.snapshots.get())
        for (date, result) in zip(dates, results) {
            let expected = reference[date]
            #expect(result.cutoff == date)
            #expect(Double(result.trainingRows) == expected.train_rows.number)
            #expect(result.lastTrainingCutoff == expected.last_train_cutoff.text)
            #expect(Double(result.metrics.rowCount) == expected.n.number)
            #expect(abs(result.metrics.baseRate - expected.base_rate.number) < 1e-9)
            #expect(abs(result.metrics.areaUnderROC - expected[name].roc_auc.number) < 1e-9)
            #expect(abs(result.metrics.logLoss - expected[name].log_loss.number) < 1e-9)
        }
        let mean = results.reduce(0) { $0 + $1.metrics.areaUnderROC } / 8
        #expect(name != "T10" || (0.763..<0.765).contains(mean))
    }

    @Test("cross-validation keeps T10 and its penalty: nothing wins by more than one standard error")
    func selection() throws {
        let proto = try protocolOf(
            candidates: InputSet.candidates,
            penalties: TemporalProtocol.usualPenalties,
            threads: 2
        )
        let snapshots = try RealData.snapshots.get()
        let selection = try proto.select(snapshots)
        #expect(selection.candidates.map(\.inputs.name) == ["T6", "T10", "G12", "G16"])
        for candidate in selection.candidates {
            let least = candidate.trials.map(\.logLoss).min() ?? .nan
            // The curve is flat: the penalty chosen is not the one of the least loss, and costs next to nothing.
            #expect(candidate.best.l2 == 100)
            #expect(candidate.best.logLoss - least < 0.0005)
            #expect(!candidate.isClearlyBetter)
        }
        #expect(selection.chosen == selection.baseline)
        #expect(selection.chosen.inputs == .t10)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        // A higher AUC at this cutoff is a leak until shown otherwise.
        #expect((0.75..<0.765).contains(test.chosen.metrics.areaUnderROC))
        #expect(test.baseline == test.chosen)
    }

    @Test(
        "the rules of a choice: least loss or the strongest penalty near it; a winner by more than one standard error"
    )
    func rules() throws {
        let snapshots = try RealData.snapshots.get()
        let proto = try TemporalProtocol(
            trainingCutoffs: [day("2011-05-29"), day("2011-06-12")],
            testCutoff: day("2011-09-10"),
            candidates: [.seed3, .t6],
            baseline: .seed3,
            penalties: [1, 10, 100],
            penaltyRule: .leastLoss,
            validation: CrossValidation(regression: LogisticRegression())
        )
        let selection = try proto.select(snapshots)
        for candidate in selection.candidates {
            #expect(candidate.best.logLoss == candidate.trials.map(\.logLoss).min())
        }
        // T6 is far better than the prototype's three inputs.
        #expect(selection.chosen.inputs == .t6)
        #expect(selection.chosen.improvement > 3 * selection.chosen.standardError)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        #expect(test.baseline.inputs == .seed3)
        let difference = try Bootstrap(resamples: 200).difference(test.chosen.scored, minus: test.baseline.scored)
        #expect(difference.areaUnderROC.lower > 0)
        #expect(throws: TrainingError.self) {
            try TemporalProtocol(
                trainingCutoffs: [day("2011-06-12")],
                testCutoff: day("2011-09-10"),
                validation: CrossValidation(regression: LogisticRegression()),
                allowedLeaks: ["colour"]
            ).select(snapshots)
        }
    }

    @Test("nothing depends on the number of threads")
    func threads() throws {
        let snapshots = try RealData.snapshots.get()
        let papers = ArtefactPapers(name: "churn-temporal", version: 1, data: "Online Retail", fingerprint: "sha256:0")
        let artefacts = try [1, 2].map { threads in
            let proto = try protocolOf(penalties: [10, 100], threads: threads)
            let selection = try proto.select(snapshots)
            let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
            return try proto.artefact(selection, test, papers)
        }
        #expect(artefacts[0].json == artefacts[1].json)
        #expect(artefacts[0].training.cutoffs.count == 15)
        #expect(artefacts[0].training.horizonDays == 90)
        #expect(artefacts[0].model.row.features == InputSet.t10.features)
        #expect(abs((artefacts[0].metrics["test"]?["roc_auc"] ?? 0) - 0.7503136145527208) < 1e-9)
        #expect(try ModelArtefact(json: artefacts[0].json, at: "test") == artefacts[0])
    }

    @Test("folds keep a customer's rows together")
    func folds() throws {
        let validation = try CrossValidation(regression: LogisticRegression())
        #expect([12_346, 12_347, 12_350].map { validation.fold(of: $0) } == [1, 2, 0])
    }

    @Test("refuses cutoffs whose labels see the test")
    func overlapping() throws {
        #expect(
            throws: TrainingError.overlappingTest(
                trainingCutoff: "2011-06-13",
                testCutoff: "2011-09-10",
                horizonDays: 90
            )
        ) { try protocolOf(cutoffs: [day("2011-06-13")]) }
        #expect(throws: TrainingError.noTrainingCutoff(for: "2011-09-10", horizonDays: 90)) {
            try protocolOf(cutoffs: [])
        }
        let snapshots = try RealData.snapshots.get()
        #expect(throws: TrainingError.missingSnapshot(cutoff: "2011-03-07")) {
            try protocolOf(cutoffs: [day("2011-03-07")]).select(snapshots)
        }
        #expect(throws: TrainingError.noTrainingCutoff(for: "2011-03-13", horizonDays: 90)) {
            try protocolOf().evaluate(.t10, l2: 100, over: [day("2011-03-13")], snapshots)
        }
        #expect(throws: TrainingError.unknownFeature("none")) {
            try protocolOf(baseline: InputSet(name: "x", inputs: [InputDefinition("none")])).select(snapshots)
        }
    }
}
