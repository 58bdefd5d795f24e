/// The first pass over the files of one command: tells how they are to be read, before anything is kept.
///
/// Each file is read as far as is needed: until its dates and its decimal sign are proved, by it or by a file before, or to
/// its end. Then `settle` gives the layout of each, in the order in which they were examined, or throws what has to be told.
/// Evidence is shared by all files: the order of dates per kind of date (slashes, dashes), the decimal sign, whether dates
/// have an offset. Memory is a few hundred bytes per file.
///
/// What the first pass did not read is held against the layout by `TransactionReader`, which ends with a `ReadingError` at
/// the line that contradicts it: nothing of a command is to be kept before its last file has been read.
package struct LayoutEvidence {
    private let layout: ReadingLayout
    private let settings: ReadingSettings
    private var files: [File] = []
    private var dates: DateEvidence
    private var numbers: NumberEvidence

    private struct File {
        var settled: SettledLayout
        /// Of the first date; nil where there is none, or a flag says how dates are written.
        var dates: DateKey?
    }

    package init(layout: ReadingLayout = ReadingLayout(), settings: ReadingSettings = .defaults) {
        self.layout = layout
        self.settings = settings
        dates = DateEvidence(layout: layout)
        numbers = NumberEvidence(layout: layout)
    }

    /// Reads the beginning of a file. `name` stands for the path in messages.
    ///
    /// - Throws: `ReadingError`: what the header shows, and dates or numbers that contradict each other.
    package mutating func examine(path: String, name: String? = nil) throws(ReadingError) {
        try examine(try ByteSource(RawInput(opening: path, name: name ?? path, bytesPerRead: settings.bufferBytes)))
    }

    /// Reads the beginning of an input.
    ///
    /// - Throws: as `examine(path:name:)`.
    package mutating func examine(_ input: TransactionInput) throws(ReadingError) {
        try examine(try ByteSource.open(input, bytesPerRead: settings.bufferBytes))
    }

    package mutating func examine(bytes: [UInt8], name: String) throws(ReadingError) {
        try examine(try ByteSource(RawInput(bytes: bytes, name: name, bytesPerRead: settings.bufferBytes)))
    }

    /// The layout of each file, in the order in which they were examined.
    ///
    /// - Throws: `ReadingError.layout` with the first date or number that can be read in two ways.
    package func settle() throws(ReadingError) -> [SettledLayout] {
        var shared = layout
        if let decimal = try numbers.settled() { shared.decimal = decimal }
        var settled: [SettledLayout] = []
        for file in files {
            var one = file.settled
            one.decimalProof = numbers.proof
            if let key = file.dates {
                let (order, proof) = try dates.settled(key)
                one.dates = DateLayout(family: key.family, hasTwoDigitYear: key.hasTwoDigitYear, order: order)
                one.dateProof = proof
            }
            settled.append(one)
        }
        shared.dates = shared.dates ?? Self.sharedDates(settled.compactMap(\.dates))
        for index in settled.indices { settled[index].layout = shared }
        return settled
    }

    /// What `--dates` would have to say for all files; nil where nothing needs to be said, or nothing fits all.
    private static func sharedDates(_ dates: [DateLayout]) -> DateReading? {
        let orders = Set(dates.filter { $0.family == .slashes || $0.family == .dashes }.map(\.order))
        if orders.count == 1, let order = orders.first { return .order(order) }
        return !dates.isEmpty && dates.allSatisfy { $0.family == .serial } ? .serial : nil
    }

    private mutating func examine(_ source: consuming ByteSource) throws(ReadingError) {
        var records = RecordReader(source, settings: settings)
        try records.begin()
        let start = try FileStart(&records, layout)
        let columns = start.columns
        if !layout.excludedStatuses.isEmpty, columns.status < 0 {
            throw .layout(.noStatusColumn(path: records.path, found: start.header))
        }
        var file = File(settled: SettledLayout(start, layout, name: records.path), dates: nil)
        var pass = Pass(needsDate: file.settled.dates == nil)
        reading: while true {
            let step: RecordReader.Step
            // What ends the reading is reported by the reader of the lines, at its place.
            do throws(ReadingError) { step = try records.next() } catch { break reading }
            switch step {
            case .end: break reading
            case .damaged: continue
            case .record: break
            }
            pass.lines += 1
            guard records.fieldCount >= columns.columnCount else { continue }
            try numbers.note(&records, columns)
            if columns.invoice >= 0, pass.isFurtherLine(&records, customer: columns.customer, invoice: columns.invoice)
            {
                file.settled.hasBlankOrderFields = true
            }
            if pass.needsDate {
                let plain = columns.time < 0 ? records.plainField(columns.date) : nil
                let text = plain ?? records.dateText(date: columns.date, time: columns.time)
                if pass.isNewDate(text) { try noteDate(text, &records, &file, &pass) }
            }
            if pass.dateMisses >= ReadingLimits.dateProbeLines { break reading }
            if pass.lines >= ReadingLimits.evidenceLines, !pass.needsDate, numbers.isSettled { break reading }
        }
        if file.settled.dates == nil, file.dates == nil, let firstMiss = pass.firstMiss { throw .noDates(firstMiss) }
        files.append(file)
    }

    private mutating func noteDate(
        _ text: UnsafeBufferPointer<UInt8>,
        _ records: inout RecordReader,
        _ file: inout File,
        _ pass: inout Pass
    ) throws(ReadingError) {
        if let key = try dates.note(text, path: records.path, line: records.line, file: file.dates) {
            file.dates = file.dates ?? key
            pass.needsDate = !dates.isSettled(file.dates ?? key)
            if pass.firstDate == nil { pass.firstDate = LayoutFault.Place(records, text) }
        } else if let key = file.dates, let earlier = pass.firstDate {
            let other = records.isWorksheet ? DateParts(text, reading: layout.dates)?.key : nil
            if let other, key.isOfCell(beside: other) {
                throw .layout(.mixedCellDates(LayoutFault.Place(records, text), earlier: earlier))
            }
        } else if hasFullWidthDigit(text) {
            throw .layout(.fullWidthDigits(LayoutFault.Place(records, text)))
        } else if file.dates == nil {
            pass.dateMisses += 1
            pass.firstMiss = pass.firstMiss ?? LayoutFault.Place(records, text)
            // Each line with no date counts.
            pass.lastDate = nil
        }
    }

    /// What is known while a file is read.
    private struct Pass {
        var needsDate: Bool
        var lines = 0
        var dateMisses = 0
        var firstMiss: LayoutFault.Place?
        var firstDate: LayoutFault.Place?
        var lastDate: DateWords?
        var order = OrderMemory()

        /// Whether the customer is blank and the invoice is that of the last line with a customer.
        ///
        /// - Parameter records: `inout` although nothing changes, as a borrowed reader is copied.
        @inline(__always)
        mutating func isFurtherLine(_ records: inout RecordReader, customer: Int, invoice: Int) -> Bool {
            let invoice = records.plainField(invoice) ?? records.trimmedField(invoice).text
            if (records.plainField(customer) ?? records.trimmedField(customer).text).isEmpty {
                return order.matches(invoice)
            }
            order.note(invoice: invoice, customer: 0, minute: 0, isExcluded: false)
            return false
        }

        /// False where there is none, or that of the line before: the lines of an invoice share their date.
        @inline(__always)
        mutating func isNewDate(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
            if text.isEmpty { return false }
            let words = DateWords(text)
            if words != nil, words == lastDate { return false }
            lastDate = words
            return true
        }
    }
}

extension LayoutFault.Place {
    init(_ records: borrowing RecordReader, _ text: UnsafeBufferPointer<UInt8>) {
        self.init(path: records.path, line: records.line, value: messageText(text))
    }
}
