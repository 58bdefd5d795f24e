internal import ChurnBase

/// Reads the transaction lines of one CSV file, plain or gzip, and cleans them, in bounded memory.
///
/// CSV is that of RFC 4180, with LF or CRLF and any `FieldSeparator`; the text is UTF-8, or Windows-1252 where a record is
/// not valid UTF-8. What makes a line clean is the order of `RejectReason`; every other line is counted by its reason, and written
/// to the rejects file if there is one. The result depends on the bytes and the layout only, not on how the bytes arrive.
///
/// The header is read when the reader is made, so that a wrong file is known before anything is stored. A file with
/// nothing but a header is read as 0 lines; whether that is an error is the caller's to say. A line that contradicts the layout
/// ends the reading with an error: what was read before it may have been read wrongly.
package struct TransactionReader: ~Copyable {
    var records: RecordReader
    let columns: ColumnIndices
    var settled: SettledLayout
    let scratch = TextScratch()
    var counts = ReadingCounts()
    /// The quick way to read the dates of the file, once its layout is known.
    var usualDates: UsualDates?
    /// The date of an earlier line, as it stands there and what it means.
    var lastDate: (words: DateWords, date: ParsedDate)?
    /// Of the first date.
    var firstOffset: (place: LayoutFault.Place, offset: Int?)?
    var decimalByte: UInt8
    var firstCurrency: (place: LayoutFault.Place, currency: UInt64)?
    /// The first one of the column with the currency.
    var columnCurrency: (place: LayoutFault.Place, name: [UInt8])?
    var order = OrderMemory()
    var statuses: StatusTally
    /// Empty fields behind the last column, as the first record has them; nil before it.
    var trailingFields: Int?
    let days: ClosedRange<Int64>
    var customerTexts: CustomerTexts
    // Of `settled`, which a look into it would copy.
    let hasBlankOrderFields: Bool
    let hasCancelledInvoices: Bool
    /// Numbers that stand for no customer, such as a shop's 99999; mostly none.
    let noCustomerNumbers: [Int64]
    var copies: CopyCounter
    /// The line being cleaned; after success the one handed out.
    var line = TransactionLine(
        invoice: UnsafeBufferPointer(start: nil, count: 0),
        stockCode: UnsafeBufferPointer(start: nil, count: 0),
        description: UnsafeBufferPointer(start: nil, count: 0),
        country: UnsafeBufferPointer(start: nil, count: 0),
        customer: 0,
        minute: 0,
        quantityMilli: 0,
        amountMilli: 0,
        copy: 0
    )
    /// Lines with a date before the layout is known, and the first of them.
    var dateMisses = 0
    var firstDateMiss: LayoutFault.Place?
    /// What `clean` found that ends the reading.
    var fault: ReadingError? {
        didSet { hasFault = true }
    }
    /// For the lines without one: looking into `fault` copies it.
    private var hasFault = false

    private let rejects: RejectsFile?
    /// The first line of each reason.
    private var examples: [RejectExample] = []
    private var failure: ReadingError?
    private var isFinished = false

    /// Opens a file that `LayoutEvidence` has examined, and reads its header. `path` may be another than that of the
    /// examined file, a copy for instance; messages have the name of the layout.
    ///
    /// - Throws: everything of `ReadingError` that the first line can show.
    package init(
        path: String,
        settled: SettledLayout,
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults
    ) throws(ReadingError) {
        let input = try RawInput(opening: path, name: settled.name, bytesPerRead: settings.bufferBytes)
        try self.init(try ByteSource(input), settled.layout, settled, rejects: rejects, settings: settings)
    }

    /// Opens one file by itself: it is examined first. What can be read only once, a pipe for instance, is not examined: a date
    /// or a number in it that may be read in two ways ends the reading.
    package init(
        path: String,
        layout: ReadingLayout = ReadingLayout(),
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults
    ) throws(ReadingError) {
        let input = TransactionInput(file: path, name: path, byteCount: nil)
        try self.init(input: input, layout: layout, rejects: rejects, settings: settings)
    }

    /// Opens one input by itself, as `init(path:layout:rejects:settings:)`.
    package init(
        input: TransactionInput,
        layout: ReadingLayout = ReadingLayout(),
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults
    ) throws(ReadingError) {
        let source = try ByteSource.open(input, bytesPerRead: settings.bufferBytes)
        var settled: SettledLayout?
        if source.storedByteCount != nil {
            var evidence = LayoutEvidence(layout: layout, settings: settings)
            try evidence.examine(input)
            settled = try evidence.settle().first
        }
        try self.init(source, layout, settled, rejects: rejects, settings: settings)
    }

    /// Opens an input that is read as was settled for it.
    ///
    /// - Throws: everything of `ReadingError` that the first line can show; `layout` when it is another file now.
    package init(
        input: TransactionInput,
        settled: SettledLayout,
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults
    ) throws(ReadingError) {
        let source = try ByteSource.open(input, bytesPerRead: settings.bufferBytes)
        try self.init(source, settled.layout, settled, rejects: rejects, settings: settings)
    }

    /// Reads a file that is in memory; `name` stands for its path in messages.
    package init(
        bytes: [UInt8],
        name: String,
        layout: ReadingLayout = ReadingLayout(),
        rejects: RejectsFile? = nil,
        settings: ReadingSettings = .defaults
    ) throws(ReadingError) {
        var evidence = LayoutEvidence(layout: layout, settings: settings)
        try evidence.examine(bytes: bytes, name: name)
        let input = RawInput(bytes: bytes, name: name, bytesPerRead: settings.bufferBytes)
        let source = try ByteSource(input)
        try self.init(source, layout, try evidence.settle().first, rejects: rejects, settings: settings)
    }

    private init(
        _ source: consuming ByteSource,
        _ layout: ReadingLayout,
        _ examined: SettledLayout?,
        rejects: RejectsFile?,
        settings: ReadingSettings
    ) throws(ReadingError) {
        var records = RecordReader(source, settings: settings)
        try records.begin()
        // What was settled is not asked for again: the separator follows from the header as it did then.
        let start = try FileStart(&records, layout)
        let settled = examined ?? SettledLayout(start, layout, name: records.path)
        guard settled.header == start.header, settled.separator == start.separator, settled.columns == start.columns
        else { throw .layout(.changedFile(path: records.path)) }
        columns = start.columns
        decimalByte = settled.numbers.decimalByte
        statuses = StatusTally(excluded: settled.layout.excludedStatuses)
        // As minutes, without overflow: days beyond those that facts can have are no bound.
        let first = layout.firstDay.map { Int64(Int32(clamping: $0)) * CivilTime.minutesPerDay }
        let end = layout.lastDay.map { (Int64(Int32(clamping: $0)) + 1) * CivilTime.minutesPerDay - 1 }
        days = (first ?? .min)...max(first ?? .min, end ?? .max)
        hasBlankOrderFields = settled.hasBlankOrderFields
        hasCancelledInvoices = settled.layout.cancelledInvoices != nil
        customerTexts = CustomerTexts(
            hash: settings.customerHash,
            noCustomerWords: settled.layout.noCustomerWords ?? CustomerText.noCustomerWords
        )
        noCustomerNumbers = customerTexts.noCustomerNumbers
        copies = CopyCounter(window: settings.copyWindowLines)
        self.settled = settled
        self.rejects = rejects
        self.records = records
    }

    /// What was read so far.
    package var report: ReadingReport {
        var counts = counts
        counts.blankLines = records.blankLines
        counts.plainBytes = records.plainBytesRead
        counts.storedBytes = records.storedBytesRead
        let lineEnd: ReadingReport.LineEnd? =
            switch (records.lineFeedEnds > 0, records.crlfEnds > 0) {
            case (false, false): nil
            case (true, false): .lf
            case (false, true): .crlf
            case (true, true): .mixed
            }
        return ReadingReport(
            path: records.path,
            compression: records.compression,
            hasByteOrderMark: records.hasByteOrderMark,
            lineEnd: lineEnd,
            settled: settled,
            ignoredOffset: ignoredOffset,
            currency: currency,
            trailingFields: trailingFields ?? 0,
            statuses: statuses.counts,
            fileBytes: records.storedByteCount,
            examples: examples,
            counts: counts
        )
    }

    /// Reads the next lines and passes the kept ones to `body`, in the order of the file.
    ///
    /// An error of the file comes in a call of its own: what was read before it ends a batch that returns true, so a store
    /// can commit it first. After an error from `body` the line it was given counts as kept; the reader is best dropped.
    ///
    /// - Parameters:
    ///   - maxLines: at least 1; rejected lines count as well, so a batch may be shorter than this and even empty.
    ///   - body: the line's text is valid only inside the call.
    /// - Returns: whether to call again.
    /// - Throws: `ReadingError`, again in each further call; or what `body` throws.
    package mutating func readBatch(
        maxLines: Int,
        _ body: (TransactionLine) throws -> Void
    ) throws -> Bool {
        if let failure { throw failure }
        let linesBefore = counts.lines
        let lineLimit = linesBefore + Int64(max(1, maxLines))
        while !isFinished, counts.lines < lineLimit {
            let isKept: Bool
            do throws(ReadingError) {
                isKept = try nextLine()
            } catch {
                failure = error
                if counts.lines > linesBefore { return true }
                throw error
            }
            if isKept { try body(line) }
        }
        return !isFinished
    }

    /// Reads one line into `line`; false when it was rejected, and at the end, which `isFinished` tells.
    private mutating func nextLine() throws(ReadingError) -> Bool {
        var reason: RejectReason?
        switch try records.next() {
        case .end:
            try checkDateLayout(missLimit: 1)
            isFinished = true
            return false
        case .damaged(let damage):
            reason = damage
        case .record:
            // A record over several lines that makes no sense as one is most likely a quote that was not closed: the lines
            // after the first are then lines of their own.
            if records.hasInnerLineFeeds, !isSensibleOverLines {
                records.cutToFirstLine()
                reason = .badQuotes
            }
        }
        let isLatin1 = records.mayHaveHighBytes ? noteEncoding() : false
        guard let reason = reason ?? clean(isLatin1: isLatin1) else {
            counts.lines += 1
            line.copy = copies.count(
                invoice: line.invoice,
                stockCode: line.stockCode,
                customer: line.customer,
                customerCheck: line.customerCheck,
                minute: line.minute,
                quantityMilli: line.quantityMilli,
                amountMilli: line.amountMilli
            )
            counts.noteKept(minute: line.minute, isCancellation: line.quantityMilli < 0, isCopy: line.copy > 0)
            return true
        }
        if hasFault, let fault { throw fault }
        counts.lines += 1
        counts.noteRejected(reason)
        noteExample(reason, isLatin1: isLatin1)
        if let rejects {
            let isWritten = try rejects.write(
                source: records.path,
                line: records.line,
                reason: reason,
                text: records.text,
                isLatin1: isLatin1
            )
            if isWritten { counts.rejectsWritten += 1 }
        }
        try checkDateLayout(missLimit: ReadingLimits.dateProbeLines)
        return false
    }

    private mutating func noteExample(_ reason: RejectReason, isLatin1: Bool) {
        guard counts.rejected(reason) == 1 else { return }
        examples.append(RejectExample(reason: reason, line: records.line, text: exampleText(records.text, isLatin1)))
    }

    private func checkDateLayout(missLimit: Int) throws(ReadingError) {
        guard dateMisses >= missLimit, settled.dates == nil, let firstDateMiss else { return }
        throw .noDates(firstDateMiss)
    }

    /// Counts a record with bytes above 0x7F, and returns whether it is to be read as Windows-1252.
    private mutating func noteEncoding() -> Bool {
        let text = records.text
        if isASCII(text) { return false }
        let isLatin1 = !isUTF8(text)
        if isLatin1 { counts.latin1Lines += 1 } else { counts.utf8Lines += 1 }
        return isLatin1
    }

    static func readHeader(_ records: inout RecordReader) throws(ReadingError) -> [String] {
        let step = try records.next()
        // Files of old Macintosh programs: the whole file is one line.
        if step != .end, hasLoneReturn(records.text) { throw .carriageReturns(path: records.path) }
        switch step {
        case .end: throw .emptyFile(path: records.path)
        case .damaged(let reason):
            throw reason == .recordTooLong
                ? .headerTooLong(path: records.path) : .badHeaderQuotes(path: records.path)
        case .record: break
        }
        guard records.fieldCount <= ReadingLimits.columns else { throw .tooManyColumns(path: records.path) }
        let isLatin1 = !isUTF8(records.text)
        return (0..<records.fieldCount).map { exampleText(Blanks.trimmed(records.field($0).text), isLatin1) }
    }

    private static func hasLoneReturn(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        zip(text, text.dropFirst()).contains { $0 == UInt8(ascii: "\r") && $1 != UInt8(ascii: "\n") }
    }
}
