extension TransactionReader {
    /// The minute of a date on the shop's clock. The lines of an invoice share their date, so most are known from the line
    /// before.
    ///
    /// - Parameter text: trimmed, not empty.
    @inline(__always)
    mutating func parseDate(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        let words = DateWords(text)
        if let words, words == lastDate?.words, let date = lastDate?.date { return date }
        let date: ParsedDate
        if let usual = usualDates?.parse(text) { date = usual } else { date = parseUnusualDate(text) }
        lastDate = words.map { ($0, date) }
        return date
    }

    private mutating func parseUnusualDate(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        guard let parts = DateParts(text, reading: settled.layout.dates) else { return miss(text) }
        do throws(ReadingError) {
            guard let dates = try dateLayout(parts, text) else { return miss(text) }
            guard parts.key == dates.key, let minute = try minute(parts, dates, text) else {
                if records.isWorksheet, dates.key.isOfCell(beside: parts.key), let earlier = firstOffset?.place {
                    throw .layout(.mixedCellDates(place(text), earlier: earlier))
                }
                return miss(text)
            }
            try checkOffset(parts.offset, text)
            if usualDates == nil, parts.offset == nil { usualDates = UsualDates(dates) }
            guard let offset = parts.offset, let timeZone = settled.layout.timeZone else {
                return .minute(minute, cutSeconds: parts.cutSeconds)
            }
            return .minute(timeZone.localMinute(atUTC: minute - Int64(offset)), cutSeconds: parts.cutSeconds)
        } catch {
            fault = error
            return .fault
        }
    }

    private mutating func miss(_ text: UnsafeBufferPointer<UInt8>) -> ParsedDate {
        refuseFullWidth(text)
        if settled.dates == nil {
            dateMisses += 1
            if firstDateMiss == nil { firstDateMiss = place(text) }
        }
        return .invalid
    }

    /// The layout of the file; where it is not settled, the date decides it, if it can. Nil: the text is no date.
    private mutating func dateLayout(
        _ parts: DateParts,
        _ text: UnsafeBufferPointer<UInt8>
    ) throws(ReadingError) -> DateLayout? {
        if let dates = settled.dates { return dates }
        let layout = settled.layout
        let possible = parts.possibleOrders(
            parts.key.orders(layout),
            twoDigitYearBase: layout.twoDigitYearBase ?? ReadingLimits.patternYearBase
        )
        guard let order = possible.first else { return nil }
        if parts.hasTwoDigitYear, layout.twoDigitYearBase == nil { throw .layout(.twoDigitYear(place(text))) }
        guard possible.count == 1 else { throw .ambiguous(place(text), possible, layout) }
        let dates = DateLayout(family: parts.family, hasTwoDigitYear: parts.hasTwoDigitYear, order: order)
        settled.dates = dates
        return dates
    }

    /// Nil when it is no date in any order.
    private func minute(
        _ parts: DateParts,
        _ dates: DateLayout,
        _ text: UnsafeBufferPointer<UInt8>
    ) throws(ReadingError) -> Int64? {
        let base = settled.layout.twoDigitYearBase ?? ReadingLimits.patternYearBase
        if let minute = parts.minute(order: dates.order, twoDigitYearBase: base) { return minute }
        guard parts.family.isOrdered,
            !parts.possibleOrders(
                parts.hasTwoDigitYear ? DateOrder.allCases : [.dayMonthYear, .monthDayYear],
                twoDigitYearBase: base
            ).isEmpty
        else { return nil }
        throw .layout(.contradictoryDate(place(text), order: dates.order, earlier: settled.dateProof))
    }

    private mutating func checkOffset(_ offset: Int?, _ text: UnsafeBufferPointer<UInt8>) throws(ReadingError) {
        guard let first = firstOffset else {
            firstOffset = (place(text), offset)
            return
        }
        let isMixed =
            settled.layout.timeZone == nil ? first.offset != offset : (first.offset == nil) != (offset == nil)
        if isMixed { throw .layout(.mixedOffsets(place(text), earlier: first.place)) }
    }

    func place(_ text: UnsafeBufferPointer<UInt8>) -> LayoutFault.Place {
        LayoutFault.Place(path: records.path, line: records.line, value: messageText(text))
    }

    /// `+01:00`, where dates have it and no time zone makes use of it.
    var ignoredOffset: String? {
        guard let offset = firstOffset?.offset, settled.layout.timeZone == nil, settled.dates?.family.isEpoch != true
        else {
            return nil
        }
        func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return (offset < 0 ? "-" : "+") + padded(abs(offset) / 60) + ":" + padded(abs(offset) % 60)
    }
}

extension DateFamily {
    fileprivate var isEpoch: Bool { self == .epoch || self == .epochMilliseconds }
}

extension DateLayout {
    var key: DateKey { DateKey(family: family, hasTwoDigitYear: hasTwoDigitYear) }
}
