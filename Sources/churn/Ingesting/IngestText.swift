internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore

/// What an ingest says, for programs and for people.
enum IngestText {
    /// Files that the table describes one by one.
    private static let filesShown = 5
    private static let remarksShown = 12

    static func batch(_ file: String, _ mark: TransactionSpool.Mark, _ batch: IngestCounts) -> JSON {
        .object([
            ("event", .string("batch")), ("file", .string(file)), ("lines", .integer(mark.lines)),
            ("bytes", .integer(mark.plainBytes)), ("added", .integer(batch.added)),
            ("already_there", .integer(batch.alreadyThere)),
        ])
    }

    static func done(
        _ read: FileReading,
        _ counts: IngestCounts,
        _ location: StoreLocation,
        _ verdict: ReadingVerdict
    ) -> JSON {
        .object(
            [("event", .string("done")), ("store", .string(location.description))]
                + Self.counts(read.summary.total) + Self.counts(counts)
                + [
                    ("colliding_customers", .array(counts.colliding.map(JSON.string))),
                    ("warnings", .array((verdict.warnings + Self.warnings(counts)).map(JSON.string))),
                    ("skipped", .array(read.plan.skipped.map { .string($0.description) })),
                    ("files", .array(read.summary.files.map(file))),
                ]
        )
    }

    /// What the store left out and a person should know.
    static func warnings(_ counts: IngestCounts) -> [String] {
        guard counts.collisions > 0 else { return [] }
        let more = counts.colliding.count == IngestCounts.collidingShown ? " and maybe more" : ""
        return [
            "\(groupedText(counts.collisions)) \(counts.collisions == 1 ? "line is" : "lines are") left out "
                + "(customer_collision), since the store has other customers under the numbers made of these texts: "
                + "\(counts.colliding.map(\.oneLine).joined(separator: ", "))\(more); give these customers other ids"
        ]
    }

    /// The counts of a reading.
    static func counts(_ total: ReadingCounts) -> [(String, JSON)] {
        [
            ("lines", .integer(total.lines)), ("without_customer", .integer(total.noCustomer)),
            ("left_out", .object(total.leftOutReasons.map { ($0.reason.name, .integer($0.lines)) })),
            ("rejected", .object(total.faultReasons.map { ($0.reason.name, .integer($0.lines)) })),
            ("rejects_written", .integer(total.rejectsWritten)), ("kept", .integer(total.kept)),
            ("purchases", .integer(total.purchases)), ("cancellations", .integer(total.cancellations)),
        ]
    }

    /// What the store did with the lines of a run.
    static func counts(_ counts: IngestCounts) -> [(String, JSON)] {
        [
            ("added", .integer(counts.added)), ("already_there", .integer(counts.alreadyThere)),
            ("customer_collision", .integer(counts.collisions)), ("forgotten", .integer(counts.forgotten)),
            ("replaced", .integer(counts.replaced)),
        ]
    }

