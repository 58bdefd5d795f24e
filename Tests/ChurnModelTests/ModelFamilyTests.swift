import ChurnBase
import ChurnModel
import Testing

/// A family that only this test knows: a scorecard, as lenders use them. Each input is worth so many points per unit, and
/// so many points double the odds. It takes one format with its reader; what it is scored by is the case that there is.
private let scorecard = ArtefactFormat(name: "test.scorecard", version: 2) { (header, fields) throws(ModelError) in
    struct Own: Decodable {
        struct Input: Decodable { var points: Double }

        var inputs: [Input]
        var base_points: Double
        var points_to_double: Double
    }
    let own = try fields.decode(Own.self)
    let logOddsPerPoint = 0.6931471805599453 / own.points_to_double
    return .logistic(
        try LogisticModel(
            name: header.name,
            version: header.version,
            inputs: zip(header.row.inputs, own.inputs).map { definition, input in
                ModelInput(
                    definition,
                    LogisticTerm(mean: 0, scale: 1, coefficient: input.points * logOddsPerPoint)
                )
            },
            intercept: own.base_points * logOddsPerPoint,
            threshold: header.threshold,
            source: fields.at
        )
    )
}

@Suite struct ModelFamilyTests {
    private func text(hash: UInt64, format: String = "test.scorecard", points: String = "-10") -> [UInt8] {
        Array(
            """
            {"format": "\(format)", "format_version": 2, "name": "card", "version": 7,
             "schema_hash": "\(hexadecimal(hash))",
             "inputs": [{"feature": "orders", "transform": "identity", "points": \(points)},
                        {"feature": "silence", "transform": "log", "offset": 1, "points": 20}],
             "base_points": 40, "points_to_double": 20, "threshold": 0.5, "threshold_rule": "by hand",
             "training": {"data": "made up", "fingerprint": "none", "rows": 2, "positives": 1, "cutoffs": [],
                          "horizon_days": 0, "protocol": "none"},
             "metrics": {"test": {"roc_auc": 0.75}}, "libraries": {}, "notes": ["a note"]}
            """.utf8
        )
    }

    private let row = ModelRow([InputDefinition("orders"), InputDefinition("silence", .log(offset: 1))])

    @Test("a second family is read by a reader of its own, and by everybody else's code")
    func secondFamily() throws {
        let formats = ArtefactFormat.all + [scorecard]
        let artefact = try ModelArtefact(json: text(hash: row.schemaHash), at: "card", formats: formats)
        #expect(artefact.model.selector == "card@7" && artefact.model.row == row)
        #expect(artefact.metrics == ["test": ["roc_auc": 0.75]] && artefact.notes == ["a note"])

        // 4 orders, and a silence that is worth 20 · ln(e) points: 40 - 40 + 20 points are odds of 2.
        let layout = ["silence": 0, "other": 1, "orders": 2]
        let inputs = try artefact.model.row.placed { layout[$0] }.inputs(of: [1.718281828459045, 9, 4])
        for level in CPULevel.available {
            let probability = Scorer(artefact.model, level: level).score(inputs: inputs).probability
            #expect(abs(probability - 2.0 / 3) < 1e-15)
        }
        #expect(artefact.model.isChurn(probability: 0.5) && !artefact.model.isChurn(probability: 0.5.nextDown))
    }

    @Test("the format picks the reader: each reads its own only")
    func formats() throws {
        #expect(
            throws: ModelError.wrongFormat(
                at: "card",
                expected: "churn.logistic-regression version 1",
                found: "test.scorecard version 2"
            )
        ) { try ModelArtefact(json: text(hash: row.schemaHash), at: "card") }
        let formats = [scorecard] + ArtefactFormat.all
        let sample = try sampleArtefact()
        #expect(try ModelArtefact(json: sample.json, at: "sample", formats: formats) == sample)
        #expect(throws: ModelError.self) {
            try ModelArtefact(
                json: text(hash: row.schemaHash, format: "churn.logistic-regression"),
                at: "card",
                formats: formats
            )
        }
    }

    @Test("what a reader refuses names the file and the field; what all families have is checked for each")
    func refusals() throws {
        func read(_ text: [UInt8]) throws { _ = try ModelArtefact(json: text, at: "card", formats: [scorecard]) }
        let wordy = #expect(throws: ModelError.self) { try read(text(hash: row.schemaHash, points: "\"ten\"")) }
        if case .malformed("card", "inputs[0].points", _) = wordy {
        } else {
            Issue.record("\(String(describing: wordy))")
        }
        #expect(
            throws: ModelError.schemaMismatch(at: "card", expected: hexadecimal(row.schemaHash), found: hexadecimal(1))
        ) { try read(text(hash: 1)) }
    }

    @Test("a row is made of the features that a layout has by name, and says all that it has not")
    func placing() throws {
        let layout = ["silence": 1, "orders": 3]
        let placed = try row.placed { layout[$0] }
        #expect(
            placed.sources == [
                PlacedRow.Source(feature: 3, transform: .identity),
                PlacedRow.Source(feature: 1, transform: .log(offset: 1)),
            ]
        )
        let customer = [-1, 0.5, -1, 12]
        #expect(placed.features(of: customer) == [12, 0.5])
        let inputs = placed.inputs(of: customer)
        var same = [0.0, 0]
        row.transform(features: placed.features(of: customer), into: &same)
        #expect(inputs == [12, Transform.log(offset: 1)(0.5)] && inputs == same)
        #expect(throws: ModelRow.UnknownFeatures(names: ["orders", "silence"])) { try row.placed { _ in nil } }
    }
}
