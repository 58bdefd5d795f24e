/// Why a file cannot be read without being told more, or not as it was told. `description` is one line that names the file,
/// the thing and the flag that helps.
package enum LayoutFault: Error, Equatable, Sendable, CustomStringConvertible {
    /// A place of a file and what stands there.
    package struct Place: Equatable, Sendable {
        package var path: String
        package var line: Int64
        package var value: String

        package init(path: String, line: Int64, value: String) {
            self.path = path
            self.line = line
            self.value = value
        }
    }

    /// One way to read a value: the text of the flag that says so, and what the value then is.
    package struct Choice: Equatable, Sendable {
        package var flag: String
        package var meaning: String

        package init(flag: String, meaning: String) {
            self.flag = flag
            self.meaning = meaning
        }
    }

    /// No date of any file proves an order.
    case ambiguousDates(Place, [Choice])
    /// The date cannot have the order `order`, which `earlier` proves, or without it a flag or the rule for dots says.
    case contradictoryDate(Place, order: DateOrder, earlier: Place?)
    /// A date that is a number alone, too large for a spreadsheet's.
    case numericDates(Place, [Choice])
    /// A two-digit year, and no flag that says the century.
    case twoDigitYear(Place)
    /// Dates with different offsets from UTC, or some with and some without one.
    case mixedOffsets(Place, earlier: Place)
    /// Every number with one comma or point has exactly three digits after it.
    case ambiguousNumbers(Place, [Choice])
    /// The number cannot have the decimal sign `sign`, which `earlier` proves, or without it a flag says.
    case contradictoryNumber(Place, sign: DecimalSign, earlier: Place?)
    case mixedCurrencies(Place, earlier: Place)
    /// The same of a column with the currency.
    case mixedCurrencyColumn(Place, earlier: Place, column: String)
    /// Digits as East Asian keyboards write them.
    case fullWidthDigits(Place)
    /// A worksheet has dates in its cells and texts of dates beside them.
    case mixedCellDates(Place, earlier: Place)
    /// A name of `--columns` that the file does not have, or has more than once.
    case unknownColumn(path: String, role: ColumnRole, name: String, found: [String])
    case repeatedColumn(path: String, role: ColumnRole, name: String)
    /// Totals of orders beside columns of lines: reading them line by line would count an order several times.
    case orderTotal(path: String, name: String)
    /// Statuses are to be excluded and the file has no column with them.
    case noStatusColumn(path: String, found: [String])
    /// The file is not the one that the layout was settled for.
    case changedFile(path: String)

    package var description: String {
        switch self {
        case .ambiguousDates(let place, let choices), .numericDates(let place, let choices):
            "\(place.start): \"\(place.value)\" may be \(Self.listed(choices)); say which"
        case .contradictoryDate(let place, let order, let earlier):
            "\(place.start): the date \"\(place.value)\" cannot have \(order.words), as "
                + (earlier.map { "\"\($0.value)\" has in \($0.where(from: place))" } ?? "the other dates are to be read")
                + "; correct the file, or give --dates with a pattern to keep only the lines that fit it"
        case .twoDigitYear(let place):
            "\(place.start): the year of \"\(place.value)\" has two digits; say with --two-digit-years 2000 that it is one "
                + "of 2000 to 2099, or give --dates with a pattern such as d-MMM-yy"
        case .mixedOffsets(let place, let earlier):
            "\(place.start): the date \"\(place.value)\" and \"\(earlier.value)\" in \(earlier.where(from: place)) do not "
                + "have the same offset from UTC; give --time-zone with the shop's clock, for example Europe/London, "
                + "where every date has one"
        case .ambiguousNumbers(let place, let choices):
            "\(place.start): the number \"\(place.value)\" may be \(Self.listed(choices)); say which"
        case .contradictoryNumber(let place, let sign, let earlier):
            "\(place.start): the number \"\(place.value)\" cannot have a decimal \(sign.text), as "
                + (earlier.map { "\"\($0.value)\" has in \($0.where(from: place))" } ?? "--decimal \(sign.text) says")
                + "; correct the file, or read its parts one by one with --decimal"
        case .mixedCurrencies(let place, let earlier):
            "\(place.start): the currency of \"\(place.value)\" is not that of \"\(earlier.value)\" in "
                + "\(earlier.where(from: place)); export the sales in one currency"
        case .mixedCurrencyColumn(let place, let earlier, let column):
            "\(place.start): the currency \"\(place.value)\" is not the \"\(earlier.value)\" of "
                + "\(earlier.where(from: place)); export the sales in one currency, or leave one out with --columns "
                + "status=\"\(column)\" --exclude status=\(place.value)"
        case .fullWidthDigits(let place):
            "\(place.start): \"\(place.value)\" has full-width digits; make them plain first, for example with: "
                + "uconv -x Fullwidth-Halfwidth FILE > plain.csv"
        case .mixedCellDates(let place, let earlier):
            "\(place.start): the dates \"\(place.value)\" and \"\(earlier.value)\" in \(earlier.where(from: place)) are one a "
                + "text and one a date of the workbook, so a program has converted a part of them, perhaps with day and "
                + "month exchanged; export the sales again as CSV, or give --dates with a pattern to keep only the lines "
                + "that fit it"
        case .unknownColumn(let path, let role, let name, let found):
            "\(path): no column \"\(name)\" for \(role.rawValue); the first line has \(ReadingError.listed(found)); "
                + "correct --columns"
        case .repeatedColumn(let path, let role, let name):
            "\(path): several columns are called \"\(name)\", and \(role.rawValue) is one; rename the others"
        case .orderTotal(let path, let name):
            "\(path): \"\(name)\" looks like the total of an order, and the lines are those of products; name the "
                + "total of a line with --columns amount=NAME, or that of a piece with price=NAME and quantity=NAME"
        case .noStatusColumn(let path, let found):
            "\(path): no column with an order status for --exclude; the first line has \(ReadingError.listed(found)); "
                + "name it with --columns status=NAME"
        case .changedFile(let path):
            "\(path): has changed while it was being read; run the command again when it is complete"
        }
    }

    private static func listed(_ choices: [Choice]) -> String {
        choices.map { "\($0.meaning) (\($0.flag))" }.joined(separator: " or ")
    }
}

extension LayoutFault.Place {
    fileprivate var start: String { "\(path): line \(line)" }

    /// Without the path where it is the same.
    fileprivate func `where`(from other: LayoutFault.Place) -> String {
        path == other.path ? "line \(line)" : "line \(line) of \(path)"
    }
}
