import ChurnFeatures
import TestSupport
import Testing

/// Dates in every layout: whatever the days and times of a file, none is ever read wrongly. Right or refused, nothing else.
@Suite("Reading: no date is read wrongly")
struct ReadingDatePropertyTests {
    /// A moment, to the second.
    struct Moment {
        var year, month, day, hour, minute, second: Int

        init(_ generator: inout SplitMix64, days: ClosedRange<Int>, years: ClosedRange<Int>) {
            year = Int.random(in: years, using: &generator)
            month = Int.random(in: 1...12, using: &generator)
            let longest = [31, CivilTime.isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
            day = min(Int.random(in: days, using: &generator), longest)
            hour = Int.random(in: 0...23, using: &generator)
            minute = Int.random(in: 0...59, using: &generator)
            second = Int.random(in: 0...59, using: &generator)
        }

        /// Without the time where the layout has none.
        func minute(hasTime: Bool) -> Int64 {
            let days = CivilTime.days(year: year, month: month, day: day)
            return days * CivilTime.minutesPerDay + (hasTime ? Int64(hour * 60 + minute) : 0)
        }
    }

    /// How a shop may write a moment. By flags alone where `flags` says so.
    struct Form: Sendable, CustomStringConvertible {
        var description: String
        var hasTime = true
        var order: String?
        var flags: [(String, String)] = []
        var write: @Sendable (Moment) -> String

        var isMonthFirstWithDots: Bool { description.hasPrefix("mdy .") }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func clock(_ moment: Moment) -> String { "\(moment.hour):\(two(moment.minute))" }

    private static func halfDay(_ moment: Moment) -> String {
        "\((moment.hour + 11) % 12 + 1):\(two(moment.minute)) \(moment.hour < 12 ? "AM" : "PM")"
    }

    private static func iso(_ moment: Moment, _ sign: String = "-") -> String {
        [String(moment.year), two(moment.month), two(moment.day)].joined(separator: sign)
    }

    /// The numbers of a day in an order, with a sign between them.
    private static func numbers(_ moment: Moment, _ order: String, _ sign: String, year: Int) -> String {
        let text = year == 2 ? two(moment.year % 100) : String(moment.year)
        return order.map { $0 == "d" ? "\(moment.day)" : $0 == "m" ? "\(moment.month)" : text }.joined(separator: sign)
    }

    static let forms: [Form] =
        ordered + [
            Form(description: "ISO, day only", hasTime: false) { iso($0) },
            Form(description: "ISO, T and seconds") {
                iso($0) + "T\(two($0.hour)):\(two($0.minute)):\(two($0.second))"
            },
            Form(description: "ISO, fraction") {
                iso($0) + " \(two($0.hour)):\(two($0.minute)):\(two($0.second)).123456"
            },
            Form(description: "ISO, Z") { iso($0) + "T\(two($0.hour)):\(two($0.minute)):00Z" },
            Form(description: "ISO, offset") { iso($0) + " \(two($0.hour)):\(two($0.minute)):00 +02:00" },
            Form(description: "year first, slashes") { iso($0, "/") + " \(clock($0))" },
            Form(description: "eight digits", hasTime: false) { iso($0, "") },
            Form(description: "1-Jan-2014") { "\($0.day)-\(months[$0.month - 1])-\($0.year) \(clock($0))" },
            Form(description: "Jan 1, 2014") { "\(months[$0.month - 1]) \($0.day), \($0.year) \(halfDay($0))" },
            Form(description: "1-Jan-14", hasTime: false, flags: [("two-digit-years", "1950")]) {
                "\($0.day)-\(months[$0.month - 1])-\(two($0.year % 100))"
            },
            Form(description: "serial") {
                let day = CivilTime.days(year: $0.year, month: $0.month, day: $0.day) + 25_569
                let nanos = (Int64($0.hour * 60 + $0.minute) * 1_000_000_000 + 720) / 1440
                return "\(day).\(String(nanos + 1_000_000_000).dropFirst())"
            },
            Form(description: "epoch", flags: [("dates", "epoch")]) {
                "\($0.minute(hasTime: true) * 60 + Int64($0.second))"
            },
            Form(description: "epoch-ms", flags: [("dates", "epoch-ms")]) {
                "\($0.minute(hasTime: true) * 60_000 + 999)"
            },
            Form(description: "pattern", flags: [("dates", "MM.yyyy.dd HH'h'mm")]) {
                "\(two($0.month)).\($0.year).\(two($0.day)) \(two($0.hour))h\(two($0.minute))"
            },
        ]

