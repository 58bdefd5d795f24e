import ChurnFeatures
import TestSupport
import Testing

@Suite("Reading: properties")
struct ReadingPropertyTests {
    /// Pieces that meet at awkward places.
    static let pieces: [String] = [
        "\"", "\"\"", ",", "\n", "\r\n", "\r", "a", "1", "17850", "12/1/2010 8:26", "2.55", "-1", " ", "é", "£",
        "United Kingdom", "\",\"", "\"\n", "\n\"", "x,\"y\"\n", "12345678", "1234567",
    ]

    static func nastyFile(seed: UInt64) -> [UInt8] {
        var generator = SplitMix64(seed: seed)
        var bytes = Array(ReadingSupport.header.utf8)
        if Bool.random(using: &generator) { bytes = [0xEF, 0xBB, 0xBF] + bytes }
        for _ in 0..<Int.random(in: 0...12, using: &generator) {
            switch Int.random(in: 0..<6, using: &generator) {
            case 0:
                for _ in 0..<Int.random(in: 1...20, using: &generator) {
                    bytes += (pieces.randomElement(using: &generator) ?? "").utf8
                }
            case 1:
                bytes += (0..<Int.random(in: 1...60, using: &generator)).map { _ in
                    UInt8.random(in: 1...255, using: &generator)
                }
            case 2: bytes += ReadingSupport.line(description: "\"a, \"\"b\"\"\r\nc\"").utf8
            case 3: bytes += ReadingSupport.line(description: "caf").dropLast().utf8 + [0xE9, 0x0A]
            default: bytes += ReadingSupport.line(invoice: "\(bytes.count % 3)").utf8
            }
        }
        if seed % 16 == 0 { bytes.append(0) }
        return bytes
    }

    @Test("the same bytes in any portions give the same lines, report and rejects", arguments: 0..<300 as Range<UInt64>)
    func portions(seed: UInt64) throws {
        var bytes = Self.nastyFile(seed: seed)
        let isGzip = seed % 5 == 0
        if isGzip { bytes = ReadingSupport.gzip(bytes) }
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        func read(_ bufferBytes: Int) throws -> (Reading, [UInt8]) {
            let path = "\(directory)/rejects-\(bufferBytes).csv"
            let rejects = RejectsFile(path: path)
            let settings = ReadingSettings(bufferBytes: bufferBytes, recordBytes: 150, copyWindowLines: 4)
            var reading = ReadingSupport.read(bytes, rejects: rejects, settings: settings, maxLines: 3)
            // Of a gzip file that is refused half-way, how much was unpacked in advance depends on the portions.
            if isGzip, reading.error != nil { reading.report?.counts.storedBytes = 0 }
            try rejects.flush()
            return (reading, rejects.isCreated ? try ReadingSupport.contents(path) : [])
        }
        let whole = try read(1 << 16)
        for bufferBytes in [1, 2, 3, 5, 7, 8, 9, 13, 16, 64, 149, 150, 151, 152] {
            let portions = try read(bufferBytes)
            #expect(portions.0 == whole.0, "seed \(seed), \(bufferBytes) bytes at a time")
            #expect(portions.1 == whole.1, "seed \(seed), \(bufferBytes) bytes at a time")
        }
        let counts = whole.0.counts
        #expect(counts.lines == counts.kept + counts.rejected, "seed \(seed)")
        #expect(counts.kept == Int64(whole.0.lines.count), "seed \(seed)")
    }

    @Test("random bytes are read without a trap", arguments: 0..<400 as Range<UInt64>)
    func randomBytes(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let length = Int.random(in: 0...400, using: &generator)
        var bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        if seed % 3 == 0 { bytes = Array(ReadingSupport.header.utf8) + bytes.filter { $0 != 0 } }
        if seed % 7 == 0 { bytes = [0x1F, 0x8B] + bytes }
        let reading = ReadingSupport.read(bytes, settings: ReadingSettings(recordBytes: 100))
        #expect(reading.counts.lines == reading.counts.kept + reading.counts.rejected, "seed \(seed)")
    }

