import ChurnFeatures
import Foundation
import Testing
import TestSupport

@Suite("Containers: workbooks")
struct ContainersWorkbookTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path + "/b.xlsx"
    }

    /// The single column of a sheet with these cells under the header `v`.
    private func column(
        _ cells: [WorkbookFile.Cell],
        customFormats: [String] = [],
        is1904: Bool = false
    ) throws -> [String] {
        let rows = [[.inline("v"), .inline("w")]] + cells.map { [$0, .number("1")] }
        try ContainersSupport.workbook(at: path, rows, customFormats: customFormats, is1904: is1904)
        let table = ContainersSupport.table(at: path)
        #expect(table.error == nil && table.rows.first == ["v", "w"])
        #expect(table.rows.allSatisfy { $0.count == 2 } && table.rows.dropFirst().allSatisfy { $0[1] == "1" })
        return table.rows.dropFirst().map { $0[0] }
    }

    @Test(
        "a number is its shortest decimal text",
        arguments: [
            ("71053", "71053"), ("17850.0", "17850"), ("2.5499999999999998", "2.55"), ("2.55", "2.55"),
            ("0", "0"), ("-0", "0"), ("0.0", "0"), ("-1", "-1"), ("-0.50", "-0.5"), ("007", "7"), ("-00.250", "-0.25"),
            ("1E-2", "0.01"), ("1.5E+3", "1500"), ("-2.5e-7", "-0.00000025"), ("5.0123456789E+12", "5012345678900"),
            ("123456789012345", "123456789012345"), ("999999999999999.9", "999999999999999.9"),
            ("12345678901234567890", "12345678901234567000"), ("1E+20", "100000000000000000000"),
            ("1.25e21", "1250000000000000000000"), ("0.10000000000000001", "0.1"),
            ("3.3000000000000003", "3.3000000000000003"),
            ("100", "100"), ("100.10", "100.1"), ("1e300", "1e+300"), ("abc", "abc"), ("1,5", "1,5"), ("1.", "1"),
            (".5", "0.5"),
        ]
    )
    func numbers(stored: String, text: String) throws {
        let quoted = text.contains(",") ? ["1,5"] : [text]
        #expect(try column([.number(stored)]) == quoted)
    }

    @Test("numbers of up to 17 digits keep their value, seed by seed", arguments: 1...4)
    func numberProperty(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let values = (0..<500).map { _ in
            let exponent = Int(random.next() % 24) - 12
            return Double(Int64(truncatingIfNeeded: random.next()) >> Int64(random.next() % 60))
                * pow(10, Double(exponent))
        }
        let texts = try column(values.map { .number(String(format: "%.17g", $0)) })
        for (value, text) in zip(values, texts) {
            #expect(Double(text) == value && !text.contains("e"), "\(value) as \(text)")
            let plain = try #require(Decimal(string: text, locale: nil))
            #expect("\(plain)" == text || value == 0)
        }
    }

    @Test(
        "a serial becomes a date in either system, rounded to the second",
        arguments: [
            ("40513.351388888892", false, "2010-12-01 08:26:00"), ("40513.35138888889", false, "2010-12-01 08:26:00"),
            ("40513", false, "2010-12-01 00:00:00"), ("1", false, "1900-01-01 00:00:00"),
            ("59", false, "1900-02-28 00:00:00"), ("60", false, "1900-02-29 00:00:00"),
            ("61", false, "1900-03-01 00:00:00"), ("60.99999999", false, "1900-03-01 00:00:00"),
            ("40513.999994", false, "2010-12-01 23:59:59"), ("40513.999995", false, "2010-12-02 00:00:00"),
            ("0.5", false, "12:00:00"), ("0", false, "00:00:00"), ("-1", false, "-1"),
            ("2958465.5", false, "9999-12-31 12:00:00"), ("2958465.9999999", false, "2958465.9999999"),
            ("2958466", false, "2958466"), ("1e300", false, "1e+300"),
            ("39051.351388888892", true, "2010-12-01 08:26:00"), ("0", true, "1904-01-01 00:00:00"),
            ("1", true, "1904-01-02 00:00:00"), ("59", true, "1904-02-29 00:00:00"),
            ("2957003", true, "9999-12-31 00:00:00"), ("2957004", true, "2957004"),
        ]
    )
    func dates(serial: String, is1904: Bool, text: String) throws {
        #expect(try column([.styled(serial, style: WorkbookFile.dateStyle)], is1904: is1904) == [text])
    }

    @Test("every day from 1900-03-01 to 2200 is the day after the one before it")
    func days() throws {
        let serials = stride(from: 61, through: 109_575, by: 37)
        let texts = try column(serials.map { .styled("\($0).25", style: WorkbookFile.dateStyle) })
        for (serial, text) in zip(serials, texts) {
            #expect(text == CivilTime.format(day: Int64(serial) - 25_569) + " 06:00:00")
        }
    }

    @Test(
        "a custom format with a letter of a date makes dates, outside quotes, brackets and escapes",
        arguments: [
            ("yyyy-mm-dd h:mm:ss", true), ("dd/mm/yy", true), ("[$-409]d-mmm-yy;@", true), ("mmm", true),
            ("h:mm", true),
            ("[h]:mm", true), ("[mm]:ss", true), ("[Red]yyyy", true), ("YYYY\\-MM", true), ("General", false),
            ("0.00", false), ("#,##0.00 [$€-407]", false), ("0.00E+00", false), ("[Red]0.00;[Blue]-0.00", false),
            ("0 \"days\"", false), ("0\\d", false), ("#,##0_d", false), ("*d0", false), ("@", false),
            ("[Yellow]0", false),
            ("0 \"s", false), ("[d", false), ("\\", false), ("", false),
        ]
    )
    func formats(code: String, isDate: Bool) throws {
        let texts = try column([.styled("40513.5", style: 2), .styled("40513.5", style: 99)], customFormats: [code])
        #expect(texts == [isDate ? "2010-12-01 12:00:00" : "40513.5", "40513.5"])
    }

    @Test("the built-in formats of dates")
    func builtIn() throws {
        let ids = Array(0...60) + [164]
        let styles =
            "<styleSheet><cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs>"
            + ids.map { "<xf numFmtId=\"\($0)\"/>" }.joined() + "</cellXfs></styleSheet>"
        let rows: [[WorkbookFile.Cell]] = [[.inline("v")]] + ids.indices.map { [.styled("40513.5", style: $0)] }
        try ContainersSupport.workbook(at: path, rows, replacing: ["xl/styles.xml": styles])
        let dates = Set(Array(14...22) + Array(27...36) + Array(45...47) + Array(50...58))
        let texts = ContainersSupport.table(at: path).rows.dropFirst().map { $0[0] }
        #expect(texts == ids.map { dates.contains($0) ? "2010-12-01 12:00:00" : "40513.5" })
    }

    @Test("texts, truth values, errors and formulas")
    func cells() throws {
        let texts = try column([
            .shared("a"), .shared("b, \"c\"; d|e"), .inline("line 1\nline 2"), .inline("<&>é"), .shared(""), .empty,
            .missing,
            .inline("_x0041__x005F_x0041_ _x0000_ _xD800_ _x00"), .shared("cr\r"),
            .xml("<c r=\"A11\" t=\"b\"><v>1</v></c>"), .xml("<c t=\"b\"><v>0</v></c>"),
            .xml("<c t=\"e\"><v>#DIV/0!</v></c>"),
            .xml("<c><f>1+1</f><v>2</v></c>"), .xml("<c><f>1+1</f></c>"), .xml("<c t=\"str\"><f>A1</f><v>x</v></c>"),
            .xml("<c t=\"str\"><f>A1</f><v></v></c>"), .xml("<c t=\"d\"><v>2010-12-01T08:26:00</v></c>"),
            .xml(
                "<c t=\"inlineStr\"><is><r><t>one</t></r><rPh><t>no</t></rPh><r><rPr><b/></rPr><t> two</t></r></is></c>"
            ),
            .xml("<x:c xmlns:x=\"urn:y\" t=\"inlineStr\"><x:is><x:t><![CDATA[<p>]]></x:t></x:is></x:c>"),
        ])
        #expect(
            texts == [
                "a", "b, \"\"c\"\"; d|e", "line 1\nline 2", "<&>é", "", "", "", "A_x0041_ _x0000_ _xD800_ _x00", "cr",
                "TRUE", "FALSE", "", "2", "", "x", "", "2010-12-01 08:26:00", "one two", "<p>",
            ]
        )
    }

    @Test("gaps in rows and columns, widths, and lines that are rows")
    func gaps() throws {
        let file = try WorkbookFile(path: path)
        try file.beginSheet("Data")
        file.skipRows(2)
        try file.addRow([.missing, .inline("a"), .inline("b"), .inline("c"), .empty, .empty])
        try file.addRow([.number("1")])
        file.skipRows(3)
        try file.addRow([.empty, .empty, .empty, .styled("", style: 1)])
        try file.addRow([.missing, .missing, .missing, .number("4"), .empty])
        try file.addRow([.inline("x"), .missing, .shared("z")])
        try file.finish()
        let table = ContainersSupport.table(at: path)
        #expect(table.error == nil)
        #expect(table.rows == [["", "a", "b", "c"], ["1", "", "", ""], ["", "", "", "4"], ["x", "", "z", ""]])
        #expect(table.lines == [1, 4, 9, 10])
        // Beyond the header: an error of the table, a rejected line of transactions.
        try ContainersSupport.workbook(at: path, [[.inline("a")], [.number("1"), .empty, .number("2")]])
        let beyond = ContainersSupport.table(at: path)
        #expect(beyond.error == .badRecord(path: path, line: 2, fields: 3, columns: 1))
    }

    @Test("cells and rows without a place follow each other; prefixes and absolute targets are read")
    func placeless() throws {
        let sheet =
            "<x:worksheet xmlns:x=\"urn:x\"><x:cols/><x:sheetData><x:row><x:c t=\"inlineStr\"><x:is><x:t>a</x:t></x:is></x:c>"
            + "<x:c t=\"inlineStr\"><x:is><x:t>b</x:t></x:is></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c>"
            + "<x:c r=\"b2\"><x:v>2</x:v></x:c></x:row></x:sheetData><x:v>9</x:v></x:worksheet>"
        let relationships =
            "<Relationships><Relationship Id=\"rId1\" Type=\"t/worksheet\" "
            + "Target=\"/XL/theme/../worksheets/./Sheet1.xml\"/></Relationships>"
        try ContainersSupport.workbook(
            at: path,
            [],
            replacing: ["xl/worksheets/sheet1.xml": sheet, "xl/_rels/workbook.xml.rels": relationships],
            without: ["xl/styles.xml", "xl/sharedStrings.xml"]
        )
        #expect(
            ContainersSupport.table(at: path)
                == ContainersSupport.Table(rows: [["a", "b"], ["1", "2"]], lines: [1, 2])
        )
    }

    @Test("the first visible worksheet is read, or the one that is named; the others are named as skipped")
    func sheets() throws {
        let file = try WorkbookFile(path: path)
        for (name, state) in [
            ("Secret", "veryHidden"), ("Orders & more", "visible"), ("Old", "hidden"), ("Notes", "visible"),
        ] {
            try file.beginSheet(name, state: state)
            try file.addRow([.inline(name)])
        }
        try file.finish()
        let found = try TransactionInputs.find(at: [path])
        #expect(found.inputs.map(\.name) == [path] && found.inputs.map(\.worksheet) == ["Orders & more"])
        #expect(found.inputs.map(ContainersSupport.table).map(\.rows) == [[["Orders & more"]]])
        #expect(
            found.skipped == [
                SkippedInput(name: path + "/Notes", reason: .otherWorksheet(read: "Orders & more")),
                SkippedInput(name: path + "/Secret", reason: .hiddenWorksheet),
                SkippedInput(name: path + "/Old", reason: .hiddenWorksheet),
            ]
        )
        let notes = try TransactionInputs.find(at: [path], worksheet: "Notes")
        #expect(notes.inputs.map(ContainersSupport.table).map(\.rows) == [[["Notes"]]])
        let error = ReadingError.container(
            path: path,
            .unknownWorksheet(name: "Old", found: ["Orders & more", "Notes"])
        )
        #expect(throws: error) { try TransactionInputs.find(at: [path], worksheet: "Old") }
        expectOneLine(error, path)
        // By its content, not by its name.
        let other = folder.path + "/orders.csv"
        try FileManager.default.moveItem(atPath: path, toPath: other)
        #expect(ContainersSupport.table(at: other).rows == [["Orders & more"]])
    }

    @Test("the small workbook: numbers and texts are one kind of code, dates are serials, gaps are empty")
    func fixture() throws {
        let table = ContainersSupport.table(at: ContainersSupport.fixture("61-excel.xlsx"))
        #expect(table.error == nil)
        let expected = """
            InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
            536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
            536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
            C536379,D,Discount,-1,2010-12-01 09:41:00,27.5,14527,United Kingdom
            536414,22139,,56,2010-12-01 11:52:00,0,,United Kingdom
            536370,22728,ALARM CLOCK BAKELIKE PINK,24,2010-12-01 08:45:00,3.75,12583,France
            """
        #expect(table.rows.map { $0.joined(separator: ",") }.joined(separator: "\n") == expected)
    }

    @Test(
        "workbooks of other programs' making; make-workbooks.py made them",
        arguments: ["openpyxl-1900", "openpyxl-1904", "xlsxwriter-shared", "xlsxwriter-inline"]
    )
    func otherPrograms(name: String) {
        let table = ContainersSupport.table(at: ContainersSupport.fixture(name + ".xlsx"))
        #expect(table.error == nil)
        let isOpenpyxl = name.hasPrefix("openpyxl")
        var expected = [
            ["InvoiceNo", "Stock", "When", "Price", "Flag", "Text"],
            ["536365", "71053", "2010-12-01 08:26:00", "2.55", "TRUE", "a \"\"b\"\", c\nd"],
            // openpyxl does not write the underscore as _x005F_, so that Excel too reads an A.
            ["C1", "85123A", "2011-01-05 00:00:00", "0.3", "FALSE", isOpenpyxl ? "lead A é" : "lead _x0041_ é"],
            ["", "1000000000000000000000", "09:05:07", "-0.0000001", "", isOpenpyxl ? "" : "0"],
        ]
        if !isOpenpyxl { expected.append(["", "", "", "0.3333333333333333", "", "plain bold end"]) }
        #expect(table.rows == expected)
    }
}
