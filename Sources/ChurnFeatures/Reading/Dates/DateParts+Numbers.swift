extension DateParts {
    /// A date that is a number alone: a serial of a spreadsheet, or an epoch where `reading` says so. Nil for anything else,
    /// eight digits (a year, a month, a day) included.
    static func number(_ text: UnsafeBufferPointer<UInt8>, reading: DateReading?) -> DateParts? {
        guard let number = PlainNumber(text) else { return nil }
        switch reading {
        case .epoch: return epoch(number, perSecond: 1, family: .epoch)
        case .epochMilliseconds: return epoch(number, perSecond: 1000, family: .epochMilliseconds)
        case .serial: return serial(number, days: 1...401_768)
        default: return number.wholeDigits == 5 ? serial(number, days: ReadingLimits.likelySerials) : nil
        }
    }

    /// Ten or thirteen digits: what epochs of our time look like.
    static func looksLikeEpoch(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let number = PlainNumber(text) else { return false }
        return number.wholeDigits == 10 || number.wholeDigits == 13
    }

    private static func epoch(_ number: PlainNumber, perSecond: Int64, family: DateFamily) -> DateParts? {
        guard number.wholeDigits <= 14 else { return nil }
        let seconds = number.whole / perSecond
        var parts = DateParts(family: family)
        parts.minute = seconds / 60
        parts.cutSeconds = seconds % 60 != 0 || number.whole % perSecond != 0 || number.nanos != 0
        parts.offset = 0
        guard let minute = parts.minute, isOfOurYears(minute: minute) else { return nil }
        return parts
    }

    private static func serial(_ number: PlainNumber, days: ClosedRange<Int64>) -> DateParts? {
        guard number.wholeDigits <= 6, days.contains(number.whole) else { return nil }
        // A second is 11,574 thousand millionths of a day: programs write ten digits or more, or times of whole minutes.
        let seconds = (number.nanos * 86_400 + 500_000_000) / 1_000_000_000
        var parts = DateParts(family: .serial)
        // Serials count from 1899-12-30. Before 1900-03-01 they are off by one, for a leap day that was none: refused.
        guard number.whole > 60 else { return nil }
        let day = number.whole - 25_569
        parts.minute = day * CivilTime.minutesPerDay + seconds / 60
        parts.cutSeconds = seconds % 60 != 0
        return parts
    }

    private static func isOfOurYears(minute: Int64) -> Bool {
        let date = CivilTime.date(days: CivilTime.split(minute: minute).day)
        return CivilTime.isDate(year: date.year, month: date.month, day: date.day)
    }

    /// Digits, perhaps a point or a comma and more digits.
    private struct PlainNumber {
        var whole: Int64 = 0
        var wholeDigits = 0
        /// Thousand millionths; further digits are cut off.
        var nanos: Int64 = 0

        init?(_ text: UnsafeBufferPointer<UInt8>) {
            var index = 0
            while index < text.count, text[index] &- 0x30 <= 9 {
                guard index < 17 else { return nil }
                whole = whole * 10 + Int64(text[index] &- 0x30)
                index += 1
            }
            wholeDigits = index
            guard index > 0 else { return nil }
            if index == text.count { return }
            guard text[index] == UInt8(ascii: ".") || text[index] == UInt8(ascii: ","), index + 1 < text.count else {
                return nil
            }
            index += 1
            var weight: Int64 = 100_000_000
            while index < text.count {
                guard text[index] &- 0x30 <= 9 else { return nil }
                nanos += Int64(text[index] &- 0x30) * weight
                weight /= 10
                index += 1
            }
        }
    }
}

extension DateParts {
    /// Parses a date by a pattern; nil when it does not fit.
    init?(_ text: UnsafeBufferPointer<UInt8>, pattern: DatePattern) {
        guard text.count <= ReadingLimits.numberBytes else { return nil }
        var cursor = DateCursor(text)
        var parts = DateParts(family: .pattern, hasTwoDigitYear: pattern.hasTwoDigitYear)
        var hour = 0, minute = 0, second = 0
        var isAfternoon: Bool?
        for element in pattern.elements {
            let fits: Bool
            switch element {
            case .year(let digits): fits = Self.take(cursor.fixed(digits), &parts.numbers.0)
            case .month(let digits): fits = Self.take(cursor.upTo2(digits), &parts.numbers.1)
            case .monthName: fits = Self.take(cursor.word().flatMap(DateNames.month), &parts.numbers.1)
            case .day(let digits): fits = Self.take(cursor.upTo2(digits), &parts.numbers.2)
            case .hour(let digits), .halfDayHour(let digits): fits = Self.take(cursor.upTo2(digits), &hour)
            case .minute(let digits): fits = Self.take(cursor.upTo2(digits), &minute)
            case .second(let digits): fits = Self.take(cursor.upTo2(digits), &second)
            case .fraction:
                let isNonzero = cursor.fraction()
                if isNonzero == true { parts.cutSeconds = true }
                fits = isNonzero != nil
            case .halfDay:
                isAfternoon = cursor.halfDay()
                fits = isAfternoon != nil
            case .offset:
                parts.offset = cursor.offset(afterBlanks: true)
                fits = parts.offset != nil
            case .blanks: fits = cursor.skipBlanks()
            case .byte(let byte): fits = cursor.skip(byte)
            }
            guard fits else { return nil }
        }
        if let isAfternoon {
            guard (1...12).contains(hour) else { return nil }
            hour = hour % 12 + (isAfternoon ? 12 : 0)
        }
        guard cursor.isAtEnd, hour <= 23, minute <= 59, second <= 59 else { return nil }
        if second != 0 { parts.cutSeconds = true }
        parts.minuteOfDay = hour * 60 + minute
        self = parts
    }

    private static func take(_ value: Int?, _ target: inout Int) -> Bool {
        guard let value else { return false }
        target = value
        return true
    }
}

extension DateCursor {
    /// Exactly so many digits.
    fileprivate mutating func fixed(_ count: Int) -> Int? {
        let before = self
        var ahead = self
        guard let value = ahead.fixedDigits(count), ahead.distance(from: before) == count else { return nil }
        self = ahead
        return value
    }

    /// One or two digits, or exactly two.
    fileprivate mutating func upTo2(_ digits: Int) -> Int? { digits == 2 ? fixed(2) : fixedDigits(2) }
}
