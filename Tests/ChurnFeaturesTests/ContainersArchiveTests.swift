import ChurnFeatures
import Foundation
import Testing
import TestSupport

@Suite("Containers: zip archives")
struct ContainersArchiveTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path + "/a.zip"
    }

    private static let header = "a,b\n"

    /// Replaces every occurrence of a text by another of the same length: what no program writes.
    private func patch(_ old: [UInt8], _ new: [UInt8]) throws {
        var bytes = try ReadingSupport.contents(path)
        var position = 0
        var count = 0
        while position + old.count <= bytes.count {
            if bytes[position..<(position + old.count)].elementsEqual(old) {
                bytes.replaceSubrange(position..<(position + old.count), with: new)
                count += 1
            }
            position += 1
        }
        #expect(count > 0 && old.count == new.count)
        try ReadingSupport.write(bytes, to: path)
    }

    /// Changes a field of the only entry of the central directory.
    private func patchDirectory(at offset: Int, _ new: [UInt8]) throws {
        var bytes = try ReadingSupport.contents(path)
        let signature: [UInt8] = [0x50, 0x4B, 1, 2]
        let start = try #require(
            (0..<(bytes.count - 4)).first { bytes[$0..<($0 + 4)].elementsEqual(signature) }
        )
        bytes.replaceSubrange((start + offset)..<(start + offset + new.count), with: new)
        try ReadingSupport.write(bytes, to: path)
    }

    @Test("members are inputs of their own, sorted by name; the others are named as skipped")
    func members() throws {
        try ZipFile.write(
            [
                ZipFile.Member("z/last.csv", "a,b\n5,6\n"), ZipFile.Member("z/", []),
                ZipFile.Member("B.TSV", "a,b\n1,2\n"),
                ZipFile.Member("a.csv.gz", ReadingSupport.gzip(Array("a,b\n3,4\n".utf8))),
                ZipFile.Member("readme.txt", "hello"), ZipFile.Member("__MACOSX/._a.csv", "x"),
                ZipFile.Member(".secret.csv", "x"), ZipFile.Member("rejects.csv", "file,line,reason,text\nx\n"),
                ZipFile.Member("käse\\ü.csv", "a,b\n7,8\n"),
            ],
            to: path
        )
        let found = try TransactionInputs.find(at: [path])
        let names = ["B.TSV", "a.csv.gz", "käse\\ü.csv", "z/last.csv"]
        #expect(found.inputs.map(\.name) == names.map { "\(path)/\($0)" })
        #expect(
            found.skipped == [
                SkippedInput(name: path + "/.secret.csv", reason: .hidden),
                SkippedInput(name: path + "/__MACOSX/._a.csv", reason: .hidden),
                SkippedInput(name: path + "/readme.txt", reason: .otherEnding),
                SkippedInput(name: path + "/rejects.csv", reason: .rejectsFile),
            ]
        )
        // Any number of times, and each for itself.
        for _ in 0..<2 {
            for (input, row) in zip(found.inputs, [["1", "2"], ["3", "4"], ["7", "8"], ["5", "6"]]) {
                #expect(!input.isReadableOnce && input.worksheet == nil)
                #expect(ContainersSupport.table(input).rows == [["a", "b"], row])
            }
        }
        let error = ReadingError.container(path: path, .severalMembers(4))
        #expect(throws: error) { _ = try TransactionReader(path: path) }
        expectOneLine(error, path)
    }

    @Test("the small archive is read as its file, and its readme named")
    func fixture() throws {
        let path = ContainersSupport.fixture("60-archive.zip")
        let found = try TransactionInputs.find(at: [path])
        #expect(found.inputs.map(\.name) == [path + "/exports/2010.csv"])
        #expect(found.skipped == [SkippedInput(name: path + "/exports/readme.txt", reason: .otherEnding)])
        #expect(found.skipped.first?.description.contains("\n") == false)
        let table = ContainersSupport.table(try #require(found.inputs.first))
        #expect(table.error == nil && table.rows.map(\.first) == ["InvoiceNo", "536365", "536366"])
        // A copy of it under another name, as of standard input.
        let copy = try TransactionInputs.find(in: path, name: "standard input")
        #expect(copy.inputs.map(\.name) == ["standard input/exports/2010.csv"])
        #expect(ContainersSupport.table(try #require(copy.inputs.first)) == table)
    }

    @Test("the report of a member has its name, and its bytes as stored")
    func report() throws {
        let line = ReadingSupport.line(date: "2010-12-01 08:26")
        try ZipFile.write([ZipFile.Member("x/a.csv", ReadingSupport.header + line + line)], to: path)
        let input = try #require(try TransactionInputs.find(at: [path]).inputs.first)
        let reading = ContainersSupport.lines(input)
        #expect(reading.error == nil && reading.lines == ReadingSupport.body(line + line).lines)
        #expect(reading.report?.compression == .zip && reading.report?.path == path + "/x/a.csv")
        #expect(reading.report?.fileBytes == input.byteCount && reading.counts.storedBytes == input.byteCount)
        #expect(ContainersSupport.lines(input) == reading)
    }

    @Test(
        "names that lead out of the archive are refused",
        arguments: [
            "../a.csv", "x/../../a.csv", "/etc/a.csv", "\\a.csv", "C:\\a.csv", "C:/a.csv", "x\\..\\a.csv", "a\nb.csv",
        ]
    )
    func unsafeNames(name: String) throws {
        try ZipFile.write([ZipFile.Member("ok.csv", Self.header), ZipFile.Member(name, Self.header)], to: path)
        let shown = name.replacing("\n", with: "?")
        #expect(ContainersSupport.fault(at: path) == .unsafeName(member: shown))
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test(
        "archives within are refused, by name and by content",
        arguments: ["in.zip", "x.XLSX", "b.7z", "c.tar.gz", "in.csv"]
    )
    func nested(name: String) throws {
        let inner = folder.path + "/inner.zip"
        try ZipFile.write([ZipFile.Member("a.csv", Self.header)], to: inner)
        try ZipFile.write(
            [ZipFile.Member("ok.csv", Self.header), ZipFile.Member(name, try ReadingSupport.contents(inner))],
            to: path
        )
        #expect(ContainersSupport.fault(at: path) == .nestedArchive(member: name))
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test("a member with a password is refused, unless it is skipped anyway")
    func encrypted() throws {
        var secret = ZipFile.Member("secret.csv", Self.header)
        secret.password = "x"
        try ZipFile.write([secret], to: path)
        #expect(ContainersSupport.fault(at: path) == .encrypted(member: "secret.csv"))
        expectOneLine(ContainersSupport.error(at: path), path)
        secret.name = "secret.txt"
        try ZipFile.write([secret, ZipFile.Member("ok.csv", Self.header)], to: path)
        #expect(ContainersSupport.error(at: path) == nil)
    }

    @Test("the same name twice is refused")
    func duplicates() throws {
        try ZipFile.write([ZipFile.Member("a.csv", Self.header), ZipFile.Member("b.csv", Self.header)], to: path)
        try patch(Array("b.csv".utf8), Array("a.csv".utf8))
        #expect(ContainersSupport.fault(at: path) == .duplicateName(member: "a.csv"))
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test("a link is skipped, and an archive with nothing to read is refused with what it has")
    func nothing() throws {
        var link = ZipFile.Member("link.csv", "/etc/passwd")
        link.unixMode = 0o120777
        try ZipFile.write([link, ZipFile.Member("orders.txt", Self.header)], to: path)
        #expect(ContainersSupport.fault(at: path) == .noMembers(found: ["link.csv", "orders.txt"]))
        expectOneLine(ContainersSupport.error(at: path), path)
        try ReadingSupport.write([0x50, 0x4B, 5, 6] + [UInt8](repeating: 0, count: 18), to: path)
        #expect(ContainersSupport.fault(at: path) == .noMembers(found: []))
    }

    @Test("a bomb is refused before it is unpacked; a ratio below the limit is not")
    func ratio() throws {
        let large = [UInt8](repeating: UInt8(ascii: "0"), count: Int(ContainerLimits.ratioFreeBytes) + 1)
        try ZipFile.write([ZipFile.Member("ok.csv", Self.header), ZipFile.Member("bomb.csv", large)], to: path)
        #expect(ContainersSupport.fault(at: path) == .compressionRatio(member: "bomb.csv"))
        expectOneLine(ContainersSupport.error(at: path), path)
        try ZipFile.write([ZipFile.Member("small.csv", Array(large.dropLast()))], to: path)
        #expect(try TransactionInputs.find(at: [path]).inputs.count == 1)
        try ZipFile.write([ZipFile.Member("stored.csv", large, isStored: true)], to: path)
        #expect(try TransactionInputs.find(at: [path]).inputs.count == 1)
    }

    @Test("gzip within an archive may not grow beyond the same limit")
    func gzipBomb() throws {
        // 33 MiB of lines, of which one member of gzip has 64 KiB: the archive shrinks the equal members again.
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: 65_535)
        let member = ReadingSupport.gzip(lines, blockBytes: 65_535)
        var members = ReadingSupport.gzip(Array(Self.header.utf8))
        for _ in 0..<528 { members += member }
        try ZipFile.write([ZipFile.Member("a.csv.gz", members)], to: path)
        let input = path + "/a.csv.gz"
        let error = ContainersSupport.error(at: path)
        // Either the archive's own ratio or the gzip's is beyond the limit.
        #expect(
            error == .container(path: input, .compressionRatio(member: input))
                || error == .container(path: path, .compressionRatio(member: "a.csv.gz"))
        )
    }

    @Test("the sum of all members has a limit")
    func total() throws {
        try ZipFile.write([ZipFile.Member("a.csv", Array(Self.header.utf8), isStored: true)], to: path)
        // 4 GiB less 2 of plain and of compressed bytes, as the directory says; 17 of them are too many.
        let size: [UInt8] = [0xFE, 0xFF, 0xFF, 0xFF]
        try patchDirectory(at: 20, size + size)
        let one = try ReadingSupport.contents(path)
        #expect(ContainersSupport.fault(at: path) != nil)
        let directory = try #require((0..<one.count).first { one[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        let end = try #require((0..<one.count).first { one[$0...].starts(with: [0x50, 0x4B, 5, 6]) })
        var bytes = Array(one[..<directory])
        for index in 0..<17 {
            var entry = Array(one[directory..<end])
            entry[46] = UInt8(ascii: "a") + UInt8(index)
            bytes += entry
        }
        var tail = Array(one[end...])
        (tail[8], tail[10]) = (17, 17)
        let bytesOfDirectory = 17 * (end - directory)
        (tail[12], tail[13]) = (UInt8(bytesOfDirectory & 255), UInt8(bytesOfDirectory >> 8))
        try ReadingSupport.write(bytes + tail, to: path)
        let fault = ContainersSupport.fault(at: path)
        #expect(fault == .archiveTooLarge)
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test(
        "a directory that claims more entries than the file can hold is refused at once",
        arguments: [1 << 20, 1 << 40, 1 << 62]
    )
    func hugeDirectory(count: Int) throws {
        func bytes(_ value: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        try ZipFile.write([ZipFile.Member("a.csv", Self.header)], to: path)
        let whole = try ReadingSupport.contents(path)
        let end = try #require((0..<whole.count).first { whole[$0...].starts(with: [0x50, 0x4B, 5, 6]) })
        let directory = try #require((0..<whole.count).first { whole[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        // APPNOTE 4.3.14 and 4.3.15: the directory's end in its form of 64 bits, and where that is.
        let wide =
            [0x50, 0x4B, 6, 6] + bytes(44, 8) + bytes(45, 2) + bytes(45, 2) + bytes(0, 8) + bytes(count, 8)
            + bytes(count, 8)
            + bytes(end - directory, 8) + bytes(directory, 8)
        let locator = [0x50, 0x4B, 6, 7] + bytes(0, 4) + bytes(end, 8) + bytes(1, 4)
        let tail = [0x50, 0x4B, 5, 6] + bytes(0, 4) + [UInt8](repeating: 0xFF, count: 12) + bytes(0, 2)
        try ReadingSupport.write(Array(whole[..<end]) + wide + locator + tail, to: path)
        guard case .damagedArchive = ContainersSupport.fault(at: path) else {
            Issue.record("\(String(describing: ContainersSupport.error(at: path)))")
            return
        }
    }

    @Test("an archive of too many members is refused")
    func tooMany() throws {
        try ZipFile.write((0...ContainerLimits.archiveMembers).map { ZipFile.Member("\($0).csv", []) }, to: path)
        #expect(ContainersSupport.fault(at: path) == .tooManyMembers)
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test("an unknown compression is refused, and a size that is not the true one")
    func lies() throws {
        let text = Self.header + String(repeating: "1,2\n", count: 1000)
        try ZipFile.write([ZipFile.Member("a.csv", text)], to: path)
        let bytes = try ReadingSupport.contents(path)
        try patchDirectory(at: 10, [9, 0])
        #expect(ContainersSupport.fault(at: path) == .unsupportedCompression(member: "a.csv"))
        expectOneLine(ContainersSupport.error(at: path), path)
        for size in [0, 1, text.utf8.count - 1, text.utf8.count + 1, 1 << 20] {
            try ReadingSupport.write(bytes, to: path)
            try patchDirectory(at: 24, (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) })
            guard case .damagedMember(member: "a.csv", _) = ContainersSupport.fault(at: path) else {
                Issue.record("size \(size): \(String(describing: ContainersSupport.error(at: path)))")
                continue
            }
        }
    }

    @Test("a file that changed since it was found is an error")
    func changed() throws {
        try ZipFile.write([ZipFile.Member("a.csv", Self.header)], to: path)
        let input = try #require(try TransactionInputs.find(at: [path]).inputs.first)
        try ZipFile.write([ZipFile.Member("b.csv", "a,b\n1,2\n")], to: path)
        #expect(ContainersSupport.table(input).error == .container(path: input.name, .changed))
        try FileManager.default.removeItem(atPath: path)
        guard case .container(_, .damagedArchive) = ContainersSupport.table(input).error else {
            Issue.record("a file that is gone")
            return
        }
    }

    @Test("every truncation is an error")
    func truncations() throws {
        try ContainersSupport.forEachTruncation(of: ContainersSupport.fixture("60-archive.zip"), at: path) { count in
            #expect(ContainersSupport.readingError(at: path) != nil, "\(count) bytes")
        }
    }

    @Test("every bit that flips is an error, or changes nothing that is read")
    func bitFlips() throws {
        let fixture = ContainersSupport.fixture("60-archive.zip")
        let expected = ContainersSupport.table(at: fixture)
        #expect(expected.error == nil && expected.rows.count == 3)
        var errors = 0
        var bits = 0
        try ContainersSupport.forEachBitFlip(of: fixture, at: path) { bit in
            let table = ContainersSupport.table(at: path)
            if table.error != nil { errors += 1 } else { #expect(table == expected, "bit \(bit)") }
            bits += 1
        }
        #expect(errors > bits / 8)
    }
}
