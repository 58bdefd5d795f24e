internal import ArgumentParser
internal import ChurnClient
internal import ChurnFeatures
internal import ChurnStore

struct Score: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Score many customers in batches.",
        discussion: """
            The input is a CSV file with a header, in one of two forms:
              by id         a column customer_id (or CustomerID)
              by features   a column for each feature of the model (and customer_id)
            The output has, a row in, a row out: customer_id (or row, from 1),
            churn_probability, churn_prediction, status. Customers the server does not
            know have the status NOT_FOUND. A file appears under its name only when it is
            whole.

            EXAMPLES
              churn score customers.csv --output scores.csv
              churn score features.csv --model seed-logistic | head
              churn score --all --output scores.csv     every customer in the store
              churn score --all --to store              kept in the store
            """
    )

    @Argument(help: ArgumentHelp("A CSV or CSV.gz file, or - for standard input.", valueName: "file"))
    var file: String?

    @Flag(help: "Score every customer that has features in the store.")
    var all = false

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write; - for standard output.", valueName: "file"))
    var output = "-"

    @Option(
        help: ArgumentHelp(
            "With --all, store: keep the scores in the store instead of writing them.",
            discussion: "Once by model, version, as-of day and customer. Interrupted, it goes on where it was.",
            valueName: "place"
        )
    )
    var to: Destination?

    enum Destination: String, ExpressibleByArgument {
        case store
    }

    @OptionGroup var model: ModelOption
    @OptionGroup var server: ServerOptions
    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: ArgumentHelp("Rows of a batch, 1 to 50000.", valueName: "count"))
    var batchRows = 4_096

    @Flag(help: "JSON lines instead of CSV.")
    var json = false

    func validate() throws {
        guard all != (file != nil) else { throw ValidationError("name a file, or give --all; not both") }
        if to != nil {
            guard all else { throw ValidationError("--to store: goes with --all") }
            guard output == "-", !json else { throw ValidationError("--to store: goes without --output and --json") }
        }
        guard (1...50_000).contains(batchRows) else {
            throw ValidationError("--batch-rows: \(batchRows) is not in 1...50000")
        }
    }

    func run() async throws {
        let settings = try configuration.settings()
        let selector = model.selector(settings)
        let client = try server.client(settings)
        try await withClient(client) { client in
            let source: any ScoreSource
            let writer: ScoreWriter
            if let file {
                source = try await rows(of: file, client, selector)
                writer = ScoreWriter(to: try sink(source))
            } else {
                let kept = try store.location(settings).open(to == nil ? .read : .update)
                let customers = try kept.loadFeatures()
                source = try await self.source(customers, in: kept, client, selector)
                writer = ScoreWriter(to: to == nil ? try sink(source) : PredictionSink(kept), customers: customers)
            }
            let run = ScoreRun(client: client, selector: selector)
            try await run.score(source) { labels, answer in try writer.write(labels, answer) }
            let summary = try writer.finish()
            // Beside the scores of a pipe it would only disturb.
            StandardStream.error.writeBestEffort(summary + "\n")
        }
    }

    private func sink(_ source: any ScoreSource) throws(Failure) -> any ScoreSink {
        let target = try OutputTarget(path: output)
        if let file, target.isSame(as: file) {
            throw Failure(.usage, "\(file): would be overwritten by its own scores; name another --output")
        }
        return FileSink(to: target, labelledBy: source.label, json: json)
    }

    private func rows(of file: String, _ client: ChurnClient, _ selector: String) async throws -> any ScoreSource {
        // Opened first: a file that is not there is told of even when the server is not there either.
        let table = try CSVTable(path: file == "-" ? "/dev/stdin" : file)
        let features = try await Self.features(of: selector, client)
        return try FileSource(table, name: file, features: features, batchRows: batchRows)
    }

    /// All customers that have features; of those whose predictions are kept, the ones behind the last that has this one.
    private func source(
        _ customers: FeatureTable,
        in store: any Store,
        _ client: ChurnClient,
        _ selector: String
    ) async throws -> any ScoreSource {
        var ids = customers.customers.sorted()
        if to == .store {
            // An answer says which model it is by, and as of when: of a customer that is not there, too.
            let answer = try await client.predictBatch(customerIDs: Array(ids.prefix(1)), model: selector)
            let run = PredictionRun(answer.model, featureTime: answer.featureTime)
            if let last = try store.lastPredicted(in: run) { ids.removeAll { $0 <= last } }
        }
        return StoreSource(ids: ids, batchRows: batchRows)
    }

    /// The features that a model reads.
    private static func features(of selector: String, _ client: ChurnClient) async throws -> [String] {
        let report = try await client.health(names: true)
        let model = report.models.first {
            selector.isEmpty || $0.name == selector || "\($0.name)@\($0.version)" == selector
        }
        guard let model else {
            let served = report.models.map { "\($0.name)@\($0.version)" }.joined(separator: ", ")
            throw Failure(.unknownName, "the server does not serve the model '\(selector)'; it has \(served)".oneLine)
        }
        return model.features
    }
}
