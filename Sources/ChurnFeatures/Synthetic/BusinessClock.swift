/// Time as the shop lives it: a day has the length of its weekday and season, 1 on average or so, and Saturdays have
/// none.
struct BusinessClock {
    /// Business time at the beginning of each day; one more at the end.
    private let starts: [Double]

    init(startDay: Int64, days: Int) {
        var starts = [0.0]
        for day in 0..<days {
            let date = startDay + Int64(day)
            // 1970-01-01 was a Thursday.
            let weekday = Int((date + 3) % 7)
            let month = CivilTime.date(days: date).month
            starts.append((starts.last ?? 0) + Self.weekdays[weekday] * Self.months[month - 1])
        }
        self.starts = starts
    }

    /// Of all days together.
    var length: Double { starts.last ?? 0 }

    /// The day in which a time lies, from 0; nil when it is past the last one.
    func day(of time: Double) -> Int? {
        guard time < length else { return nil }
        var low = 0
        var high = starts.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= time { low = middle } else { high = middle }
        }
        return low
    }

    /// Within the opening hours, most around noon.
    static func minuteOfDay(_ random: inout SyntheticRandom) -> Int {
        var place = random.uniform()
        for (index, share) in hours.enumerated() {
            if place < share { return (7 + index) * 60 + Int(place / share * 60) }
            place -= share
        }
        return 20 * 60
    }

    /// Monday to Sunday.
    private static let weekdays = [1.08, 1.31, 1.20, 1.53, 1.07, 0, 0.82]
    /// January to December.
    private static let months = [0.8, 0.8, 0.9, 0.85, 1.0, 0.95, 0.9, 0.9, 1.15, 1.25, 1.6, 1.2]
    /// From 7:00 on, shares that add up to 1.
    private static let hours = [
        0.002, 0.030, 0.075, 0.120, 0.123, 0.169, 0.142, 0.123, 0.110, 0.059, 0.029, 0.010, 0.008,
    ]
}
