/// The rule of a time zone after its last known transition: the form of `TZ` in POSIX, such as `GMT0BST,M3.5.0/1,M10.5.0`.
struct TimeZoneRule: Sendable {
    /// Seconds east of UTC.
    private let standard: Int64
    private let summer: Summer?

    private struct Summer {
        var offset: Int64
        var start: Change
        var end: Change
    }

    /// A day of each year and the local time of the change, seconds from its 00:00.
    private struct Change {
        enum Day {
            /// `Jn`: 1 to 365, 29 February never counted.
            case withoutLeapDay(Int)
            /// `n`: 0 to 365.
            case ofYear(Int)
            /// `Mm.w.d`: the w-th weekday d (0 is Sunday) of month m; w 5 is the last.
            case weekday(month: Int, week: Int, weekday: Int)
        }

        var day: Day
        var seconds: Int64

        /// Days since 1970-01-01.
        func dayNumber(in year: Int) -> Int64 {
            let first = CivilTime.days(year: year, month: 1, day: 1)
            switch day {
            case .ofYear(let number): return first + Int64(number)
            case .withoutLeapDay(let number):
                return first + Int64(number - 1) + (CivilTime.isLeap(year) && number > 59 ? 1 : 0)
            case .weekday(let month, let week, let weekday):
                let firstOfMonth = CivilTime.days(year: year, month: month, day: 1)
                // 1970-01-01 was a Thursday.
                let firstWeekday = Int(((firstOfMonth + 4) % 7 + 7) % 7)
                var number = firstOfMonth + Int64((weekday - firstWeekday + 7) % 7 + 7 * (week - 1))
                let next =
                    month == 12
                    ? CivilTime.days(year: year + 1, month: 1, day: 1)
                    : CivilTime.days(year: year, month: month + 1, day: 1)
                while number >= next { number -= 7 }
                return number
            }
        }
    }

    /// Nil when the text is no such rule.
    init?(text: String) {
        var rest = Array(text.utf8)[...]
        guard Self.skipName(&rest), let west = Self.time(&rest, limitHours: 24) else { return nil }
        standard = -west
        if rest.isEmpty {
            summer = nil
            return
        }
        guard Self.skipName(&rest) else { return nil }
        var offset = standard + 3600
        if let first = rest.first, first != UInt8(ascii: ",") {
            guard let west = Self.time(&rest, limitHours: 24) else { return nil }
            offset = -west
        }
        guard let start = Self.change(&rest), let end = Self.change(&rest), rest.isEmpty else { return nil }
        summer = Summer(offset: offset, start: start, end: end)
    }

    func offsetSeconds(at seconds: Int64) -> Int64 {
        guard let summer else { return standard }
        let day = (seconds + standard) >= 0 ? (seconds + standard) / 86_400 : (seconds + standard - 86_399) / 86_400
        let year = CivilTime.date(days: day).year
        // Each change is given on the clock before it.
        let start = summer.start.dayNumber(in: year) * 86_400 + summer.start.seconds - standard
        let end = summer.end.dayNumber(in: year) * 86_400 + summer.end.seconds - summer.offset
        let isSummer = start < end ? seconds >= start && seconds < end : seconds >= start || seconds < end
        return isSummer ? summer.offset : standard
    }

    /// Three letters or more, or anything in `<>`.
    private static func skipName(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if rest.first == UInt8(ascii: "<") {
            guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else { return false }
            rest = rest[(end + 1)...]
            return true
        }
        let letters = rest.prefix { ($0 | 0x20) >= UInt8(ascii: "a") && ($0 | 0x20) <= UInt8(ascii: "z") }
        rest = rest.dropFirst(letters.count)
        return letters.count >= 3
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    private static func time(_ rest: inout ArraySlice<UInt8>, limitHours: Int64) -> Int64? {
        let isNegative = rest.first == UInt8(ascii: "-")
        if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
        guard let hours = number(&rest), hours <= limitHours else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] as [Int64] where rest.first == UInt8(ascii: ":") {
            rest.removeFirst()
            guard let part = number(&rest), part <= 59 else { return nil }
            seconds += part * unit
        }
        return isNegative ? -seconds : seconds
    }

    private static func number(_ rest: inout ArraySlice<UInt8>) -> Int64? {
        let digits = rest.prefix { $0 &- 0x30 <= 9 }
        guard (1...3).contains(digits.count) else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
    }

    private static func change(_ rest: inout ArraySlice<UInt8>) -> Change? {
        guard rest.popFirst() == UInt8(ascii: ",") else { return nil }
        let day: Change.Day
        switch rest.first {
        case UInt8(ascii: "M"):
            rest.removeFirst()
            guard let month = number(&rest), rest.popFirst() == UInt8(ascii: "."), let week = number(&rest),
                rest.popFirst() == UInt8(ascii: "."), let weekday = number(&rest), (1...12).contains(month),
                (1...5).contains(week), weekday <= 6
            else { return nil }
            day = .weekday(month: Int(month), week: Int(week), weekday: Int(weekday))
        case UInt8(ascii: "J"):
            rest.removeFirst()
            guard let number = number(&rest), (1...365).contains(number) else { return nil }
            day = .withoutLeapDay(Int(number))
        default:
            guard let number = number(&rest), number <= 365 else { return nil }
            day = .ofYear(Int(number))
        }
        var seconds: Int64 = 7200
        if rest.first == UInt8(ascii: "/") {
            rest.removeFirst()
            guard let time = time(&rest, limitHours: 167) else { return nil }
            seconds = time
        }
        return Change(day: day, seconds: seconds)
    }
}
