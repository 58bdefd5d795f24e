import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite("Reading: titles above the header, and times in a column of their own")
struct ReadingTitleTests {
    private static let header = "Order,Customer,Date,Total\n"
    private static let line = "7,17850,2010-12-01 08:26,12.50\n"

    private static func read(_ text: String, _ flags: KeyValuePairs<String, String> = [:]) -> Reading {
        ReadingSupport.read(text, layout: ReadingSupport.layout(flags))
    }

    @Test(
        "a few lines of one or two filled fields above the header are skipped, and that is said",
        arguments: [
            ("Sales report\n", 2), ("Sales report 2010,,,\n", 2),
            ("Sales report\n\n\"From 1 December,\n to 5\",today\n", 5),
            ("sep=,\nReport,\n", 3), ("a;b\n", 2), ("Shop:\tMine\n\n\n", 4),
            (String(repeating: "note\n", count: 20), 21),
        ]
    )
    func titles(title: String, headerLine: Int) {
        let reading = Self.read(title + Self.header + Self.line + "8,17850,never,1\n" + Self.line)
        #expect(reading.error == nil && reading.lines.count == 2, "\(String(describing: reading.error))")
        #expect(reading.lines.first?.description == "7|||1|2010-12-01 08:26|12500|17850||0")
        let remarks = reading.report?.remarks.filter { $0.contains("the header is line") } ?? []
        #expect(remarks.count == 1 && remarks.first?.contains("line \(headerLine):") == true, "\(remarks)")
        // Lines are counted from the beginning of the file.
        #expect(reading.report?.examples.map(\.line) == [Int64(headerLine) + 2])
    }

    @Test("other separators, and columns that a flag names")
    func otherTitles() {
        let german = "Umsatz;\n\nKunde;Datum;Betrag;Beleg\n17850;01.12.2010 08:26;12,50;7\n"
        let flags: KeyValuePairs = ["columns": "customer=Kunde,date=Datum,amount=Betrag,invoice=Beleg"]
        #expect(Self.read(german, flags).lines.map(\.priceMilli) == [12_500])
        let reading = Self.read(Self.header + Self.line)
        #expect(reading.report?.remarks.contains { $0.contains("the header is line") } == false)
    }

    @Test("a header that lacks a column is no title")
    func wrongHeaders() {
        let lacking = "Order,Customer,Date\n1,2,2010-12-01\n"
        for text in [lacking, "Report\n" + lacking] {
            guard case .missingColumns(_, let missing, let found) = Self.read(text).error else {
                Issue.record("\(text) is read")
                continue
            }
            #expect(missing == ["amount"] && found == ["Order", "Customer", "Date"])
        }
        // Nothing but titles: the first is taken for the header.
        for text in [
            "Customer,Date\n17850,2010-12-01\n", "Customer,Date\n", String(repeating: "Customer\n", count: 50),
        ] {
            guard case .missingColumns(_, _, let found) = Self.read(text).error else {
                Issue.record("\(text) is read")
                continue
            }
            #expect(found.first == "Customer")
        }
    }

