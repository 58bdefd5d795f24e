internal import CByteScan
internal import ChurnBase

/// What the bytes from a record's start hold.
struct RecordScan {
    enum Outcome {
        /// A record, with its line end or, in the last bytes of a file, without one.
        case complete
        /// The bytes end inside the record.
        case needsMore
        /// A quoted field is not closed, or is followed by something other than a separator or a line end.
        case badQuotes
    }

    var outcome: Outcome
    /// End of the record without its line end (a carriage return before the line feed may still be in it).
    var end = 0
    /// Start of the next record.
    var next = 0
    var fieldCount = 0
    /// Line feeds inside quoted fields.
    var innerLineFeeds = 0
    /// Some byte of the record, or within 63 bytes after it, is above 0x7F. Never wrongly false.
    var mayHaveHighBytes = false
}

/// Finds the fields of one record of RFC 4180, 64 bytes at a time.
///
/// Quotes count only where a field begins with one; elsewhere they are text, as most programs that write CSV expect.
///
/// - Parameters:
///   - base: readable for `scanPadding` bytes after `end`, none of which is a separator, a line feed or a quote.
///   - isFinal: nothing follows `end`.
///   - bounds: `bounds[i] + 1 ..< bounds[i + 1]` becomes field `i`, counted from `start`, quotes included. Of
///     `boundsCapacity(fields: fieldCapacity)` elements.
///   - fieldCapacity: further fields are counted and not noted.
func scanRecord(
    _ base: UnsafePointer<UInt8>,
    from start: Int,
    to end: Int,
    isFinal: Bool,
    separator: UInt8,
    bounds: UnsafeMutablePointer<Int32>,
    fieldCapacity: Int
) -> RecordScan {
    var fieldCount = 0, innerLineFeeds = 0
    var fieldStart = start
    var highBits: UInt32 = 0
    bounds[0] = -1

    @inline(__always) func complete(at position: Int, next: Int) -> RecordScan {
        RecordScan(
            outcome: .complete,
            end: position,
            next: next,
            fieldCount: fieldCount,
            innerLineFeeds: innerLineFeeds,
            mayHaveHighBytes: highBits != 0
        )
    }

    fields: while true {
        if base[fieldStart] == UInt8(ascii: "\""), fieldStart < end {
            guard let close = closingQuote(base, after: fieldStart, before: end), close + 1 < end || isFinal else {
                return RecordScan(outcome: isFinal ? .badQuotes : .needsMore)
            }
            innerLineFeeds += lineFeeds(base, from: fieldStart, to: close)
            highBits |= highBitsOf(base, from: fieldStart, to: close, separator)
            if fieldCount < fieldCapacity { bounds[fieldCount + 1] = Int32(truncatingIfNeeded: close + 1 - start) }
            fieldCount += 1
            switch quotedFieldEnd(base, at: close + 1, before: end, isFinal: isFinal, separator) {
            case .field(let next):
                fieldStart = next
                continue fields
            case .record(let recordEnd, let next): return complete(at: recordEnd, next: next)
            case .none(let outcome): return RecordScan(outcome: outcome)
            }
        }
        var position = fieldStart
        // Whether the byte before `position` ends a field. No quote stands at `fieldStart` itself.
        var endsBefore: UInt64 = 0
        while position < end {
            let scanned = churn_scan64(base + position, separator)
            highBits |= scanned.high
            let (fieldEnds, openingQuotes) = unquotedFields(scanned, endsBefore: endsBefore)
            note(fieldEnds, at: Int32(truncatingIfNeeded: position - start), fieldCount, bounds, fieldCapacity)
            fieldCount += fieldEnds.nonzeroBitCount
            if openingQuotes != 0 {
                fieldStart = position + openingQuotes.trailingZeroBitCount
                continue fields
            }
            if scanned.line_feeds != 0 {
                let lineFeed = position + scanned.line_feeds.trailingZeroBitCount
                return complete(at: lineFeed, next: lineFeed + 1)
            }
            endsBefore = fieldEnds >> 63
            position += 64
        }
        // A quote that would open the field after a comma in the last byte of a block lies in the next block, and that may
        // begin at `end`, where no quote is.
        guard isFinal else { return RecordScan(outcome: .needsMore) }
        if fieldCount < fieldCapacity { bounds[fieldCount + 1] = Int32(truncatingIfNeeded: end - start) }
        fieldCount += 1
        return complete(at: end, next: end)
    }
}

