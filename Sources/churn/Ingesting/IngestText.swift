internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

/// What an ingest says, for programs and for people.
enum IngestText {
    /// Files that the table describes one by one.
    private static let filesShown = 5

    static func batch(_ report: ReadingReport, _ batch: IngestCounts) -> JSON {
        .object([
            ("event", .string("batch")), ("file", .string(report.path)), ("lines", .integer(report.counts.lines)),
            ("bytes", .integer(report.counts.plainBytes)), ("added", .integer(batch.added)),
            ("already_there", .integer(batch.alreadyThere)),
        ])
    }

    static func done(_ summary: ReadingSummary, _ counts: IngestCounts, _ location: StoreLocation) -> JSON {
        let total = summary.total
        let rejected = total.rejectedReasons.filter { $0.reason != .noCustomer }
        return .object([
            ("event", .string("done")), ("store", .string(location.description)), ("lines", .integer(total.lines)),
            ("without_customer", .integer(total.noCustomer)),
            ("rejected", .object(rejected.map { ($0.reason.name, .integer($0.lines)) })),
            ("rejects_written", .integer(total.rejectsWritten)), ("kept", .integer(total.kept)),
            ("purchases", .integer(total.purchases)), ("cancellations", .integer(total.cancellations)),
            ("added", .integer(counts.added)), ("already_there", .integer(counts.alreadyThere)),
            ("files", .array(summary.files.map(file))),
        ])
    }

    private static func file(_ report: ReadingReport) -> JSON {
        .object([
            ("file", .string(report.path)), ("lines", .integer(report.counts.lines)),
            ("kept", .integer(report.counts.kept)), ("compression", .string(report.compression.rawValue)),
            ("encoding", .string(report.encoding.rawValue)),
            ("line_end", .optional(report.lineEnd) { .string($0.rawValue) }),
            ("date_layout", .optional(report.dateLayout) { .string($0.name) }),
            ("header", .array(report.header.map(JSON.string))),
        ])
    }

    /// One line for a terminal.
    static func progress(_ report: ReadingReport, linesBefore: Int64, elapsed: Duration) -> String {
        let lines = linesBefore + report.counts.lines
        let rate = rateText(lines, in: elapsed)
        var text = "\(report.path.oneLine)  "
        if let bytes = report.fileBytes, bytes > 0 {
            text += "\(min(100, 100 * report.counts.storedBytes / bytes)) %  "
        }
        return text + "\(groupedText(lines)) lines  \(rate) lines/s"
    }

    static func table(
        _ summary: ReadingSummary,
        _ counts: IngestCounts,
        _ location: StoreLocation,
        rejected: RejectsFile?,
        elapsed: Duration
    ) -> String {
        let total = summary.total
        var table = reading(total)
        table.add(["added to the store", groupedText(counts.added)])
        table.add(["already there", groupedText(counts.alreadyThere)])
        var text = files(summary) + table.text()
        let rate = rateText(total.lines, in: elapsed)
        text += "store  \(location), in \(roundedText(elapsed / .seconds(1), decimals: 1)) s (\(rate) lines/s)\n"
        if let rejected, rejected.isCreated {
            let left = total.rejectsNotWritten
            text += "rejects  \(rejected.path)" + (left > 0 ? " (\(groupedText(left)) more not written)" : "") + "\n"
        } else if rejected == nil, total.rejected > total.noCustomer {
            text += "rejects  not written; --rejects FILE keeps them\n"
        }
        return text
    }

    /// What features were made of, and where they are.
    static func table(
        _ summary: ReadingSummary,
        _ totals: FactsTotals,
        _ context: BuildContext,
        output: String,
        elapsed: Duration
    ) -> String {
        var table = reading(summary.total)
        table.add(["customers", groupedText(totals.customers)])
        table.add(["purchase invoices", groupedText(totals.purchaseInvoices)])
        table.add(["revenue", groupedText(milli: totals.revenueMilli)])
        table.add(["left out: cancellations only", groupedText(totals.cancelOnlyCustomers)])
        let rate = rateText(summary.total.lines, in: elapsed)
        return files(summary) + table.text()
            + "as of \(CivilTime.format(minute: context.asOfMinute)), hash \(hexadecimal(totals.hash))\n"
            + "features  \(output == "-" ? "standard output" : output), in "
            + "\(roundedText(elapsed / .seconds(1), decimals: 1)) s (\(rate) lines/s)\n"
    }

    static func object(
        _ summary: ReadingSummary,
        _ totals: FactsTotals,
        _ context: BuildContext,
        output: String
    ) -> JSON {
        let total = summary.total
        return .object([
            ("output", .string(output)), ("as_of", .string(isoText(minute: context.asOfMinute))),
            ("last_purchase", .string(isoText(minute: context.lastPurchaseMinute))),
            ("lines", .integer(total.lines)), ("kept", .integer(total.kept)),
            ("customers", .integer(totals.customers)), ("purchases", .integer(totals.purchaseLines)),
            ("cancellations", .integer(totals.cancelLines)), ("invoices", .integer(totals.purchaseInvoices)),
            // A string, as in the other reports: money is exact.
            ("revenue", .string(decimalText(milli: totals.revenueMilli))),
            ("customers_with_cancellations_only", .integer(totals.cancelOnlyCustomers)),
            ("hash", .string(hexadecimal(totals.hash))), ("files", .array(summary.files.map(file))),
        ])
    }

    private static func reading(_ total: ReadingCounts) -> Table {
        var table = Table([("", .left), ("", .right)])
        table.add(["lines read", groupedText(total.lines)])
        for (reason, lines) in total.rejectedReasons {
            let name = reason == .noCustomer ? "  without customer" : "  rejected: \(reason.name)"
            table.add([name, groupedText(lines)])
        }
        table.add(["kept", groupedText(total.kept)])
        table.add(["  purchases", groupedText(total.purchases)])
        table.add(["  cancellations", groupedText(total.cancellations)])
        return table
    }

    private static func files(_ summary: ReadingSummary) -> String {
        let rest = summary.files.count - filesShown
        return summary.files.prefix(filesShown).map(description).joined() + (rest > 0 ? "and \(rest) more files\n" : "")
    }

    private static func description(_ report: ReadingReport) -> String {
        let parts = [
            report.encoding.rawValue,
            report.lineEnd?.rawValue,
            report.compression == .gzip ? "gzip" : nil,
            "dates \(report.dateLayout?.name ?? "none")",
        ]
        return "\(report.path): \(parts.compactMap { $0 }.joined(separator: ", "))\n"
            + "  columns \(report.header.joined(separator: ", "))\n"
    }
}
