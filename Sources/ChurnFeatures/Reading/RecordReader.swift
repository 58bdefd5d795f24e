internal import ChurnBase

/// Cuts a byte source into records, in one buffer that is used again and again.
///
/// The result depends only on the bytes, never on how many of them a read happens to bring: a decision is taken only when
/// the bytes it rests on are there. A damaged record costs its first line and nothing more.
struct RecordReader: ~Copyable {
    enum Step: Equatable {
        case record
        /// The line from `start` to `end` is no record.
        case damaged(RejectReason)
        case end
    }

    /// The current record or damaged line lies at `memory + start ..< memory + end`; valid until the next call.
    let memory: UnsafeMutablePointer<UInt8>
    private(set) var start = 0
    private(set) var end = 0
    /// Physical line, from 1, on which the current record begins.
    private(set) var line: Int64 = 1
    private(set) var fieldCount = 0
    private(set) var hasInnerLineFeeds = false
    private(set) var mayHaveHighBytes = false
    /// Between fields; to be set before the first record.
    var separator = FieldSeparator.comma.rawValue
    /// See `scanRecord`.
    let bounds: UnsafeMutablePointer<Int32>

    private(set) var hasByteOrderMark = false
    private(set) var lineFeedEnds: Int64 = 0
    private(set) var crlfEnds: Int64 = 0
    private(set) var blankLines: Int64 = 0
    /// The last line that was read whole.
    private(set) var lastLine: Int64 = 0

    /// See `dateText`.
    private let dateMemory: UnsafeMutablePointer<UInt8>
    private static let dateBytes = 2 * ReadingLimits.numberBytes

    private var source: ByteSource
    private let capacity: Int
    private let bufferBytes: Int
    private let recordBytes: Int
    /// Start of what was not looked at yet, and end of what was read.
    private var position = 0
    private var filled = 0
    /// Plain bytes of the file before `memory`.
    private var discarded: Int64 = 0
    private var sourceEnded = false
    private var isSkippingLine = false
    private var failure: ReadingError?
    /// `lineFeedEnds` and `crlfEnds` without the current record.
    private var endsBefore: (lineFeeds: Int64, crlf: Int64) = (0, 0)

    /// Readable and without meaning after the bytes read: see `scanRecord`; `CopyCounter` reads whole words as well.
    private static let padding = scanPadding

    var path: String { source.path }
    var isGzip: Bool { source.isGzip }
    var isWorksheet: Bool { source.isWorksheet }
    var compression: ReadingReport.Compression { source.compression }
    var storedByteCount: Int64? { source.storedByteCount }
    /// Bytes of the lines handed out so far, as plain text.
    var plainBytesRead: Int64 { discarded + Int64(position) }
    /// The same as stored. Of compressed bytes, what was taken to unpack them, which is ahead by up to a buffer.
    var storedBytesRead: Int64 { source.isCompressed ? source.storedBytesTaken : plainBytesRead }

    /// `begin` is to be called next.
    init(_ source: consuming ByteSource, settings: ReadingSettings) {
        self.source = source
        bufferBytes = settings.bufferBytes
        recordBytes = settings.recordBytes
        // A record that is not too long, its line end, one byte that shows it is too long, and the next read.
        capacity = settings.recordBytes + 2 + settings.bufferBytes
        memory = .allocate(capacity: capacity + Self.padding)
        dateMemory = .allocate(capacity: Self.dateBytes)
        bounds = .allocate(capacity: boundsCapacity(fields: ReadingLimits.columns))
    }

    deinit {
        memory.deallocate()
        bounds.deallocate()
        dateMemory.deallocate()
    }

    /// Moves to the next record or damaged line; blank lines are counted and passed over. After an error every call
    /// gives it again.
    mutating func next() throws(ReadingError) -> Step {
        while true {
            if isSkippingLine { try skipLine() }
            if position == filled, try !fill() { return .end }
            let scan = scanRecord(
                memory,
                from: position,
                to: filled,
                isFinal: sourceEnded,
                separator: separator,
                bounds: bounds,
                fieldCapacity: ReadingLimits.columns
            )
            if scan.outcome == .complete, scan.end - position <= recordBytes {
                if isBlank(scan) {
                    blankLines += 1
                    finishLine(end: scan.end, next: scan.next, innerLineFeeds: 0)
                    continue
                }
                let hasReturn = finishLine(end: scan.end, next: scan.next, innerLineFeeds: scan.innerLineFeeds)
                fieldCount = scan.fieldCount
                // A carriage return is no part of the last field, which is then plain like any other.
                if hasReturn, fieldCount <= ReadingLimits.columns, Int(bounds[fieldCount]) == end &- start {
                    bounds[fieldCount] &-= 1
                }
                hasInnerLineFeeds = scan.innerLineFeeds > 0
                mayHaveHighBytes = scan.mayHaveHighBytes
                return .record
            }
            if scan.outcome == .needsMore, filled - position <= recordBytes {
                _ = try fill()
                continue
            }
            return .damaged(try cutDamagedLine())
        }
    }

