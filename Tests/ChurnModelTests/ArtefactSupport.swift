import ChurnModel
import Foundation
import TestSupport
import Testing

/// An artefact that uses every field and every transform.
func sampleArtefact(name: String = "sample", version: Int = 3, seed: UInt64 = 1) throws -> ModelArtefact {
    var random = SplitMix64(seed: seed)
    var inputs: [ModelInput] = []
    for (j, transform) in [Transform.identity, .log1p, .log(offset: 0.05)].enumerated() {
        inputs.append(
            ModelInput(
                feature: "feature_\(j)",
                transform: transform,
                mean: random.wide(-5...5),
                scale: abs(random.wide(-5...5)),
                coefficient: random.wide(-5...5)
            )
        )
    }
    return ModelArtefact(
        model: try .logistic(
            LogisticModel(
                name: name,
                version: version,
                inputs: inputs,
                intercept: random.wide(-5...5),
                threshold: Double.random(in: 0...1, using: &random)
            )
        ),
        thresholdRule: "by hand: \"a\\b\" and\nnew line, tab\t, bell \u{7}, é, 漢字, 😀, \u{2028}",
        training: .init(
            data: "made up",
            fingerprint: "sha256:0",
            rows: 10,
            positives: 4,
            cutoffs: ["2011-03-06", "2011-03-13"],
            horizonDays: 90,
            procedure: "none"
        ),
        metrics: ["test": ["roc_auc": 0.1 + 0.2, "log_loss": Double.leastNonzeroMagnitude], "empty": [:]],
        libraries: ["swift": "6.3"],
        notes: ["one", "two"]
    )
}

/// Writes the sample's text, changed by `edit`, with a checksum that fits, and reads it.
func readingSample(_ edit: (String) -> String) throws {
    try withTemporaryDirectory { directory in
        let artefact = try sampleArtefact()
        let before = String(decoding: artefact.json, as: UTF8.self)
        let after = edit(before)
        #expect(after != before, "the edit changed nothing")
        let folder = try place(artefact, in: directory)
        try place(Array(after.utf8), in: folder)
        _ = try ModelArtefact(folder: folder, name: "sample", version: 3)
    }
}

/// One line, which names the file.
func isUseful(_ error: ModelError?, file: String) -> Bool {
    guard let text = error?.description else { return false }
    return text.contains(file) && !text.contains("\n") && text.contains("; ")
}
