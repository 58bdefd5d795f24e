/// The order of day, month and year in a date of numbers.
package enum DateOrder: String, CaseIterable, Sendable {
    case dayMonthYear = "dmy"
    case monthDayYear = "mdy"
    case yearMonthDay = "ymd"

    var words: String {
        switch self {
        case .dayMonthYear: "the day first"
        case .monthDayYear: "the month first"
        case .yearMonthDay: "the year first"
        }
    }
}

/// How dates are to be read, as `--dates` says it.
package enum DateReading: Equatable, Sendable {
    case order(DateOrder)
    /// Days since 1899-12-30 with a fraction, as spreadsheets keep them.
    case serial
    /// Seconds since 1970-01-01 00:00 UTC.
    case epoch
    /// Thousandths of a second since then.
    case epochMilliseconds
    case pattern(DatePattern)

    /// - Throws: `LayoutError` for what is no reading and no pattern.
    package init(text: String) throws(LayoutError) {
        switch text.lowercased() {
        case "serial": self = .serial
        case "epoch": self = .epoch
        case "epoch-ms": self = .epochMilliseconds
        default:
            if let order = DateOrder(rawValue: text.lowercased()) {
                self = .order(order)
            } else {
                self = .pattern(try DatePattern(text: text))
            }
        }
    }

    /// The form that `init(text:)` takes.
    package var text: String {
        switch self {
        case .order(let order): order.rawValue
        case .serial: "serial"
        case .epoch: "epoch"
        case .epochMilliseconds: "epoch-ms"
        case .pattern(let pattern): pattern.text
        }
    }
}
