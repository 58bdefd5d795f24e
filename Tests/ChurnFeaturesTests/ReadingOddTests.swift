import ChurnFeatures
import TestSupport
import Testing

/// What spreadsheets, web pages and programs of other languages make of numbers, dates and ids: read right, or refused with the
/// line that reads it.
@Suite("Reading: odd files")
struct ReadingOddTests {
    private static func times(_ dates: [String], _ flags: KeyValuePairs<String, String> = [:]) -> [String] {
        let reading = ReadingDateTests.read(dates, flags)
        #expect(reading.error == nil && reading.reasons.isEmpty, "\(dates): \(reading.error?.description ?? "")")
        return reading.lines.map { CivilTime.format(minute: $0.minute) }
    }

    private static func error(_ body: String, _ layout: ReadingLayout = ReadingLayout()) -> String {
        let error = ReadingSupport.body(body, layout: layout).error
        expectOneLine(error, "test.csv: line 2: ")
        return error?.description ?? ""
    }

    @Test("a formula around a text is none of it, in quotes or without")
    func formulas() {
        let plain = ReadingSupport.body(ReadingSupport.line())
        let bare = ReadingSupport.line(
            invoice: "=\"536365\"",
            stockCode: "=\"85123A\"",
            quantity: "=\"6\"",
            date: "=\"12/1/2010 8:26\"",
            price: "=\"2.55\"",
            customer: " =\"17850\" "
        )
        #expect(plain.lines.count == 1 && ReadingSupport.body(bare).lines == plain.lines)
        let quoted = ReadingSupport.line(
            invoice: "\"=\"\"536365\"\"\"",
            stockCode: "\"=\"\"85123A\"\"\"",
            customer: "\"=\"\"17850\"\"\""
        )
        #expect(ReadingSupport.body(quoted).lines == plain.lines)
        // Any other formula is what it was: a text.
        #expect(ReadingSupport.body(ReadingSupport.line(customer: "=17850")).lines.map(\.customerName) == ["=17850"])
        #expect(ReadingSupport.body(ReadingSupport.line(invoice: "=\"\"")).reasons == ["missing_invoice 1"])
    }

    @Test(
        "blanks that do not break are blanks in numbers, dates and ids",
        arguments: ["\u{A0}", "\u{202F}", "\u{2009}"]
    )
    func hardBlanks(blank: String) {
        for price in ["\(blank)1234.5", "1\(blank)234.50\(blank)€", "$\(blank)1234.50", "1234.50\(blank)"] {
            let reading = ReadingSupport.body(ReadingSupport.line(price: price))
            #expect(reading.lines.map(\.priceMilli) == [1_234_500], "\(price): \(reading.reasons)")
        }
        #expect(ReadingSupport.body(ReadingSupport.line(customer: "17850\(blank)")).lines.map(\.customer) == [17850])
        // As JavaScript writes a time of the United States.
        #expect(Self.times(["2/9/2011, 8:05:00\(blank)PM"], ["dates": "mdy"]) == ["2011-02-09 20:05"])
        #expect(Self.times(["\(blank)9\(blank)Feb\(blank)2011\(blank)08:05"]) == ["2011-02-09 08:05"])
    }

    @Test("in Latin-1 as well, where it is one byte that may end a letter of UTF-8")
    func latin1Blanks() {
        var line = Array(ReadingSupport.line(price: "#1234.50", customer: "17850#").utf8)
        for index in line.indices where line[index] == UInt8(ascii: "#") { line[index] = 0xA0 }
        let reading = ReadingSupport.read(Array(ReadingSupport.header.utf8) + line)
        #expect(reading.lines.map(\.priceMilli) == [1_234_500] && reading.lines.map(\.customer) == [17850])
        // Two bytes, the last of which is 0xA0.
        #expect(ReadingSupport.body(ReadingSupport.line(customer: "17850à")).lines.map(\.customerName) == ["17850à"])
    }

