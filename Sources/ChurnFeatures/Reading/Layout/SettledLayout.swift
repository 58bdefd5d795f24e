/// How one file is read, as far as it is decided: what `TransactionReader` takes.
package struct SettledLayout: Equatable, Sendable {
    /// The file as it stands in messages.
    package let name: String
    /// What a person has said, and what the evidence of all files of the command adds. Its `text` reads further files of this
    /// kind without evidence.
    package internal(set) var layout: ReadingLayout
    /// Names of the columns as they stand in the file.
    package let header: [String]
    package let separator: FieldSeparator
    /// Nil while no line with a date is known.
    package internal(set) var dates: DateLayout?
    /// Where the order of the dates shows; nil where it needs no proof or a flag says it.
    package internal(set) var dateProof: LayoutFault.Place?
    /// Where the decimal sign shows.
    package internal(set) var decimalProof: LayoutFault.Place?

    /// Further lines of an order have a blank customer, as the first pass saw.
    var hasBlankOrderFields = false
    let columns: ColumnIndices
    private let titleLines: Int
    private let headerLine: Int64
    /// The file begins with a line `sep=`.
    let hasSeparatorLine: Bool

    init(_ start: FileStart, _ layout: ReadingLayout, name: String) {
        self.name = name
        self.layout = layout
        header = start.header
        separator = start.separator
        columns = start.columns
        titleLines = start.titleLines
        headerLine = start.headerLine
        hasSeparatorLine = start.hasSeparatorLine
        switch layout.dates {
        case .serial: dates = DateLayout(family: .serial)
        case .epoch: dates = DateLayout(family: .epoch)
        case .epochMilliseconds: dates = DateLayout(family: .epochMilliseconds)
        case .pattern(let pattern):
            dates = DateLayout(family: .pattern, hasTwoDigitYear: pattern.hasTwoDigitYear, pattern: pattern)
        case .order, nil: dates = nil
        }
    }

    var numbers: NumberLayout { NumberLayout(decimal: layout.decimal, thousands: layout.thousands) }

    /// False: what depends on products cannot be told (`ProductFeatures.names`), and stock codes are empty.
    package var hasProducts: Bool { columns.product >= 0 }
    /// False: an order is a customer and a moment.
    package var hasInvoices: Bool { columns.invoice >= 0 }
    /// True: lines have a total in place of a price.
    package var hasAmounts: Bool { columns.amount >= 0 }

    /// The columns that are read, by role.
    package var readColumns: [(role: ColumnRole, column: String)] {
        ColumnRole.allCases.compactMap { role in
            let index = columns[role]
            return index < 0 ? nil : (role, header[index])
        }
    }

    /// The column that looks like an order status, or is said to be one.
    package var statusColumn: String? { columns.status < 0 ? nil : header[columns.status] }

    /// Columns that are read as nothing, in the order of the file; among them a status, unless some are to be left out.
    package var ignoredColumns: [String] {
        header.indices.filter { index in
            if index == columns.status { return layout.excludedStatuses.isEmpty }
            return !ColumnRole.allCases.contains { columns[$0] == index } && !header[index].isEmpty
        }
        .map { header[$0] }
    }

    /// How the file is read, one sentence each, for people: only what is not the usual thing.
    package var remarks: [String] {
        var remarks: [String] = []
        if titleLines > 0 {
            let lines = titleLines == 1 ? "a line above it is" : "\(titleLines) lines above it are"
            remarks.append("the header is line \(headerLine): \(lines) no line of it and skipped")
        }
        if separator != .comma {
            remarks.append("fields are separated by \(separator == .pipe ? "|" : separator.text)")
        }
        if let dates { remarks += dateRemarks(dates) }
        if layout.decimal == .comma { remarks.append("numbers have a decimal comma" + proof(decimalProof)) }
        if let thousandsRemark { remarks.append(thousandsRemark) }
        if columns.amount >= 0 {
            remarks.append("\"\(header[columns.amount])\" is the total of a line, in place of a price")
        }
        if !hasInvoices { remarks.append("no column with an invoice: an order is a customer and a moment") }
        if !hasProducts {
            remarks.append(
                "no column with a product: \(ProductFeatures.names.joined(separator: ", ")) cannot be told"
            )
        }
        return remarks
    }

    /// Where the number that proves the decimal sign has the other sign too, for thousands.
    private var thousandsRemark: String? {
        guard let decimalProof, let decimal = layout.decimal else { return nil }
        let (sign, name): (Character, String) = decimal == .comma ? (".", "point") : (",", "comma")
        guard decimalProof.value.contains(sign) else { return nil }
        return "thousands are marked by a \(name)" + proof(decimalProof)
    }

    private func dateRemarks(_ dates: DateLayout) -> [String] {
        switch dates.family {
        case .slashes, .dashes: ["dates have \(dates.order.words)" + proof(dateProof)]
        case .dots: ["dates with dots have \(dates.order.words)"]
        case .serial: ["dates are the numbers of days that spreadsheets keep, from 1899-12-30 on"]
        case .epoch, .epochMilliseconds:
            ["dates are epochs, " + (layout.timeZone.map { "converted to \($0.name)" } ?? "read as UTC")]
        case .yearFirst, .monthName, .pattern: []
        }
    }

    private func proof(_ place: LayoutFault.Place?) -> String {
        guard let place else { return "" }
        return ", as \"\(place.value)\" shows in line \(place.line)" + (place.path == name ? "" : " of \(place.path)")
    }
}
