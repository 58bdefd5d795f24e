internal import CZlib

/// Unpacks a gzip stream of one or more members (RFC 1952) with zlib, in bounded memory.
///
/// Zeros after the last member are padding, as for gzip(1); any other byte there is an error, given after all the data.
struct Gunzip: ~Copyable {
    static let magic: (first: UInt8, second: UInt8) = (0x1F, 0x8B)

    // On the heap, because zlib keeps the address of the z_stream inside its state and refuses another.
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutablePointer<UInt8>
    private let path: String
    private var isBetweenMembers = false
    private var inputEnded = false
    private var isFinished = false
    private var failure: ReadingError?

    /// Bytes read from the file that zlib has not taken.
    var untakenBytes: Int { Int(stream.pointee.avail_in) }

    init(path: String) throws(ReadingError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        input = .allocate(capacity: ReadingLimits.gzipInputBytes)
        self.path = path
        // The macro inflateInit2 is not visible to Swift. 15 is the largest window, 16 asks for gzip and nothing else.
        let code = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard code == Z_OK else { throw .unreadable(path: path, reason: "zlib does not start, code \(code)") }
    }

    deinit {
        // Harmless on a stream that did not start: zlib checks its state (zlib.h, inflateEnd).
        inflateEnd(stream)
        stream.deallocate()
        input.deallocate()
    }

    /// The number of bytes unpacked; 0 at the end. An error is given once everything before it was.
    mutating func read(
        into target: UnsafeMutableRawBufferPointer,
        from raw: inout RawInput
    ) throws(ReadingError) -> Int {
        if let failure { throw failure }
        guard !isFinished, let base = target.bindMemory(to: UInt8.self).baseAddress else { return 0 }
        let wanted = min(target.count, Int(UInt32.max))
        stream.pointee.next_out = base
        stream.pointee.avail_out = UInt32(wanted)
        while stream.pointee.avail_out == wanted, !isFinished, failure == nil {
            do throws(ReadingError) {
                try unpackSome(from: &raw)
            } catch {
                failure = error
            }
        }
        let count = wanted - Int(stream.pointee.avail_out)
        if count == 0, let failure { throw failure }
        return count
    }

    /// One call of zlib, or one step from a member to the next.
    private mutating func unpackSome(from raw: inout RawInput) throws(ReadingError) {
        if stream.pointee.avail_in == 0, !inputEnded {
            let buffer = UnsafeMutableRawBufferPointer(start: input, count: ReadingLimits.gzipInputBytes)
            let count = try raw.read(into: buffer)
            inputEnded = count == 0
            stream.pointee.next_in = input
            stream.pointee.avail_in = UInt32(count)
        }
        if isBetweenMembers {
            try stepToNextMember()
            return
        }
        let spaceBefore = stream.pointee.avail_out
        let code = inflate(stream, Z_NO_FLUSH)
        switch code {
        case Z_STREAM_END:
            isBetweenMembers = true
        case Z_OK, Z_BUF_ERROR:
            // No progress is possible when the input has ended and zlib has nothing left to hand out.
            if inputEnded, stream.pointee.avail_in == 0, stream.pointee.avail_out == spaceBefore {
                throw .truncatedGzip(path: path, line: 0)
            }
        default:
            let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib code \(code)"
            throw .damagedGzip(path: path, reason: reason, line: 0)
        }
    }

    private mutating func stepToNextMember() throws(ReadingError) {
        guard stream.pointee.avail_in > 0, let next = stream.pointee.next_in?.pointee else {
            isFinished = inputEnded
            return
        }
        if next == 0 {
            stream.pointee.next_in += 1
            stream.pointee.avail_in -= 1
        } else if next == Self.magic.first {
            guard inflateReset(stream) == Z_OK else {
                throw .damagedGzip(path: path, reason: "zlib does not restart", line: 0)
            }
            isBetweenMembers = false
        } else {
            throw .damagedGzip(path: path, reason: "other bytes follow the compressed data", line: 0)
        }
    }
}
