internal import ChurnBase

/// Turns the bytes of one connection into requests of HTTP/1.1. It does no I/O, and answers nothing.
///
/// It is stricter than RFC 9112 asks for where a proxy in front could read a request in another way. Limits are checked as
/// early as they show: those of a body, when its length is known.
package struct HTTP1Parser: ~Copyable {
    package enum Event {
        /// The input is used up; what has begun needs more.
        case needsMore
        /// The head of a request. Unless its `body` is `none`, pieces follow.
        case head(HTTP1Head)
        /// A piece of the body, perhaps empty; valid until the parser is used again, and no longer than the input. The last
        /// one ends the request.
        case body(UnsafeRawBufferPointer, isLast: Bool)
        /// The input is no request, and there is no way to tell where the next one begins. From here on it is thrown away.
        case broken(HTTP1Refusal)
    }

    private enum State {
        case head
        case body(rest: Int)
        /// The line with the length of a chunk.
        case chunkLine
        case chunk(rest: Int)
        case chunkEnd
        case trailers
        case discarding
    }

    private var state = State.head
    /// The beginning of a head or of a line, whose rest has not arrived.
    private var partial = PartialFrame()
    /// Where the line begins that `partial` ends with.
    private var lineStart = 0
    /// Bytes so far of a chunked body, and of its trailers.
    private var bodyBytes = 0
    private var trailerBytes = 0
    /// The empty line that may stand before a request has been passed over.
    private var hasSkippedLine = false

    package init() {}

    /// Whether the next byte begins a request.
    package var isBetweenRequests: Bool {
        if case .head = state { partial.isEmpty } else { false }
    }

    package var isInBody: Bool {
        switch state {
        case .body, .chunkLine, .chunk, .chunkEnd, .trailers: true
        case .head, .discarding: false
        }
    }

    package var isDiscarding: Bool {
        if case .discarding = state { true } else { false }
    }

    /// Takes bytes from the front of `input` until there is something to say of them.
    package mutating func next(_ input: inout UnsafeRawBufferPointer) -> Event {
        do throws(HTTP1Refusal) {
            return try step(&input)
        } catch {
            discard()
            return .broken(error)
        }
    }

    /// Throws away all input from here on.
    package mutating func discard() {
        state = .discarding
        partial.clear()
    }

    /// Gives back memory that a head has needed which is read now.
    package mutating func giveBackMemory() {
        partial.giveBackMemory()
    }

    private mutating func step(_ input: inout UnsafeRawBufferPointer) throws(HTTP1Refusal) -> Event {
        while true {
            switch state {
            case .head:
                guard let bytes = try cutHead(&input) else { return .needsMore }
                return try begin(bytes)
            case .body(let rest):
                if input.isEmpty { return .needsMore }
                let piece = cut(&input, rest)
                state = piece.count == rest ? .head : .body(rest: rest - piece.count)
                return .body(piece, isLast: piece.count == rest)
            case .chunkLine:
                guard let line = try cutLine(&input, limit: HTTPLimits.chunkLineBytes) else { return .needsMore }
                try beginChunk(line)
            case .chunk(let rest):
                if input.isEmpty { return .needsMore }
                let piece = cut(&input, rest)
                state = piece.count == rest ? .chunkEnd : .chunk(rest: rest - piece.count)
                return .body(piece, isLast: false)
            case .chunkEnd:
                guard let line = try cutLine(&input, limit: 2) else { return .needsMore }
                guard line.isEmpty else { throw HTTP1Refusal(.badRequest, "a chunk is longer than its line says") }
                state = .chunkLine
            case .trailers:
                guard let line = try cutLine(&input, limit: HTTPLimits.trailerBytes - trailerBytes) else {
                    return .needsMore
                }
                if line.isEmpty {
                    state = .head
                    return .body(UnsafeRawBufferPointer(start: nil, count: 0), isLast: true)
                }
                trailerBytes += line.count + 2
                try HTTP1HeadReader.checkTrailer(line)
            case .discarding:
                input = UnsafeRawBufferPointer(start: nil, count: 0)
                return .needsMore
            }
        }
    }

    @inline(__always)
    private func cut(_ input: inout UnsafeRawBufferPointer, _ atMost: Int) -> UnsafeRawBufferPointer {
        let count = min(atMost, input.count)
        defer { input = UnsafeRawBufferPointer(rebasing: input[count...]) }
        return UnsafeRawBufferPointer(rebasing: input[..<count])
    }

    private mutating func begin(_ bytes: UnsafeRawBufferPointer) throws(HTTP1Refusal) -> Event {
        let head = try HTTP1HeadReader.read(bytes)
        hasSkippedLine = false
        switch head.body {
        case .none: state = .head
        case .length(let length): state = .body(rest: length)
        case .chunked:
            state = .chunkLine
            (bodyBytes, trailerBytes) = (0, 0)
        }
        return .head(head)
    }

    // MARK: Heads

    /// - Returns: a whole head, from the request line to the empty line; `nil` when there is none yet.
    private mutating func cutHead(_ input: inout UnsafeRawBufferPointer) throws(HTTP1Refusal) -> UnsafeRawBufferPointer?
    {
        if partial.isEmpty {
            try skipEmptyLine(&input)
            // The usual case: nothing is copied.
            var end = 0
            var start = 0
            while let lineFeed = Self.lineFeed(input, from: start) {
                end = lineFeed + 1
                try Self.checkLine(input, start, lineFeed, headBytes: end)
                if lineFeed - start == 1 { return cut(&input, end) }
                start = end
            }
            try Self.checkLength(input.count, isFirstLine: start == 0)
            lineStart = start
            take(&input, input.count)
            return nil
        }
        while let lineFeed = Self.lineFeed(input, from: 0) {
            take(&input, lineFeed + 1)
            try Self.checkLine(partial.bytes, lineStart, partial.count - 1, headBytes: partial.count)
            if partial.count - lineStart == 2 {
                // The empty line before a request came in pieces.
                guard lineStart == 0 else { return partial.takeAll() }
                guard !hasSkippedLine else { throw Self.emptyLines }
                hasSkippedLine = true
                _ = partial.takeAll()
                return try cutHead(&input)
            }
            lineStart = partial.count
        }
        try Self.checkLength(partial.count + input.count, isFirstLine: lineStart == 0)
        take(&input, input.count)
        return nil
    }

    /// One empty line before a request is passed over, as some clients send one behind a body (RFC 9112, section 2.2).
    private mutating func skipEmptyLine(_ input: inout UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        while input.count >= 2, input[0] == 0x0D, input[1] == 0x0A {
            guard !hasSkippedLine else { throw Self.emptyLines }
            hasSkippedLine = true
            input = UnsafeRawBufferPointer(rebasing: input[2...])
        }
    }

    private static var emptyLines: HTTP1Refusal {
        HTTP1Refusal(.badRequest, "a request begins with empty lines")
    }

    @inline(__always)
    private static func lineFeed(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < bytes.count, let base = bytes.baseAddress else { return nil }
        return memchr(base + start, 0x0A, bytes.count - start).map { UnsafeRawPointer($0) - base }
    }

    @inline(__always)
    private static func checkLine(
        _ bytes: UnsafeRawBufferPointer,
        _ start: Int,
        _ lineFeed: Int,
        headBytes: Int
    ) throws(HTTP1Refusal) {
        guard lineFeed > start, bytes[lineFeed - 1] == 0x0D else { throw bareLineFeed }
        try checkLength(headBytes, isFirstLine: start == 0)
    }

    private static var bareLineFeed: HTTP1Refusal {
        HTTP1Refusal(.badRequest, "a line ends in a line feed without a carriage return before it")
    }

    /// - Parameter bytes: of the head so far.
    @inline(__always)
    private static func checkLength(_ bytes: Int, isFirstLine: Bool) throws(HTTP1Refusal) {
        if isFirstLine, bytes > HTTPLimits.requestLineBytes {
            throw HTTP1HeadReader.targetTooLong
        }
        if bytes > HTTPLimits.headBytes {
            throw HTTP1Refusal(.fieldsTooLarge, "the head is above the limit of \(HTTPLimits.headBytes) bytes")
        }
    }

    /// Takes `count` bytes into `partial`, which grows by doubling.
    private mutating func take(_ input: inout UnsafeRawBufferPointer, _ count: Int) {
        guard count > 0 else { return }
        var piece = cut(&input, count)
        let wanted = partial.count + count
        let capacity = max(512, 1 << (Int.bitWidth - (wanted - 1).leadingZeroBitCount))
        partial.take(from: &piece, upTo: capacity)
    }

    // MARK: Chunks

    /// - Returns: a line without its end; `nil` when there is no whole one yet.
    private mutating func cutLine(
        _ input: inout UnsafeRawBufferPointer,
        limit: Int
    ) throws(HTTP1Refusal) -> UnsafeRawBufferPointer? {
        let lineFeed = Self.lineFeed(input, from: 0)
        guard partial.count + (lineFeed.map { $0 + 1 } ?? input.count) <= limit else {
            throw HTTP1Refusal(.badRequest, "a line within the body is above its limit of \(limit) bytes")
        }
        guard let lineFeed else {
            take(&input, input.count)
            return nil
        }
        var line: UnsafeRawBufferPointer
        if partial.isEmpty {
            line = cut(&input, lineFeed + 1)
        } else {
            take(&input, lineFeed + 1)
            line = partial.takeAll()
        }
        guard line.count >= 2, line[line.count - 2] == 0x0D else { throw Self.bareLineFeed }
        line = UnsafeRawBufferPointer(rebasing: line.dropLast(2))
        return line
    }

    private mutating func beginChunk(_ line: UnsafeRawBufferPointer) throws(HTTP1Refusal) {
        let malformed = HTTP1Refusal(.badRequest, "a chunk does not begin with its length as a hexadecimal number")
        var length = 0
        var digits = 0
        for byte in line {
            guard let digit = hexadecimalDigit(byte) else { break }
            digits += 1
            // Enough for the limit of a body, so that nothing overflows.
            guard digits <= 8 else { throw malformed }
            length = length << 4 | Int(digit)
        }
        guard digits > 0 else { throw malformed }
        guard Self.areExtensions(UnsafeRawBufferPointer(rebasing: line[digits...])) else { throw malformed }
        bodyBytes += length
        guard bodyBytes <= HTTPLimits.bodyBytes else {
            throw HTTP1Refusal(.contentTooLarge, "the body is above the limit of \(HTTPLimits.bodyBytes) bytes")
        }
        state = length == 0 ? .trailers : .chunk(rest: length)
    }

    /// Extensions of a chunk mean nothing here. They are a semicolon and a name each, perhaps with a value: a token, or a text
    /// in quotes. White space and escapes, which RFC 9112 lets stand, are read differently elsewhere and sent by nobody.
    private static func areExtensions(_ text: UnsafeRawBufferPointer) -> Bool {
        var rest = text[...]
        func takeToken() -> Bool {
            let count = rest.prefix(while: isTokenCharacter).count
            rest = rest.dropFirst(count)
            return count > 0
        }
        while let first = rest.popFirst() {
            guard first == UInt8(ascii: ";"), takeToken() else { return false }
            guard rest.first == UInt8(ascii: "=") else { continue }
            rest = rest.dropFirst()
            guard rest.first == UInt8(ascii: "\"") else {
                guard takeToken() else { return false }
                continue
            }
            rest = rest.dropFirst()
            let isText = { (byte: UInt8) in
                byte >= 0x20 && byte < 0x7F && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
            }
            rest = rest.drop(while: isText)
            guard rest.popFirst() == UInt8(ascii: "\"") else { return false }
        }
        return true
    }
}

@inline(__always)
func hexadecimalDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
}
