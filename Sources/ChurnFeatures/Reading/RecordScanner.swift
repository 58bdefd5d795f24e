#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// What the bytes from a record's start hold.
struct RecordScan {
    enum Outcome {
        /// A record, with its line end or, in the last bytes of a file, without one.
        case complete
        /// The bytes end inside the record.
        case needsMore
        /// A quoted field is not closed, or is followed by something other than a comma or a line end.
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
    /// Some byte of the record, or within 7 bytes after it, is above 0x7F. Never wrongly false.
    var mayHaveHighBytes = false
}

/// Finds the fields of one record of RFC 4180, eight bytes at a time.
///
/// Quotes count only where a field begins with one; elsewhere they are text, as most programs that write CSV expect.
///
/// - Parameters:
///   - base: readable for 8 bytes after `end`, none of which is a comma, a line feed or a quote.
///   - isFinal: nothing follows `end`.
///   - bounds: `bounds[i] + 1 ..< bounds[i + 1]` becomes field `i`, counted from `start`, quotes included.
///   - fieldCapacity: `bounds` holds one more; further fields are counted and not noted.
func scanRecord(
    _ base: UnsafePointer<UInt8>,
    from start: Int,
    to end: Int,
    isFinal: Bool,
    bounds: UnsafeMutablePointer<Int32>,
    fieldCapacity: Int
) -> RecordScan {
    let lineFeed = UInt8(ascii: "\n"), quote = UInt8(ascii: "\"")
    var fieldCount = 0
    var fieldStart = start
    var highBits: UInt64 = 0
    var innerLineFeeds = 0
    bounds[0] = -1

    @inline(__always) func endField(at position: Int) {
        fieldCount += 1
        if fieldCount <= fieldCapacity { bounds[fieldCount] = Int32(truncatingIfNeeded: position - start) }
    }
    @inline(__always) func complete(at position: Int, next: Int) -> RecordScan {
        RecordScan(
            outcome: .complete,
            end: position,
            next: next,
            fieldCount: fieldCount,
            innerLineFeeds: innerLineFeeds,
            mayHaveHighBytes: highBits & 0x8080_8080_8080_8080 != 0
        )
    }

    fields: while true {
        if base[fieldStart] == quote, fieldStart < end {
            guard let close = closingQuote(base, after: fieldStart, before: end), close + 1 < end || isFinal else {
                return RecordScan(outcome: isFinal ? .badQuotes : .needsMore)
            }
            innerLineFeeds += lineFeeds(base, from: fieldStart, to: close)
            var position = fieldStart
            while position < close {
                highBits |= word(base, at: position)
                position += 8
            }
            endField(at: close + 1)
            switch quotedFieldEnd(base, at: close + 1, before: end, isFinal: isFinal) {
            case .field(let next):
                fieldStart = next
                continue fields
            case .record(let recordEnd, let next): return complete(at: recordEnd, next: next)
            case .none(let outcome): return RecordScan(outcome: outcome)
            }
        }
        var position = fieldStart
        while position < end {
            let bytes = word(base, at: position)
            highBits |= bytes
            var separators = separatorBits(bytes)
            while separators != 0 {
                let separator = position + separators.trailingZeroBitCount >> 3
                endField(at: separator)
                if base[separator] == lineFeed { return complete(at: separator, next: separator + 1) }
                fieldStart = separator + 1
                if base[fieldStart] == quote { continue fields }
                separators &= separators - 1
            }
            position += 8
        }
        guard isFinal else { return RecordScan(outcome: .needsMore) }
        endField(at: end)
        return complete(at: end, next: end)
    }
}

private enum QuotedFieldEnd {
    /// A comma; the next field starts at `next`.
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
    isFinal: Bool
) -> QuotedFieldEnd {
    if position == end { return .record(end: end, next: end) }
    switch base[position] {
    case UInt8(ascii: ","): return .field(next: position + 1)
    case UInt8(ascii: "\n"): return .record(end: position, next: position + 1)
    case UInt8(ascii: "\r"): break
    default: return .none(.badQuotes)
    }
    if position + 1 == end { return isFinal ? .record(end: end, next: end) : .none(.needsMore) }
    return base[position + 1] == UInt8(ascii: "\n")
        ? .record(end: position + 1, next: position + 2) : .none(.badQuotes)
}

@inline(__always)
private func word(_ base: UnsafePointer<UInt8>, at position: Int) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
}

/// 0x80 in each byte that is a comma or a line feed, 0 in the others. Exact: the shorter test for a zero byte, (x - 1) &
/// ~x, also marks the byte after a match when it differs from the sought one in the last bit, and ",-" is one.
@inline(__always)
private func separatorBits(_ bytes: UInt64) -> UInt64 {
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    let commas = bytes ^ 0x2C2C_2C2C_2C2C_2C2C
    let lineFeeds = bytes ^ 0x0A0A_0A0A_0A0A_0A0A
    let notComma = ((commas & low) &+ low) | commas
    let notLineFeed = ((lineFeeds & low) &+ low) | lineFeeds
    return ~(notComma & notLineFeed) & ~low
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
