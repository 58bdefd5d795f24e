import ChurnModel
import ChurnTraining
import TestSupport
import Testing

@Suite struct SeedProtocolTests {
    private func run(_ inputs: InputSet, threads: Int = 1) throws -> SeedProtocol.Outcome {
        try SeedProtocol(inputs: inputs, regression: LogisticRegression(l2: 1, threads: threads)).run(RealData.shared())
    }

    @Test("the whole history has the customers and churners of the reference")
    func rows() throws {
        let snapshot = try RealData.shared()
        #expect(snapshot.rowCount == 4_339)
        #expect(snapshot.positiveCount == 1_449)
        #expect(snapshot.date == "2011-12-10")
    }

    @Test("is the exact optimum of the prototype's protocol, with its split")
    func exactOptimum() throws {
        let reference = try Reference.seed.get()
        let outcome = try run(.seed3)
        #expect(outcome.test.customers.map(Double.init) == reference.test.customer_ids.numbers)
        #expect(outcome.test.labels.map { $0 ? 1 : 0 } == reference.test.y.numbers)
        #expect(outcome.training.rowCount == 3_465)
        #expect(outcome.training.positiveCount == 1_141)

        let expected = reference.model.exact
        #expect(largestDifference(outcome.fit.means, reference.model.scaler_mean.numbers) < 1e-9)
        #expect(largestDifference(outcome.fit.scales, reference.model.scaler_scale.numbers) < 1e-9)
        #expect(largestDifference(outcome.fit.coefficients, expected.coef.numbers) < 1e-9)
        #expect(abs(outcome.fit.intercept - expected.intercept.number) < 1e-9)
        #expect(abs(outcome.fit.objective - expected.objective.number) < 1e-9)
        #expect(largestDifference(outcome.scored.probabilities, reference.test.p_exact.numbers) < 1e-9)
        #expect(outcome.fit.gradientNorm <= 1e-10)
    }

    @Test("reproduces every figure of the prototype's evaluation")
    func figures() throws {
        let reference = try Reference.seed.get().model.exact.metrics
        let outcome = try run(.seed3)
        #expect(differences(outcome.scored, reference) == [])
        #expect(Metrics(outcome.scored).areaUnderROC == 0.7732880973903243)
        let half = Confusion(outcome.scored, threshold: 0.5)
        #expect(
            [half.trueNegatives, half.falsePositives, half.falseNegatives, half.truePositives] == [456, 110, 115, 186]
        )
        let low = Confusion(outcome.scored, threshold: 0.35)
        #expect([low.trueNegatives, low.falsePositives, low.falseNegatives, low.truePositives] == [356, 210, 53, 248])
    }

    @Test(
        "richer inputs on the same split",
        arguments: [
            (InputSet.seed3Log, "log1p_seed3", 0.7963443410070085),
            (.legitimate8, "legit8", 0.8081718183205568),
        ]
    )
    func richer(inputs: InputSet, name: String, area: Double) throws {
        let reference = try Reference.seed.get().richer_same_split[name]
        let outcome = try run(inputs)
        #expect(largestDifference(outcome.fit.means, reference.mean.numbers) < 1e-9)
        #expect(largestDifference(outcome.fit.scales, reference.scale.numbers) < 1e-9)
        #expect(largestDifference(outcome.fit.coefficients, reference.coef.numbers) < 1e-9)
        #expect(abs(outcome.fit.intercept - reference.intercept.number) < 1e-9)
        #expect(abs(outcome.fit.objective - reference.objective.number) < 1e-9)
        #expect(differences(outcome.scored, reference.metrics) == [])
        #expect(abs(Metrics(outcome.scored).areaUnderROC - area) < 1e-9)
    }

    @Test("refuses what reads the calendar, and writes down what is let through")
    func leaks() throws {
        #expect(throws: TrainingError.self) { try run(.t10) }
        let recency = InputSet(name: "recency", inputs: [InputDefinition("Frequency"), InputDefinition("recency_24h")])
        let allowed = try SeedProtocol(
            inputs: recency,
            regression: LogisticRegression(l2: 1),
            allowedLeaks: ["recency_24h"]
        )
        let outcome = try allowed.run(RealData.shared())
        #expect(Metrics(outcome.scored).areaUnderROC > 0.99)
        let artefact = try outcome.artefact(
            ArtefactPapers(name: "leaky", version: 1, data: "test", fingerprint: "none"),
            threshold: 0.5,
            thresholdRule: "fixed"
        )
        #expect(artefact.notes.contains { $0.contains("recency_24h") && $0.contains("dates the last purchase") })
    }

    @Test("the artefact is the same bytes again, with any number of threads, and is read back")
    func artefact() throws {
        let papers = ArtefactPapers(
            name: "seed-exact",
            version: 1,
            data: "Online Retail",
            fingerprint: "sha256:0",
            libraries: ["churn": "1"]
        )
        let artefacts = try [1, 1, 2].map { threads in
            try run(.seed3, threads: threads).artefact(papers, threshold: 0.35, thresholdRule: "As the prototype.")
        }
        #expect(artefacts[0].json == artefacts[1].json)
        #expect(artefacts[0].json == artefacts[2].json)
        let directory = try TemporaryDirectory()
        let folder = try artefacts[0].write(to: directory.path)
        #expect(try ModelArtefact(folder: folder, name: "seed-exact", version: 1) == artefacts[0])
        #expect(artefacts[0].metrics["test"]?["roc_auc"] == 0.7732880973903243)
        #expect(artefacts[0].metrics["test_at_threshold"]?["tp"] == 248)
    }
}