/// Where the fields of one block end, up to its first line feed, and which of them begin with a quote.
///
/// - Parameter endsBefore: 1 when the byte before the block ends a field.
/// - Returns: the ends of the fields before the first quoted one only, which is for the caller.
@inline(__always)
private func unquotedFields(
    _ scanned: churn_scanned,
    endsBefore: UInt64
) -> (fieldEnds: UInt64, openingQuotes: UInt64) {
    // The bits up to and with the first line feed; all of them when there is none.
    let upToLineFeed = scanned.line_feeds ^ (scanned.line_feeds &- 1)
    let fieldEnds = (scanned.separators | scanned.line_feeds) & upToLineFeed
    let openingQuotes = scanned.quotes & (fieldEnds << 1 | endsBefore) & upToLineFeed
    if openingQuotes == 0 { return (fieldEnds, 0) }
    return (fieldEnds & ((openingQuotes & (0 &- openingQuotes)) &- 1), openingQuotes)
}

/// Not 0 when a byte from `start` on, or within 63 bytes after the last before `end`, is above 0x7F.
@inline(__always)
private func highBitsOf(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int, _ separator: UInt8) -> UInt32 {
    var bits: UInt32 = 0
    var position = start
    while position < end {
        bits |= churn_scan64(base + position, separator).high
        position += 64
    }
    return bits
}

/// Bytes that must be readable after those to be scanned.
let scanPadding = 64

/// Elements of the `bounds` of `scanRecord`: it writes eight at a time.
func boundsCapacity(fields: Int) -> Int { fields + 1 + 8 }

/// Writes where the fields of one block end. Eight at a time, whether there are as many or not, because a loop over the
/// bits that are set ends somewhere else in each record, which no processor foresees.
@inline(__always)
private func note(
    _ fieldEnds: UInt64,
    at offset: Int32,
    _ fieldCount: Int,
    _ bounds: UnsafeMutablePointer<Int32>,
    _ fieldCapacity: Int
) {
    var rest = fieldEnds
    var index = fieldCount + 1
    while rest != 0, index <= fieldCapacity {
        for next in index..<(index + 8) {
            bounds[next] = offset &+ Int32(truncatingIfNeeded: rest.trailingZeroBitCount)
            rest &= rest &- 1
        }
        index += 8
    }
}

private enum QuotedFieldEnd {
    /// A separator; the next field starts at `next`.
    case field(next: Int)
    /// A line end, or the end of the file.
    case record(end: Int, next: Int)
    case none(RecordScan.Outcome)
}

/// What stands behind a closing quote.
private func quotedFieldEnd(
    _ base: UnsafePointer<UInt8>,
    at position: Int,
    before end: Int,
    isFinal: Bool,
    _ separator: UInt8
) -> QuotedFieldEnd {
    if position == end { return .record(end: end, next: end) }
    switch base[position] {
    case separator: return .field(next: position + 1)
    case UInt8(ascii: "\n"): return .record(end: position, next: position + 1)
    case UInt8(ascii: "\r"): break
    default: return .none(.badQuotes)
    }
    if position + 1 == end { return isFinal ? .record(end: end, next: end) : .none(.needsMore) }
    return base[position + 1] == UInt8(ascii: "\n")
        ? .record(end: position + 1, next: position + 2) : .none(.badQuotes)
}

/// The quote that closes the field opened at `opening`; nil when there is none before `end`.
private func closingQuote(_ base: UnsafePointer<UInt8>, after opening: Int, before end: Int) -> Int? {
    var position = opening + 1
    while position < end, let found = memchr(base + position, 0x22, end - position) {
        let quote = UnsafeRawPointer(found) - UnsafeRawPointer(base)
        if quote + 1 < end, base[quote + 1] == 0x22 {
            position = quote + 2
        } else {
            return quote
        }
    }
    return nil
}

private func lineFeeds(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var count = 0
    var position = start
    while let found = firstLineFeed(base, from: position, to: end) {
        count += 1
        position = found + 1
    }
    return count
}

func firstLineFeed(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    guard start < end, let found = memchr(base + start, 0x0A, end - start) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
}

func firstNul(_ base: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int? {
    guard start < end, let found = memchr(base + start, 0, end - start) else { return nil }
    return UnsafeRawPointer(found) - UnsafeRawPointer(base)
}
