internal import ChurnBase
internal import ChurnFeatures

/// Reads all inputs of a plan once, and adds up what was read.
final class FileReading {
    /// A cleaned line, for people.
    struct SampleLine {
        var cells: [String]
    }

    let plan: ReadingPlan
    private(set) var summary = ReadingSummary()
    private(set) var samples: [SampleLine] = []
    private var survey = TransactionSurvey()

    private static let samplesKept = 5

    init(_ plan: ReadingPlan) {
        self.plan = plan
    }

    /// - Parameters:
    ///   - readBatch: reads the next lines of the reader, calls `note` with each, and returns whether there are more.
    ///   - atBatchEnd: the input's position, and the report so far.
    /// - Throws: `ReadingError`, or what a closure throws.
    func run(
        rejects: RejectsFile?,
        _ progress: inout ProgressLine,
        _ readBatch: (inout TransactionReader) throws -> Bool,
        atBatchEnd: (Int, ReadingReport) throws -> Void = { _, _ in }
    ) throws {
        for (index, input) in plan.inputs.enumerated() {
            var reader = try TransactionReader(input: input, settled: plan.layouts[index], rejects: rejects)
            var hasMore = true
            while hasMore {
                hasMore = try readBatch(&reader)
                let report = reader.report
                try atBatchEnd(index, report)
                progress.show { IngestText.progress(report, linesBefore: summary.total.lines, elapsed: $0) }
            }
            summary.add(reader.report)
        }
        try rejects?.flush()
    }

    func note(_ line: TransactionLine) {
        survey.add(line)
        if samples.count < Self.samplesKept { samples.append(SampleLine(line)) }
    }

    /// What stands out. To be called after the last line.
    func findings() -> SurveyFindings {
        survey.findings(today: Int64(time(nil)) / 86_400)
    }
}

extension FileReading.SampleLine {
    static let titles = ["customer", "date", "invoice", "product", "quantity", "price", "country"]

    init(_ line: TransactionLine) {
        func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String { String(decoding: bytes, as: UTF8.self).oneLine }
        cells = [
            String(line.customer), CivilTime.format(minute: line.minute), text(line.invoice), text(line.stockCode),
            String(line.quantity), decimalText(milli: line.priceMilli), text(line.country),
        ]
    }
}
