/// The forms of a date that are told apart by their signs.
package enum DateFamily: Hashable, Sendable {
    /// Numbers with slashes, dashes or dots between them, the year not first: what is day and what month is a matter of order.
    case slashes, dashes, dots
    /// `2010-12-01`, `2010/12/01`, `20101201`.
    case yearFirst
    /// `1-Jan-2014`, `1 January 2014`, `Jan 1, 2014`.
    case monthName
    case serial, epoch, epochMilliseconds
    case pattern

    var isOrdered: Bool { self == .slashes || self == .dashes || self == .dots }
}

/// The layout of the dates of one file.
package struct DateLayout: Equatable, Sendable {
    package let family: DateFamily
    package let hasTwoDigitYear: Bool
    /// Without a meaning where the family says it all.
    package let order: DateOrder
    /// Of `--dates`, where it is one.
    let pattern: DatePattern?

    init(
        family: DateFamily,
        hasTwoDigitYear: Bool = false,
        order: DateOrder = .yearMonthDay,
        pattern: DatePattern? = nil
    ) {
        self.family = family
        self.hasTwoDigitYear = hasTwoDigitYear
        self.order = order
        self.pattern = pattern
    }

    package static let monthDayYear = DateLayout(family: .slashes, order: .monthDayYear)
    package static let dayMonthYear = DateLayout(family: .slashes, order: .dayMonthYear)
    package static let yearMonthDay = DateLayout(family: .yearFirst)

    /// For people and reports. Stable.
    package var name: String {
        switch family {
        case .slashes: numbers("/")
        case .dashes: numbers("-")
        case .dots: numbers(".")
        case .yearFirst: "yyyy-MM-dd HH:mm"
        case .monthName: hasTwoDigitYear ? "d MMM yy" : "d MMM yyyy"
        case .serial: "serial"
        case .epoch: "epoch"
        case .epochMilliseconds: "epoch-ms"
        case .pattern: pattern?.text ?? "pattern"
        }
    }

    private func numbers(_ sign: String) -> String {
        let year = hasTwoDigitYear ? "YY" : "YYYY"
        let parts =
            switch order {
            case .dayMonthYear: ["D", "M", year]
            case .monthDayYear: ["M", "D", year]
            case .yearMonthDay: [year, "M", "D"]
            }
        return parts.joined(separator: sign) + " H:mm"
    }
}

enum ParsedDate {
    /// Minutes since 1970-01-01 00:00 on the shop's clock. Seconds other than 0 are cut off, and `cutSeconds` says so.
    case minute(Int64, cutSeconds: Bool)
    case invalid
    /// The reader keeps the fault, which ends the reading.
    case fault
}
