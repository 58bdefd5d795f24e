internal import ArgumentParser
internal import ChurnBase
internal import ChurnModel
internal import ChurnStore
internal import ChurnTraining

struct Train: ParsableCommand {
    enum ProtocolName: String, CaseIterable, ExpressibleByArgument { case temporal, seed }

    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model on the transactions in the store, with a report.",
        discussion: """
            Writes MODELS/NAME/VERSION with model.json, report.json, report.html and
            SHA256SUMS, all at once. The same transactions and options give the same bytes.

            Unless set, the test cutoff lies a horizon before the last day of the data
            (which may be incomplete), and training cutoffs are every week back from a
            horizon before it while a horizon of history precedes them, at most 52. Inputs
            and penalty are chosen by cross-validation on the training cutoffs; the test is
            opened once. --protocol seed repeats the prototype's, which forecasts nothing.

            --import adds columns from a CSV file: CustomerID, Cutoff (yyyy-mm-dd, not with
            --protocol seed), then numbers known by that day, one row for every customer of
            every cutoff. The leak guard refuses those whose figures know the label.

            EXAMPLES
              churn train --name churn-temporal --version 1
              churn train --name mine --version 1 --inputs t10 --penalty 100
              churn train --name trial --version 1 --protocol seed --json
            """
    )

    @Option(name: .customLong("protocol"), help: "How label and features are cut: temporal or seed.")
    var protocolName = ProtocolName.temporal

    @Option(help: ArgumentHelp("The model's name.", valueName: "name"))
    var name = DefaultModel.trained

    @Option(name: .customLong("version"), help: ArgumentHelp("Its version.", valueName: "number"))
    var modelVersion = 1

    @Option(
        help: ArgumentHelp(
            "auto, t6, t10, g12, g16, seed3, seed3-log or legitimate8.",
            valueName: "set"
        )
    )
    var inputs = InputChoice.auto

    @Option(help: ArgumentHelp("L2 penalty, instead of cross-validation's.", valueName: "number"))
    var penalty: Double?

    @Option(help: ArgumentHelp("Churners that the threshold finds, 0 to 1.", valueName: "share"))
    var recall = TemporalProtocol.defaultRecall

    @Option(help: ArgumentHelp("Days without a purchase that make a churner.", valueName: "days"))
    var horizon = SnapshotCollector.defaultHorizonDays

    @Option(help: ArgumentHelp("Training cutoffs, separated by commas.", valueName: "days"))
    var cutoffs: DaysArgument?

    @Option(help: ArgumentHelp("The test cutoff.", valueName: "yyyy-mm-dd"))
    var testCutoff: DayArgument?

    @Option(
        name: .customLong("import"),
        help: ArgumentHelp("Columns of your own to add to the inputs; such a model cannot be served.", valueName: "csv")
    )
    var importPath: String?

    @Option(help: ArgumentHelp("Let this input through the leak guard; repeatable.", valueName: "name"))
    var allowLeak: [String] = []

    @OptionGroup var store: StoreOptions
    @OptionGroup var models: ModelsOptions
    @OptionGroup var threads: ThreadOption
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard protocolName == .seed else { return }
        guard cutoffs == nil, testCutoff == nil else {
            throw ValidationError("--protocol seed has no cutoffs; leave --cutoffs and --test-cutoff out")
        }
    }

    func run() throws {
        let settings = try configuration.settings()
        let directory = try models.directory(settings)
        // Before minutes of work that could not be kept.
        guard try !ModelArtefact.exists(name, version: modelVersion, in: directory) else {
            throw ModelError.alreadyExists(at: "\(directory)/\(name)/\(modelVersion)")
        }
        let run = TrainingRun(
            store: try store.location(settings).open(.read),
            settings: .init(
                name: name,
                version: modelVersion,
                inputs: inputs.inputs,
                penalty: penalty,
                recall: recall,
                horizonDays: horizon,
                cutoffs: cutoffs?.days,
                testCutoff: testCutoff?.day,
                importPath: importPath,
                allowedLeaks: Set(allowLeak),
                threads: threads.count
            )
        )
        var progress = ProgressLine()
        defer { progress.clear() }
        let result =
            switch protocolName {
            case .temporal: try run.temporal(&progress)
            case .seed: try run.seed(&progress)
            }
        let folder = try result.artefact.write(
            to: directory,
            attachments: [
                .init(name: "report.json", bytes: result.report.json),
                .init(name: "report.html", bytes: result.report.html),
            ]
        )
        progress.clear()
        let text =
            json
            ? TrainingText.object(result, folder: folder).text + "\n" : TrainingText.text(result, folder: folder)
        try StandardStream.output.write(text)
    }
}
