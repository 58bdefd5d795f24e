/// A pattern of dates, in the letters of Unicode Technical Standard 35, Part 4: `yyyy`, `yy`, `M`, `MM`, `MMM`, `d`, `dd`,
/// `H`, `HH`, `h`, `hh`, `m`, `mm`, `s`, `ss`, `S` (a fraction), `a` (AM or PM), `Z` (an offset). Text stands in single
/// quotes; what is no letter stands for itself; a blank stands for one or more.
package struct DatePattern: Equatable, Sendable {
    enum Element: Equatable, Sendable {
        /// Four digits, or two.
        case year(digits: Int)
        /// `digits` 1: one or two digits. A name is English, whole or its first three letters.
        case month(digits: Int)
        case monthName
        case day(digits: Int)
        case hour(digits: Int)
        case halfDayHour(digits: Int)
        case minute(digits: Int)
        case second(digits: Int)
        case fraction
        case halfDay
        case offset
        case blanks
        case byte(UInt8)
    }

    package let text: String
    let elements: [Element]

    var hasTwoDigitYear: Bool { elements.contains(.year(digits: 2)) }

    /// - Throws: `LayoutError` for letters without a meaning, and when year, month or day is missing or there twice.
    package init(text: String) throws(LayoutError) {
        self.text = text
        elements = try Self.elements(of: text)
        func count(_ isWanted: (Element) -> Bool) -> Int { elements.count(where: isWanted) }
        let years = count { if case .year = $0 { true } else { false } }
        let months = count { if case .month = $0 { true } else { $0 == .monthName } }
        let days = count { if case .day = $0 { true } else { false } }
        guard (years, months, days) == (1, 1, 1) else {
            throw Self.error(text, "needs the year (yyyy), the month (MM) and the day (dd), each once")
        }
        let halfDayHours = count { if case .halfDayHour = $0 { true } else { false } }
        guard halfDayHours == count({ $0 == .halfDay }) else {
            throw Self.error(text, "h needs a, for AM or PM, and a needs h; H is the hour of a whole day")
        }
    }

    private static func elements(of text: String) throws(LayoutError) -> [Element] {
        var elements: [Element] = []
        var rest = Substring(text)
        while let first = rest.first {
            if first == "'" {
                rest.removeFirst()
                guard let end = rest.firstIndex(of: "'") else { throw error(text, "a single quote is not closed") }
                elements += rest[..<end].utf8.map { .byte($0) }
                rest = rest[rest.index(after: end)...]
            } else if first.isASCII, first.isLetter {
                let run = rest.prefix { $0 == first }
                rest = rest.dropFirst(run.count)
                guard let element = element(first, count: run.count) else {
                    throw error(text, "\(run) means nothing; give \(LayoutFlag.dates.values)")
                }
                elements.append(element)
            } else {
                rest.removeFirst()
                if first != " " {
                    elements += String(first).utf8.map { .byte($0) }
                } else if elements.last != .blanks {
                    elements.append(.blanks)
                }
            }
        }
        return elements
    }

    private static func element(_ letter: Character, count: Int) -> Element? {
        switch (letter, count) {
        case ("y", 4), ("y", 2): .year(digits: count)
        case ("M", 1...2): .month(digits: count)
        case ("M", 3...4): .monthName
        case ("d", 1...2): .day(digits: count)
        case ("H", 1...2): .hour(digits: count)
        case ("h", 1...2): .halfDayHour(digits: count)
        case ("m", 1...2): .minute(digits: count)
        case ("s", 1...2): .second(digits: count)
        case ("S", 1...9): .fraction
        case ("a", 1): .halfDay
        case ("Z", 1...5), ("X", 1...3), ("x", 1...3): .offset
        default: nil
        }
    }

    private static func error(_ text: String, _ reason: String) -> LayoutError {
        LayoutError(flag: LayoutFlag.dates.rawValue, value: text, reason: reason)
    }
}
