import ChurnFeatures
import Testing

@Suite("Reading: records of RFC 4180")
struct ReadingRecordTests {
    @Test("two lines come out as they went in")
    func golden() throws {
        let reading = ReadingSupport.body(
            """
            536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,12/1/2010 8:26,2.55,17850,United Kingdom
            C536379,D,Discount,-1,12/1/2010 9:41,27.5,14527,United Kingdom

            """
        )
        #expect(
            reading.lines.map(\.description) == [
                "536365|85123A|WHITE HANGING HEART T-LIGHT HOLDER|6|2010-12-01 08:26|2550|17850|United Kingdom|0",
                "C536379|D|Discount|-1|2010-12-01 09:41|27500|14527|United Kingdom|0",
            ]
        )
        let report = try #require(reading.report)
        #expect(reading.error == nil)
        #expect((report.counts.lines, report.counts.kept, report.counts.rejected) == (2, 2, 0))
        #expect((report.counts.purchases, report.counts.cancellations) == (1, 1))
        #expect(report.encoding == .ascii && report.compression == .none && report.lineEnd == .lf)
        #expect(report.dateLayout == .monthDayYear && report.header.count == 8)
        #expect(report.counts.firstMinute.map(CivilTime.format(minute:)) == "2010-12-01 08:26")
        #expect(report.counts.lastMinute.map(CivilTime.format(minute:)) == "2010-12-01 09:41")
        #expect(report.counts.plainBytes == report.fileBytes && report.counts.storedBytes == report.fileBytes)
    }

    static let descriptions: [(field: String, text: String)] = [
        ("", ""),
        ("\"\"", ""),
        ("plain", "plain"),
        ("\"quoted\"", "quoted"),
        ("\"a, b\"", "a, b"),
        ("\"say \"\"hi\"\"\"", "say \"hi\""),
        ("\"\"\"\"", "\""),
        ("\"\"\"\"\"\"", "\"\""),
        ("\",\"", ","),
        ("\"line\nbreak\"", "line\nbreak"),
        ("\"line\r\nbreak\"", "line\r\nbreak"),
        ("\"a,\"\"b\"\"\nc\"", "a,\"b\"\nc"),
        ("12\" RULER", "12\" RULER"),
        ("a\"b\"c", "a\"b\"c"),
        (" outer blanks\t", "outer blanks"),
        ("\" quoted blanks \"", "quoted blanks"),
        (" \"blank first\"", "\"blank first\""),
        ("-12", "-12"),
        ("exactly8", "exactly8"),
        ("\"exactly8\"", "exactly8"),
        ("a\rb", "a\rb"),
    ]

    @Test("quotes, commas and line ends inside fields", arguments: descriptions, ["\n", "\r\n"])
    func field(_ pair: (field: String, text: String), lineEnd: String) {
        let next = "1,A,NEXT,1,12/1/2010 8:26,1,1,Ireland"
        for position in ["first", "middle", "last"] {
            let names: String
            let record: String
            switch position {
            case "first":
                names = "Description,InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID"
                record = "\(pair.field),1,A,1,12/1/2010 8:26,1,1"
            case "middle":
                names = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID"
                record = "1,A,\(pair.field),1,12/1/2010 8:26,1,1"
            default:
                names = "InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Description"
                record = "1,A,1,12/1/2010 8:26,1,1,\(pair.field)"
            }
            for end in ["", lineEnd] {
                let reading = ReadingSupport.read([names, record, record + end].joined(separator: lineEnd))
                #expect(reading.texts == [pair.text, pair.text], "\(position) \(next)")
                #expect(reading.lines.map(\.copy) == [0, 1])
                #expect(reading.counts.rejected == 0 && reading.error == nil)
            }
        }
    }

    @Test("an unclosed quote costs its own line and no other")
    func unclosedQuote() {
        let good = ReadingSupport.line(), quoted = ReadingSupport.line(description: "\"A, B\"")
        let bad = ReadingSupport.line(description: "\"LOST")
        for after in [good, quoted, good + quoted, quoted + good + good] {
            let reading = ReadingSupport.body(good + bad + after)
            let expected = 1 + after.split(separator: "\n").count
            #expect(reading.reasons == ["bad_quotes 1"])
            #expect(reading.lines.count == expected, "\(after)")
        }
    }

    @Test("a quote that closes by accident lines later costs its own line only")
    func accidentallyClosedQuote() {
        let bad = ReadingSupport.line(country: "\"United")
        let closing = ReadingSupport.line(invoice: "2\"")
        let filler = String(repeating: ReadingSupport.line(description: "FILLER"), count: 60)
        // The quote opened in the first line would be closed by the one after the 2 if a comma follows it.
        let reading = ReadingSupport.body(bad + filler + closing)
        #expect(reading.reasons == ["bad_quotes 1"])
        #expect(reading.lines.count == 61)
    }

    @Test("what follows a closing quote must be a comma or a line end", arguments: ["\"a\"b", "\"a\" ", "\"a\"\r"])
    func afterClosingQuote(field: String) {
        let reading = ReadingSupport.body(ReadingSupport.line(description: field) + ReadingSupport.line())
        #expect(reading.reasons == ["bad_quotes 1"])
        #expect(reading.lines.count == 1)
    }

    @Test("a record of exactly the limit is read, one byte more is rejected", arguments: [1, 7, 4096])
    func recordLimit(bufferBytes: Int) {
        let settings = ReadingSettings(bufferBytes: bufferBytes, recordBytes: 200)
        let line = ReadingSupport.line()
        let header = "Note," + ReadingSupport.header
        func note(_ count: Int) -> String { String(repeating: "x", count: count) + "," + line }
        let room = 200 - line.utf8.count
        let reading = ReadingSupport.read(
            header + note(room) + note(room + 1) + note(5000) + note(0),
            settings: settings
        )
        #expect(reading.reasons == ["record_too_long 2"])
        #expect(reading.lines.count == 2)
        #expect(reading.counts.lines == 4)
        #expect(reading.counts.plainBytes == reading.report?.fileBytes)
    }

    @Test("an unclosed quote beyond the record limit gives up that line only")
    func unclosedQuoteBeyondLimit() {
        let settings = ReadingSettings(bufferBytes: 64, recordBytes: 300)
        let bad = ReadingSupport.line(description: "\"LOST")
        let reading = ReadingSupport.body(
            bad + String(repeating: ReadingSupport.line(), count: 20),
            settings: settings
        )
        #expect(reading.reasons == ["bad_quotes 1"])
        #expect(reading.lines.count == 20)
    }

    @Test("blank lines are counted and are no lines")
    func blankLines() {
        let reading = ReadingSupport.read("\n\r\n" + ReadingSupport.header + "\n" + ReadingSupport.line() + "\r\n\n")
        #expect(reading.lines.count == 1)
        #expect((reading.counts.lines, reading.counts.blankLines) == (1, 5))
        #expect(reading.report?.lineEnd == .mixed)
    }

    @Test("too few and too many fields")
    func fieldCount() {
        let many = String(repeating: ",", count: 400) + "\n"
        let reading = ReadingSupport.body("a,b\n" + many + ReadingSupport.line() + "x\n")
        #expect(reading.reasons == ["wrong_field_count 3"])
        #expect(reading.lines.count == 1)
    }

    @Test("every truncation of a small quoted file is read without a trap")
    func truncations() {
        let whole = Array(
            (ReadingSupport.header + ReadingSupport.line(description: "\"a, \"\"b\"\"\r\nc\"")
                + ReadingSupport.line(invoice: "\"536366\"", country: "\"EIRE\"")).utf8
        )
        let all = ReadingSupport.read(whole)
        #expect(all.lines.count == 2)
        for count in 0..<whole.count {
            let reading = ReadingSupport.read(Array(whole[..<count]))
            #expect(reading.lines.count <= 2)
            #expect(reading.counts.lines == reading.counts.kept + reading.counts.rejected)
            if let first = reading.lines.first, reading.lines.count == 2 { #expect(first == all.lines[0]) }
            if count == 0 { #expect(reading.error == .emptyFile(path: "test.csv")) }
        }
    }

    @Test("a line that is read whole is reported before the error after it")
    func errorComesAlone() throws {
        let bytes = Array((ReadingSupport.header + ReadingSupport.line() + "1,A\0").utf8)
        var reader = try TransactionReader(bytes: bytes, name: "x.csv", layout: ReadingSupport.monthFirst)
        var count = 0
        let more = try reader.readBatch(maxLines: 10) { _ in count += 1 }
        #expect(more && count == 1 && reader.report.counts.kept == 1)
        for _ in 0..<2 {
            #expect(throws: ReadingError.nulByte(path: "x.csv", line: 3)) {
                try reader.readBatch(maxLines: 10) { _ in count += 1 }
            }
        }
        #expect(count == 1)
    }

    @Test("a batch ends after so many lines, rejected ones included", arguments: [1, 2, 3, 100])
    func batches(maxLines: Int) throws {
        let lines = (0..<10).map { ReadingSupport.line(invoice: "\($0)", customer: $0 % 2 == 0 ? "" : "7") }
        let bytes = Array((ReadingSupport.header + lines.joined()).utf8)
        var reader = try TransactionReader(bytes: bytes, name: "x.csv", layout: ReadingSupport.monthFirst)
        var before: Int64 = 0
        var invoices: [String] = []
        while try reader.readBatch(maxLines: maxLines, { invoices.append(ReadLine($0).invoice) }) {
            #expect(reader.report.counts.lines - before <= Int64(maxLines))
            before = reader.report.counts.lines
        }
        #expect(invoices == ["1", "3", "5", "7", "9"])
        #expect(try reader.readBatch(maxLines: 1) { _ in } == false)
    }
}
