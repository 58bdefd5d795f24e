/// How files are to be read, as far as a person or a layout file has said it. What is nil or empty follows from the files:
/// see `LayoutEvidence`.
package struct ReadingLayout: Equatable, Sendable {
    package var dates: DateReading?
    package var columns = ColumnMapping()
    package var separator: FieldSeparator?
    package var decimal: DecimalSign?
    package var thousands: ThousandsSign?
    /// Dates with an offset, and epochs, are converted to this clock.
    package var timeZone: ShopTimeZone?
    /// The first of the hundred years that two-digit years stand for. Nil: such years are refused.
    package var twoDigitYearBase: Int?
    /// A line with such an invoice is a cancellation, whatever the sign of its quantity.
    package var cancelledInvoices: InvoicePattern?
    /// Lines with one of these order statuses are left out, and counted. Compared without case and outer blanks.
    package var excludedStatuses: [String] = []
    /// A customer that is one of these words is none, in any case of its letters. Nil: `CustomerText.noCustomerWords`.
    package var noCustomerWords: [String]?
    /// Days since 1970-01-01, both included; lines of other days are left out, and counted. No part of a layout file.
    package var firstDay: Int64?
    package var lastDay: Int64?

    package init() {}

    /// A layout that has been saved: one `name: value` per line; blank lines and lines that begin with `#` are ignored.
    ///
    /// - Throws: `LayoutError` with the name and value of the line.
    package init(text: String) throws(LayoutError) {
        self.init()
        for line in text.split(whereSeparator: \.isNewline) {
            let trimmed = trimmedText(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            let parts = trimmed.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let name = trimmedText(parts[0])
            guard parts.count == 2, let flag = LayoutFlag(rawValue: name) else {
                let known = LayoutFlag.allCases.map(\.rawValue).joined(separator: ", ")
                throw LayoutError(
                    flag: "layout",
                    value: trimmed,
                    reason: "is no line of a layout; known names: \(known)"
                )
            }
            try set(flag, to: trimmedText(parts[1]))
        }
    }

    /// The form that `init(text:)` takes, and that `--save-layout` writes.
    package var text: String { values.map { "\($0.flag.rawValue): \($0.value)\n" }.joined() }

    /// Takes the value of a flag. A later value replaces an earlier one.
    ///
    /// - Throws: `LayoutError` with the flag, the value and what may stand there.
    package mutating func set(_ flag: LayoutFlag, to value: String) throws(LayoutError) {
        let known: Bool
        switch flag {
        case .dates:
            dates = try DateReading(text: value)
            known = true
        case .columns:
            columns = try ColumnMapping(text: value)
            known = true
        case .separator:
            separator = FieldSeparator(text: value)
            known = separator != nil
        case .decimal:
            decimal = DecimalSign(text: value)
            known = decimal != nil
        case .thousands:
            thousands = ThousandsSign(text: value)
            known = thousands != nil
        case .timeZone:
            timeZone = try ShopTimeZone(name: value)
            known = true
        case .twoDigitYears:
            let base = Int(value)
            twoDigitYearBase = base
            known = base.map { (1900...2900).contains($0) } ?? false
        case .cancelledInvoices:
            cancelledInvoices = InvoicePattern(text: value)
            known = cancelledInvoices != nil
        case .exclude:
            excludedStatuses = Self.statuses(value)
            known = !excludedStatuses.isEmpty
        case .noCustomerWords:
            noCustomerWords = value.split(separator: ",").map { trimmedText($0) }.filter { !$0.isEmpty }
            known = true
        }
        guard known else { throw LayoutError(flag: flag.rawValue, value: value, reason: "give \(flag.values)") }
    }

    /// What was said, flag by flag, in a fixed order.
    package var values: [(flag: LayoutFlag, value: String)] {
        LayoutFlag.allCases.compactMap { flag in value(of: flag).map { (flag, $0) } }
    }

    private func value(of flag: LayoutFlag) -> String? {
        switch flag {
        case .dates: dates?.text
        case .columns: columns.isEmpty ? nil : columns.text
        case .separator: separator?.text
        case .decimal: decimal?.text
        case .thousands: thousands?.text
        case .timeZone: timeZone?.name
        case .twoDigitYears: twoDigitYearBase.map(String.init)
        case .cancelledInvoices: cancelledInvoices?.text
        case .exclude: excludedStatuses.isEmpty ? nil : "status=" + excludedStatuses.joined(separator: ",")
        case .noCustomerWords: noCustomerWords?.joined(separator: ",")
        }
    }

    private static func statuses(_ text: String) -> [String] {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2, trimmedText(parts[0]).lowercased() == "status" else { return [] }
        return parts[1].split(separator: ",").map { trimmedText($0).lowercased() }.filter { !$0.isEmpty }
    }
}

/// An invoice number in which `*` stands for any text. Letters are compared as they are.
package struct InvoicePattern: Equatable, Sendable {
    package let text: String
    private let bytes: [UInt8]

    /// Nil when the text is empty, longer than an invoice, or `*` alone.
    package init?(text: String) {
        guard !text.isEmpty, text.utf8.count <= ReadingLimits.invoiceBytes, text.contains(where: { $0 != "*" }) else {
            return nil
        }
        self.text = text
        bytes = Array(text.utf8)
    }

    func matches(_ invoice: UnsafeBufferPointer<UInt8>) -> Bool {
        // The usual backtracking match: only the last star needs to be retried.
        var position = 0, index = 0
        var retry: (position: Int, index: Int)?
        while position < invoice.count {
            if index < bytes.count, bytes[index] == UInt8(ascii: "*") {
                retry = (position, index)
                index += 1
            } else if index < bytes.count, bytes[index] == invoice[position] {
                position += 1
                index += 1
            } else if let (earlier, star) = retry {
                retry = (earlier + 1, star)
                position = earlier + 1
                index = star + 1
            } else {
                return false
            }
        }
        return bytes[index...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

/// Without blanks at both ends.
func trimmedText(_ text: some StringProtocol) -> String {
    var rest = Substring(text)
    while let first = rest.first, first.isWhitespace { rest.removeFirst() }
    while let last = rest.last, last.isWhitespace { rest.removeLast() }
    return String(rest)
}
