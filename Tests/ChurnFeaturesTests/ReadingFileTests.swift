import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite("Reading: encodings, gzip, files")
struct ReadingFileTests {
    private static let plain = Array((ReadingSupport.header + ReadingSupport.line() + ReadingSupport.line()).utf8)

    @Test("Windows-1252 becomes UTF-8, in every field of text")
    func windows1252() throws {
        // All signs that Windows has in place of control characters, and the five bytes that have none.
        let signs = "€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
        let none: Set<UInt8> = [0x81, 0x8D, 0x8F, 0x90, 0x9D]
        let bytes = (0x80...0x9F as ClosedRange<UInt8>).filter { !none.contains($0) }
        // Placeholders of one byte each, replaced behind the encoding.
        let line = ReadingSupport.line(
            invoice: "A\u{1}",
            stockCode: "\u{1}-\u{2}",
            description: "\u{3}\u{4}",
            country: "C\u{2}te d\u{5}Ivoire"
        )
        let places: [UInt8: [UInt8]] = [1: [0x80], 2: [0xF4], 3: bytes, 4: none.sorted(), 5: [0x92]]
        let reading = ReadingSupport.read(
            Array(ReadingSupport.header.utf8) + line.utf8.flatMap { places[$0] ?? [$0] }
        )
        #expect(reading.reasons.isEmpty && reading.error == nil)
        #expect(reading.lines.map(\.invoice) == ["A€"] && reading.lines.map(\.stockCode) == ["€-ô"])
        #expect(reading.lines.map(\.country) == ["Côte d’Ivoire"])
        #expect(reading.texts == [signs + "\u{81}\u{8D}\u{8F}\u{90}\u{9D}"])
        #expect(reading.report?.encoding.rawValue == "Windows-1252")

        // A sign of three bytes counts as three: 341 of them and a quote are the limit of 1,024 bytes.
        for (count, kept) in [(341, 1), (342, 0), (1_024, 0)] {
            let long = ReadingSupport.line(description: "\"\"\"" + String(repeating: "\u{1}", count: count) + "\"")
            let lines = ReadingSupport.read(
                Array(ReadingSupport.header.utf8) + long.utf8.flatMap { places[$0] ?? [$0] }
            ).lines
            #expect(lines.count == kept && lines.allSatisfy { $0.text == "\"" + String(repeating: "€", count: count) })
        }

        // The rejects file is UTF-8.
        let directory = try TemporaryDirectory()
        let rejects = RejectsFile(path: directory.path + "/rejects.csv")
        let bad = ReadingSupport.line(quantity: "\u{1}", country: "d\u{5}Ivoire")
        _ = ReadingSupport.read(
            Array(ReadingSupport.header.utf8) + bad.utf8.flatMap { places[$0] ?? [$0] },
            rejects: rejects
        )
        try rejects.flush()
        let written = String(decoding: try ReadingSupport.contents(directory.path + "/rejects.csv"), as: UTF8.self)
        #expect(written.contains("LANTERN,€,") && written.contains("d’Ivoire"), "\(written)")
    }

    @Test("Latin-1 becomes UTF-8, record by record")
    func latin1() {
        let utf8 = ReadingSupport.line(description: "CAFÉ £5", country: "España")
        let latin1 = utf8.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let header = Array(ReadingSupport.header.utf8)
        let expected = ReadingSupport.body(utf8).lines
        #expect(expected.map(\.country) == ["España"])

        let first = ReadingSupport.read(header + latin1)
        #expect(first.lines == expected)
        #expect(first.report?.encoding == .latin1 && first.counts.latin1Lines == 1)

        let both = ReadingSupport.read(header + latin1 + Array(utf8.utf8) + Array(ReadingSupport.line().utf8))
        #expect(both.texts == ["CAFÉ £5", "CAFÉ £5", "LANTERN"])
        #expect(both.lines.map(\.copy) == [0, 1, 2])
        #expect(both.report?.encoding == .mixed)

        let quoted = ReadingSupport.read(
            header
                + Array("1,A,\"\"\"\u{1}\"\"\",1,12/1/2010 8:26,1,1,x\n".utf8).map {
                    $0 == 1 ? 0xE9 : $0
                }
        )
        #expect(quoted.texts == ["\"é\""])
        // 1,024 characters of two UTF-8 bytes each are above the limit of 1,024 bytes, 512 are not.
        for (count, kept) in [(512, 1), (513, 0), (1024, 0), (4000, 0)] {
            let line = ReadingSupport.line(description: String(repeating: "\u{1}", count: count))
            let reading = ReadingSupport.read(header + line.utf8.map { $0 == 1 ? 0xE9 : $0 })
            #expect(reading.lines.count == kept)
        }
    }

    @Test("a byte-order mark of UTF-8 is stepped over")
    func byteOrderMark() {
        let reading = ReadingSupport.read([0xEF, 0xBB, 0xBF] + Self.plain)
        #expect(reading.lines.count == 2)
        #expect(reading.report?.hasByteOrderMark == true && reading.report?.encoding == .utf8)
    }

