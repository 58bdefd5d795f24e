internal import ArgumentParser
internal import ChurnBase
internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnStore

struct StoreRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Take lines out of the store: those of a run, of days or of an invoice.",
        discussion: """
            Without --yes nothing is removed: the counts of what would be are shown, as
            with --dry-run. Removing again removes nothing more. The features stay as they
            are until the next churn features.

            EXAMPLES
              churn store runs
              churn store remove --run 3 --dry-run
              churn store remove --run 3 --yes
              churn store remove --days 2011-11-01..2011-11-30 --yes
              churn store remove --invoice C536379 --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Option(name: .customLong("run"), help: ArgumentHelp("The lines of this run.", valueName: "id"))
    var runID: Int64?

    @Option(help: ArgumentHelp("The lines of these days, both included.", valueName: "yyyy-mm-dd..yyyy-mm-dd"))
    var days: String?

    @Option(help: ArgumentHelp("The lines of this invoice.", valueName: "number"))
    var invoice: String?

    @Flag(help: "Count only.")
    var dryRun = false

    @Flag(help: "Remove.")
    var yes = false

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        let given = [runID != nil, days != nil, invoice != nil].filter { $0 }.count
        guard given == 1 else { throw ValidationError("name one of --run, --days and --invoice") }
        guard !yes || !dryRun else { throw ValidationError("--yes: goes without --dry-run") }
    }

    func run() throws {
        let selection = try selection()
        let location = try store.location(try configuration.settings())
        let report = try location.open(yes ? .update : .read).remove(selection, dryRun: !yes)
        let object = JSON.object([
            ("store", .string(location.description)), ("removed", .bool(yes)), ("lines", .integer(report.lines)),
            ("customers", .integer(report.customers)), ("days", .integer(report.days)),
            ("first_day", .optional(report.span) { .string(CivilTime.format(day: $0.lowerBound)) }),
            ("last_day", .optional(report.span) { .string(CivilTime.format(day: $0.upperBound)) }),
        ])
        try StandardStream.output.write(json ? object.text + "\n" : text(report, location))
    }

    private func text(_ report: RemovalReport, _ location: StoreLocation) -> String {
        var text =
            "\(countedText(report.lines, "line")) of \(countedText(report.customers, "customer")) on "
            + "\(countedText(report.days, "day"))"
        if let span = report.span {
            text += " (\(CivilTime.format(day: span.lowerBound)) to \(CivilTime.format(day: span.upperBound)))"
        }
        text += yes ? " removed\n" : "; nothing was removed: --yes does it\n"
        return text + "store  \(location)\n"
    }

    private func selection() throws(Failure) -> LineSelection {
        if let runID { return .run(runID) }
        if let invoice { return .invoice(Array(invoice.utf8)) }
        let text = days ?? ""
        if let dots = text.firstRange(of: ".."), let first = CivilTime.parseDay(String(text[..<dots.lowerBound])),
            let last = CivilTime.parseDay(String(text[dots.upperBound...])), first <= last
        {
            return .days(first...last)
        }
        if let day = CivilTime.parseDay(text) { return .days(day...day) }
        throw Failure(.usage, "--days: '\(text)' is not a day or days; write it as 2011-12-01..2011-12-10")
    }
}

struct StoreForget: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Erase everything the store has of customers.",
        discussion: """
            Their lines, features, segments, predictions and texts go, for good; in an
            SQLite file every byte of them. Running servers load features without them by
            themselves. A keyed hash of each id is kept, by which lines that come later
            are left out, until --unforget. Files that churn score or churn features wrote
            are not touched. Where something is left to be done the exit status is 75, and
            the message says what.

            EXAMPLES
              churn store forget 17850 anna@example.com
              churn store forget --unforget 17850
            """
    )

    @Argument(help: ArgumentHelp("Ids, as they are in the files.", valueName: "customer"))
    var customers: [String]

    @OptionGroup var store: StoreOptions
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "Take lines of these customers again; erases nothing.")
    var unforget = false

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let ids = try customers.map { try Self.id(of: $0) }
        let location = try store.location(try configuration.settings())
        let opened = try location.open(.update)
        guard !unforget else {
            let count = try opened.unforget(ids)
            return try StandardStream.output.write(
                json
                    ? JSON.object([("store", .string(location.description)), ("unforgotten", .integer(count))]).text
                        + "\n"
                    : "lines of \(countedText(count, "customer")) are taken again\nstore  \(location)\n"
            )
        }
        let report = try opened.forget(ids)
        let object = JSON.object([
            ("store", .string(location.description)), ("found", .integer(report.found)),
            ("added", .integer(report.added)), ("lines", .integer(report.lines)),
            ("predictions", .integer(report.predictions)),
            ("generation", .optional(report.build) { .integer($0.generation) }),
            ("remaining", .array(report.remaining.map(JSON.string))),
        ])
        let text =
            "\(countedText(report.found, "customer")) found and erased, with \(countedText(report.lines, "line")) and "
            + "\(countedText(report.predictions, "prediction")); \(countedText(report.added, "id")) left out from now on\n"
            + "store  \(location)\n"
        try StandardStream.output.write(json ? object.text + "\n" : text)
        if !report.remaining.isEmpty { throw Failure(.tryAgain, report.remaining.joined(separator: "; ")) }
    }

    private static func id(of text: String) throws(Failure) -> CustomerID {
        var copy = text
        let id = copy.withUTF8 { bytes -> CustomerID? in
            if case .customer(let id) = CustomerTextMeaning(bytes, .standard) { id } else { nil }
        }
        guard let id else {
            throw Failure(.usage, "'\(text.oneLine)' is no customer's id; write it as it is in the files")
        }
        return id
    }
}
