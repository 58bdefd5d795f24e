/// Walks over the text of a date.
struct DateCursor {
    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var current: UInt8? { index < text.count ? text[index] : nil }
    var isAtEnd: Bool { index == text.count }

    func distance(from earlier: DateCursor) -> Int { index - earlier.index }

    mutating func take() -> UInt8? {
        guard index < text.count else { return nil }
        index += 1
        return text[index - 1]
    }

    mutating func skip(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        index += 1
        return true
    }

    mutating func skipOneOf(_ bytes: StaticString) -> Bool {
        guard let current, bytes.withUTF8Buffer({ $0.contains(current) }) else { return false }
        index += 1
        return true
    }

    /// Returns whether there was one. Blanks are spaces and tabs.
    @discardableResult
    mutating func skipBlanks() -> Bool {
        let start = index
        while let current, current == 0x20 || current == 0x09 { index += 1 }
        return index > start
    }

    /// All digits that follow, of which the value of the first nine counts.
    mutating func digitRun() -> (value: Int, count: Int) {
        var value = 0, count = 0
        while let current, current &- 0x30 <= 9 {
            if count < 9 { value = value * 10 + Int(current &- 0x30) }
            count += 1
            index += 1
        }
        return (value, count)
    }

    /// A whole run of as many digits as `counts` allows.
    mutating func digits(_ counts: ClosedRange<Int>) -> Int? {
        let run = digitRun()
        return counts.contains(run.count) ? run.value : nil
    }

    /// At most `limit` digits, and at least one.
    mutating func fixedDigits(_ limit: Int) -> Int? {
        var value = 0, count = 0
        while count < limit, let current, current &- 0x30 <= 9 {
            value = value * 10 + Int(current &- 0x30)
            count += 1
            index += 1
        }
        return count > 0 ? value : nil
    }

    /// A run of letters: those of ASCII, and all bytes beyond.
    mutating func word() -> UnsafeBufferPointer<UInt8>? {
        let start = index
        while let current, current >= 0x80 || ((current | 0x20) &- UInt8(ascii: "a")) < 26 { index += 1 }
        return index > start ? UnsafeBufferPointer(rebasing: text[start..<index]) : nil
    }

    /// Steps over the word, in any case of its letters, where it is the next one.
    @discardableResult
    mutating func skip(word expected: StaticString) -> Bool {
        var ahead = self
        guard let word = ahead.word(), isEqual(word, to: expected) else { return false }
        self = ahead
        return true
    }

    /// Whether any digit but 0 is among the digits that follow, which are stepped over; nil where none or too many are.
    mutating func fraction() -> Bool? {
        let start = index
        var isNonzero = false
        while let current, current &- 0x30 <= 9 {
            if current != UInt8(ascii: "0") { isNonzero = true }
            index += 1
        }
        return (1...9).contains(index - start) ? isNonzero : nil
    }

    /// What may stand behind a day: a time, then an offset. False when anything else does.
    mutating func time(_ parts: inout DateParts) -> Bool {
        if isAtEnd { return true }
        let hasT = skip(UInt8(ascii: "T")) || skip(UInt8(ascii: "t"))
        if !hasT {
            _ = skip(UInt8(ascii: ","))
            guard skipBlanks() else { return false }
            // As in 9 Feb 2011 at 08:05, um 08:05 Uhr, à 08:05.
            if skip(word: "at") || skip(word: "um") || skip(word: "\u{E0}") { skipBlanks() }
        }
        guard var hour = digits(1...2), skip(UInt8(ascii: ":")), let minute = digits(2...2) else { return false }
        var second = 0
        if skip(UInt8(ascii: ":")) {
            guard let value = digits(2...2) else { return false }
            second = value
            if skip(UInt8(ascii: ".")) || skip(UInt8(ascii: ",")) {
                guard let isNonzero = fraction() else { return false }
                if isNonzero { parts.cutSeconds = true }
            }
        }
        if second != 0 { parts.cutSeconds = true }
        var hasBlanks = skipBlanks()
        if hasBlanks, skip(word: "uhr") { hasBlanks = skipBlanks() }
        if !isAtEnd {
            if !hasT, let isAfternoon = halfDay() {
                guard (1...12).contains(hour) else { return false }
                hour = hour % 12 + (isAfternoon ? 12 : 0)
                if !isAtEnd, !skipBlanks() { return false }
            }
            if !isAtEnd {
                guard let offset = offset(afterBlanks: hasBlanks) else { return false }
                parts.offset = offset
            }
        }
        parts.minuteOfDay = hour * 60 + minute
        return isAtEnd && hour <= 23 && minute <= 59 && second <= 59
    }

    /// AM or PM, also `a.m.`; true is PM. Nil where there is neither, and nothing is stepped over.
    mutating func halfDay() -> Bool? {
        guard let current, (current | 0x20) == UInt8(ascii: "a") || (current | 0x20) == UInt8(ascii: "p") else {
            return nil
        }
        var ahead = self
        ahead.index += 1
        let hasDots = ahead.skip(UInt8(ascii: "."))
        guard let next = ahead.take(), (next | 0x20) == UInt8(ascii: "m") else { return nil }
        if hasDots { _ = ahead.skip(UInt8(ascii: ".")) }
        self = ahead
        return (current | 0x20) == UInt8(ascii: "p")
    }

    /// `Z`, `UTC`, `GMT`, `+01:00`, `-0130`, `+01`, `GMT+0100` or a known name of a zone, in minutes east of UTC.
    mutating func offset(afterBlanks: Bool) -> Int? {
        if let word = word() {
            if word.count == 1, word[0] | 0x20 == UInt8(ascii: "z") { return 0 }
            guard afterBlanks else { return nil }
            guard isEqual(word, to: "utc") || isEqual(word, to: "gmt") else { return DateNames.zoneOffset(word) }
            if isAtEnd { return 0 }
        }
        guard let sign = take(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        let hours: Int, minutes: Int
        let run = digitRun()
        switch run.count {
        case 2:
            hours = run.value
            if skip(UInt8(ascii: ":")) {
                guard let value = digits(2...2) else { return nil }
                minutes = value
            } else {
                minutes = 0
            }
        case 4: (hours, minutes) = (run.value / 100, run.value % 100)
        default: return nil
        }
        guard hours <= 18, minutes <= 59 else { return nil }
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}
