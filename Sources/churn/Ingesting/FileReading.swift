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
    private var notes = LineNotes()

    var samples: [SampleLine] { notes.samples }

    init(_ plan: ReadingPlan) {
        self.plan = plan
    }

    /// - Parameters:
    ///   - readBatch: reads the next lines of the reader, gives each to the notes, and returns whether there are more.
    ///   - atBatchEnd: the input's position, and the report so far.
    /// - Throws: `ReadingError`, or what a closure throws.
    func run(
        rejects: RejectsFile?,
        _ progress: inout ProgressLine,
        _ readBatch: (inout TransactionReader, inout LineNotes) throws -> Bool,
        atBatchEnd: (Int, ReadingReport) throws -> Void = { _, _ in }
    ) throws {
        // A variable of its own: the access to one of a class is checked at run time, line by line.
        var notes = LineNotes()
        for (index, input) in plan.inputs.enumerated() {
            var reader = try TransactionReader(input: input, settled: plan.layouts[index], rejects: rejects)
            var hasMore = true
            while hasMore {
                hasMore = try readBatch(&reader, &notes)
                let report = reader.report
                try atBatchEnd(index, report)
                progress.show { IngestText.progress(report, linesBefore: summary.total.lines, elapsed: $0) }
            }
            summary.add(reader.report)
        }
        try rejects?.flush()
        self.notes = notes
    }

    /// Counts the lines of these customers as rejected.
    func note(_ collided: CollidedCustomers) { summary.note(collided) }

    /// What stands out. To be called after the last line.
    func findings() -> SurveyFindings {
        notes.survey.findings(today: Int64(time(nil)) / 86_400)
    }
}

/// What is noted of the cleaned lines as they go by.
struct LineNotes {
    fileprivate var survey = TransactionSurvey()
    /// The first lines.
    private(set) var samples: [FileReading.SampleLine] = []

    private static let samplesKept = 5

    mutating func note(_ line: TransactionLine) {
        survey.add(line)
        if samples.count < Self.samplesKept { samples.append(FileReading.SampleLine(line)) }
    }
}

extension FileReading.SampleLine {
    static let titles = ["customer", "date", "invoice", "product", "quantity", "amount", "country"]

    init(_ line: TransactionLine) {
        func text(_ bytes: UnsafeBufferPointer<UInt8>) -> String { String(decoding: bytes, as: UTF8.self).oneLine }
        cells = [
            customerName(line.customer, text(line.customerText)), CivilTime.format(minute: line.minute),
            text(line.invoice), text(line.stockCode),
            decimalText(milli: line.quantityMilli), decimalText(milli: line.amountMilli), text(line.country),
        ]
    }
}
