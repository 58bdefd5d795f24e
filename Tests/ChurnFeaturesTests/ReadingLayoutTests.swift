import ChurnFeatures
import TestSupport
import Testing

@Suite("Reading: layouts")
struct ReadingLayoutTests {
    @Test("a layout comes back from its text")
    func text() throws {
        let layout = ReadingSupport.layout([
            "dates": "DMY", "columns": "customer=Kunde, date=\"Tag, Zeit\",price=\"a\"\"b=c\"", "separator": ";",
            "decimal": ",", "thousands": "blank", "time-zone": "Europe/London", "two-digit-years": "2000",
            "cancelled-invoices": "C*", "exclude": "status=Cancelled, refunded",
        ])
        let expected = """
            dates: dmy
            columns: customer=Kunde,date="Tag, Zeit",price="a""b=c"
            separator: semicolon
            decimal: comma
            thousands: blank
            time-zone: Europe/London
            two-digit-years: 2000
            cancelled-invoices: C*
            exclude: status=cancelled,refunded

            """
        #expect(layout.text == expected)
        #expect(try ReadingLayout(text: expected) == layout)
        #expect(try ReadingLayout(text: "# from the shop\n\n dates : epoch-ms \r\n").dates == .epochMilliseconds)
        #expect(try ReadingLayout(text: "").text == "")
        for pattern in ["dd.MM.yyyy HH:mm", "d MMM yyyy 'at' h:mm a", "serial", "ymd"] {
            #expect(try ReadingLayout(text: "dates: \(pattern)").text == "dates: \(pattern)\n")
        }
    }

    static let wrong: [(flag: String, value: String)] = [
        ("dates", "dym"), ("dates", ""), ("dates", "yyyy-MM"), ("dates", "yyyy-MM-dd-dd"), ("dates", "yyy-MM-dd"),
        ("dates", "yyyy-MM-dd 'x"), ("dates", "yyyy-MM-dd h:mm"), ("dates", "yyyy-MM-dd HH:mm a"),
        ("columns", ""), ("columns", "customer"), ("columns", "buyer=x"), ("columns", "customer="),
        ("columns", "customer=a,customer=b"), ("columns", "price=a,amount=b"), ("columns", "customer=\"a"),
        ("columns", "customer=\"a\"b"), ("separator", "x"), ("separator", ""), ("decimal", "_"), ("thousands", "x"),
        ("time-zone", "Europe/Nowhere"), ("time-zone", "../../etc/passwd"), ("time-zone", "/etc/passwd"),
        ("time-zone", ""),
        ("two-digit-years", "20"), ("two-digit-years", "x"), ("two-digit-years", "2901"),
        ("cancelled-invoices", ""), ("cancelled-invoices", "*"), ("exclude", "cancelled"), ("exclude", "status="),
        ("exclude", "state=x"),
    ]

    @Test("a value that cannot be used is refused with the flag and what may stand there", arguments: wrong)
    func refused(_ row: (flag: String, value: String)) throws {
        let flag = try #require(LayoutFlag(rawValue: row.flag))
        var layout = ReadingLayout()
        let error = #expect(throws: LayoutError.self) { try layout.set(flag, to: row.value) }
        #expect(error?.flag == row.flag && error?.value == row.value)
        #expect(error?.description.hasPrefix("--\(row.flag) \(row.value): ") == true)
        #expect(throws: LayoutError.self) { try ReadingLayout(text: "\(row.flag): \(row.value)") }
    }

    @Test("a line of a layout file with an unknown name is refused")
    func unknownLine() {
        for text in ["date: dmy", "dates dmy", ": x"] {
            let error = #expect(throws: LayoutError.self) { try ReadingLayout(text: text) }
            #expect(error?.description.contains("two-digit-years") == true)
        }
    }

    @Test("invoices match a pattern with stars")
    func invoicePattern() {
        let invoices = ["C1", "c1", "1C", "AC1B", "C", "RMA-7-X"]
        let kept = [("C*", "C1,C"), ("*C", "1C,C"), ("*C*", "C1,1C,AC1B,C"), ("RMA-*-X", "RMA-7-X"), ("C1", "C1")]
        for (pattern, cancelled) in kept {
            let lines = invoices.map { ReadingSupport.line(invoice: $0) }.joined()
            let layout = ReadingSupport.layout(["dates": "mdy", "cancelled-invoices": pattern])
            let reading = ReadingSupport.body(lines, layout: layout)
            let found = reading.lines.filter { $0.quantity < 0 }.map(\.invoice)
            #expect(found.joined(separator: ",") == cancelled, "\(pattern)")
        }
    }