    static func file(_ report: ReadingReport) -> JSON {
        .object([
            ("file", .string(report.path)), ("lines", .integer(report.counts.lines)),
            ("kept", .integer(report.counts.kept)), ("compression", .string(report.compression.rawValue)),
            ("encoding", .string(report.encoding.rawValue)),
            ("line_end", .optional(report.lineEnd) { .string($0.rawValue) }),
            ("date_layout", .optional(report.dateLayout) { .string($0.name) }),
            ("header", .array(report.header.map(JSON.string))),
            ("columns", .object(report.settled.readColumns.map { ($0.role.rawValue, .string($0.column)) })),
            ("ignored_columns", .array(report.settled.ignoredColumns.map(JSON.string))),
            ("statuses", .object(report.statuses.map { ($0.value, .integer($0.lines)) })),
            ("remarks", .array(report.remarks.map(JSON.string))),
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

    /// Of the lines that are read already and wait for the store.
    static func progress(_ lines: Int64, of count: Int64) -> String {
        "storing  \(100 * lines / max(count, 1)) %  \(groupedText(lines)) lines"
    }

    static func table(
        _ read: FileReading,
        _ counts: IngestCounts,
        _ location: StoreLocation,
        rejected: RejectsFile?,
        elapsed: Duration
    ) -> String {
        let total = read.summary.total
        var table = reading(total)
        table.add(["added to the store", groupedText(counts.added)])
        table.add(["already there", groupedText(counts.alreadyThere)])
        if counts.collisions > 0 { table.add(["left out: customer_collision", groupedText(counts.collisions)]) }
        if counts.replaced > 0 { table.add(["removed from replaced days", groupedText(counts.replaced)]) }
        if counts.forgotten > 0 { table.add(["left out: forgotten", groupedText(counts.forgotten)]) }
        var text = files(read) + table.text()
        let rate = rateText(total.lines, in: elapsed)
        text += "store  \(location), in \(durationText(elapsed)) (\(rate) lines/s)\n"
        if let rejected, rejected.isCreated {
            let left = total.rejectsNotWritten
            text += "rejects  \(rejected.path)" + (left > 0 ? " (\(groupedText(left)) more not written)" : "") + "\n"
        } else if rejected == nil, total.faults > 0 {
            text += "rejects  not written; --rejects FILE keeps them\n"
        }
        return text
    }

    /// What features were made of, and where they are.
    static func table(
        _ read: FileReading,
        _ totals: FactsTotals,
        _ context: BuildContext,
        output: String,
        elapsed: Duration
    ) -> String {
        var table = reading(read.summary.total)
        table.add(["customers", groupedText(totals.customers)])
        table.add(["purchase invoices", groupedText(totals.purchaseInvoices)])
        table.add(["revenue", groupedText(milli: totals.revenueMilli)])
        table.add(["left out: cancellations only", groupedText(totals.cancelOnlyCustomers)])
        if !totals.leftOut.isEmpty {
            table.add(["left out: sums beyond 64 bits", groupedText(totals.leftOut.count)])
        }
        let rate = rateText(read.summary.total.lines, in: elapsed)
        return files(read) + table.text()
            + "as of \(CivilTime.format(minute: context.asOfMinute)), hash \(hexadecimal(totals.hash))\n"
            + "features  \(output == "-" ? "standard output" : output), in "
            + "\(durationText(elapsed)) (\(rate) lines/s)\n"
    }

    static func object(
        _ read: FileReading,
        _ totals: FactsTotals,
        _ context: BuildContext,
        _ verdict: ReadingVerdict,
        output: String
    ) -> JSON {
        let total = read.summary.total
        return .object([
            ("output", .string(output)), ("as_of", .string(isoText(minute: context.asOfMinute))),
            ("last_purchase", .string(isoText(minute: context.lastPurchaseMinute))),
            ("lines", .integer(total.lines)), ("kept", .integer(total.kept)),
            ("customers", .integer(totals.customers)), ("purchases", .integer(totals.purchaseLines)),
            ("cancellations", .integer(totals.cancelLines)), ("invoices", .integer(totals.purchaseInvoices)),
            ("purchases_without_product", .integer(totals.linesWithoutProduct)),
            // A string, as in the other reports: money is exact.
            ("revenue", .string(decimalText(milli: totals.revenueMilli))),
            ("customers_with_cancellations_only", .integer(totals.cancelOnlyCustomers)),
            ("customers_left_out", .integer(totals.leftOut.count)),
            ("hash", .string(hexadecimal(totals.hash))), ("warnings", .array(verdict.warnings.map(JSON.string))),
            ("skipped", .array(read.plan.skipped.map { .string($0.description) })),
            ("files", .array(read.summary.files.map(file))),
        ])
    }

    static func reading(_ total: ReadingCounts) -> Table {
        var table = Table([("", .left), ("", .right)])
        table.add(["lines read", groupedText(total.lines)])
        if total.noCustomer > 0 { table.add(["  without customer", groupedText(total.noCustomer)]) }
        for (reason, lines) in total.leftOutReasons { table.add(["  left out: \(reason.name)", groupedText(lines)]) }
        for (reason, lines) in total.faultReasons { table.add(["  rejected: \(reason.name)", groupedText(lines)]) }
        table.add(["kept", groupedText(total.kept)])
        table.add(["  purchases", groupedText(total.purchases)])
        table.add(["  cancellations", groupedText(total.cancellations)])
        return table
    }

    /// How each file was read, and what was not.
    static func files(_ read: FileReading) -> String {
        let files = read.summary.files
        var text = files.prefix(filesShown).map(description).joined()
        text += more(files.count, "files")
        var remarks: [String] = []
        // Of files with the same remarks, each is said once.
        for remark in files.flatMap({ $0.remarks + statusRemark($0) }) where !remarks.contains(remark) {
            remarks.append(remark)
        }
        for remark in remarks.prefix(remarksShown) { text += "  \(remark.oneLine)\n" }
        text += more(remarks.count, "remarks", shown: remarksShown)
        for skipped in read.plan.skipped.prefix(filesShown) { text += "\(skipped.description.oneLine)\n" }
        return text + more(read.plan.skipped.count, "files that are skipped")
    }

    private static func more(_ count: Int, _ what: String, shown: Int = filesShown) -> String {
        count > shown ? "and \(groupedText(Int64(count - shown))) more \(what)\n" : ""
    }

    /// A column that looks like an order status has its values shown, since orders that came to nothing are no purchases.
    private static func statusRemark(_ report: ReadingReport) -> [String] {
        guard let column = report.settled.statusColumn, !report.statuses.isEmpty else { return [] }
        let values = report.statuses.map { "\($0.value) (\(groupedText($0.lines)))" }.joined(separator: ", ")
        let isUsed = !report.settled.layout.excludedStatuses.isEmpty
        return [
            "\"\(column)\" looks like the status of an order: \(values)"
                + (isUsed ? "" : "; leave some out with --exclude status=VALUE,...")
        ]
    }

    private static func description(_ report: ReadingReport) -> String {
        let parts = [
            report.encoding.rawValue,
            report.lineEnd?.rawValue,
            report.compression == .gzip ? "gzip" : nil,
            "dates \(report.dateLayout?.name ?? "none")",
        ]
        var text = "\(report.path.oneLine): \(parts.compactMap { $0 }.joined(separator: ", "))\n"
        let ignored = report.settled.ignoredColumns
        let columns = report.settled.readColumns.filter { !ignored.contains($0.column) }
        text += "  columns \(columns.map { "\($0.role.rawValue) \($0.column.oneLine)" }.joined(separator: ", "))\n"
        if !ignored.isEmpty { text += "  ignored \(ignored.map(\.oneLine).joined(separator: ", "))\n" }
        return text
    }
}
