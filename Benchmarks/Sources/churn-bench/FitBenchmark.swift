internal import ArgumentParser
internal import ChurnFeatures
internal import ChurnStore
internal import ChurnTraining

/// The training rows of the forecast and the customers' values, for `fit` and `kmeans` and their peers.
struct TrainingData: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "training-data",
        abstract: "Writes DIRECTORY/t10.columns (inputs, then the label) and DIRECTORY/rfm.columns from a store."
    )

    @Argument(help: "The store.") var store: String
    @Argument(help: "Where the files go.") var directory: String

    func run() throws {
        let store = try StoreLocation(parsing: store).open(.read)
        let counts = try store.transactionCounts()
        let plan = try CutoffPlan(
            firstDay: CivilTime.split(minute: counts.firstMinute ?? 0).day,
            lastDay: CivilTime.split(minute: counts.lastMinute ?? 0).day,
            horizonDays: 90
        )
        var collector = try SnapshotCollector(cutoffs: plan.training, sharedRecency: SeedProtocol.recencyLimit)
        try store.forEachLineByCustomer(before: .max) { try collector.add($0) }
        let snapshots = try collector.finish()
        let rows = try Dataset(snapshots.cutoffs, inputs: .t10)
        let inputs = rows.inputs.indices.map { Array(rows.column($0)) }
        try ColumnFile(columns: inputs + [rows.labels.map { $0 ? 1 : 0 }]).write(to: directory + "/t10.columns")
        let values = CustomerValues.features.map { Array(snapshots.shared?.feature($0) ?? []) }
        try ColumnFile(columns: values).write(to: directory + "/rfm.columns")
    }
}

struct FitBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fit",
        abstract: "Times the logistic regression on one thread, standardisation included."
    )

    @Argument(help: "Columns, the last one the label.") var file: String
    @Option var l2 = 1.0
    @Option var runs = 1

    func run() throws {
        let file = try ColumnFile(path: file)
        let inputs = file.columns - 1
        let rows = try Dataset(
            inputs: (0..<inputs).map { "x\($0)" },
            values: Array(file.values[..<(inputs * file.rows)]),
            labels: file.column(inputs).map { $0 == 1 }
        )
        let regression = try LogisticRegression(l2: l2)
        let (fit, times) = try timed(runs: runs) { try regression.fit(rows) }
        printObject([
            ("ms", "\(times)"), ("weights", "\([fit.intercept] + fit.coefficients)"),
            ("gradient", "\(fit.gradientNorm)"), ("iterations", "\(fit.iterations)"),
        ])
    }
}
