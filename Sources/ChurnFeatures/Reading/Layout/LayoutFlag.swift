/// The flags that say how files are to be read. Their names are those of the command line and of a layout file.
package enum LayoutFlag: String, CaseIterable, Sendable {
    case dates
    case columns
    case separator
    case decimal
    case thousands
    case timeZone = "time-zone"
    case twoDigitYears = "two-digit-years"
    case cancelledInvoices = "cancelled-invoices"
    case exclude
    case noCustomerWords = "no-customer-words"

    /// What the value may be, for help texts and errors.
    package var values: String {
        switch self {
        case .dates: "dmy, mdy, ymd, serial, epoch, epoch-ms or a pattern such as dd.MM.yyyy HH:mm"
        case .columns: "role=name,..., with the roles \(ColumnRole.allCases.map(\.rawValue).joined(separator: ", "))"
        case .separator: "comma, semicolon, tab or pipe"
        case .decimal: "point or comma"
        case .thousands: "comma, point, blank, apostrophe or none"
        case .timeZone: "a name of the tz database, for example Europe/London"
        case .twoDigitYears: "the first of the hundred years that two digits stand for, for example 2000"
        case .cancelledInvoices: "an invoice number in which * stands for any text, for example C*"
        case .exclude: "status=value,..., for example status=cancelled,refunded"
        case .noCustomerWords: "words in place of a customer, for example guest,n/a"
        }
    }
}

/// A value of a flag, or of a line of a layout file, that cannot be used.
package struct LayoutError: Error, Equatable, CustomStringConvertible {
    package var flag: String
    package var value: String
    /// What is wrong with the value and what may stand there.
    package var reason: String

    package init(flag: String, value: String, reason: String) {
        self.flag = flag
        self.value = value
        self.reason = reason
    }

    package var description: String { "--\(flag) \(value): \(reason)" }
}
