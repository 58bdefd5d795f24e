/// The offsets of one time zone, from a file of the tz database: TZif version 2 or later, RFC 9636.
struct TimeZoneData: Sendable {
    static let directory = "/usr/share/zoneinfo"
    /// Bytes of a file; the largest of the database has some 4,000.
    private static let fileBytes = 1 << 20

    /// Seconds since 1970-01-01 00:00 UTC, ascending, at each of which an offset begins.
    private let transitions: [Int64]
    private let offsets: [Int64]
    /// Before the first transition.
    private let firstOffset: Int64
    /// After the last one.
    private let rule: TimeZoneRule?

    /// Nil when there is no such file.
    static func read(name: String) -> [UInt8]? {
        guard let file = try? InputFile(opening: "\(directory)/\(name)", name: name), let count = file.byteCount,
            count <= fileBytes
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: Int(count) + 1)
        var filled = 0
        while filled < bytes.count {
            let got = bytes.withUnsafeMutableBytes {
                try? file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            guard let got else { return nil }
            if got == 0 { break }
            filled += got
        }
        return Array(bytes[..<filled])
    }

    /// Nil when the bytes are no such file.
    init?(bytes: [UInt8]) {
        var reader = Reader(bytes: bytes)
        guard let first = reader.header(), first.version >= 2 else { return nil }
        // The first block has 32-bit times, for readers of version 1.
        guard reader.skip(first.byteCount(timeBytes: 4)), let header = reader.header(), header.types > 0 else {
            return nil
        }
        var times: [Int64] = []
        for _ in 0..<header.times {
            guard let time = reader.integer(bytes: 8), times.last.map({ $0 < time }) ?? true else { return nil }
            times.append(time)
        }
        guard let indices = reader.take(header.times) else { return nil }
        var types: [Int64] = []
        for _ in 0..<header.types {
            guard let offset = reader.integer(bytes: 4), reader.skip(2), abs(offset) < 26 * 3600 else { return nil }
            types.append(offset)
        }
        guard indices.allSatisfy({ Int($0) < types.count }),
            reader.skip(header.abbreviationBytes + header.leapSeconds * 12 + header.standardFlags + header.utcFlags),
            let footer = reader.footer()
        else { return nil }
        transitions = times
        offsets = indices.map { types[Int($0)] }
        firstOffset = types[0]
        if footer.isEmpty {
            rule = nil
        } else {
            guard let parsed = TimeZoneRule(text: footer) else { return nil }
            rule = parsed
        }
    }

    func offsetSeconds(at seconds: Int64) -> Int64 {
        guard let first = transitions.first, seconds >= first else {
            return transitions.isEmpty ? rule?.offsetSeconds(at: seconds) ?? firstOffset : firstOffset
        }
        if let last = transitions.last, seconds >= last, let rule { return rule.offsetSeconds(at: seconds) }
        var low = 0, high = transitions.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle } else { high = middle }
        }
        return offsets[low]
    }

    private struct Header {
        var version: Int
        var utcFlags, standardFlags, leapSeconds, times, types, abbreviationBytes: Int

        func byteCount(timeBytes: Int) -> Int {
            times * (timeBytes + 1) + types * 6 + abbreviationBytes + leapSeconds * (timeBytes + 4) + standardFlags
                + utcFlags
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var position = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard count >= 0, count <= bytes.count - position else { return nil }
            position += count
            return bytes[(position - count)..<position]
        }

        mutating func skip(_ count: Int) -> Bool { take(count) != nil }

        /// Big-endian two's complement.
        mutating func integer(bytes count: Int) -> Int64? {
            guard let taken = take(count), let first = taken.first else { return nil }
            return taken.reduce(first >= 0x80 ? -1 : 0) { $0 << 8 | Int64($1) }
        }

        mutating func header() -> Header? {
            guard let magic = take(4), Array(magic) == Array("TZif".utf8), let version = take(1)?.first, skip(15) else {
                return nil
            }
            var counts: [Int] = []
            for _ in 0..<6 {
                guard let count = integer(bytes: 4), count >= 0, count < 1 << 20 else { return nil }
                counts.append(Int(count))
            }
            return Header(
                version: version == 0 ? 1 : Int(version) - 0x30,
                utcFlags: counts[0],
                standardFlags: counts[1],
                leapSeconds: counts[2],
                times: counts[3],
                types: counts[4],
                abbreviationBytes: counts[5]
            )
        }

        /// What stands between the two line feeds at the end.
        mutating func footer() -> String? {
            guard take(1)?.first == 0x0A, let end = bytes[position...].firstIndex(of: 0x0A) else { return nil }
            return String(decoding: bytes[position..<end], as: UTF8.self)
        }
    }
}