    @Test("UTF-16 and NUL bytes are refused")
    func utf16() {
        let text = ReadingSupport.header + ReadingSupport.line()
        let little = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        let big = text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        #expect(ReadingSupport.read([0xFF, 0xFE] + little).error == .utf16(path: "test.csv"))
        #expect(ReadingSupport.read([0xFE, 0xFF] + big).error == .utf16(path: "test.csv"))
        #expect(ReadingSupport.read(little).error == .utf16(path: "test.csv"))
        #expect(ReadingSupport.read(big).error == .utf16(path: "test.csv"))
        #expect(ReadingSupport.read(Array("a,b\u{0},c\n".utf8)).error == .nulByte(path: "test.csv", line: 1))
        let late = ReadingSupport.read(Self.plain + [0x31, 0x2C, 0])
        #expect(late.error == .nulByte(path: "test.csv", line: 4))
        #expect(late.lines.count == 2)
    }

    @Test("gzip is told by its bytes; members and padding may follow")
    func gzip() {
        let expected = ReadingSupport.read(Self.plain).lines
        let half = Self.plain.count / 2
        let members = ReadingSupport.gzip(Array(Self.plain[..<half])) + ReadingSupport.gzip(Array(Self.plain[half...]))
        for bytes in [
            ReadingSupport.gzip(Self.plain), members, members + [0, 0, 0], ReadingSupport.gzip([]) + members,
        ] {
            for bufferBytes in [1, 2, 50, 4096] {
                let reading = ReadingSupport.read(bytes, settings: ReadingSettings(bufferBytes: bufferBytes))
                #expect(reading.lines == expected && reading.error == nil)
                #expect(reading.report?.compression == .gzip)
                #expect(reading.counts.plainBytes == Int64(Self.plain.count))
                #expect(reading.counts.storedBytes == Int64(bytes.count))
            }
        }
        #expect(ReadingSupport.read(ReadingSupport.gzip([])).error == .emptyFile(path: "test.csv"))
    }

    @Test("every truncation of a gzip file is an error, and what came before it is read")
    func truncatedGzip() {
        let whole = ReadingSupport.gzip(Self.plain)
        for count in 2..<whole.count {
            let reading = ReadingSupport.read(Array(whole[..<count]))
            guard case .truncatedGzip("test.csv", let line) = reading.error else {
                Issue.record("\(count): \(String(describing: reading.error))")
                continue
            }
            #expect(reading.lines.count == max(0, Int(line) - 1), "\(count)")
        }
        // All data are there; what is missing is the check sum.
        #expect(ReadingSupport.read(Array(whole.dropLast(8))).lines.count == 2)
    }

    @Test("damaged gzip is an error")
    func damagedGzip() {
        var wrongSum = ReadingSupport.gzip(Self.plain)
        wrongSum[wrongSum.count - 6] ^= 1
        for bytes in [wrongSum, ReadingSupport.gzip(Self.plain) + [1], ReadingSupport.gzip(Self.plain) + [0x1F, 0x9D]] {
            let reading = ReadingSupport.read(bytes)
            guard case .damagedGzip("test.csv", _, 3) = reading.error else {
                Issue.record("\(String(describing: reading.error))")
                continue
            }
            #expect(reading.lines.count == 2)
        }
    }

