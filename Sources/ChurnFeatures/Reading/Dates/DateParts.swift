internal import ChurnBase

/// A date as it is written, before it is said which number is the day and which the month.
struct DateParts {
    var family: DateFamily
    var hasTwoDigitYear = false
    /// Two-digit years are always written with both: whether the first number, and the last, has two digits.
    var mayHaveYear = (first: true, last: true)
    /// Of the ordered families in the order of the text; else year, month, day.
    var numbers = (0, 0, 0)
    var minuteOfDay = 0
    var cutSeconds = false
    /// Minutes east of UTC; nil where none is written.
    var offset: Int?
    /// Of numbers alone: minutes since 1970-01-01 00:00.
    var minute: Int64?

    var key: DateKey { DateKey(family: family, hasTwoDigitYear: hasTwoDigitYear) }

    /// Minutes since 1970-01-01 00:00 as written; nil when that is no date of the years 1900 to 2999.
    func minute(order: DateOrder, twoDigitYearBase: Int?) -> Int64? {
        if let minute { return minute }
        var (year, month, day) = numbers
        if family.isOrdered {
            switch order {
            case .dayMonthYear: (day, month, year) = numbers
            case .monthDayYear: (month, day, year) = numbers
            case .yearMonthDay: break
            }
        }
        if hasTwoDigitYear {
            let mayBeYear = family.isOrdered && order != .yearMonthDay ? mayHaveYear.last : mayHaveYear.first
            guard let base = twoDigitYearBase, year <= 99, mayBeYear else { return nil }
            year = base + (year - base % 100 + 100) % 100
        }
        guard CivilTime.isDate(year: year, month: month, day: day) else { return nil }
        return CivilTime.days(year: year, month: month, day: day) * CivilTime.minutesPerDay + Int64(minuteOfDay)
    }

    /// The orders in which it is a date.
    func possibleOrders(_ allowed: [DateOrder], twoDigitYearBase: Int?) -> [DateOrder] {
        allowed.filter { minute(order: $0, twoDigitYearBase: twoDigitYearBase) != nil }
    }
}

/// Dates that share their evidence.
struct DateKey: Hashable {
    var family: DateFamily
    var hasTwoDigitYear: Bool

    /// In a worksheet: whether one is the date of a cell, which has the year first, and the other a text.
    func isOfCell(beside other: DateKey) -> Bool {
        family != other.family && (family == .yearFirst || other.family == .yearFirst)
    }

    /// The orders that dates of this kind can have, unless a flag says one.
    var orders: [DateOrder] {
        switch family {
        case .slashes, .dashes:
            hasTwoDigitYear ? [.dayMonthYear, .monthDayYear, .yearMonthDay] : [.dayMonthYear, .monthDayYear]
        case .dots: [.dayMonthYear]
        default: [.yearMonthDay]
        }
    }
}

extension DateParts {
    /// Parses any date but those of a pattern; nil when it is none.
    ///
    /// - Parameter reading: of numbers alone, whether they are epochs; else they are serials, if they can be.
    init?(_ text: UnsafeBufferPointer<UInt8>, reading: DateReading?) {
        let parts: DateParts? =
            if let plain = HardBlanks.replaced(text) {
                plain.withUnsafeBufferPointer { DateParts(plain: Blanks.trimmed($0), reading) }
            } else {
                DateParts(plain: text, reading)
            }
        guard let parts else { return nil }
        self = parts
    }

    /// - Parameter text: with ASCII blanks only.
    private init?(plain text: UnsafeBufferPointer<UInt8>, _ reading: DateReading?) {
        if case .pattern(let pattern) = reading {
            self.init(text, pattern: pattern)
            return
        }
        let text = Self.withoutNote(text)
        guard let first = text.first, text.count <= ReadingLimits.numberBytes else { return nil }
        var cursor = DateCursor(text)
        if first &- 0x30 > 9 {
            guard let parts = Self.nameFirst(&cursor) else { return nil }
            self = parts
        } else if let numeric = Self.number(text, reading: reading) {
            self = numeric
            return
        } else {
            guard let parts = Self.numberFirst(&cursor) else { return nil }
            self = parts
        }
        guard cursor.time(&self) else { return nil }
    }