    private static let ordered: [Form] =
        ["dmy", "mdy"].flatMap { order in
            ["/", "-", "."].flatMap { sign -> [Form] in
                [
                    Form(description: "\(order) \(sign)", order: order) {
                        numbers($0, order, sign, year: 4) + " \(clock($0))"
                    },
                    Form(description: "\(order) \(sign) day only", hasTime: false, order: order) {
                        numbers($0, order, sign, year: 4)
                    },
                    Form(description: "\(order) \(sign) AM/PM", order: order) {
                        numbers($0, order, sign, year: 4) + " \(halfDay($0))"
                    },
                ]
            }
        }
        + ["dmy", "mdy", "ymd"].flatMap { order in
            ["/", "-"].map { sign in
                Form(description: "\(order) \(sign) two digits", order: order, flags: [("two-digit-years", "1950")]) {
                    numbers($0, order, sign, year: 2) + " \(clock($0))"
                }
            }
        }

    private static func read(_ moments: [Moment], _ form: Form, order: String?) -> Reading {
        var layout = ReadingLayout()
        for (name, value) in form.flags + (order.map { [("dates", $0)] } ?? []) {
            guard let flag = LayoutFlag(rawValue: name) else { continue }
            do { try layout.set(flag, to: value) } catch { Issue.record("\(error)") }
        }
        let lines = moments.map { ReadingSupport.line(date: "\"\(form.write($0))\"") }
        return ReadingSupport.body(lines.joined(), layout: layout)
    }

    private static func check(_ seed: UInt64, days: ClosedRange<Int>, moments: Int) {
        for form in forms {
            // From 1970 on, where epochs begin, and within a century for two-digit years.
            var generator = SplitMix64(seed: seed)
            let sample = (0..<moments).map { _ in Moment(&generator, days: days, years: 1970...2049) }
            let right = sample.map { $0.minute(hasTime: form.hasTime) }
            for order in [nil, form.order, "dmy", "mdy", "ymd"] where order == nil || form.order != nil {
                let reading = read(sample, form, order: order)
                let what = "seed \(seed), \(form), --dates \(order ?? "none")"
                if let error = reading.error {
                    // A refusal names a flag, and the right flag is never refused.
                    #expect(error.description.contains("--"), "\(what): \(error)")
                    #expect(order == nil ? form.order != nil : order != form.order, "\(what): \(error)")
                    continue
                }
                // Dots mean that the day is first, unless a date contradicts that. A wrong flag that no date contradicts cannot be known for wrong: so with days up to 12, two-digit years.
                let isContradicted = form.flags.isEmpty && sample.contains { $0.day > 12 }
                let isKnown = order == form.order || (order == nil && !form.isMonthFirstWithDots) || isContradicted
                if isKnown, reading.lines.map(\.minute) != right {
                    let wrong = zip(reading.lines.map(\.minute), right).first { $0 != $1 }.map { "\($0)" } ?? ""
                    Issue.record(
                        "\(what): \(reading.lines.count) of \(right.count) lines, \(reading.reasons), \(wrong)"
                    )
                }
            }
        }
    }

    @Test("over whole years", arguments: 0..<12 as Range<UInt64>)
    func wholeYears(seed: UInt64) { Self.check(seed, days: 1...31, moments: 300) }

    @Test("over the days 1 to 12 only", arguments: 100..<112 as Range<UInt64>)
    func ambiguousDays(seed: UInt64) { Self.check(seed, days: 1...12, moments: 60) }

    @Test("of a few dates only", arguments: 200..<260 as Range<UInt64>)
    func fewDates(seed: UInt64) { Self.check(seed, days: 1...31, moments: Int(seed % 4) + 1) }
}