    @Test("rejected lines are written with file, line and reason, up to the limit")
    func rejectsFile() throws {
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        let path = directory + "/rejects.csv"
        let lines =
            "\n\"a, \"\"x\"\"\nb\",B,C,1,12/1/2010 8:26,1,,UK\r\n" + "caf\u{1},2\n" + "3\n4\n" + ReadingSupport.line()
        let bytes = Array((ReadingSupport.header + lines).utf8).map { $0 == 1 ? 0xE9 : $0 }
        let rejects = RejectsFile(path: path, limitPerReason: 2)
        for round in 1...2 {
            let reading = ReadingSupport.read(bytes, name: "in \"1\".csv", rejects: rejects)
            #expect(reading.reasons == ["wrong_field_count 3", "no_customer 1"])
            #expect(reading.counts.rejectsWritten == (round == 1 ? 3 : 1))
            #expect(reading.counts.rejectsNotWritten == (round == 1 ? 1 : 3))
        }
        try rejects.flush()
        let text = String(decoding: try ReadingSupport.contents(path), as: UTF8.self)
        let customerless =
            "\"in \"\"1\"\".csv\",3,no_customer,\"\"\"a, \"\"\"\"x\"\"\"\"\nb\"\",B,C,1,12/1/2010 8:26,1,,UK\r\"\n"
        #expect(
            text == "file,line,reason,text\n" + customerless
                + "\"in \"\"1\"\".csv\",5,wrong_field_count,\"café,2\"\n"
                + "\"in \"\"1\"\".csv\",6,wrong_field_count,\"3\"\n" + customerless
        )
    }

    @Test("no file without a reject; a long line is cut; a stranger's file is left alone")
    func rejectsFileEdges() throws {
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        let path = directory + "/rejects.csv"
        let clean = RejectsFile(path: path)
        _ = ReadingSupport.read(Self.plain, rejects: clean)
        #expect(!clean.isCreated && !FileManager.default.fileExists(atPath: path))

        let long = Array((ReadingSupport.header + String(repeating: "é", count: 3000) + "\n").utf8)
        for _ in 0..<2 {
            let rejects = RejectsFile(path: path)
            _ = ReadingSupport.read(long, rejects: rejects)
            try rejects.flush()
            let text = String(decoding: try ReadingSupport.contents(path), as: UTF8.self)
            #expect(text.hasSuffix("é...\"\n") && text.utf8.count < 4200)
        }

        try ReadingSupport.write(Self.plain, to: path)
        let reading = ReadingSupport.read(long, rejects: RejectsFile(path: path))
        #expect(reading.error == .rejectsOverwrites(path: path))
        #expect(try ReadingSupport.contents(path) == Self.plain)
        let nowhere = RejectsFile(path: directory + "/no/such/place.csv")
        guard case .rejectsUnwritable = ReadingSupport.read(long, rejects: nowhere).error else {
            Issue.record("a place that does not exist")
            return
        }
    }

    @Test("paths are expanded, and each that is wrong is named")
    func source() throws {
        let temporary = try TemporaryDirectory()
        let directory = temporary.path
        func names(_ paths: String...) throws -> [String] { try TransactionInputs.find(at: paths).inputs.map(\.name) }
        #expect(throws: ReadingError.noFiles(directory: directory)) { try names(directory) }
        for name in ["b.csv", "a.csv.gz", "C.CSV", "notes.txt", ".hidden.csv"] {
            try ReadingSupport.write(Self.plain, to: "\(directory)/\(name)")
        }
        try FileManager.default.createDirectory(atPath: directory + "/d.csv", withIntermediateDirectories: false)
        let expected = ["C.CSV", "a.csv.gz", "b.csv"].map { "\(directory)/\($0)" }
        #expect(try names(directory) == expected)
        #expect(try names(directory + "/") == expected)
        #expect(try names("\(directory)/notes.txt", directory) == ["\(directory)/notes.txt"] + expected)
        let missing = directory + "/none.csv"
        #expect(throws: ReadingError.notFound(path: missing)) { try names(missing) }
        #expect(throws: ReadingError.notFound(path: missing)) { _ = try TransactionReader(path: missing) }
        #expect(throws: ReadingError.isDirectory(path: directory)) { _ = try TransactionReader(path: directory) }

        var reader = try TransactionReader(path: "\(directory)/b.csv", layout: ReadingSupport.monthFirst)
        var count = 0
        while try reader.readBatch(maxLines: 1, { _ in count += 1 }) {}
        #expect(count == 2 && reader.report.fileBytes == Int64(Self.plain.count))
    }

    @Test("reports add up")
    func summary() {
        var summary = ReadingSummary()
        for text in [ReadingSupport.line(), ReadingSupport.line(date: "1/1/2009 0:00") + "x\n", "y\n"] {
            if let report = ReadingSupport.body(text).report { summary.add(report) }
        }
        #expect(summary.files.count == 3)
        #expect((summary.total.lines, summary.total.kept, summary.total.rejected) == (4, 2, 2))
        #expect(summary.total.firstMinute.map(CivilTime.format(minute:)) == "2009-01-01 00:00")
        #expect(summary.total.lastMinute.map(CivilTime.format(minute:)) == "2010-12-01 08:26")
        #expect(summary.total.rejected(.wrongFieldCount) == 2)
    }

    @Test("the real data set gives its known counts")
    func realData() throws {
        var summary = ReadingSummary()
        var purchaseMilli: Int64 = 0
        for path in try Surroundings.transactions() {
            var reader = try TransactionReader(path: path)
            while try reader.readBatch(
                maxLines: 20_000,
                { line in
                    if !line.isCancellation { purchaseMilli += line.amountMilli }
                }
            ) {}
            summary.add(reader.report)
        }
        let total = summary.total
        #expect(total.lines == 541_909)
        #expect(total.noCustomer == 135_080 && total.rejected == 135_080)
        #expect((total.kept, total.purchases, total.cancellations) == (406_829, 397_924, 8_905))
        #expect(purchaseMilli == 8_911_407_904)
        #expect(total.firstMinute.map(CivilTime.format(minute:)) == "2010-12-01 08:26")
        #expect(total.lastMinute.map(CivilTime.format(minute:)) == "2011-12-09 12:50")
        if summary.files.count == 1 {
            #expect(total.copies == 5_227)
            #expect(summary.files.first?.lineEnd != nil)
        }
    }
}
