/// A day and a time as a workbook stores them: days since its first day, the time as a fraction.
enum SerialDate {
    enum System {
        /// Day 1 is 1900-01-01, and 1900 counts as a leap year: day 60 is 1900-02-29, which did not exist.
        case from1900
        /// Day 0 is 1904-01-01.
        case from1904
    }

    /// Days from day 0 of each system to 1970-01-01; of the first system, as counted for day 61 and later.
    private static let days1900: Int64 = 25_569
    private static let days1904: Int64 = 24_107
    private static let secondsPerDay: Int64 = 86_400
    /// 10000-01-01 in the first system.
    private static let dayLimit: Int64 = 2_958_466

    /// Appends `yyyy-MM-dd HH:mm:ss`, rounded to the second; `HH:mm:ss` for a time without a day.
    ///
    /// - Returns: false, with nothing appended, for a number outside the days of the system.
    static func append(_ serial: Double, _ system: System, isTimeOnly: Bool, to output: inout [UInt8]) -> Bool {
        let limit = system == .from1900 ? dayLimit : dayLimit - (days1900 - days1904)
        guard serial >= 0, serial < Double(limit) else { return false }
        let seconds = Int64((serial * Double(secondsPerDay)).rounded())
        let (day, time) = seconds.quotientAndRemainder(dividingBy: secondsPerDay)
        guard day < limit else { return false }
        if day > 0 || (system == .from1904 && !isTimeOnly) {
            appendDay(day, system, to: &output)
            output.append(UInt8(ascii: " "))
        }
        appendPair(time / 3600, to: &output)
        output.append(UInt8(ascii: ":"))
        appendPair(time / 60 % 60, to: &output)
        output.append(UInt8(ascii: ":"))
        appendPair(time % 60, to: &output)
        return true
    }

    private static func appendDay(_ day: Int64, _ system: System, to output: inout [UInt8]) {
        if system == .from1900, day == 60 {
            output += Array("1900-02-29".utf8)
            return
        }
        let unixDay =
            switch system {
            case .from1904: day - days1904
            case .from1900: day < 60 ? day - days1900 + 1 : day - days1900
            }
        let civil = CivilTime.date(days: unixDay)
        appendPair(Int64(civil.year / 100), to: &output)
        appendPair(Int64(civil.year % 100), to: &output)
        output.append(UInt8(ascii: "-"))
        appendPair(Int64(civil.month), to: &output)
        output.append(UInt8(ascii: "-"))
        appendPair(Int64(civil.day), to: &output)
    }

    private static func appendPair(_ value: Int64, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / 10 % 10))
        output.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value % 10))
    }
}

/// Whether the format of a cell shows its number as a date.
enum NumberStyle: Equatable {
    case number, date, time

    /// The formats that every workbook has (ECMA-376, 18.8.30), with those of East Asian languages.
    init(builtIn id: Int) {
        self =
            switch id {
            case 18...21, 45...47: .time
            case 14...17, 22, 27...36, 50...58: .date
            default: .number
            }
    }

    /// A date when a letter of a date or a time stands outside quotes, brackets and escapes. `[h]` and its like count the
    /// hours, minutes or seconds that have gone by.
    init(code: String) {
        var hasDay = false
        var hasTime = false
        var hasMonth = false
        var rest = Array(code.lowercased().replacing("general", with: ""))[...]
        while let next = rest.popFirst() {
            switch next {
            case "\"": rest = rest.drop { $0 != "\"" }.dropFirst()
            case "\\", "_", "*": rest = rest.dropFirst()
            case "[":
                let inner = rest.prefix { $0 != "]" }
                rest = rest.dropFirst(inner.count + 1)
                if let letter = inner.first, "hms".contains(letter), inner.allSatisfy({ $0 == letter }) {
                    hasTime = true
                }
            case "y", "d": hasDay = true
            case "h", "s": hasTime = true
            case "m": hasMonth = true
            default: break
            }
        }
        self = hasDay ? .date : hasTime ? .time : hasMonth ? .date : .number
    }
}
