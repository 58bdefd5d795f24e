/// What was counted while reading one file, or several.
package struct ReadingCounts: Sendable, Equatable {
    /// Records after the header, blank lines left out: `kept` and all rejected ones.
    package var lines: Int64 = 0
    package var kept: Int64 = 0
    /// Kept lines with a positive and with a negative quantity.
    package var purchases: Int64 = 0
    package var cancellations: Int64 = 0
    /// Kept lines that equal an earlier one of their file (`copy` above 0).
    package var copies: Int64 = 0
    /// Rejected lines that were written to the rejects file; the rest is only counted.
    package var rejectsWritten: Int64 = 0
    package var blankLines: Int64 = 0
    /// Kept lines whose seconds were cut off.
    package var cutSeconds: Int64 = 0
    /// Kept lines whose customer or date was blank and is that of the first line of their order.
    package var filledLines: Int64 = 0
    /// Kept lines whose quantity, price or amount was rounded to thousandths, half to even.
    package var roundedLines: Int64 = 0
    /// Kept purchases whose invoice has the form of a cancellation, a `C` before digits.
    package var cancellationFormPurchases: Int64 = 0
    /// Records with other than ASCII bytes, by how they were read.
    package var utf8Lines: Int64 = 0
    package var latin1Lines: Int64 = 0
    /// Bytes of the lines read, as stored (compressed where the file is) and as plain text.
    package var storedBytes: Int64 = 0
    package var plainBytes: Int64 = 0
    /// Of kept lines, since 1970-01-01 00:00; nil before the first.
    package var firstMinute: Int64?
    package var lastMinute: Int64?

    private var rejectedByReason = [Int64](repeating: 0, count: RejectReason.allCases.count)

    package init() {}

    package func rejected(_ reason: RejectReason) -> Int64 { rejectedByReason[reason.rawValue] }

    package var rejected: Int64 { rejectedByReason.reduce(0, +) }
    package var noCustomer: Int64 { rejected(.noCustomer) }
    /// Rejected for a fault: without the lines that are left out on purpose.
    package var faults: Int64 { RejectReason.allCases.filter(\.isFault).reduce(0) { $0 + rejected($1) } }
    package var rejectsNotWritten: Int64 { rejected - rejectsWritten }

    /// The reasons that occurred, in the order of the checks.
    package var rejectedReasons: [(reason: RejectReason, lines: Int64)] {
        RejectReason.allCases.map { ($0, rejected($0)) }.filter { $0.1 > 0 }
    }

    package mutating func add(_ other: ReadingCounts) {
        lines += other.lines
        kept += other.kept
        purchases += other.purchases
        cancellations += other.cancellations
        copies += other.copies
        rejectsWritten += other.rejectsWritten
        blankLines += other.blankLines
        cutSeconds += other.cutSeconds
        filledLines += other.filledLines
        roundedLines += other.roundedLines
        cancellationFormPurchases += other.cancellationFormPurchases
        utf8Lines += other.utf8Lines
        latin1Lines += other.latin1Lines
        storedBytes += other.storedBytes
        plainBytes += other.plainBytes
        firstMinute = [firstMinute, other.firstMinute].compactMap { $0 }.min()
        lastMinute = [lastMinute, other.lastMinute].compactMap { $0 }.max()
        for reason in RejectReason.allCases {
            rejectedByReason[reason.rawValue] += other.rejectedByReason[reason.rawValue]
        }
    }

    mutating func noteRejected(_ reason: RejectReason) {
        rejectedByReason[reason.rawValue] += 1
    }

    /// Kept lines turn out to be those of customers whose number another has.
    mutating func noteCollisions(purchases: Int64, cancellations: Int64) {
        kept -= purchases + cancellations
        self.purchases -= purchases
        self.cancellations -= cancellations
        rejectedByReason[RejectReason.customerCollision.rawValue] += purchases + cancellations
    }

    @inline(__always)
    mutating func noteKept(minute: Int64, isCancellation: Bool, isCopy: Bool) {
        kept += 1
        if isCancellation { cancellations += 1 } else { purchases += 1 }
        if isCopy { copies += 1 }
        guard let first = firstMinute, let last = lastMinute else {
            firstMinute = minute
            lastMinute = minute
            return
        }
        firstMinute = min(first, minute)
        lastMinute = max(last, minute)
    }
}

