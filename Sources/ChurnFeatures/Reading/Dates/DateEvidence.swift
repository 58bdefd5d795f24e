/// What the dates of all files show about their order.
struct DateEvidence {
    private let layout: ReadingLayout
    private var tallies: [DateKey: Tally] = [:]
    /// The first date of all, and its offset.
    private var firstOffset: (place: LayoutFault.Place, offset: Int?)?

    private struct Tally {
        /// Orders in which all dates so far are dates.
        var possible: [DateOrder]
        /// The first date.
        let example: LayoutFault.Place
        /// The date that left only one order.
        var proof: LayoutFault.Place?
    }

    init(layout: ReadingLayout) { self.layout = layout }

    /// Notes a date.
    ///
    /// - Parameter file: what the first date of its file is; dates of another kind are no evidence.
    /// - Returns: its kind; nil when it is no date.
    /// - Throws: a fault, when no order is left or the date needs a flag.
    mutating func note(
        _ text: UnsafeBufferPointer<UInt8>,
        path: String,
        line: Int64,
        file: DateKey?
    ) throws(ReadingError) -> DateKey? {
        guard let parts = DateParts(text, reading: layout.dates), file == nil || file == parts.key else { return nil }
        let allowed = parts.key.orders(layout)
        let base = layout.twoDigitYearBase ?? ReadingLimits.patternYearBase
        let possible = parts.possibleOrders(allowed, twoDigitYearBase: base)
        func place() -> LayoutFault.Place { LayoutFault.Place(path: path, line: line, value: messageText(text)) }
        guard !possible.isEmpty else {
            // Not a date in an order that is excluded: then it is none at all.
            if let order = allowed.first, !parts.possibleOrders(DateOrder.allCases, twoDigitYearBase: base).isEmpty {
                throw .layout(.contradictoryDate(place(), order: order, earlier: nil))
            }
            return nil
        }
        if parts.hasTwoDigitYear, layout.twoDigitYearBase == nil { throw .layout(.twoDigitYear(place())) }
        if file == nil { try noteOffset(parts.offset, place) }
        guard var tally = tallies[parts.key] else {
            tallies[parts.key] = Tally(
                possible: possible,
                example: place(),
                proof: possible.count == 1 && allowed.count > 1 ? place() : nil
            )
            return parts.key
        }
        let left = tally.possible.filter(possible.contains)
        guard let order = left.first else {
            throw .layout(.contradictoryDate(place(), order: tally.possible[0], earlier: tally.proof))
        }
        if left.count < tally.possible.count {
            tally.possible = left
            if left.count == 1 { tally.proof = place() }
            tallies[parts.key] = tally
        }
        _ = order
        return parts.key
    }

    private mutating func noteOffset(_ offset: Int?, _ place: () -> LayoutFault.Place) throws(ReadingError) {
        guard let first = firstOffset else {
            firstOffset = (place(), offset)
            return
        }
        let isMixed = layout.timeZone == nil ? first.offset != offset : (first.offset == nil) != (offset == nil)
        if isMixed { throw .layout(.mixedOffsets(place(), earlier: first.place)) }
    }

    func isSettled(_ key: DateKey) -> Bool { tallies[key].map { $0.possible.count == 1 } ?? false }

    /// The order of the dates of a kind that was noted, and the date that proves it.
    func settled(_ key: DateKey) throws(ReadingError) -> (order: DateOrder, proof: LayoutFault.Place?) {
        guard let tally = tallies[key] else { return (.yearMonthDay, nil) }
        if tally.possible.count > 1 { throw .ambiguous(tally.example, tally.possible, layout) }
        return (tally.possible[0], tally.proof)
    }
}

extension DateKey {
    /// The orders that dates of this kind can have by themselves or by a flag.
    func orders(_ layout: ReadingLayout) -> [DateOrder] {
        if case .order(let order) = layout.dates, family.isOrdered { return [order] }
        return orders
    }
}

extension ReadingError {
    /// The date at `place` may have any of `orders`.
    static func ambiguous(_ place: LayoutFault.Place, _ orders: [DateOrder], _ layout: ReadingLayout) -> ReadingError {
        var value = place.value
        let choices = value.withUTF8 { text -> [LayoutFault.Choice] in
            guard let parts = DateParts(text, reading: layout.dates) else { return [] }
            return orders.map { order in
                let minute = parts.minute(order: order, twoDigitYearBase: layout.twoDigitYearBase)
                return LayoutFault.Choice(
                    flag: "--dates \(order.rawValue)",
                    meaning: minute.map(dayText) ?? order.words
                )
            }
        }
        return .layout(.ambiguousDates(place, choices))
    }

    /// No date of a file is one; the first is at `place`.
    static func noDates(_ place: LayoutFault.Place) -> ReadingError {
        var value = place.value
        let choices = value.withUTF8 { text -> [LayoutFault.Choice] in
            [DateReading.epoch, .epochMilliseconds].compactMap { reading in
                guard let minute = DateParts.number(text, reading: reading)?.minute,
                    ReadingLimits.likelyEpochDays.contains(CivilTime.split(minute: minute).day)
                else { return nil }
                return LayoutFault.Choice(flag: "--dates \(reading.text)", meaning: dayText(minute))
            }
        }
        if !choices.isEmpty { return .layout(.numericDates(place, choices)) }
        return .noDateLayout(path: place.path, line: place.line, value: place.value)
    }

    /// `5 December 2010`.
    private static func dayText(_ minute: Int64) -> String {
        let names = [
            "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
            "November",
            "December",
        ]
        let date = CivilTime.date(days: CivilTime.split(minute: minute).day)
        return "\(date.day) \(names[date.month - 1]) \(date.year)"
    }
}