    @Test("bytes changed at random in a good file are read without a trap", arguments: 0..<300 as Range<UInt64>)
    func changedBytes(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        var bytes = Self.nastyFile(seed: seed)
        if seed % 4 == 0 { bytes = ReadingSupport.gzip(bytes) }
        for _ in 0..<Int.random(in: 1...8, using: &generator) {
            bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: .min ... .max, using: &generator)
        }
        let reading = ReadingSupport.read(bytes)
        #expect(reading.counts.lines == reading.counts.kept + reading.counts.rejected, "seed \(seed)")
    }

    @Test("any fields, written by RFC 4180, come back", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let alphabet: [Character] = ["a", "B", "7", " ", ",", "\"", "\n", "é", "€", "-", "😀", "x", "y"]
        let lineEnd = Bool.random(using: &generator) ? "\n" : "\r\n"
        let quotesAll = Bool.random(using: &generator)
        func text(_ count: ClosedRange<Int>) -> String {
            // Outer blanks are trimmed, so what is expected to come back has none.
            let inner = (0..<Int.random(in: count, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? "a"
            }
            return "<" + String(inner) + ">"
        }
        func encoded(_ field: String) -> String {
            let needsQuotes = field.contains { "\",\n\r".contains($0) }
            return needsQuotes || quotesAll ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
        }
        var expected: [[String]] = []
        var csv = ReadingSupport.header
        for _ in 0..<Int.random(in: 1...30, using: &generator) {
            let fields = [text(0...8), text(0...8), text(0...300), text(0...20)]
            expected.append(fields)
            let row = [fields[0], fields[1], fields[2], "3", "12/9/2011 12:50", "1.25", "12347", fields[3]]
            csv += row.map(encoded).joined(separator: ",") + lineEnd
        }
        let bufferBytes = Int.random(in: 1...500, using: &generator)
        let reading = ReadingSupport.read(csv, settings: ReadingSettings(bufferBytes: bufferBytes))
        #expect(reading.counts.rejected == 0, "seed \(seed)")
        #expect(
            reading.lines.map { [$0.invoice, $0.stockCode, $0.text, $0.country] } == expected,
            "seed \(seed)"
        )
    }

    @Test("copies are counted as by a dictionary, within the window", arguments: 0..<40 as Range<UInt64>)
    func copies(seed: UInt64) {
        var generator = SplitMix64(seed: seed)
        let window = 1 << Int.random(in: 0...7, using: &generator)
        let variety = Int.random(in: 1...200, using: &generator)
        var csv = ReadingSupport.header
        var lastSeen: [Int: (line: Int, copy: Int64)] = [:]
        var expected: [Int64] = []
        for line in 0..<1000 {
            let key = Int.random(in: 0..<variety, using: &generator)
            var copy: Int64 = 0
            if let last = lastSeen[key], line - last.line <= window { copy = last.copy + 1 }
            lastSeen[key] = (line, copy)
            expected.append(copy)
            csv += ReadingSupport.line(stockCode: "S\(key)", description: "any \(line)")
        }
        let reading = ReadingSupport.read(csv, settings: ReadingSettings(copyWindowLines: window))
        #expect(reading.lines.map(\.copy) == expected, "seed \(seed)")
        #expect(reading.counts.copies == Int64(expected.filter { $0 > 0 }.count))
    }

    @Test("lines that differ in one field of the key are not equal")
    func keyFields() {
        let lines = [
            ReadingSupport.line(), ReadingSupport.line(invoice: "536366"), ReadingSupport.line(stockCode: "85123B"),
            ReadingSupport.line(quantity: "-6"), ReadingSupport.line(date: "12/1/2010 8:27"),
            ReadingSupport.line(price: "2.551"), ReadingSupport.line(customer: "17851"),
            ReadingSupport.line(invoice: "53636", stockCode: "585123A"),
        ]
        let same = ReadingSupport.line(description: "other", price: "2.5500", customer: "17850.0", country: "x")
        let reading = ReadingSupport.body(lines.joined() + same)
        #expect(reading.lines.map(\.copy) == [0, 0, 0, 0, 0, 0, 0, 0, 1])
    }
}
