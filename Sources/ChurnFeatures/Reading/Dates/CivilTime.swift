/// Arithmetic of the proleptic Gregorian calendar without time zones, and its form for people.
///
/// Days and minutes count from 1970-01-01 00:00. The algorithms are Howard Hinnant's, "chrono-Compatible Low-Level Date
/// Algorithms" (https://howardhinnant.github.io/date_algorithms.html), `days_from_civil` and `civil_from_days`.
package enum CivilTime {
    package static let minutesPerDay: Int64 = 1440

    /// Days since 1970-01-01. The date must be one of the calendar (`isDate`); nothing is checked here.
    @inline(__always)
    package static func days(year: Int, month: Int, day: Int) -> Int64 {
        // The year starts on 1 March here, so that the leap day is its last day and every month has a fixed offset.
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int64(era * 146_097 + dayOfEra - 719_468)
    }

    /// The date that is `days` days after 1970-01-01.
    package static func date(days: Int64) -> (year: Int, month: Int, day: Int) {
        // Beyond any date we store, and far from overflow: a corrupt number is shown as a far date, not as a trap.
        let shifted = Int(max(-100_000_000, min(100_000_000, days))) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }

    /// Whether the date exists and lies in the years this program takes, 1900 to 2999.
    @inline(__always)
    package static func isDate(year: Int, month: Int, day: Int) -> Bool {
        guard year >= 1900, year <= 2999, month >= 1, month <= 12, day >= 1 else { return false }
        if day <= 28 { return true }
        if month == 2 { return day == 29 && isLeap(year) }
        // April, June, September and November have 30 days.
        let isShort = month == 4 || month == 6 || month == 9 || month == 11
        return day <= (isShort ? 30 : 31)
    }

    @inline(__always)
    package static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// `yyyy-MM-dd HH:mm`, for people.
    package static func format(minute: Int64) -> String {
        let dayAndMinute = split(minute: minute)
        let hour = dayAndMinute.minuteOfDay / 60
        let minuteOfHour = dayAndMinute.minuteOfDay % 60
        return "\(format(day: dayAndMinute.day)) \(padded(hour, to: 2)):\(padded(minuteOfHour, to: 2))"
    }

    /// `yyyy-MM-dd` of a day counted from 1970-01-01.
    package static func format(day: Int64) -> String {
        let date = date(days: day)
        return "\(padded(date.year, to: 4))-\(padded(date.month, to: 2))-\(padded(date.day, to: 2))"
    }

    /// The day (rounded towards the past) and the minute of that day, 0 to 1439.
    package static func split(minute: Int64) -> (day: Int64, minuteOfDay: Int) {
        let remainder = minute % minutesPerDay
        let minuteOfDay = remainder < 0 ? remainder + minutesPerDay : remainder
        return (minute / minutesPerDay - (remainder < 0 ? 1 : 0), Int(minuteOfDay))
    }

    /// The day of a `yyyy-MM-dd` as typed by a person, counted from 1970-01-01; nil when it is no date of 1900 to 2999.
    package static func parseDay(_ text: String) -> Int64? {
        var number = 0
        var parts: (year: Int, month: Int) = (0, 0)
        var position = 0
        for byte in text.utf8 {
            if position == 4 || position == 7 {
                guard byte == UInt8(ascii: "-") else { return nil }
                if position == 4 { parts.year = number } else { parts.month = number }
                number = 0
            } else {
                guard position < 10, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                number = number * 10 + Int(byte - UInt8(ascii: "0"))
            }
            position += 1
        }
        guard position == 10, isDate(year: parts.year, month: parts.month, day: number) else { return nil }
        return days(year: parts.year, month: parts.month, day: number)
    }

    private static func padded(_ number: Int, to width: Int) -> String {
        let digits = String(number.magnitude)
        let zeros = String(repeating: "0", count: max(0, width - digits.count))
        return (number < 0 ? "-" : "") + zeros + digits
    }
}