    @Test("a typeset minus is a minus", arguments: ["-", "\u{2212}", "\u{2010}", "\u{2011}", "\u{2013}"])
    func minus(sign: String) {
        let reading = ReadingSupport.body(ReadingSupport.line(quantity: "\(sign)6"))
        #expect(reading.lines.map(\.quantity) == [-6], "\(reading.reasons)")
        for price in ["\(sign)2.50", "\(sign)€2.50", "€\(sign)2.50", "2.50\(sign)"] {
            #expect(ReadingSupport.body(ReadingSupport.line(price: price)).reasons == ["negative_price 1"], "\(price)")
        }
        for quantity in ["\(sign)\(sign)6", sign, "6\(sign)6"] {
            #expect(
                ReadingSupport.body(ReadingSupport.line(quantity: quantity)).reasons == ["bad_quantity 1"],
                "\(quantity)"
            )
        }
    }

    @Test("full-width digits are refused with the program that makes them plain, in any field and behind many lines")
    func fullWidth() {
        let line = ReadingSupport.line(date: "2010-12-01")
        for odd in [
            ReadingSupport.line(date: "2010-12-01", customer: "１７８５０"),
            ReadingSupport.line(quantity: "６", date: "2010-12-01"),
            ReadingSupport.line(date: "2010-12-01", price: "2.５5"), ReadingSupport.line(date: "２０１０-12-01"),
        ] {
            let message = Self.error(odd)
            #expect(
                message.contains("full-width digits") && message.contains("uconv -x Fullwidth-Halfwidth"),
                "\(message)"
            )
            let late = ReadingSupport.body(String(repeating: line, count: 300) + odd, layout: ReadingLayout()).error
            #expect(late?.description.hasPrefix("test.csv: line 302: ") == true, "\(late?.description ?? "")")
        }
        // In a text they are a text.
        #expect(ReadingSupport.body(ReadingSupport.line(description: "６ CUPS")).texts == ["６ CUPS"])
    }

    @Test("the text of JavaScript's Date; its offset is used with a time zone")
    func javaScript() {
        let winter = "Sat Nov 28 2026 05:49:09 GMT+0000 (Coordinated Universal Time)"
        #expect(Self.times([winter]) == ["2026-11-28 05:49"])
        let long = "Sat Nov 28 2026 05:49:09 GMT+0100 (Central European Standard Time of some place)"
        #expect(Self.times([long]) == ["2026-11-28 05:49"])
        #expect(Self.times([long], ["time-zone": "Europe/London"]) == ["2026-11-28 04:49"])
        let summer = "Tue Jul 28 2026 05:49:09 GMT+0100 (British Summer Time)"
        #expect(ReadingDateTests.read([winter, summer]).error?.description.contains("--time-zone") == true)
        #expect(
            Self.times([winter, summer], ["time-zone": "Europe/London"]) == ["2026-11-28 05:49", "2026-07-28 05:49"]
        )
    }

    @Test("names of time zones with one meaning are offsets; others are refused with a pattern that reads them")
    func zoneNames() {
        #expect(Self.times(["2011-02-09 08:05:00 EST"]) == ["2011-02-09 08:05"])
        #expect(Self.times(["2011-02-09 08:05 PST"], ["time-zone": "America/New_York"]) == ["2011-02-09 11:05"])
        let both = ["2011-02-09 08:05 EST", "2011-07-09 08:05 EDT"]
        #expect(ReadingDateTests.read(both).error?.description.contains("--time-zone") == true)
        #expect(Self.times(both, ["time-zone": "America/New_York"]) == ["2011-02-09 08:05", "2011-07-09 08:05"])
        for name in ["BST", "CST"] {
            let message = Self.error(ReadingSupport.line(date: "2011-02-09 08:05:00 \(name)"))
            #expect(message.contains("\"yyyy-MM-dd HH:mm:ss '\(name)'\""), "\(message)")
        }
        #expect(
            Self.times(["2011-02-09 08:05:00 BST"], ["dates": "yyyy-MM-dd HH:mm:ss 'BST'"]) == ["2011-02-09 08:05"]
        )
    }

    static let names: [(month: Int, dates: [String])] = [
        (1, ["9 janvier 2011", "9 janv. 2011", "9. Januar 2011", "9 de enero de 2011", "9 ene. 2011", "09-ene-2011"]),
        (2, ["9. Februar 2011", "9 févr. 2011", "9 fe\u{301}vrier 2011", "9 feb 2011", "9 de febrero del 2011"]),
        (3, ["9. März 2011", "9. Mrz. 2011", "9 mars 2011", "9 de marzo de 2011", "9 MÄRZ 2011"]),
        (5, ["9. Mai 2011", "9 mai 2011", "lunes, 9 de mayo de 2011", "Montag, 9. Mai 2011", "lun. 9 mai 2011"]),
        (8, ["9 août 2011", "9 ago. 2011", "mardi 9 août 2011", "9 AOÛT 2011", "09/août/2011"]),
        (10, ["9. Okt. 2011", "9-Okt-2011", "9 octobre 2011", "9 de octubre de 2011"]),
        (12, ["9. Dezember 2011", "9 déc. 2011", "9 dic 2011", "9.Dez.2011", "9 décembre 2011", "9-déc.-2011"]),
    ]

    @Test("names of months in other languages, with every way to write the time behind them", arguments: names)
    func monthNames(_ row: (month: Int, dates: [String])) {
        let day = "2011-\(row.month < 10 ? "0" : "")\(row.month)-09"
        for date in row.dates {
            #expect(Self.times([date]) == ["\(day) 00:00"], "\(date)")
            for time in ["08:05", "à 08:05", "um 08:05 Uhr", "at 8:05 AM", "8:05:00"] {
                #expect(Self.times(["\(date) \(time)"]) == ["\(day) 08:05"], "\(date) \(time)")
            }
        }
    }

    @Test("in Latin-1, the first of a month, blanks behind dots; a name of no known language is refused by name")
    func otherNames() {
        var line = Array(ReadingSupport.line(date: "9 d#c. 2011").utf8)
        for index in line.indices where line[index] == UInt8(ascii: "#") { line[index] = 0xE9 }
        let reading = ReadingSupport.read(Array(ReadingSupport.header.utf8) + line)
        #expect(reading.lines.map { CivilTime.format(minute: $0.minute) } == ["2011-12-09 00:00"])
        #expect(Self.times(["1er janvier 2011", "13. 2. 2011"].prefix(1).map { $0 }) == ["2011-01-01 00:00"])
        #expect(Self.times(["9. 2. 2011 08:05"]) == ["2011-02-09 08:05"])
        let message = Self.error(ReadingSupport.line(date: "9 grudnia 2011"))
        #expect(
            message.contains("\"grudnia\" is no name of a month") && message.contains("sed 's/grudnia/01/'"),
            "\(message)"
        )
    }

    @Test("a header that is no UTF-8 is read as Windows-1252, and its names can be given", arguments: [true, false])
    func header(isLatin1: Bool) {
        let text = "Bestellung;Artikel;St\u{FC}ck;Datum;St\u{FC}ckpreis \u{80};Kunde\n1;A;2;2010-12-13;2,50;17850\n"
        let bytes =
            isLatin1 ? text.unicodeScalars.map { UInt8($0.value) } : Array(text.replacing("\u{80}", with: "€").utf8)
        let flags: KeyValuePairs = [
            "columns": "customer=Kunde,date=Datum,invoice=Bestellung,product=Artikel,quantity=Stück,price=Stückpreis €"
        ]
        let reading = ReadingSupport.read(bytes, layout: ReadingSupport.layout(flags))
        #expect(
            reading.lines.map(\.priceMilli) == [2500] && reading.lines.map(\.quantity) == [2],
            "\(reading.error as Any)"
        )
        let missing = ReadingSupport.read(bytes, layout: ReadingLayout()).error?.description ?? ""
        #expect(missing.contains("Stück, Datum, Stückpreis €") && !missing.contains("?"), "\(missing)")
    }

    @Test(
        "a worksheet whose dates are partly texts is refused: a program may have exchanged day and month",
        arguments: [1, 300]
    )
    func mixedCells(lines: Int) throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/mixed.xlsx"
        let names = ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"]
        func row(_ date: WorkbookFile.Cell) -> [WorkbookFile.Cell] {
            [.number("1"), .inline("A"), .number("2"), date, .number("2.5"), .number("17850")]
        }
        let cells = [WorkbookFile.Cell](repeating: .styled("40513", style: WorkbookFile.dateStyle), count: lines)
        for dates in [
            cells + [.inline("13/12/2010")], [.inline("13/12/2010")] + cells, cells + [.inline("13-Dec-2010")],
        ] {
            try ContainersSupport.workbook(at: path, [names.map { .inline($0) }] + dates.map(row))
            let error = ContainersSupport.readingError(at: path)
            expectOneLine(error, path)
            let message = error?.description ?? ""
            #expect(message.contains("converted a part of them") && message.contains("--dates"), "\(message)")
        }
        // Texts of the same form as those of the cells say the same.
        try ContainersSupport.workbook(
            at: path,
            [names.map { .inline($0) }] + (cells + [.inline("2010-12-13")]).map(row)
        )
        #expect(ContainersSupport.readingError(at: path) == nil)
    }
}
