internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read transactions from CSV files into the store.",
        discussion: """
            Reads CSV and CSV.gz files, or all of a directory. Header and date layout are
            recognised, and reported. A line that cannot be used is counted by its reason
            and, up to 1,000 a reason, written to the rejects file.

            Lines are stored in batches. A batch that was reported survives a crash, and
            lines that the store has already are not added again: after any interruption,
            run the same command once more.

            EXAMPLES
              churn ingest online_retail.csv.gz
              churn ingest --store sqlite:/srv/churn.sqlite --rejects rejected.csv exports/
              churn ingest --json daily.csv | jq .
            """
    )

    @Argument(help: ArgumentHelp("CSV or CSV.gz files, or directories of them.", valueName: "path"))
    var paths: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Option(help: ArgumentHelp("Lines of a batch, 1 to 1000000.", valueName: "count"))
    var batchLines = IngestBatch.defaultLines

    @Option(help: ArgumentHelp("Write rejected lines to this file, with number and reason.", valueName: "file"))
    var rejects: String?

    @Flag(help: "One JSON line a batch, once it is durable, and one at the end.")
    var json = false

    func validate() throws {
        guard (1...1_000_000).contains(batchLines) else {
            throw ValidationError("--batch-lines: \(batchLines) is not in 1...1000000")
        }
    }

    func run() throws {
        let location = try store.location(try configuration.settings())
        let files = try TransactionSource.files(at: paths)
        // Before the store is touched: a wrong file leaves it as it was, or unmade.
        try IngestCheck.run(files)

        let rejected = rejects.map { RejectsFile(path: $0) }
        var summary = ReadingSummary()
        var progress = ProgressLine()
        defer { progress.clear() }
        let counts = try location.open(.create).ingest { session in
            for file in files {
                var reader = try TransactionReader(path: file, rejects: rejected)
                var hasMore = true
                while hasMore {
                    hasMore = try reader.readBatch(maxLines: batchLines) { try session.add($0) }
                    let batch = try session.commit()
                    try rejected?.flush()
                    let report = reader.report
                    if json { try StandardStream.output.write(IngestText.batch(report, batch).text + "\n") }
                    progress.show { IngestText.progress(report, linesBefore: summary.total.lines, elapsed: $0) }
                }
                summary.add(reader.report)
            }
            return session.committed
        }
        progress.clear()
        let text =
            json
            ? IngestText.done(summary, counts, location).text + "\n"
            : IngestText.table(summary, counts, location, rejected: rejected, elapsed: progress.elapsed)
        try StandardStream.output.write(text)
    }
}