    private static func settle(_ files: [String], _ layout: ReadingLayout = ReadingLayout()) throws -> [SettledLayout] {
        var evidence = LayoutEvidence(layout: layout)
        for (index, file) in files.enumerated() {
            try evidence.examine(bytes: Array((ReadingSupport.header + file).utf8), name: "\(index).csv")
        }
        return try evidence.settle()
    }

    @Test("files decide together, whichever has the proof")
    func shared() throws {
        let ambiguous = ReadingSupport.line(date: "1/2/2011", price: "\"1,234\"")
        let proof = ReadingSupport.line(date: "13/2/2011", price: "\"2,5\"")
        for files in [
            [ambiguous, ambiguous, proof], [proof, ambiguous, ambiguous], [ambiguous, proof, "", ambiguous],
        ] {
            let settled = try Self.settle(files)
            #expect(settled.map(\.name) == files.indices.map { "\($0).csv" })
            #expect(settled.allSatisfy { $0.dates == nil || $0.dates == .dayMonthYear })
            #expect(settled.allSatisfy { $0.layout.text == "dates: dmy\ndecimal: comma\n" })
        }
        let last = try Self.settle([ambiguous, proof])[0]
        #expect(last.remarks.contains { $0.contains("13/2/2011") && $0.contains("of 1.csv") })
        // What was settled reads further files without evidence.
        let layout = try ReadingLayout(text: last.layout.text)
        #expect(ReadingSupport.body(ambiguous, layout: layout).lines.map(\.priceMilli) == [1234])
    }

    @Test("what files contradict, or nobody proves, names the file")
    func faults() {
        func error(_ files: [String]) -> String {
            do {
                _ = try Self.settle(files)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let first = ReadingSupport.line(date: "1/2/2011"), day = ReadingSupport.line(date: "13/2/2011")
        let month = ReadingSupport.line(date: "2/13/2011"), dashes = ReadingSupport.line(date: "1-2-2011")
        #expect(
            error([day, first, month]).contains("line 2 of 0.csv") && error([day, month]).hasPrefix("1.csv: line 2")
        )
        #expect(error([first, first]).hasPrefix("0.csv: line 2: \"1/2/2011\" may be 1 February 2011 (--dates dmy) or"))
        // Dashes are another kind of date, of which slashes prove nothing.
        #expect(error([day, dashes]).hasPrefix("1.csv: line 2: \"1-2-2011\""))
        let utc = ReadingSupport.line(date: "2011-02-13 08:00Z"), local = ReadingSupport.line(date: "2011-02-13 08:00")
        #expect(error([utc, local]).contains("--time-zone") && error([utc, utc]) == "")
    }

    @Test("what one file proves is held against the lines of the others")
    func sharedNumbers() throws {
        let point = ReadingSupport.line(date: "2011-02-13")
        let comma = ReadingSupport.line(date: "2011-02-13", price: "\"2,50\"")
        let directory = try TemporaryDirectory()
        var evidence = LayoutEvidence()
        for (name, line) in [("a", point), ("b", comma)] {
            let path = "\(directory.path)/\(name).csv"
            try ReadingSupport.write(Array((ReadingSupport.header + line).utf8), to: path)
            try evidence.examine(path: path, name: name)
        }
        let settled = try evidence.settle()
        var reader = try TransactionReader(path: directory.path + "/b.csv", settled: settled[1])
        let error = #expect(throws: ReadingError.self) { _ = try reader.readBatch(maxLines: 10) { _ in } }
        #expect(error?.description.hasPrefix("b: line 2: the number \"2,50\"") == true)
        #expect(error?.description.contains("\"2.55\" has in line 2 of a") == true)
    }

    @Test("a file that has changed since it was examined is refused")
    func changed() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/a.csv"
        try ReadingSupport.write(
            Array((ReadingSupport.header + ReadingSupport.line(date: "2011-02-13")).utf8),
            to: path
        )
        var evidence = LayoutEvidence()
        try evidence.examine(path: path, name: "shop.csv")
        let settled = try evidence.settle()[0]
        var reader = try TransactionReader(path: path, settled: settled)
        #expect(try !reader.readBatch(maxLines: 10) { _ in } && reader.report.path == "shop.csv")
        try ReadingSupport.write(Array("customer_id,date,amount\n".utf8), to: path)
        #expect(throws: ReadingError.layout(.changedFile(path: "shop.csv"))) {
            _ = try TransactionReader(path: path, settled: settled)
        }
    }
}