    /// Without the name of a time zone in brackets behind an offset, as JavaScript writes it.
    private static func withoutNote(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        guard text.last == UInt8(ascii: ")"), let open = text.lastIndex(of: UInt8(ascii: "(")), open > 5,
            text[open - 1] == UInt8(ascii: " "),
            text[open - 6] == UInt8(ascii: "+") || text[open - 6] == UInt8(ascii: "-")
        else { return text }
        return UnsafeBufferPointer(rebasing: text[..<(open - 1)])
    }

    /// `Jan 1, 2014`, perhaps after a day of the week: `Wed, 1 Jan 2014`.
    private static func nameFirst(_ cursor: inout DateCursor) -> DateParts? {
        guard let word = cursor.word() else { return nil }
        if DateNames.isWeekday(word) {
            _ = cursor.skip(UInt8(ascii: "."))
            _ = cursor.skip(UInt8(ascii: ","))
            cursor.skipBlanks()
            guard let next = cursor.current else { return nil }
            return next &- 0x30 <= 9 ? numberFirst(&cursor) : nameFirst(&cursor)
        }
        guard let month = DateNames.month(word), cursor.skipOneOf(" -/.,") else { return nil }
        cursor.skipBlanks()
        guard let day = cursor.digits(1...2), cursor.skipOneOf(" -/.,") else { return nil }
        cursor.skipBlanks()
        return year(&cursor, month: month, day: day)
    }

    private static func numberFirst(_ cursor: inout DateCursor) -> DateParts? {
        let first = cursor.digitRun()
        if first.count == 8 { return compact(first.value) }
        // As in 1er janvier.
        cursor.skip(word: "er")
        guard let separator = cursor.take(), first.count == 4 || first.count == 1 || first.count == 2 else {
            return nil
        }
        let isDot = separator == UInt8(ascii: ".")
        if separator == UInt8(ascii: " ") || isDot { cursor.skipBlanks() }
        guard let next = cursor.current, " -/.".utf8.contains(separator) else { return nil }
        if next &- 0x30 > 9 {
            // As in 1 de enero de 2014.
            if cursor.skip(word: "de") { cursor.skipBlanks() }
            guard let word = cursor.word(), let month = DateNames.month(word) else { return nil }
            let isShortened = cursor.skip(UInt8(ascii: "."))
            guard cursor.skip(separator) || cursor.skipOneOf(" -/,") || isShortened else { return nil }
            cursor.skipBlanks()
            if cursor.skip(word: "de") || cursor.skip(word: "del") { cursor.skipBlanks() }
            if first.count == 4 {
                guard let day = cursor.digits(1...2) else { return nil }
                return DateParts(family: .monthName, numbers: (first.value, month, day))
            }
            return year(&cursor, month: month, day: first.value)
        }
        guard separator != UInt8(ascii: " "), let second = cursor.digits(1...2), cursor.skip(separator) else {
            return nil
        }
        if isDot { cursor.skipBlanks() }
        let third = cursor.digitRun()
        if first.count == 4 {
            guard third.count <= 2, third.count > 0 else { return nil }
            return DateParts(family: .yearFirst, numbers: (first.value, second, third.value))
        }
        guard third.count == 4 || third.count == 2 || third.count == 1 else { return nil }
        let family: DateFamily =
            switch separator {
            case UInt8(ascii: "/"): .slashes
            case UInt8(ascii: "-"): .dashes
            default: .dots
            }
        return DateParts(
            family: family,
            hasTwoDigitYear: third.count != 4,
            mayHaveYear: (first.count == 2, third.count == 2),
            numbers: (first.value, second, third.value)
        )
    }

    /// The year behind the name of a month and a day, of four digits or of two.
    private static func year(_ cursor: inout DateCursor, month: Int, day: Int) -> DateParts? {
        let apostrophe = cursor.skip(UInt8(ascii: "'"))
        let year = cursor.digitRun()
        guard year.count == 2 || (year.count == 4 && !apostrophe) else { return nil }
        return DateParts(family: .monthName, hasTwoDigitYear: year.count == 2, numbers: (year.value, month, day))
    }

    private static func compact(_ value: Int) -> DateParts {
        DateParts(family: .yearFirst, numbers: (value / 10_000, value / 100 % 100, value % 100))
    }
}