    /// The current record or damaged line, without its line feed.
    var text: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: memory + start, count: end - start) }

    /// A field of the current record without its outer quotes; doubled quotes inside stand as they are.
    ///
    /// - Parameter index: below `fieldCount` and `ReadingLimits.columns`.
    @inline(__always)
    func field(_ index: Int) -> (text: UnsafeBufferPointer<UInt8>, isQuoted: Bool) {
        let from = start &+ Int(bounds[index]) &+ 1
        let to = start &+ Int(bounds[index &+ 1])
        // A field that begins with a quote ends with another: the scan has seen to it.
        let isQuoted = to &- from >= 2 && memory[from] == UInt8(ascii: "\"")
        let inset = isQuoted ? 1 : 0
        return (UnsafeBufferPointer(start: memory + (from &+ inset), count: to &- from &- 2 &* inset), isQuoted)
    }

    /// A field as it stands, where neither a quote nor a blank is at either end; nil for any other, and where it is empty.
    ///
    /// - Parameter index: as for `field`.
    @inline(__always)
    func plainField(_ index: Int) -> UnsafeBufferPointer<UInt8>? {
        let from = start &+ Int(bounds[index]) &+ 1
        let to = start &+ Int(bounds[index &+ 1])
        // Blanks are up to 0x20, the quote is 0x22; 0x21 goes the long way for one comparison less.
        guard to > from, memory[from] > 0x22, memory[to &- 1] > 0x22 else { return nil }
        return UnsafeBufferPointer(start: memory + from, count: to &- from)
    }

    /// A field, trimmed, without the signs of a spreadsheet's formula around a text. Doubled quotes stand as they are.
    ///
    /// This and `dateText` are `mutating` although they change nothing: for a call that only borrows, Swift 6.3 copies the
    /// whole reader.
    mutating func trimmedField(_ index: Int) -> (text: UnsafeBufferPointer<UInt8>, isQuoted: Bool) {
        let field = field(index)
        let text = Blanks.trimmed(field.text)
        return (FieldParsing.withoutFormula(text, isQuoted: field.isQuoted), field.isQuoted)
    }

    /// The text of the date, trimmed: with that of the time behind it, where it stands in a column of its own. Valid until
    /// the next call.
    ///
    /// - Parameter time: the column of the time, or -1. Two numbers, as all columns would be copied for each line.
    mutating func dateText(date: Int, time: Int) -> UnsafeBufferPointer<UInt8> {
        let text = trimmedField(date).text
        return time < 0 ? text : joined(text, trimmedField(time).text)
    }

    /// A date that has a time by itself stays as it is, unless that is the midnight which programs write for a day.
    private func joined(
        _ date: UnsafeBufferPointer<UInt8>,
        _ time: UnsafeBufferPointer<UInt8>
    ) -> UnsafeBufferPointer<UInt8> {
        guard !date.isEmpty, !time.isEmpty else { return date }
        let midnight = ["00:00:00.000", "00:00:00", "00:00", "0:00"].first {
            date.count > $0.utf8.count + 1 && hasSuffix(date, $0)
        }
        let day = UnsafeBufferPointer(rebasing: date.dropLast(midnight.map { $0.utf8.count + 1 } ?? 0))
        // Too long to be a date: what does not fit is left out, and the rest is none either.
        guard !day.contains(UInt8(ascii: ":")), day.count < Self.dateBytes else { return date }
        let timeBytes = min(time.count, Self.dateBytes - day.count - 1)
        let target = UnsafeMutableBufferPointer(start: dateMemory, count: day.count + 1 + timeBytes)
        _ = target.update(fromContentsOf: day)
        target[day.count] = UInt8(ascii: " ")
        for index in 0..<timeBytes { target[day.count + 1 + index] = time[index] }
        return UnsafeBufferPointer(target)
    }

    private func hasSuffix(_ text: UnsafeBufferPointer<UInt8>, _ suffix: String) -> Bool {
        let before = text[text.count - suffix.utf8.count - 1]
        return text.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            && (before == UInt8(ascii: " ") || before == UInt8(ascii: "T"))
    }

    /// Takes the current record, which spans lines and makes no sense, back to its first line, as a quote that was not
    /// closed would have it.
    mutating func cutToFirstLine() {
        guard let lineFeed = firstLineFeed(memory, from: start, to: end) else { return }
        position = start
        lastLine = line - 1
        (lineFeedEnds, crlfEnds) = endsBefore
        finishLine(end: lineFeed, next: lineFeed + 1, innerLineFeeds: 0)
    }

    private func isBlank(_ scan: RecordScan) -> Bool {
        scan.end == position || (scan.end == position + 1 && memory[position] == UInt8(ascii: "\r"))
    }

    /// Sets `start`, `end` and `line` of what begins at `position`, and steps behind it.
    ///
    /// What is not cut by `scanRecord` is taken to have bytes above 0x7F, which is never wrong.
    ///
    /// - Returns: whether a carriage return stands before the line feed.
    @discardableResult
    private mutating func finishLine(end: Int, next: Int, innerLineFeeds: Int) -> Bool {
        start = position
        self.end = end
        line = lastLine + 1
        lastLine = line + Int64(innerLineFeeds)
        endsBefore = (lineFeedEnds, crlfEnds)
        var hasReturn = false
        if next > end {
            hasReturn = next > start + 1 && memory[next - 2] == UInt8(ascii: "\r")
            if hasReturn { crlfEnds += 1 } else { lineFeedEnds += 1 }
        }
        position = next
        mayHaveHighBytes = true
        return hasReturn
    }

    /// Finds the end of the physical line at `position`, which cannot be the start of a record.
    private mutating func cutDamagedLine() throws(ReadingError) -> RejectReason {
        while true {
            let searchEnd = min(filled, position + recordBytes + 1)
            if let lineFeed = firstLineFeed(memory, from: position, to: searchEnd) {
                finishLine(end: lineFeed, next: lineFeed + 1, innerLineFeeds: 0)
                return .badQuotes
            }
            if filled - position > recordBytes {
                finishLine(end: searchEnd, next: searchEnd, innerLineFeeds: 0)
                isSkippingLine = true
                return .recordTooLong
            }
            if try !fill() {
                finishLine(end: filled, next: filled, innerLineFeeds: 0)
                return .badQuotes
            }
        }
    }

    /// Steps behind the end of a line that is too long to keep.
    private mutating func skipLine() throws(ReadingError) {
        while true {
            if let lineFeed = firstLineFeed(memory, from: position, to: filled) {
                position = lineFeed + 1
                break
            }
            position = filled
            if try !fill() { break }
        }
        isSkippingLine = false
    }

    /// Reads the first bytes: steps over byte-order marks, refuses UTF-16.
    mutating func begin() throws(ReadingError) {
        while filled < 3 {
            // Before the third byte is asked for, because in UTF-16 it is often a NUL, which ends the reading.
            try refuseUTF16()
            if try !fill() { break }
        }
        try refuseUTF16()
        // Several, where a program has put one before another's.
        while try startsWithMark() {
            hasByteOrderMark = true
            position += 3
        }
    }

    private mutating func startsWithMark() throws(ReadingError) -> Bool {
        while filled - position < 3 {
            if try !fill() { return false }
        }
        return (memory[position], memory[position + 1], memory[position + 2]) == (0xEF, 0xBB, 0xBF)
    }

    /// The next line that is not blank, without its end, as far as a record may be long. Nothing is stepped over; valid until
    /// the next call.
    mutating func peekLine() throws(ReadingError) -> UnsafeBufferPointer<UInt8> {
        while true {
            var start = position
            while start < filled, Blanks.isBlank(memory[start]) { start += 1 }
            if let lineFeed = firstLineFeed(memory, from: start, to: filled) {
                return UnsafeBufferPointer(start: memory + start, count: lineFeed - start)
            }
            // Behind so many blanks the first line is not looked for.
            if filled - position > recordBytes {
                return UnsafeBufferPointer(start: memory + start, count: filled - start)
            }
            if try !fill() { return UnsafeBufferPointer(start: memory + position, count: filled - position) }
        }
    }

    private func refuseUTF16() throws(ReadingError) {
        guard filled >= 2 else { return }
        let first = (memory[0], memory[1])
        if first == (0xFF, 0xFE) || first == (0xFE, 0xFF) { throw .utf16(path: path) }
    }

    /// Brings more bytes behind those not looked at yet; false at the end of the source.
    private mutating func fill() throws(ReadingError) -> Bool {
        if let failure { throw failure.after(line: lastLine) }
        if sourceEnded { return false }
        let kept = filled - position
        if position > 0 {
            memory.update(from: memory + position, count: kept)
            discarded += Int64(position)
            position = 0
            filled = kept
        }
        let count: Int
        do throws(ReadingError) {
            let target = UnsafeMutableRawBufferPointer(
                start: memory + filled,
                count: min(bufferBytes, capacity - filled)
            )
            count = try source.read(into: target)
        } catch {
            failure = error
            throw error.after(line: lastLine)
        }
        sourceEnded = count == 0
        // What comes before a NUL byte is read; then the file is refused.
        if let nul = firstNul(memory, from: filled, to: filled + count) {
            failure = .nulByte(path: path, line: 0)
            filled = nul
        } else {
            filled += count
        }
        (memory + filled).update(repeating: UInt8(ascii: " "), count: Self.padding)
        return count > 0
    }
}

extension ReadingError {
    /// The same error with the place that only the reader of lines knows.
    fileprivate func after(line: Int64) -> ReadingError {
        switch self {
        case .nulByte(let path, _): .nulByte(path: path, line: line + 1)
        case .truncatedGzip(let path, _): .truncatedGzip(path: path, line: line)
        case .damagedGzip(let path, let reason, _): .damagedGzip(path: path, reason: reason, line: line)
        default: self
        }
    }
}
