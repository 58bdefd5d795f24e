internal import ChurnBase
internal import ChurnFeatures

/// How files would be read: what `ingest --dry-run` shows.
enum DryRunText {
    static func text(_ read: FileReading, _ findings: SurveyFindings, _ replaced: ReplacedDays?) -> String {
        var text = IngestText.files(read)
        if !read.samples.isEmpty {
            var table = Table(
                zip(FileReading.SampleLine.titles, [.right, .left, .left, .left, .right, .right, .left])
                    .map { (title: $0, alignment: $1) }
            )
            for sample in read.samples { table.add(sample.cells) }
            text += "first lines, as they are read\n" + table.text(indent: 2)
        }
        text += IngestText.reading(read.summary.total).text()
        var table = Table([("", .left), ("", .left)])
        for row in SurveyText.rows(findings) { table.add(row) }
        text += table.text()
        for example in examples(read.summary) {
            text +=
                "\(example.reason.name): for example line \(example.line) of \(example.path.oneLine): \(example.text)\n"
        }
        if let replaced { text += replaced.text() }
        let kept = read.summary.total.kept
        return text
            + "nothing was stored: without --dry-run \(groupedText(kept)) \(kept == 1 ? "line is" : "lines are")\n"
    }

    static func object(
        _ read: FileReading,
        _ findings: SurveyFindings,
        _ verdict: ReadingVerdict,
        _ replaced: ReplacedDays?
    ) -> JSON {
        let total = read.summary.total
        let samples = read.samples.map { sample in
            JSON.object(zip(FileReading.SampleLine.titles, sample.cells).map { ($0, .string($1)) })
        }
        let examples = examples(read.summary).map { example in
            JSON.object([
                ("reason", .string(example.reason.name)), ("file", .string(example.path)),
                ("line", .integer(example.line)), ("text", .string(example.text)),
            ])
        }
        return .object(
            [("event", .string("dry_run"))] + IngestText.counts(total)
                + [
                    ("first_lines", .array(samples)), ("examples", .array(examples)),
                    ("survey", SurveyText.object(findings)),
                    ("replaced_days", .optional(replaced) { $0.object }),
                    ("warnings", .array(verdict.warnings.map(JSON.string))),
                    ("refused", .optional(verdict.refusal) { .string($0.message) }),
                    ("skipped", .array(read.plan.skipped.map { .string($0.description) })),
                    ("files", .array(read.summary.files.map(IngestText.file))),
                ]
        )
    }

    private struct Example {
        var reason: RejectReason
        var path: String
        var line: Int64
        var text: String
    }

    /// The first of each reason, over all files.
    private static func examples(_ summary: ReadingSummary) -> [Example] {
        RejectReason.allCases.compactMap { reason in
            for report in summary.files {
                if let example = report.examples.first(where: { $0.reason == reason }) {
                    return Example(reason: reason, path: report.path, line: example.line, text: example.text)
                }
            }
            return nil
        }
    }
}
