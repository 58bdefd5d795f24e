internal import ArgumentParser
internal import ChurnBase
internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnStore

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Make a store, look into one, copy one, or take something out of one.",
        discussion: """
            check, copy, runs, remove and forget have --json.

            EXAMPLES
              churn store check
              churn store copy sqlite:churn.sqlite mongodb://db1/churn
              churn store runs
              churn store remove --run 3 --yes
              churn store forget anna@example.com
            """,
        subcommands: [
            StoreCreate.self, StoreCheck.self, StoreCopy.self, StoreRuns.self, StoreRemove.self, StoreForget.self,
            StoreMigrate.self,
        ]
    )
}

struct StoreCreate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Make an empty store; leave one that is there as it is.",
        discussion: """
            A server can then start before the first ingest: until there are features it
            answers batches that bring their own, and its health is NOT_SERVING.

            EXAMPLES
              churn store create
              churn store create --store mongodb://db1/churn
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    func run() throws {
        let location = try store.location(try configuration.settings())
        _ = try location.open(.create)
        try StandardStream.output.write("store  \(location)\n")
    }
}

struct StoreCheck: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say what is in the store, and whether it is sound.",
        discussion: """
            Counts the transactions, reads every record of the last feature build and
            compares them with the build's count and hash, compares all lines with what an
            SQLite store keeps of each run and day, and says whether transactions came that
            the build does not have. Ends with 1 when something is to be done.

            EXAMPLES
              churn store check
              churn store check --store mongodb://db1/churn --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let location = try store.location(try configuration.settings())
        let opened = try location.open(.read)
        let counts = try opened.transactionCounts()
        var problems = try opened.problems()
        problems += try Self.damagedLines(opened)
        let build = try Self.check(opened, counts, &problems)
        let text =
            json
            ? Self.object(location, counts, build, problems).text + "\n" : Self.text(location, counts, build, problems)
        try StandardStream.output.write(text)
        if !problems.isEmpty { throw ExitStatus.failure }
    }

    private static func damagedLines(_ store: any Store) throws(StoreError) -> [String] {
        try store.damagedDays().map { part in
            "lines of run \(part.run) on \(CivilTime.format(day: part.day)) are not those that were ingested; take the day out "
                + "with churn store remove --days \(CivilTime.format(day: part.day)) and ingest it again"
        }
    }

    private static func check(
        _ store: any Store,
        _ counts: TransactionCounts,
        _ problems: inout [String]
    ) throws(StoreError) -> FeatureBuild? {
        guard let build = try store.latestBuild() else {
            problems.append("there are no features; make them with churn features")
            return nil
        }
        do throws(StoreError) {
            _ = try store.loadFeatures()
        } catch .damaged(_, .features) {
            problems.append("the features are not those of their build; make them again with churn features")
        }
        if build.customers > counts.purchasers {
            problems.append("customers have features and no lines any more; make newer ones with churn features")
        }
        if let last = counts.lastMinute, last >= build.context.asOfMinute {
            problems.append("transactions came after the features' day; make newer ones with churn features")
        }
        return build
    }

    private static func object(
        _ location: StoreLocation,
        _ counts: TransactionCounts,
        _ build: FeatureBuild?,
        _ problems: [String]
    ) -> JSON {
        .object([
            ("store", .string(location.description)), ("lines", .integer(counts.lines)),
            ("purchases", .integer(counts.purchaseLines)), ("cancellations", .integer(counts.cancelLines)),
            ("customers", .integer(counts.customers)), ("invoices", .integer(counts.purchaseInvoices)),
            ("revenue", .string(decimalText(milli: counts.revenueMilli))),
            ("first", .optional(counts.firstMinute) { .string(isoText(minute: $0)) }),
            ("last", .optional(counts.lastMinute) { .string(isoText(minute: $0)) }),
            (
                "build",
                .optional(build) { build in
                    .object([
                        ("generation", .integer(build.generation)),
                        ("as_of", .string(isoText(minute: build.context.asOfMinute))),
                        ("customers", .integer(build.customers)), ("hash", .string(hexadecimal(build.hash))),
                    ])
                }
            ),
            ("problems", .array(problems.map(JSON.string))),
        ])
    }

    private static func text(
        _ location: StoreLocation,
        _ counts: TransactionCounts,
        _ build: FeatureBuild?,
        _ problems: [String]
    ) -> String {
        var table = Table([("", .left), ("", .right)])
        table.add(["lines", groupedText(counts.lines)])
        table.add(["  purchases", groupedText(counts.purchaseLines)])
        table.add(["  cancellations", groupedText(counts.cancelLines)])
        table.add(["customers", groupedText(counts.customers)])
        table.add(["purchase invoices", groupedText(counts.purchaseInvoices)])
        table.add(["revenue", groupedText(milli: counts.revenueMilli)])
        if let first = counts.firstMinute { table.add(["first", CivilTime.format(minute: first)]) }
        if let last = counts.lastMinute { table.add(["last", CivilTime.format(minute: last)]) }
        if let build {
            table.add(["customers with features", groupedText(build.customers)])
            table.add(["features as of", CivilTime.format(minute: build.context.asOfMinute)])
            table.add(["generation", groupedText(build.generation)])
            table.add(["hash", hexadecimal(build.hash)])
        }
        let verdict = problems.isEmpty ? "sound\n" : problems.map { "problem: \($0)\n" }.joined()
        return table.text() + "store  \(location)\n" + verdict
    }
}

struct StoreCopy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy the transactions of one store into another.",
        discussion: """
            Lines that the other store has already are not added again: after any
            interruption, run the same command once more. At the end both are compared.
            Features are not copied but made again, by churn features; they come out the
            same.

            EXAMPLES
              churn store copy sqlite:churn.sqlite mongodb://db1/churn
              churn store copy mongodb://db1/churn sqlite:copy.sqlite --json
            """
    )

    @Argument(help: ArgumentHelp("The store to read.", valueName: "from"))
    var source: String

    @Argument(help: ArgumentHelp("The store to fill; made when there is none.", valueName: "to"))
    var target: String

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let from = try StoreLocation(parsing: source)
        let to = try StoreLocation(parsing: target)
        guard from != to else { throw Failure(.usage, "\(to): would be copied into itself; name another store") }
        let reading = try from.open(.read)
        let writing = try to.open(.create)
        var progress = ProgressLine()
        defer { progress.clear() }
        let run = RunDescription(kind: .copy, files: [from.description], program: ChurnVersion.current)
        let counts = try writing.ingest(run, replacing: nil) { session in
            var lines: Int64 = 0
            try reading.forEachLine { line in
                try session.add(line)
                lines += 1
                guard lines.isMultiple(of: Int64(IngestBatch.defaultLines)) else { return }
                _ = try session.commit()
                progress.show { _ in "\(groupedText(lines)) lines" }
            }
            _ = try session.commit()
            return session.committed
        }
        let hash = try reading.transactionsHash()
        let isEqual = try writing.transactionsHash() == hash
        progress.clear()
        let text =
            json
            ? JSON.object([
                ("from", .string(from.description)), ("to", .string(to.description)), ("lines", .integer(counts.lines)),
                ("added", .integer(counts.added)), ("already_there", .integer(counts.alreadyThere)),
                ("equal", .bool(isEqual)),
            ]).text + "\n"
            : "\(groupedText(counts.added)) lines added, \(groupedText(counts.alreadyThere)) were there already; "
                + (isEqual ? "the stores hold the same lines\n" : "the other store holds more lines than this one\n")
        try StandardStream.output.write(text)
    }
}
