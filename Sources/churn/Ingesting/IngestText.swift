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
            ("date_layout", .optional(report.dateLayout) { .string($0.rawValue) }),
            ("header", .array(report.header.map(JSON.string))),
        ])
    }

    /// One line for a terminal.
    static func progress(_ report: ReadingReport, linesBefore: Int64, seconds: Double) -> String {
        let lines = linesBefore + report.counts.lines
        let rate = groupedText(Int64(Double(lines) / max(seconds, 0.001)))
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
        seconds: Double
    ) -> String {
        let total = summary.total
        var text = ""
        for report in summary.files.prefix(filesShown) { text += description(report) }
        if summary.files.count > filesShown { text += "and \(summary.files.count - filesShown) more files\n" }
        var table = Table([("", .left), ("", .right)])
        table.add(["lines read", groupedText(total.lines)])
        for (reason, lines) in total.rejectedReasons {
            let name = reason == .noCustomer ? "  without customer" : "  rejected: \(reason.name)"
            table.add([name, groupedText(lines)])
        }
        table.add(["kept", groupedText(total.kept)])
        table.add(["  purchases", groupedText(total.purchases)])
        table.add(["  cancellations", groupedText(total.cancellations)])
        table.add(["added to the store", groupedText(counts.added)])
        table.add(["already there", groupedText(counts.alreadyThere)])
        text += table.text()
        let rate = groupedText(Int64(Double(total.lines) / max(seconds, 0.001)))
        text += "store  \(location), in \(roundedText(seconds, decimals: 1)) s (\(rate) lines/s)\n"
        if let rejected, rejected.isCreated {
            let left = total.rejectsNotWritten
            text += "rejects  \(rejected.path)" + (left > 0 ? " (\(groupedText(left)) more not written)" : "") + "\n"
        } else if rejected == nil, total.rejected > total.noCustomer {
            text += "rejects  not written; --rejects FILE keeps them\n"
        }
        return text
    }

    private static func description(_ report: ReadingReport) -> String {
        let parts = [
            report.encoding.rawValue,
            report.lineEnd?.rawValue,
            report.compression == .gzip ? "gzip" : nil,
            "dates \(report.dateLayout?.rawValue ?? "none")",
        ]
        return "\(report.path): \(parts.compactMap { $0 }.joined(separator: ", "))\n"
            + "  columns \(report.header.joined(separator: ", "))\n"
    }
}
