import ChurnFeatures
import Foundation
import Testing
import TestSupport

@Suite("Containers: workbooks that are damaged or made to harm")
struct ContainersHostileTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path + "/b.xlsx"
    }

    private static let sheetPart = "xl/worksheets/sheet1.xml"
    private static let rows: [[WorkbookFile.Cell]] = [[.shared("a"), .inline("b")], [.number("1"), .number("2")]]

    private func make(_ part: String, _ text: String) throws {
        try ContainersSupport.workbook(at: path, Self.rows, replacing: [part: text])
    }

    private func makeSheet(_ content: String) throws {
        try make(Self.sheetPart, "<worksheet><sheetData>\(content)</sheetData></worksheet>")
    }

    private func expectDamaged(_ part: String, at location: SourceLocation = #_sourceLocation) {
        guard case .damagedPart(part: part, _) = ContainersSupport.fault(at: path) else {
            Issue.record("\(String(describing: ContainersSupport.error(at: path)))", sourceLocation: location)
            return
        }
        expectOneLine(ContainersSupport.error(at: path), path, at: location)
    }

    private static let entities = (1...9).map { level in
        "<!ENTITY e\(level) \"\(String(repeating: "&e\(level - 1);", count: 10))\">"
    }
    .joined()

    @Test(
        "a document type is refused, and with it every entity",
        arguments: [
            "<!DOCTYPE x [<!ENTITY e0 \"lol\">\(entities)]><worksheet><sheetData><row><c><v>&e9;</v></c></row></sheetData></worksheet>",
            "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><worksheet/>",
            "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><worksheet>&e;</worksheet>",
            "<!DOCTYPE x><worksheet/>",
        ],
        [
            "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "_rels/.rels", "xl/styles.xml", "xl/sharedStrings.xml",
            sheetPart,
        ]
    )
    func documentType(text: String, part: String) throws {
        try make(part, text)
        #expect(ContainersSupport.fault(at: path) == .documentType(part: part))
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test(
        "what is no XML is refused, with the part",
        arguments: [
            "", "x", "<worksheet>", "<worksheet></sheet>", "<worksheet/><a/>", "<worksheet>&e;</worksheet>",
            "<?xml version=\"1.0\" encoding=\"EBCDIC\"?><worksheet/>", "<worksheet a=\"1\" a=\"2\"/>",
        ],
        ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", sheetPart]
    )
    func noXML(text: String, part: String) throws {
        try make(part, text)
        expectDamaged(part)
    }

    @Test("other documents than workbooks are told apart")
    func others() throws {
        try make("xl/workbook.xml", "<document/>")
        #expect(ContainersSupport.error(at: path) == .unreadableFormat(path: path, .officeDocument))
        try make("_rels/.rels", "<Relationships/>")
        #expect(ContainersSupport.error(at: path) == .unreadableFormat(path: path, .officeDocument))
        let binary =
            "<Relationships><Relationship Id=\"a\" Type=\"x/officeDocument\" Target=\"xl/workbook.bin\"/></Relationships>"
        try make("_rels/.rels", binary)
        #expect(ContainersSupport.error(at: path) == .unreadableFormat(path: path, .binaryWorkbook))
        try ZipFile.write([ZipFile.Member("mimetype", "x"), ZipFile.Member("content.xml", "<a/>")], to: path)
        #expect(ContainersSupport.error(at: path) == .unreadableFormat(path: path, .openDocument))
    }

    @Test(
        "a part that is missing is named",
        arguments: ["xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", sheetPart]
    )
    func missing(part: String) throws {
        try ContainersSupport.workbook(at: path, Self.rows, without: [part])
        #expect(ContainersSupport.fault(at: path) == .damagedPart(part: part, reason: "it is missing"))
    }

    @Test("a workbook without a visible worksheet is refused")
    func noWorksheet() throws {
        try make("xl/workbook.xml", "<workbook><sheets/></workbook>")
        #expect(ContainersSupport.fault(at: path) == .noWorksheet)
        expectOneLine(ContainersSupport.error(at: path), path)
        try ContainersSupport.workbook(at: path, Self.rows, without: ["xl/_rels/workbook.xml.rels"])
        #expect(ContainersSupport.fault(at: path) == .noWorksheet)
    }

    @Test(
        "rows and cells out of their order or their range are damage",
        arguments: [
            "<row r=\"2\"/><row r=\"1\"/>", "<row r=\"1\"/><row r=\"1\"/>", "<row r=\"0\"/>", "<row r=\"x\"/>",
            "<row r=\"-1\"/>",
            "<row r=\"1048577\"/>", "<row r=\"99999999999999999999\"/>", "<row><c r=\"B1\"/><c r=\"A1\"/></row>",
            "<row><c r=\"A1\"/><c r=\"A1\"/></row>", "<row><c r=\"XFE1\"/></row>",
            "<row><c r=\"ZZZZZZZZZZZZZZZZ1\"/></row>",
            "<row><c r=\"1\"/></row>", "<row><c t=\"s\"><v>9</v></c></row>", "<row><c t=\"s\"><v>-1</v></c></row>",
            "<row><row/></row>", "<row><c><c/></c></row>", "<row><c><v>1</v><row/></c></row>",
            "<row><c t=\"s\"><v>99999999999999999999</v></c></row>", "<row><c t=\"s\"><v>x</v></c></row>",
        ]
    )
    func order(content: String) throws {
        try makeSheet(content)
        expectDamaged(Self.sheetPart)
        try make(Self.sheetPart, "<worksheet/>")
        expectDamaged(Self.sheetPart)
    }

    @Test("the last row and the last column are read")
    func corners() throws {
        try makeSheet("<row><c><v>1</v></c></row><row r=\"1048576\"><c><v>2</v></c><c r=\"XFD1048576\"/></row>")
        #expect(
            ContainersSupport.table(at: path) == ContainersSupport.Table(rows: [["1"], ["2"]], lines: [1, 1_048_576])
        )
    }

    @Test("elements in each other and tags without an end have limits")
    func deep() throws {
        try makeSheet(String(repeating: "<a>", count: 5000) + String(repeating: "</a>", count: 5000))
        expectDamaged(Self.sheetPart)
        var random = SplitMix64(seed: 1)
        // Random, so that its ratio is that of data.
        let long = (0..<(ContainerLimits.xmlTokenBytes / 8)).map { _ in String(random.next(), radix: 16) }.joined()
        try makeSheet("<row a=\"\(long)\"/>")
        expectDamaged(Self.sheetPart)
        try make("xl/sharedStrings.xml", "<sst a=\"\(long)\"/>")
        expectDamaged("xl/sharedStrings.xml")
    }

    @Test("a text that is too long is named by its cell; one of the limit is read")
    func longTexts() throws {
        let limit = String(repeating: "x", count: ContainerLimits.cellBytes)
        try ContainersSupport.workbook(at: path, [[.inline("a"), .inline("b")], [.shared(limit), .inline(limit)]])
        #expect(ContainersSupport.table(at: path).rows == [["a", "b"], [limit, limit]])
        try ContainersSupport.workbook(at: path, [[.inline("a")], [.inline(limit + "x")]])
        #expect(ContainersSupport.fault(at: path) == .cellTooLong(cell: "A2"))
        expectOneLine(ContainersSupport.error(at: path), path)
        try ContainersSupport.workbook(at: path, [[.inline("a")], [.shared(limit + "x")]])
        #expect(ContainersSupport.fault(at: path) == .cellTooLong(cell: "1 of all texts"))
    }

    @Test("a row that is too long costs itself and no other")
    func longRow() throws {
        let text = "\n" + String(repeating: "\"", count: ContainerLimits.cellBytes - 1)
        let good: [WorkbookFile.Cell] = [
            .number("536365"), .inline("85123A"), .inline("HEART"), .number("6"),
            .styled("40513.351388888892", style: WorkbookFile.dateStyle), .number("2.55"), .number("17850"),
            .inline("UK"),
        ]
        let header = ReadingSupport.header.dropLast().split(separator: ",").map { WorkbookFile.Cell.inline(String($0)) }
        let long = [WorkbookFile.Cell](repeating: .shared(text), count: 8)
        try ContainersSupport.workbook(at: path, [header, good, long, good, long])
        let found = try TransactionInputs.find(at: [path])
        let reading = ContainersSupport.lines(try #require(found.inputs.first))
        #expect(reading.error == nil && reading.lines.count == 2 && reading.counts.lines == 4)
        #expect(reading.reasons == ["record_too_long 2"])
        #expect(reading.report?.compression == .workbook && reading.report?.path == path)
        #expect(reading.counts.storedBytes == reading.report?.fileBytes)
    }

    @Test("shared texts have a limit in memory", .enabled(if: ContainersSupport.isSlow))
    func sharedStrings() throws {
        // 260 MiB of texts that are no bomb: a block that deflate cannot shrink, again and again beyond its window.
        var random = SplitMix64(seed: 2)
        let text = (0..<10_000).map { _ in String(random.next(), radix: 36) }.joined().prefix(ContainerLimits.cellBytes)
        let part = folder.path + "/strings.xml"
        #expect(FileManager.default.createFile(atPath: part, contents: nil))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: part))
        try handle.write(contentsOf: Array("<sst>".utf8))
        let item = Array("<si><t>\(text)</t></si>".utf8)
        for _ in 0...(ContainerLimits.sharedStringBytes / text.utf8.count) { try handle.write(contentsOf: item) }
        try handle.write(contentsOf: Array("</sst>".utf8))
        try handle.close()
        try ContainersSupport.workbook(at: path, Self.rows)
        try ZipFile.write([ZipFile.Member("xl/sharedStrings.xml", file: part)], to: path, addingTo: true)
        #expect(ContainersSupport.fault(at: path) == .sharedStringsTooLarge)
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test(
        "a part that is a bomb is refused before it is unpacked",
        arguments: ["xl/styles.xml", "xl/sharedStrings.xml", sheetPart]
    )
    func bomb(part: String) throws {
        try make(part, String(repeating: " ", count: Int(ContainerLimits.ratioFreeBytes) + 1))
        #expect(ContainersSupport.fault(at: path) == .compressionRatio(member: part))
        expectOneLine(ContainersSupport.error(at: path), path)
    }

    @Test("blanks between rows have no limit of a tag")
    func blanks() throws {
        let blanks = String(repeating: " \n", count: 2 * ContainerLimits.xmlTokenBytes)
        try makeSheet("<row><c><v>1</v></c></row>\(blanks)<row><c><v>2</v></c></row>")
        #expect(ContainersSupport.table(at: path).rows == [["1"], ["2"]])
    }

    @Test("any change of any part is an error or a table, never a trap", arguments: 1...8)
    func mutations(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let file = try WorkbookFile(path: path, customFormats: ["yyyy-mm-dd"])
        try file.beginSheet("Data")
        try file.addRow([.shared("a, \"b\""), .inline("c"), .missing, .shared("d")])
        for row in 1...20 {
            try file.addRow([.number("\(row).5"), .styled("4051\(row).25", style: 2), .missing, .shared("x\(row % 3)")])
            if row % 7 == 0 { file.skipRows(3) }
        }
        let parts = try file.allParts()
        let pieces = [
            "<row>", "</row>", "<c>", "</c>", "<v>", "</v>", "<is>", "<t>", "r=\"A1\"", "s=\"1\"", "t=\"s\"", "-", "9",
            "<", "\"", "&#x1;", "e9",
        ]
        for _ in 0..<100 {
            let name = parts.keys.sorted()[Int(random.next() % UInt64(parts.count))]
            var text = Array((parts[name] ?? "").utf8)
            for _ in 0...(random.next() % 3) {
                let place = Int(random.next() % UInt64(text.count))
                let length = min(text.count - place, Int(random.next() % 12))
                let piece = pieces[Int(random.next() % UInt64(pieces.count))]
                text.replaceSubrange(place..<(place + length), with: random.next() % 3 == 0 ? [] : Array(piece.utf8))
            }
            var changed = parts
            changed[name] = String(decoding: text, as: UTF8.self)
            try ZipFile.write(changed.sorted { $0.key < $1.key }.map { ZipFile.Member($0.key, $0.value) }, to: path)
            let table = ContainersSupport.table(at: path)
            #expect(table.error != nil || !table.rows.isEmpty)
        }
    }

    @Test("every truncation is an error")
    func truncations() throws {
        try ContainersSupport.forEachTruncation(of: ContainersSupport.fixture("61-excel.xlsx"), at: path) { count in
            #expect(ContainersSupport.readingError(at: path) != nil, "\(count) bytes")
        }
    }

    @Test("a bit that flips, one in each byte, is an error or changes nothing that is read")
    func bitFlips() throws {
        let fixture = ContainersSupport.fixture("61-excel.xlsx")
        let expected = ContainersSupport.table(at: fixture)
        #expect(expected.error == nil && expected.rows.count == 6)
        var errors = 0
        var bits = 0
        try ContainersSupport.forEachBitFlip(of: fixture, at: path, onePerByte: true) { bit in
            let table = ContainersSupport.table(at: path)
            if table.error != nil { errors += 1 } else { #expect(table == expected, "bit \(bit)") }
            bits += 1
        }
        #expect(errors > bits / 8)
    }
}
