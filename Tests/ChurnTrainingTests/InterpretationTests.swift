import ChurnModel
import ChurnTraining
import Foundation
import TestSupport
import Testing

@Suite struct InterpretationTests {
    @Test("Wald's errors are those of the closed form for one flag")
    func closedForm() throws {
        // Two by two table a, b / c, d: the log odds ratio has the variance 1/a + 1/b + 1/c + 1/d.
        let counts = [(flag: 1.0, isChurn: true, rows: 30), (1, false, 20), (0, true, 15), (0, false, 60)]
        var column: [Double] = []
        var labels: [Bool] = []
        for (flag, isChurn, rows) in counts {
            column += [Double](repeating: flag, count: rows)
            labels += [Bool](repeating: isChurn, count: rows)
        }
        let dataset = try Dataset(inputs: ["flag"], columns: [column], labels: labels)
        let fit = try LogisticRegression(l2: 0).fit(dataset)
        let row = try CoefficientTable(fit, training: dataset).rows[1]
        let logRatio = log((30.0 / 20) / (15.0 / 60))
        let error = (1.0 / 30 + 1.0 / 20 + 1.0 / 15 + 1.0 / 60).squareRoot()
        #expect(abs(row.coefficient - logRatio * fit.scales[0]) < 1e-9)
        #expect(abs((row.independentError ?? .nan) - error * fit.scales[0]) < 1e-9)
        // The model has a weight for each cell, so the sandwich is Wald's but for its correction.
        let sandwich = error * fit.scales[0] * (125.0 / 124).squareRoot()
        #expect(abs((row.standardError ?? .nan) - sandwich) < 1e-9)
        let ratio = try #require(row.oddsRatio)
        #expect(abs(log(ratio.upper / ratio.estimate) - 1.959963984540054 * sandwich) < 1e-9)
        #expect(ratio.lower < ratio.estimate)
    }

    @Test("repeating every row of a customer leaves the clustered error, and shrinks the other")
    func clusters() throws {
        let plain = try syntheticRows(seed: 4, rows: 2_000, inputs: 3)
        let fourfold = try plain.selecting(rows: (0..<8_000).map { $0 / 4 })
        func errors(_ dataset: Dataset) throws -> (plain: Double, clustered: Double) {
            let row = try CoefficientTable(LogisticRegression(l2: 0).fit(dataset), training: dataset).rows[1]
            return (row.independentError ?? .nan, row.standardError ?? .nan)
        }
        let (one, four) = (try errors(plain), try errors(fourfold))
        #expect(abs(four.plain * 2 - one.plain) < 1e-9)
        #expect(abs(four.clustered - one.clustered) < 1e-9)
        // The model is right, so both errors estimate the same.
        #expect(abs(one.clustered / one.plain - 1) < 0.1)
    }

    @Test("the ten inputs of the forecast")
    func forecast() throws {
        let reference = try Reference.temporal.get()
        let snapshots = try RealData.snapshots.get()
        let training = try Dataset(
            reference.train_cutoffs.texts.map { try snapshots.cutoff(day: day($0)) },
            inputs: .t10
        )
        let fit = try LogisticRegression(l2: 100, threads: 2).fit(training)
        let table = try CoefficientTable(fit, training: training)
        #expect(table.rows.map(\.input) == ["(intercept)"] + InputSet.t10.features)
        // 15 cutoffs of a customer are far from 15 customers.
        let ratios = table.rows.map { ($0.standardError ?? 0) / ($0.independentError ?? .nan) }
        #expect(ratios.allSatisfy { (1.3..<4).contains($0) })
        let test = try Dataset([snapshots.cutoff(day: day(reference.test_cutoff.text))], inputs: .t10)
        let importance = try PermutationImportance(fit, on: test, repeats: 5, seed: 1, threads: 2)
        #expect(try PermutationImportance(fit, on: test, repeats: 5, seed: 1, threads: 1) == importance)
        // Only the decayed purchase days matter much by themselves.
        let losses = importance.rows.map(\.areaLost)
        #expect(losses.max() == losses[0] && losses[0] > 0.05)
        #expect(throws: TrainingError.self) { try PermutationImportance(fit, on: test, repeats: 1) }

        let dropped = try DropOne(training, l2: 100, validation: CrossValidation(regression: LogisticRegression()))
        #expect(abs(dropped.areaUnderROC - reference.recommended_T10.oof_auc_pooled.number) < 1e-9)
        #expect(dropped.rows.map(\.input) == InputSet.t10.features)
        #expect(dropped.rows.min { $0.areaUnderROC < $1.areaUnderROC }?.input == "decayed_purchase_days_180d")
    }

    @Test("permuting an input without weight costs nothing")
    func withoutWeight() throws {
        let plain = try syntheticRows(seed: 11, rows: 400, inputs: 1)
        let dataset = try Dataset(
            inputs: ["x", "constant"],
            values: plain.values + [Double](repeating: 3, count: 400),
            labels: plain.labels
        )
        let importance = try PermutationImportance(LogisticRegression().fit(dataset), on: dataset, repeats: 3)
        #expect(importance.rows[0].areaLost > 0.01)
        #expect(importance.rows[1].areaLost == 0 && importance.rows[1].lossGained == 0)
    }

    @Test("any artefact is scored on any snapshot by the scorer that serves")
    func anyModel() throws {
        let outcome = try SeedProtocol(regression: LogisticRegression(l2: 1)).run(RealData.shared())
        let model = try outcome.fit.model(name: "seed", definitions: outcome.inputs.inputs, threshold: 0.35)
        let scored = try RealData.shared().scored(by: .logistic(model))
        #expect(scored.rowCount == 4_339)
        let byCustomer = Dictionary(uniqueKeysWithValues: zip(scored.customers, scored.probabilities))
        #expect(outcome.scored.customers.map { byCustomer[$0] ?? .nan } == outcome.scored.probabilities)
        let other = try LogisticModel(
            name: "other",
            version: 1,
            inputs: [ModelInput(feature: "unheard_of", mean: 0, scale: 1, coefficient: 1)],
            intercept: 0,
            threshold: 0.5
        )
        #expect(throws: TrainingError.unknownFeature("unheard_of")) {
            try RealData.shared().scored(by: .logistic(other))
        }
    }
}
