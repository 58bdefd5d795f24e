internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

struct Features: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Make features of the transactions in the store, or in files.",
        discussion: """
            Builds one record a customer from every line before 00:00 of the as-of day,
            and puts it in the place of the last build, all at once. A running server
            finds the new build by itself. In MongoDB, customers whose lines are those
            of the last build keep their record; with --full all records are made.

            With files, the same features are made of them alone, without a store, and
            written as CSV. They are read as `churn ingest` reads them, with the same
            flags. Files may be larger than memory: what does not fit goes to a
            temporary file in $TMPDIR (else /var/tmp), which is gone however this ends.

            EXAMPLES
              churn features
              churn features --as-of 2011-09-10 --json
              churn features --full
              churn features exports/ --dates dmy --output features.csv
            """
    )

    @Argument(
        help: ArgumentHelp("CSV, CSV.gz, xlsx or zip files, or folders, instead of the store.", valueName: "path"),
        completion: .file()
    )
    var paths: [String] = []

    @Option(
        name: [.short, .long],
        help: ArgumentHelp("With files: the file to write; - for standard output.", valueName: "file")
    )
    var output: String?

    @OptionGroup var store: StoreOptions

    @Option(
        help: ArgumentHelp(
            "Count what happened before this day; unless set, the day after the last purchase.",
            valueName: "yyyy-mm-dd"
        )
    )
    var asOf: String?

    @OptionGroup var configuration: ConfigurationOptions
    @OptionGroup(title: "Reading files") var reading: ReadingOptions

    @Flag(help: "Make everybody's features, those too that cannot have changed.")
    var full = false

    @Flag(help: "One JSON object.")
    var json = false

    func validate() throws {
        guard !paths.isEmpty || output == nil else {
            throw ValidationError("--output: goes with files; the features of a store stay in it")
        }
        if paths.isEmpty, let flag = reading.givenFlags.first {
            throw ValidationError("--\(flag): goes with files; the lines of a store are read already")
        }
        guard paths.isEmpty || store.store == nil else {
            throw ValidationError("--store: features of files need no store; name either")
        }
        guard paths.isEmpty || !full else {
            throw ValidationError("--full: goes with a store; features of files are always made of all lines")
        }
    }

    func run() throws {
        let day = try asOf.map { text throws(Failure) in
            guard let day = CivilTime.parseDay(text) else {
                throw Failure(.usage, "--as-of: '\(text)' is not a day; write it as 2011-12-10")
            }
            return day
        }
        guard paths.isEmpty else {
            let export = FeatureExport(
                paths: paths,
                reading: reading,
                asOfDay: day,
                output: output ?? "-",
                json: json
            )
            return try export.run()
        }
        let location = try store.location(try configuration.settings())
        let report = try location.open(.update).buildFeatures(asOfDay: day, anew: full)
        BuildRemarks.write(report)
        try StandardStream.output.write(json ? Self.object(report, location).text + "\n" : Self.text(report, location))
    }

    private static func object(_ report: FeatureBuildReport, _ location: StoreLocation) -> JSON {
        let build = report.build
        return .object([
            ("store", .string(location.description)), ("generation", .integer(build.generation)),
            ("as_of", .string(isoText(minute: build.context.asOfMinute))),
            ("last_purchase", .string(isoText(minute: build.context.lastPurchaseMinute))),
            ("customers", .integer(build.customers)), ("purchases", .integer(report.purchaseLines)),
            ("cancellations", .integer(report.cancelLines)), ("invoices", .integer(report.purchaseInvoices)),
            ("purchases_without_product", .integer(report.linesWithoutProduct)),
            // A string: readers of JSON make doubles of numbers, and money is exact.
            ("revenue", .string(decimalText(milli: report.revenueMilli))),
            ("customers_with_cancellations_only", .integer(report.cancelOnlyCustomers)),
            ("customers_left_out", .integer(report.leftOut.count)),
            ("taken_over", report.takenOver.map { .integer($0) } ?? .null),
            ("hash", .string(hexadecimal(build.hash))),
        ])
    }

    private static func text(_ report: FeatureBuildReport, _ location: StoreLocation) -> String {
        let build = report.build
        var table = Table([("", .left), ("", .right)])
        table.add(["customers", groupedText(build.customers)])
        table.add(["purchase lines", groupedText(report.purchaseLines)])
        table.add(["purchase invoices", groupedText(report.purchaseInvoices)])
        table.add(["cancellation lines", groupedText(report.cancelLines)])
        table.add(["revenue", groupedText(milli: report.revenueMilli)])
        table.add(["left out: cancellations only", groupedText(report.cancelOnlyCustomers)])
        if !report.leftOut.isEmpty {
            table.add(["left out: sums beyond 64 bits", groupedText(report.leftOut.count)])
        }
        if let takenOver = report.takenOver { table.add(["taken over from the build before", groupedText(takenOver)]) }
        return table.text() + "as of \(CivilTime.format(minute: build.context.asOfMinute)), "
            + "generation \(build.generation), hash \(hexadecimal(build.hash))\nstore  \(location)\n"
    }
}
