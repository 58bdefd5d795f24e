internal import ChurnFeatures
package import ChurnModel

/// What the caller knows of an artefact and training does not.
package struct ArtefactPapers: Equatable, Sendable {
    package var name: String
    package var version: Int
    /// What the data is, for a person.
    package var data: String
    /// Identifies its bytes, as `sha256:...`.
    package var fingerprint: String
    /// Versions of what makes the model, by name.
    package var libraries: [String: String]
    package var notes: [String]

    package init(
        name: String,
        version: Int,
        data: String,
        fingerprint: String,
        libraries: [String: String] = [:],
        notes: [String] = []
    ) {
        self.name = name
        self.version = version
        self.data = data
        self.fingerprint = fingerprint
        self.libraries = libraries
        self.notes = notes
    }
}

extension SeedProtocol.Outcome {
    /// The artefact, ready to be written. Equal outcomes and papers give equal bytes.
    ///
    /// - Parameters:
    ///   - threshold: in [0, 1].
    ///   - thresholdRule: how it was chosen, for a person.
    /// - Throws: `model`.
    package func artefact(
        _ papers: ArtefactPapers,
        threshold: Double,
        thresholdRule: String
    ) throws(TrainingError) -> ModelArtefact {
        ModelArtefact(
            model: try .logistic(
                fit.model(
                    name: papers.name,
                    version: papers.version,
                    definitions: inputs.inputs,
                    threshold: threshold
                )
            ),
            thresholdRule: thresholdRule,
            training: ModelArtefact.Training(
                data: papers.data,
                fingerprint: papers.fingerprint,
                rows: fit.rowCount,
                positives: fit.positiveCount,
                cutoffs: [],
                horizonDays: 0,
                procedure:
                    "Churn is a recency_24h above \(SeedProtocol.recencyLimit) days at the end of the window that "
                    + "the features are counted over: no forecast. Rows: customers ascending; test rows: the first "
                    + "\(test.rowCount) of NumPy's RandomState permutation. " + fit.procedure
            ),
            metrics: [
                "test": Metrics(scored).figures,
                "test_at_threshold": Confusion(scored, threshold: threshold).figures,
            ],
            libraries: papers.libraries,
            notes: papers.notes + leaks.notes
        )
    }
}

extension TemporalProtocol {
    /// The artefact, ready to be written. Equal selections and papers give equal bytes.
    ///
    /// - Parameter test: nil when the test was not opened.
    /// - Throws: `model`.
    package func artefact(
        _ selection: Selection,
        _ test: TestResult?,
        _ papers: ArtefactPapers
    ) throws(TrainingError) -> ModelArtefact {
        let threshold = selection.threshold.threshold
        var metrics = [
            "out_of_fold": Metrics(selection.chosen.best.scored).figures,
            "out_of_fold_at_threshold": selection.threshold.confusion.figures,
        ]
        if let test {
            metrics["test"] = test.chosen.metrics.figures
            metrics["test_at_threshold"] = test.confusion.figures
        }
        return ModelArtefact(
            model: try .logistic(
                selection.fit.model(
                    name: papers.name,
                    version: papers.version,
                    definitions: selection.chosen.inputs.inputs,
                    threshold: threshold
                )
            ),
            thresholdRule: thresholdRule.description,
            training: ModelArtefact.Training(
                data: papers.data,
                fingerprint: papers.fingerprint,
                rows: selection.fit.rowCount,
                positives: selection.fit.positiveCount,
                cutoffs: trainingCutoffs.map { CivilTime.format(day: $0) },
                horizonDays: horizonDays,
                procedure: procedure(selection)
            ),
            metrics: metrics,
            libraries: papers.libraries,
            notes: papers.notes + selection.leaks.notes
        )
    }

    private func procedure(_ selection: Selection) -> String {
        "Churn is no purchase in the \(horizonDays) days from the cutoff on; features from the lines before it; "
            + "\(population.description) with a purchase before the cutoff. Inputs \(selection.chosen.inputs.name), chosen "
            + "among \((candidates + (candidates.contains(baseline) ? [] : [baseline])).map(\.name).joined(separator: ", ")) "
            + "by \(validation.folds)-fold cross-validation by customer on the training cutoffs (log-loss; "
            + "\(baseline.name) unless another is better by more than one standard error). Penalty \(selection.fit.l2), "
            + "\(penaltyRule.description), among \(penalties.map { "\($0)" }.joined(separator: ", ")). Test cutoff "
            + "\(CivilTime.format(day: testCutoff)). " + selection.fit.procedure
    }
}

extension FittedLogistic {
    /// How it was fitted, for the artefact.
    var procedure: String {
        "Inputs standardised with the population standard deviation of the training rows. Objective: sum of log-loss + "
            + "\(l2)/2 |w|², intercept not penalised; Newton's method, \(iterations) steps to a gradient of at most "
            + "\(gradientNorm)."
    }
}
