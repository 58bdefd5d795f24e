/// The layouts of a date that are known; a file has one, which its first date decides. They are told apart by their
/// separators, so a day is never taken for a month.
package enum DateLayout: String, CaseIterable, Sendable {
    case monthDayYear = "M/D/YYYY H:mm"
    case dayMonthYear = "dd-MM-yyyy HH:mm"
    /// A fraction of a second may follow.
    case yearMonthDaySeconds = "yyyy-MM-dd HH:mm:ss"
    case yearMonthDay = "yyyy-MM-dd HH:mm"
    /// Seconds, a fraction of them and a Z may follow. Other offsets are refused: transactions are on the shop's clock.
    case iso8601 = "yyyy-MM-ddTHH:mm[:ss]"
}

enum ParsedDate {
    /// Minutes since 1970-01-01 00:00. Seconds other than 0 are cut off, and `cutSeconds` says so.
    case minute(Int64, cutSeconds: Bool)
    case withOffset
    case invalid
}

extension DateLayout {
    /// - Parameter text: trimmed.
    @inline(__always)
    func parse(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        switch self {
        case .monthDayYear: parseMonthDayYear(text)
        case .dayMonthYear: parseDayMonthYear(text)
        case .yearMonthDaySeconds: parseYearFirst(text, separator: UInt8(ascii: " "), seconds: .needed)
        case .yearMonthDay: parseYearFirst(text, separator: UInt8(ascii: " "), seconds: .refused)
        case .iso8601: parseYearFirst(text, separator: UInt8(ascii: "T"), seconds: .taken)
        }
    }

    /// The first layout that `text` fits, or would fit but for an offset.
    static func parseFirst(_ text: UnsafeBufferPointer<UInt8>) -> (layout: DateLayout?, date: ParsedDate) {
        for layout in allCases {
            switch layout.parse(text) {
            case .minute(let minute, let cutSeconds):
                return (layout, .minute(minute, cutSeconds: cutSeconds))
            case .withOffset: return (nil, .withOffset)
            case .invalid: continue
            }
        }
        return (nil, .invalid)
    }
}

/// One digit; above 9 when it is none.
@inline(__always)
private func digit(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int { Int(text[index] &- 0x30) }

/// Two digits; above 99 when they are none.
@inline(__always)
private func pair(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
    let tens = digit(text, index), ones = digit(text, index + 1)
    return tens <= 9 && ones <= 9 ? tens * 10 + ones : 1000
}

/// Four digits; above 9999 when they are none.
@inline(__always)
private func year(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> Int {
    let century = pair(text, index), rest = pair(text, index + 2)
    return century <= 99 && rest <= 99 ? century * 100 + rest : 100_000
}

@inline(__always)
private func date(_ year: Int, _ month: Int, _ day: Int, _ hour: Int, _ minute: Int, cutSeconds: Bool) -> ParsedDate {
    guard CivilTime.isDate(year: year, month: month, day: day), hour <= 23, minute <= 59 else { return .invalid }
    let days = CivilTime.days(year: year, month: month, day: day)
    return .minute(days * CivilTime.minutesPerDay + Int64(hour * 60 + minute), cutSeconds: cutSeconds)
}

@inline(__always)
private func parseMonthDayYear(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
    // "1/1/2010 0:00" to "12/31/2010 23:59"; with 13 bytes no index below is out of bounds before `hour`.
    guard text.count >= 13, text.count <= 16 else { return .invalid }
    let slash = UInt8(ascii: "/")
    var index = 0
    let month = oneOrTwoDigits(text, &index)
    guard text[index] == slash else { return .invalid }
    index += 1
    let day = oneOrTwoDigits(text, &index)
    guard text[index] == slash else { return .invalid }
    let fullYear = year(text, index + 1)
    index += 5
    guard text[index] == UInt8(ascii: " ") else { return .invalid }
    index += 1
    guard index + 4 <= text.count else { return .invalid }
    let hour = oneOrTwoDigits(text, &index)
    guard text.count - index == 3, text[index] == UInt8(ascii: ":") else { return .invalid }
    return date(fullYear, month, day, hour, pair(text, index + 1), cutSeconds: false)
}

/// Above 99 when there is no digit.
@inline(__always)
private func oneOrTwoDigits(_ text: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Int {
    let first = digit(text, index)
    let second = digit(text, index + 1)
    index += second <= 9 ? 2 : 1
    return first <= 9 ? (second <= 9 ? first * 10 + second : first) : 1000
}

@inline(__always)
private func parseDayMonthYear(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
    let dash = UInt8(ascii: "-")
    guard text.count == 16, text[2] == dash, text[5] == dash, text[10] == UInt8(ascii: " "),
        text[13] == UInt8(ascii: ":")
    else { return .invalid }
    return date(year(text, 6), pair(text, 3), pair(text, 0), pair(text, 11), pair(text, 14), cutSeconds: false)
}

private enum Seconds { case refused, taken, needed }

@inline(__always)
private func parseYearFirst(
    _ text: UnsafeBufferPointer<UInt8>,
    separator: UInt8,
    seconds: Seconds
) -> ParsedDate {
    let dash = UInt8(ascii: "-"), colon = UInt8(ascii: ":")
    guard text.count >= 16, text[4] == dash, text[7] == dash, text[10] == separator, text[13] == colon else {
        return .invalid
    }
    var index = 16
    var cutSeconds = false
    if seconds != .refused, text.count >= 19, text[16] == colon {
        let second = pair(text, 17)
        guard second <= 59 else { return .invalid }
        cutSeconds = second != 0
        index = 19
        if text.count > 19, text[19] == UInt8(ascii: ".") {
            index = 20
            while index < text.count, digit(text, index) <= 9 {
                if text[index] != UInt8(ascii: "0") { cutSeconds = true }
                index += 1
            }
            guard index >= 21, index <= 29 else { return .invalid }
        }
    }
    guard seconds != .needed || index > 16 else { return .invalid }
    let parsed = date(
        year(text, 0),
        pair(text, 5),
        pair(text, 8),
        pair(text, 11),
        pair(text, 14),
        cutSeconds: cutSeconds
    )
    if index == text.count { return parsed }
    guard separator == UInt8(ascii: "T"), case .minute = parsed else { return .invalid }
    let rest = UnsafeBufferPointer(rebasing: text[index...])
    if rest.count == 1, rest[0] == UInt8(ascii: "Z") { return parsed }
    return isOffset(rest) ? .withOffset : .invalid
}

/// `+01:00`, `-0130` or `+01`.
private func isOffset(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count >= 3, text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-"), pair(text, 1) <= 99 else {
        return false
    }
    switch text.count {
    case 3: return true
    case 5: return pair(text, 3) <= 99
    case 6: return text[3] == UInt8(ascii: ":") && pair(text, 4) <= 99
    default: return false
    }
}
