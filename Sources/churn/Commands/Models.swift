internal import ArgumentParser
internal import ChurnBase
internal import ChurnModel

struct Models: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the model artefacts, each one checked.",
        discussion: """
            Broken artefacts are named on standard error and make the exit status 1; the
            others are listed.

            EXAMPLES
              churn models
              churn models --models /srv/models --json
            """
    )

    @OptionGroup var models: ModelsOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let catalog = try ModelCatalog(directory: models.directory(try configuration.settings()))
        var artefacts: [ModelArtefact] = []
        var broken: [(selector: String, error: ModelError)] = []
        for entry in catalog.entries {
            do throws(ModelError) {
                artefacts.append(try catalog.artefact(entry))
            } catch {
                broken.append((entry.selector, error))
            }
        }
        if json {
            let object = JSON.object([
                ("directory", .string(catalog.directory)),
                ("models", .array(artefacts.map(Self.object))),
                (
                    "broken",
                    .array(
                        broken.map { selector, error in
                            .object([("model", .string(selector)), ("error", .string(error.description))])
                        }
                    )
                ),
            ])
            try StandardStream.output.write(object.text + "\n")
        } else {
            try StandardStream.output.write(Self.text(artefacts, catalog))
        }
        if let first = broken.first {
            let others = broken.count > 1 ? " (and \(broken.count - 1) more)" : ""
            throw Failure(.failure, first.error.description + others)
        }
    }

    private static func text(_ artefacts: [ModelArtefact], _ catalog: ModelCatalog) -> String {
        guard !catalog.entries.isEmpty else { return "no models in \(catalog.directory)\n" }
        guard !artefacts.isEmpty else { return "" }
        var table = Table([
            ("model", .left), ("inputs", .right), ("threshold", .right), ("test AUC", .right), ("rows", .right),
            ("trained through", .left),
        ])
        for artefact in artefacts {
            let training = artefact.training
            table.add([
                artefact.model.selector,
                "\(artefact.model.row.count)",
                roundedText(artefact.model.threshold, decimals: 3),
                artefact.testAUC.map { roundedText($0, decimals: 3) } ?? "-",
                groupedText(Int64(training.rows)),
                training.cutoffs.max()?.oneLine ?? "all of its data",
            ])
        }
        return table.text()
    }

    private static func object(_ artefact: ModelArtefact) -> JSON {
        let model = artefact.model
        let metrics = artefact.metrics.sorted { $0.key < $1.key }.map { set, figures in
            (set, JSON.figures(figures))
        }
        return .object([
            ("name", .string(model.name)), ("version", .integer(model.version)),
            ("inputs", .array(model.row.features.map(JSON.string))), ("threshold", .number(model.threshold)),
            ("threshold_rule", .string(artefact.thresholdRule)), ("test_auc", .optional(artefact.testAUC, JSON.number)),
            ("trained_through", .optional(artefact.training.cutoffs.max(), JSON.string)),
            ("rows", .integer(artefact.training.rows)), ("metrics", .object(metrics)),
        ])
    }
}

extension ModelArtefact {
    /// Area under the ROC curve on rows the model was not fitted to.
    fileprivate var testAUC: Double? { metrics["test"]?["roc_auc"] }
}
