/// The two forms of dates that most files have, read at once: `12/1/2010 8:26` with any sign and order, and
/// `2010-12-01 08:26:00`. What does not fit is left to `DateParts`, which reads these as well, to the same minute.
struct UsualDates {
    /// Between the numbers; 0 where the year is first.
    private let sign: UInt8
    private let isMonthFirst: Bool

    /// Nil for a layout without such dates.
    init?(_ layout: DateLayout) {
        if layout.hasTwoDigitYear { return nil }
        switch layout.family {
        case .slashes: sign = UInt8(ascii: "/")
        case .dashes: sign = UInt8(ascii: "-")
        case .dots: sign = UInt8(ascii: ".")
        case .yearFirst: sign = 0
        default: return nil
        }
        isMonthFirst = layout.order == .monthDayYear
    }

    /// Nil when the text does not have exactly this form.
    @inline(__always)
    func parse(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate? {
        sign == 0 ? Self.yearFirst(text) : numbers(text)
    }

    @inline(__always)
    private func numbers(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate? {
        // "1/1/2010 0:00" to "12/31/2010 23:59"; with 13 bytes no index below is out of bounds before `hour`.
        guard text.count >= 13, text.count <= 16 else { return nil }
        var index = 0
        let first = Self.oneOrTwoDigits(text, &index)
        guard text[index] == sign else { return nil }
        index += 1
        let second = Self.oneOrTwoDigits(text, &index)
        guard text[index] == sign else { return nil }
        let year = Self.year(text, index + 1)
        index += 5
        guard text[index] == UInt8(ascii: " ") else { return nil }
        index += 1
        guard index + 4 <= text.count else { return nil }
        let hour = Self.oneOrTwoDigits(text, &index)
        guard text.count - index == 3, text[index] == UInt8(ascii: ":") else { return nil }
        let minute = Self.pair(text, index + 1)
        return isMonthFirst
            ? Self.date(year, first, second, hour, minute, cutSeconds: false)
            : Self.date(year, second, first, hour, minute, cutSeconds: false)
    }

    @inline(__always)
    private static func yearFirst(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate? {
        let dash = UInt8(ascii: "-"), colon = UInt8(ascii: ":")
        guard text.count == 16 || text.count == 19, text[4] == dash, text[7] == dash, text[13] == colon,
            text[10] == UInt8(ascii: " ") || text[10] == UInt8(ascii: "T")
        else { return nil }
        var second = 0
        if text.count == 19 {
            guard text[16] == colon else { return nil }
            second = pair(text, 17)
            guard second <= 59 else { return nil }
        }
        let month = pair(text, 5), day = pair(text, 8), hour = pair(text, 11)
        return date(year(text, 0), month, day, hour, pair(text, 14), cutSeconds: second != 0)
    }

    /// One digit; above 9 when it is none.
    @inline(__always)
    private static func digit(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int { Int(text[index] &- 0x30) }

    /// Two digits; above 99 when they are none.
    @inline(__always)
    private static func pair(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        let tens = digit(text, index), ones = digit(text, index + 1)
        return tens <= 9 && ones <= 9 ? tens * 10 + ones : 1000
    }

    /// Four digits; above 9999 when they are none.
    @inline(__always)
    private static func year(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
        let century = pair(text, index), rest = pair(text, index + 2)
        return century <= 99 && rest <= 99 ? century * 100 + rest : 100_000
    }

    /// Above 99 when there is no digit.
    @inline(__always)
    private static func oneOrTwoDigits(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Int {
        let first = digit(text, index)
        let second = digit(text, index + 1)
        index += second <= 9 ? 2 : 1
        return first <= 9 ? (second <= 9 ? first * 10 + second : first) : 1000
    }

    /// Nil when it is no date, for `DateParts` to say why.
    @inline(__always)
    private static func date(
        _ year: Int,
        _ month: Int,
        _ day: Int,
        _ hour: Int,
        _ minute: Int,
        cutSeconds: Bool
    ) -> ParsedDate? {
        guard CivilTime.isDate(year: year, month: month, day: day), hour <= 23, minute <= 59 else { return nil }
        let days = CivilTime.days(year: year, month: month, day: day)
        return .minute(days * CivilTime.minutesPerDay + Int64(hour * 60 + minute), cutSeconds: cutSeconds)
    }
}

/// All bytes of a text of 8 to 24, to compare it with another.
struct DateWords: Equatable {
    private var count: Int
    private var first: UInt64
    private var middle: UInt64
    private var last: UInt64

    @inline(__always)
    init?(_ text: UnsafeBufferPointer<UInt8>) {
        guard text.count >= 8, text.count <= 24 else { return nil }
        let bytes = UnsafeRawBufferPointer(text)
        count = text.count
        first = bytes.loadUnaligned(as: UInt64.self)
        middle = bytes.loadUnaligned(fromByteOffset: min(8, text.count - 8), as: UInt64.self)
        last = bytes.loadUnaligned(fromByteOffset: text.count - 8, as: UInt64.self)
    }
}
