internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures

struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Write a synthetic set of transactions.",
        discussion: """
            The layout is that of the real data; the customers are made up, by a
            documented process. The same numbers give the same bytes on every machine. The
            file appears under its name when it is whole.

            EXAMPLES
              churn generate --output synthetic.csv
              churn generate --customers 1000000 --seed 7 --output large.csv
              churn generate --output - | churn features /dev/stdin
            """
    )

    @Option(help: ArgumentHelp("Customers.", valueName: "count"))
    var customers = SyntheticTransactions.defaultCustomers

    @Option(help: ArgumentHelp("Days.", valueName: "count"))
    var days = SyntheticTransactions.defaultDays

    @Option(help: ArgumentHelp("Seed of the random numbers.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(name: [.short, .long], help: ArgumentHelp("The file to write; - for standard output.", valueName: "file"))
    var output: String

    @Flag(help: "One JSON object about what was written.")
    var json = false

    func validate() throws {
        guard !json || output != "-" else { throw ValidationError("--json: standard output has the lines already") }
    }

    func run() throws {
        let transactions = try SyntheticTransactions(seed: seed, customers: customers, days: days)
        guard output != "-" else {
            // Nothing but the lines.
            try transactions.write { (bytes) throws(OutputError) in try StandardStream.output.write(Array(bytes)) }
            return
        }
        let summary = try transactions.write(toFileAt: output)
        if json {
            let object = JSON.object([
                ("file", .string(output)), ("lines", .integer(summary.lines)),
                ("without_customer", .integer(summary.linesWithoutCustomer)),
                ("cancellations", .integer(summary.cancelLines)), ("invoices", .integer(summary.invoices)),
                ("customers", .integer(summary.activeCustomers)), ("bytes", .integer(summary.bytes)),
            ])
            return try StandardStream.output.write(object.text + "\n")
        }
        var table = Table([("", .left), ("", .right)])
        table.add(["lines", groupedText(summary.lines)])
        table.add(["  without customer", groupedText(summary.linesWithoutCustomer)])
        table.add(["  cancellations", groupedText(summary.cancelLines)])
        table.add(["invoices", groupedText(summary.invoices)])
        table.add(["customers with a purchase", groupedText(summary.activeCustomers)])
        table.add(["bytes", groupedText(summary.bytes)])
        try StandardStream.output.write(table.text() + "file  \(output) (made up, seed \(seed))\n")
    }
}
