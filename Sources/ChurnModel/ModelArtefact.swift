/// A model with its papers: what is in `models/NAME/VERSION/model.json`.
package struct ModelArtefact: Equatable, Sendable {
    package var model: Model
    /// How the threshold was chosen, for a person.
    package var thresholdRule: String
    package var training: Training
    /// Figures of the evaluation by set of rows, as `["test": ["roc_auc": 0.77]]`; finite.
    package var metrics: [String: [String: Double]]
    /// Versions of what made the model, by name.
    package var libraries: [String: String]
    /// Anything else a reader should know, a paragraph each.
    package var notes: [String]

    package init(
        model: Model,
        thresholdRule: String,
        training: Training,
        metrics: [String: [String: Double]] = [:],
        libraries: [String: String] = [:],
        notes: [String] = []
    ) {
        self.model = model
        self.thresholdRule = thresholdRule
        self.training = training
        self.metrics = metrics
        self.libraries = libraries
        self.notes = notes
    }

    /// What a model was fitted to.
    package struct Training: Equatable, Sendable {
        /// What the data is, for a person.
        package var data: String
        /// Identifies its bytes, as `sha256:...`.
        package var fingerprint: String
        /// Rows fitted, and those of them that churned.
        package var rows: Int
        package var positives: Int
        /// Dates (`2011-06-12`) whose history the features were made from; empty when there was no cut.
        package var cutoffs: [String]
        /// Days after a cutoff in which a customer without a purchase counts as churned; 0 when the label was made
        /// from the same history as the features.
        package var horizonDays: Int
        /// How rows were chosen, split and fitted, for a person.
        package var procedure: String

        package init(
            data: String,
            fingerprint: String,
            rows: Int,
            positives: Int,
            cutoffs: [String],
            horizonDays: Int,
            procedure: String
        ) {
            self.data = data
            self.fingerprint = fingerprint
            self.rows = rows
            self.positives = positives
            self.cutoffs = cutoffs
            self.horizonDays = horizonDays
            self.procedure = procedure
        }
    }
}

extension ModelArtefact {
    static let modelFile = "model.json"
    static let checksumFile = "SHA256SUMS"
}
