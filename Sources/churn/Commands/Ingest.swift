internal import ArgumentParser
internal import ChurnBase
internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnStore

struct Ingest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Read transactions from files into the store.",
        discussion: """
            Reads CSV, CSV.gz, Excel workbooks (.xlsx), zip archives of them, folders, and
            standard input as -. A line needs a customer, a date, and an amount or a
            quantity and a price. Columns are found by the names of common exports; the
            order of dates, the separator and the decimal sign follow from all files of
            the command together. What could be read in two ways is refused, with the flag
            that says which; --dry-run shows how the files are read and writes nothing.

            Nothing is stored before all files are read: on a contradiction, or when too
            many lines are rejected, the exit status is 65 and the store is as it was.
            A line that cannot be used is counted by its reason and, up to 1,000 per
            reason, written to the rejects file.

            Lines are stored in batches. A batch that was reported survives a crash, and
            lines that the store has already are not added again: after any interruption,
            run the same command once more.

            With --replace the days on which the files have lines get these lines and no
            others, all at once: for an export that was corrected. It is refused when lines
            were rejected, or when the store has more than twice as many lines on these
            days, unless --yes is given; --dry-run lists the days.

            EXAMPLES
              churn ingest online_retail.csv.gz
              churn ingest --dry-run --dates dmy exports/
              churn ingest --replace corrected.csv
              churn ingest orders.csv --columns customer=Buyer,date='Paid at',amount=Total
              churn ingest export.csv --exclude status=cancelled,refunded
              churn ingest first.csv --dates dmy --save-layout shop.layout
              churn ingest nightly.csv.gz --layout shop.layout --rejects rejected.csv
              zcat daily.csv.gz | churn ingest - --store sqlite:/srv/churn.sqlite --json
            """
    )

    @Argument(
        help: ArgumentHelp(
            "CSV, CSV.gz, xlsx or zip files, folders of them, or - for standard input.",
            valueName: "path"
        ),
        completion: .file()
    )
    var paths: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup(title: "Reading") var reading: ReadingOptions

    @Option(help: ArgumentHelp("Lines per batch, 1 to 1000000.", valueName: "count"))
    var batchLines = IngestBatch.defaultLines

    @Flag(help: "Show how the files are read, and store nothing.")
    var dryRun = false

    @Flag(help: "Replace the days on which the files have lines: the store then has no other lines of them.")
    var replace = false

    @Flag(help: "With --replace: also when lines are rejected, or many more are replaced than come.")
    var yes = false

    @Flag(help: "One JSON line per batch, once it is durable, and one at the end; with --replace only this.")
    var json = false

    func validate() throws {
        guard (1...1_000_000).contains(batchLines) else {
            throw ValidationError("--batch-lines: \(batchLines) is not in 1...1000000")
        }
        guard replace || !yes else { throw ValidationError("--yes: goes with --replace") }
    }

    func run() throws {
        let location = try dryRun && !replace ? nil : store.location(try configuration.settings())
        // What is there and no store is told before a long reading, not after it.
        try location?.checkForWriting()
        let rejected = reading.rejectsFile
        var progress = ProgressLine()
        defer { progress.clear() }
        let read = FileReading(try ReadingPlan(paths: paths, options: reading))
        // Nothing reaches the store before every line is read and judged: so there is never anything to be taken back.
        var spool = TransactionSpool()
        let isDryRun = dryRun
        let batchLines = batchLines
        try read.run(rejects: rejected, &progress) { reader, notes in
            try reader.readBatch(maxLines: batchLines) { line in
                notes.note(line)
                if !isDryRun { try spool.append(line) }
            }
        } atBatchEnd: { input, report in
            let mark = TransactionSpool.Mark(
                input: input,
                lines: report.counts.lines,
                plainBytes: report.counts.plainBytes
            )
            if !isDryRun { try spool.append(mark) }
        }
        let findings = read.findings()
        var verdict = ReadingVerdict(read.summary, limit: reading.maxRejects, findings: findings)
        var replaced: ReplacedDays?
        if replace, let location { replaced = try ReplacedDays(findings, comparedWith: location) }
        if !yes, let refusal = replaced?.refusal(read.summary.total) { verdict.refuse(refusal) }
        guard let location, !dryRun else {
            progress.clear()
            let text =
                json
                ? DryRunText.object(read, findings, verdict, replaced).text + "\n"
                : DryRunText.text(read, findings, replaced)
            try StandardStream.output.write(text)
            return try finish(read, verdict)
        }
        if let refusal = verdict.refusal { throw refusal }
        var counts = IngestCounts()
        if read.summary.total.kept > 0 {
            counts = try write(spool, read, to: location, replacing: replaced?.replacement, &progress)
        }
        progress.clear()
        let text =
            json
            ? IngestText.done(read, counts, location, verdict).text + "\n"
            : IngestText.table(read, counts, location, rejected: rejected, elapsed: progress.elapsed)
        try StandardStream.output.write(text)
        for warning in IngestText.warnings(counts) {
            StandardStream.error.writeBestEffort("churn: warning: \(warning)\n")
        }
        try finish(read, verdict)
    }

    /// Adds the lines in the batches in which they were read, each durable before it is reported.
    private func write(
        _ spool: borrowing TransactionSpool,
        _ read: FileReading,
        to location: StoreLocation,
        replacing: DayReplacement?,
        _ progress: inout ProgressLine
    ) throws -> IngestCounts {
        let lineCount = spool.lineCount
        let run = RunDescription(
            kind: replacing == nil ? .ingest : .replace,
            files: read.plan.inputs.map(\.name),
            layout: read.plan.layouts.first?.layout.text ?? "",
            program: ChurnVersion.current
        )
        return try location.open(.create).ingest(run, replacing: replacing) { session in
            try spool.replay({ try session.add($0) }) { mark in
                let batch = try session.commit()
                let name = read.plan.inputs[mark.input].name
                if json, replacing == nil {
                    try StandardStream.output.write(IngestText.batch(name, mark, batch).text + "\n")
                }
                progress.show { _ in IngestText.progress(session.committed.lines, of: lineCount) }
            }
            return try session.finish()
        }
    }

    /// Saves the layout, warns, and fails where the command did its work for a part only.
    private func finish(_ read: FileReading, _ verdict: ReadingVerdict) throws {
        for warning in verdict.warnings { StandardStream.error.writeBestEffort("churn: warning: \(warning)\n") }
        if let refusal = verdict.refusal { throw refusal }
        try reading.save(read.plan)
        if let failure = verdict.emptyInputs { throw failure }
    }
}

extension StoreLocation {
    /// - Throws: `StoreError` when something else is there, or a newer store, or a server that cannot be reached.
    fileprivate func checkForWriting() throws(StoreError) {
        do throws(StoreError) {
            _ = try open(.read)
        } catch {
            switch error {
            case .notFound, .notAStore(_, .empty), .olderSchema: return
            default: throw error
            }
        }
    }
}
