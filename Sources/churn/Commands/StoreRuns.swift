internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

struct StoreRuns: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "List the runs that brought lines into the store.",
        discussion: """
            A run without an end is under way, or was interrupted; its lines are in the
            store. Its id is what `churn store remove --run` takes.

            EXAMPLES
              churn store runs
              churn store runs --json
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object per run.")
    var json = false

    func run() throws {
        let location = try store.location(try configuration.settings())
        let runs = try location.open(.read).runs()
        try StandardStream.output.write(
            json ? runs.map { Self.object($0).text + "\n" }.joined() : Self.table(runs).text() + "store  \(location)\n"
        )
    }

    private static func object(_ run: StoredRun) -> JSON {
        func day(_ day: Int64?) -> JSON { .optional(day) { .string(CivilTime.format(day: $0)) } }
        func time(_ seconds: Int64) -> JSON { .string(isoText(minute: seconds / 60)) }
        return .object([
            ("run", .integer(run.id)), ("kind", .string(run.description.kind.rawValue)),
            ("started", time(run.startedAtSeconds)), ("finished", .optional(run.finishedAtSeconds, time)),
            ("lines", .integer(run.lines)), ("first_day", day(run.days?.lowerBound)),
            ("last_day", day(run.days?.upperBound)), ("files", .array(run.description.files.map(JSON.string))),
            ("layout", .string(run.description.layout)), ("program", .string(run.description.program)),
            ("counts", .optional(run.counts) { .object(IngestText.counts($0)) }),
        ])
    }

    private static func table(_ runs: [StoredRun]) -> Table {
        var table = Table([
            ("run", .right), ("kind", .left), ("started (UTC)", .left), ("finished", .left), ("lines", .right),
            ("days", .left), ("files", .left),
        ])
        for run in runs {
            let files = run.description.files.map(\.oneLine)
            let more = files.count > 2 ? " and \(files.count - 2) more" : ""
            table.add([
                String(run.id), run.description.kind.rawValue, CivilTime.format(minute: run.startedAtSeconds / 60),
                run.finishedAtSeconds == nil ? "no" : "yes", groupedText(run.lines),
                run.days.map {
                    "\(CivilTime.format(day: $0.lowerBound)) to \(CivilTime.format(day: $0.upperBound))"
                } ?? "",
                files.prefix(2).joined(separator: ", ") + more,
            ])
        }
        return table
    }
}

struct StoreMigrate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring a store of an older version to the form of this one.",
        discussion: """
            In place. An interrupted migration leaves an SQLite store as it was; in MongoDB
            it goes on when it is run again. Older versions of churn cannot open the store
            afterwards, so stop them first. A store that is up to date is left as it is.

            EXAMPLES
              churn store migrate
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    func run() throws {
        let location = try store.location(try configuration.settings())
        let opened = try location.open(.update)
        let hasBuild = try opened.latestBuild() != nil
        try StandardStream.output.write(
            "store  \(location), up to date\n"
                + (hasBuild ? "" : "there are no features; make them with churn features\n")
        )
    }
}