    @Test("a worksheet with a title in merged cells")
    func worksheet() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/b.xlsx"
        try ContainersSupport.workbook(
            at: path,
            [
                [.inline("Sales report")], [.empty, .inline("of"), .inline("2010")], [],
                [.inline("Order"), .inline("Customer"), .inline("Date"), .inline("Total"), .inline("Country")],
                [.inline("7"), .number("17850"), .styled("40513.25", style: WorkbookFile.dateStyle), .number("12.5")],
                [
                    .inline("8"), .number("17850"), .styled("40514.25", style: WorkbookFile.dateStyle), .number("2"),
                    .inline("France"),
                ],
            ]
        )
        var reader = try TransactionReader(path: path)
        var lines: [String] = []
        while try reader.readBatch(maxLines: 10, { lines.append(ReadLine($0).description) }) {}
        #expect(lines == ["7|||1|2010-12-01 06:00|12500|17850||0", "8|||1|2010-12-02 06:00|2000|17850|France|0"])
        let remarks = reader.report.remarks
        #expect(remarks.contains { $0.contains("the header is line 4: 2 lines above it are") }, "\(remarks)")
    }

    @Test(
        "the time stands behind the date, or in a column of its own",
        arguments: [
            ("2010-12-01,08:26:00", "2010-12-01 08:26"), ("12/13/2010,8:26 PM", "2010-12-13 20:26"),
            ("13.12.2010,08:26", "2010-12-13 08:26"), ("1-Dec-2010,\"8:26 AM\"", "2010-12-01 08:26"),
            // What a date has by itself is taken, but for the midnight of a day.
            ("2010-12-01 07:00,08:26", "2010-12-01 07:00"), ("2010-12-01T07:00:00,08:26", "2010-12-01 07:00"),
            ("2010-12-01 00:00:00,08:26:00", "2010-12-01 08:26"), ("13/12/2010 0:00,8:26", "2010-12-13 08:26"),
            ("2010-12-01T00:00:00.000,08:26", "2010-12-01 08:26"),
            ("2010-12-01,", "2010-12-01 00:00"),
        ]
    )
    func times(fields: String, time: String) {
        for (header, flags) in [("Time", [:]), ("When", ["columns": "time=when"])]
            as [(String, KeyValuePairs<String, String>)]
        {
            let reading = Self.read("Order,Customer,Date,\(header),Total\n7,17850,\(fields),1\n", flags)
            #expect(reading.lines.map { CivilTime.format(minute: $0.minute) } == [time], "\(reading)")
        }
        // Without the role, the column is ignored.
        let ignored = Self.read("Order,Customer,Date,When,Total\n7,17850,\(fields),1\n")
        #expect(ignored.report?.settled.ignoredColumns == ["When"])
    }

    @Test("a time that is none makes no date")
    func wrongTimes() {
        let header = "Order,Customer,Date,Time,Total\n"
        let lines =
            "1,5,2010-12-01,8:26,1\n2,5,2010-12-01,noon,1\n3,5,2010-12-01,\(String(repeating: "9", count: 300)),1\n"
        #expect(Self.read(header + lines).reasons == ["bad_date 2"])
        let nothing = Self.read(header + "1,5,2010-12-01,noon,1\n")
        #expect(nothing.error?.description.contains("2010-12-01 noon") == true, "\(nothing)")
    }

    @Test(
        "what Excel writes for an error is no customer",
        arguments: ["#N/A", "#n/a", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!"]
    )
    func errorWords(word: String) {
        let reading = Self.read(Self.header + "7,\(word),2010-12-01 08:26,12.50\n" + Self.line)
        #expect(reading.reasons == ["no_customer 1"] && reading.lines.count == 1)
    }

    @Test("blanks that are not to be broken are no part of a customer")
    func hardBlanks() {
        for id in ["17850\u{A0}", "\u{A0} 17850", "\u{202F}17850\u{A0}\u{A0}", "\u{FEFF}17850"] {
            #expect(Self.read(Self.header + "7,\(id),2010-12-01 08:26,12.50\n").lines.map(\.customer) == [17850])
        }
        let latin1 = Array(Self.header.utf8) + Array("7,17850".utf8) + [0xA0] + Array(",2010-12-01 08:26,12.50\n".utf8)
        #expect(ReadingSupport.read(latin1, layout: ReadingLayout()).lines.map(\.customer) == [17850])
        #expect(Self.read(Self.header + "7,\u{A0},2010-12-01,1\n" + Self.line).reasons == ["no_customer 1"])
    }

    @Test("a worksheet that has no such columns is refused with the flag for another")
    func otherWorksheet() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/b.xlsx"
        let book = try WorkbookFile(path: path)
        try book.beginSheet("Notes")
        try book.addRow([.inline("Read me")])
        try book.beginSheet("Data")
        try book.addRow([.inline("Customer"), .inline("Date"), .inline("Total")])
        try book.addRow([.number("17850"), .inline("2010-12-01"), .number("1")])
        try book.finish()
        let found = try TransactionInputs.find(at: [path]).inputs
        let error = #expect(throws: ReadingError.self) { _ = try TransactionReader(input: found[0]) }
        #expect(error?.description.contains("--worksheet NAME") == true, "\(String(describing: error))")
        let data = try #require(try TransactionInputs.find(at: [path], worksheet: "Data").inputs.first)
        var reader = try TransactionReader(input: data)
        var customers: [Int64] = []
        while try reader.readBatch(maxLines: 10, { customers.append($0.customer) }) {}
        #expect(customers == [17850])
    }

    @Test("UTF-16 is refused with the way to convert it, in either order of bytes and without a mark")
    func utf16() {
        let text = Self.header + Self.line
        for encoding in [String.Encoding.utf16LittleEndian, .utf16BigEndian] {
            for mark in ["\u{FEFF}", ""] {
                let bytes = Array((mark + text).data(using: encoding) ?? Data())
                let error = ReadingSupport.read(bytes, name: "u.csv", layout: ReadingLayout()).error?.description ?? ""
                #expect(error.contains("is UTF-16 text") && error.contains("iconv -f UTF-16 -t UTF-8"), "\(error)")
            }
        }
    }
}
