internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnModel
internal import ChurnStore
internal import ChurnTraining

struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model on the transactions in the store.",
        discussion: """
            At each cutoff the model scores every customer with a purchase before it, and is
            held against whether one followed within the horizon. Unless set, the cutoff
            lies a horizon before the last day of the data. The model is used as it is:
            whether it has seen those days in training is for you to know.

            EXAMPLES
              churn evaluate churn-temporal
              churn evaluate seed-logistic@1 --cutoff 2011-07-10 --cutoff 2011-09-10 --json
            """
    )

    @Argument(help: ArgumentHelp("NAME or NAME@VERSION.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("Where features end and the label begins; repeatable.", valueName: "yyyy-mm-dd"))
    var cutoff: [DayArgument] = []

    @Option(help: ArgumentHelp("Days without a purchase that make a churner.", valueName: "days"))
    var horizon = SnapshotCollector.defaultHorizonDays

    @OptionGroup var store: StoreOptions
    @OptionGroup var models: ModelsOptions
    @OptionGroup var threads: ThreadOption
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    private struct Row {
        var cutoff: String
        var metrics: Metrics
        var intervals: [String: Interval]
        var confusion: Confusion
    }

    func run() throws {
        let settings = try configuration.settings()
        let model = try ModelCatalog(directory: models.directory(settings)).artefact(model).model
        let opened = try store.location(settings).open(.read)
        let extent = try SnapshotReading.extent(of: opened)
        let days = cutoff.isEmpty ? [extent.lastDay - Int64(max(0, horizon))] : cutoff.map(\.day)
        let collector = try SnapshotCollector(cutoffs: days, horizonDays: horizon)
        var progress = ProgressLine()
        defer { progress.clear() }
        let snapshots = try SnapshotReading.snapshots(of: opened, collector, lines: extent.counts.lines, &progress)
        let bootstrap = try Bootstrap(threads: threads.count)
        let rows = try snapshots.cutoffs.map { snapshot in
            let scored = try snapshot.scored(by: model)
            return Row(
                cutoff: snapshot.date,
                metrics: Metrics(scored),
                intervals: bootstrap.intervals(scored, threshold: model.threshold),
                confusion: Confusion(scored, threshold: model.threshold)
            )
        }
        progress.clear()
        try StandardStream.output.write(json ? object(model, rows).text + "\n" : text(model, rows))
    }

    private func object(_ model: Model, _ rows: [Row]) -> JSON {
        .object([
            ("model", .string(model.selector)), ("horizon_days", .integer(horizon)),
            ("threshold", .number(model.threshold)),
            (
                "cutoffs",
                .array(
                    rows.map { row in
                        let intervals = row.intervals.sorted { $0.key < $1.key }.map { name, interval in
                            (name, JSON.array([.number(interval.lower), .number(interval.upper)]))
                        }
                        return .object([
                            ("cutoff", .string(row.cutoff)), ("metrics", .figures(row.metrics.figures)),
                            ("intervals_95", .object(intervals)),
                            ("at_threshold", .figures(row.confusion.figures)),
                        ])
                    }
                )
            ),
        ])
    }

    private func text(_ model: Model, _ rows: [Row]) -> String {
        var table = Table([
            ("cutoff", .left), ("customers", .right), ("churned", .right), ("AUC", .right), ("95 % interval", .right),
            ("log-loss", .right), ("Brier", .right), ("calibration", .right), ("lift 10 %", .right), ("recall", .right),
            ("precision", .right),
        ])
        for row in rows {
            let area = row.intervals["roc_auc"]
            table.add([
                row.cutoff, groupedText(Int64(row.metrics.rowCount)),
                roundedText(100 * row.metrics.baseRate, decimals: 1) + " %",
                roundedText(row.metrics.areaUnderROC, decimals: 4),
                area.map { "\(roundedText($0.lower, decimals: 4)) to \(roundedText($0.upper, decimals: 4))" } ?? "-",
                roundedText(row.metrics.logLoss, decimals: 4), roundedText(row.metrics.brier, decimals: 4),
                roundedText(row.metrics.calibrationError, decimals: 4),
                roundedText(row.metrics.liftAtTenPercent, decimals: 2), roundedText(row.confusion.recall, decimals: 3),
                roundedText(row.confusion.precision, decimals: 3),
            ])
        }
        return table.text() + "\(model.selector), threshold \(roundedText(model.threshold, decimals: 4)); churned: no "
            + "purchase in the \(horizon) days from the cutoff on\n"
    }
}