/// What was read of one file, and as what it was taken. Complete once `readBatch` has returned false.
package struct ReadingReport: Sendable, Equatable {
    package enum Compression: String, Sendable {
        case none, gzip
        /// A member of a zip archive; of gzip within one, this as well.
        case zip
        /// A worksheet of an Excel workbook.
        case workbook = "xlsx"
    }

    package enum Encoding: String, Sendable {
        /// No byte above 0x7F so far, and no byte-order mark.
        case ascii = "ASCII"
        case utf8 = "UTF-8"
        case latin1 = "Windows-1252"
        /// Some records are UTF-8 and others are not; those were read as Windows-1252.
        case mixed = "UTF-8 and Windows-1252"
    }

    package enum LineEnd: String, Sendable {
        case lf = "LF"
        case crlf = "CRLF"
        case mixed = "CRLF and LF"
    }

    package var path: String
    package var compression: Compression
    package var hasByteOrderMark: Bool
    /// Nil for a header without a line end.
    package var lineEnd: LineEnd?
    /// As what the file was read: columns, separator, dates, decimal sign. What could only be told while reading is in it.
    package var settled: SettledLayout
    /// What the dates have behind their time, such as `+00:00`, where it was left out of account; else nil.
    package var ignoredOffset: String?
    /// The currency as it stands before or behind the amounts, or in a column of its own; nil where there is none.
    package var currency: String?
    /// Empty fields that the records have behind the last column of the header.
    package var trailingFields: Int
    /// The values of the column that looks like an order status, the most frequent first, at most
    /// `ReadingLimits.statuses`. Empty where there is no such column.
    package var statuses: [StatusCount]
    /// Size of the file as stored; nil for a pipe.
    package var fileBytes: Int64?
    /// The first rejected line of each reason, in the order of the file.
    package var examples: [RejectExample]
    package var counts: ReadingCounts

    /// Nil before the first line with a date.
    package var dateLayout: DateLayout? { settled.dates }
    /// The names of the columns as they stand in the file.
    package var header: [String] { settled.header }

    package var encoding: Encoding {
        switch (counts.utf8Lines > 0 || hasByteOrderMark, counts.latin1Lines > 0) {
        case (false, false): .ascii
        case (true, false): .utf8
        case (false, true): .latin1
        case (true, true): .mixed
        }
    }
}

/// A line that was not kept, for people.
package struct RejectExample: Sendable, Equatable {
    package var reason: RejectReason
    package var line: Int64
    /// Cut at `ReadingLimits.messageTextBytes`.
    package var text: String
}

/// A status of orders, and how many lines have it.
package struct StatusCount: Sendable, Equatable {
    package var value: String
    package var lines: Int64

    package init(value: String, lines: Int64) {
        self.value = value
        self.lines = lines
    }
}

/// The reports of several files and their sum.
package struct ReadingSummary: Sendable, Equatable {
    package private(set) var files: [ReadingReport] = []
    package private(set) var total = ReadingCounts()

    package init() {}

    package mutating func add(_ report: ReadingReport) {
        files.append(report)
        total.add(report.counts)
    }

    /// Counts the lines of these customers as rejected; in the total alone, as they are of no single file.
    package mutating func note(_ collided: CollidedCustomers) {
        total.noteCollisions(purchases: collided.purchases, cancellations: collided.cancellations)
    }
}

extension ReadingReport {
    /// What a person should know about how the file was read, one sentence each. Complete with the report.
    package var remarks: [String] {
        var remarks = settled.remarks
        if let ignoredOffset {
            remarks.append(
                "dates are taken as they are written; their offset (\(ignoredOffset)) is left out of account, unless "
                    + "--time-zone names the shop's clock"
            )
        }
        if let currency { remarks.append("amounts are in \(currency)") }
        if trailingFields > 0 {
            let fields = trailingFields == 1 ? "field" : "fields"
            remarks.append("records have \(trailingFields) empty \(fields) more than the header")
        }
        func add(_ lines: Int64, _ text: String) {
            if lines > 0 { remarks.append("\(lines) \(lines == 1 ? "line" : "lines") \(text)") }
        }
        add(counts.filledLines, "with a blank customer or date, filled from the first line of the order")
        add(counts.roundedLines, "with a quantity, price or amount rounded to thousandths")
        add(
            counts.cancellationFormPurchases,
            "bought under an invoice that has the form of a cancellation, such as C123"
        )
        return remarks
    }
}
