import ChurnFeatures
import Foundation
import Testing

@Suite("Reading: dates")
struct ReadingDateTests {
    /// Reads dates under the usual header.
    static func read(_ dates: [String], _ flags: KeyValuePairs<String, String> = [:]) -> Reading {
        let lines = dates.map { ReadingSupport.line(date: $0.contains(",") ? "\"\($0)\"" : $0) }
        return ReadingSupport.body(lines.joined(), layout: ReadingSupport.layout(flags))
    }

    private static func times(_ reading: Reading) -> [String] {
        reading.lines.map { CivilTime.format(minute: $0.minute) }
    }

    /// Every form of 2011-02-09 08:05.
    static let forms: [(flag: String, dates: [String])] = [
        (
            "",
            [
                "2011-02-09 08:05", "2011-02-09T08:05", "2011-02-09 8:05", "2011-02-09 08:05:00", "2011/02/09 08:05",
                "2011-2-9 08:05", "2011.02.09 08:05", "2011-02-09 08:05:00.000", "2011-02-09  08:05 AM",
                "20110209 08:05", "20110209T08:05:00", "2011-Feb-09 08:05", "9-Feb-2011 08:05", "09 February 2011 8:05",
                "Feb 9, 2011 8:05 AM", "February 9 2011 08:05", "Feb  9 2011  8:05AM", "Wed, 9 Feb 2011 08:05:00",
                "Wednesday, February 9, 2011 08:05", "9/FEB/2011 08:05", "9.2.2011 08:05", "09.02.2011 08:05:00",
                "40583.3368055556", "40583.336805555555",
            ]
        ),
        ("dmy", ["9/2/2011 8:05", "09/02/2011 08:05", "09-02-2011 08:05", "9.2.2011 8:05", "9/2/2011, 08:05"]),
        ("mdy", ["2/9/2011 8:05", "02/09/2011 08:05:00", "02-09-2011 8:05 am", "2.9.2011 8:05", "2/9/2011 8:05 a.m."]),
        ("serial", ["40583.3368055556"]),
        ("epoch", ["1297238700", "1297238700.0"]),
        ("epoch-ms", ["1297238700000"]),
        ("dd.MM.yyyy HH:mm", ["09.02.2011 08:05"]),
        ("yyyyMMddHHmmss", ["20110209080500"]),
        ("d MMM yyyy 'at' h:mm a", ["9 Feb 2011 at 8:05 AM"]),
        ("M/d/yy H:mm", ["2/9/11 8:05"]),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZ", ["2011-02-09T08:05:00.000+00:00"]),
    ]

    @Test("every form gives the same minute", arguments: forms)
    func form(_ row: (flag: String, dates: [String])) {
        for date in row.dates {
            let reading = row.flag.isEmpty ? Self.read([date]) : Self.read([date], ["dates": row.flag])
            #expect(Self.times(reading) == ["2011-02-09 08:05"], "\(date): \(reading.error?.description ?? "")")
            #expect(reading.counts.cutSeconds == 0, "\(date)")
        }
    }

    static let noDates = [
        "2011-02-29 08:05", "2011-13-01 08:05", "2011-00-01 08:05", "1899-12-31 08:05", "3000-01-01 08:05",
        "2011-02-09 24:00", "2011-02-09 08:60", "2011-02-09 08:5", "2011-02-09 08:05:60", "2011-02-09 08:05:00.",
        "2011-02-09 13:05 PM", "2011-02-09 0:05 AM", "2011-02-09T08:05 X", "2011-02-09T08:05ZZ", "2011-02-09Tx",
        "2011-02-09 08:05+1:00", "2011-02-09 08:05+19:00", "2011--09", "2011-02/09", "20111301", "9 Foo 2011",
        "30-Feb-2011", "31.04.2011", "13.13.2011", "0.1.2011", "/", "-", "x", "9", "123456789",
        "2011-02-09 08:05 UTC+1",
        "Wed", "Wed,", "Feb", "Feb 9", "Feb 9,", "99999999999999999999",
    ]

    @Test("what is no date is rejected, never read as another", arguments: noDates)
    func noDate(_ date: String) {
        for good in ["2011-02-09 08:05", "9-Feb-2011 08:05", "28.2.2011 08:05"] {
            let reading = Self.read([good, date])
            #expect(reading.lines.count <= 1 && (reading.reasons == ["bad_date 1"] || reading.error != nil), "\(date)")
        }
    }

    @Test("seconds are cut off and counted")
    func cutSeconds() {
        let reading = Self.read(["2011-02-09 08:05:00", "2011-02-09 08:05:59", "2011-02-09 08:05:00.5"])
        #expect(Set(reading.lines.map(\.minute)).count == 1 && reading.counts.cutSeconds == 2)
        // A serial is rounded to the second before.
        #expect(Self.times(Self.read(["40583.336805555"])) == ["2011-02-09 08:05"])
        #expect(Self.times(Self.read(["40583.9999999"])) == ["2011-02-10 00:00"])
    }

    @Test("a first number above 12 and a second one above 12 are a mixture, which is refused")
    func mixture() {
        for dates in [["13/1/2011 8:00", "1/13/2011 8:00"], ["1/13/2011 8:00", "1/2/2011 8:00", "13/1/2011 8:00"]] {
            let error = Self.read(dates).error?.description ?? ""
            #expect(error.contains("13/1/2011") && error.contains("1/13/2011") && error.contains("--dates"), "\(error)")
        }
        // Also beyond what the first pass reads.
        let many = ["1/13/2011 8:00"] + [String](repeating: "1/2/2011 8:00", count: 500) + ["13/1/2011 8:00"]
        let reading = Self.read(many)
        #expect(reading.error?.description.contains("line 503") == true && reading.lines.count == 501)
        // And against a flag; with a pattern such lines are rejected.
        #expect(Self.read(["13/1/2011 8:00"], ["dates": "mdy"]).error?.description.contains("13/1/2011") == true)
        #expect(Self.read(["1/2/2011 8:00", "13/1/2011 8:00"], ["dates": "M/d/yyyy H:mm"]).reasons == ["bad_date 1"])
        #expect(Self.read(["1.2.2011", "1.13.2011"]).error?.description.contains("line 3") == true)
        #expect(Self.read(["1.13.2011"], ["dates": "mdy"]).lines.count == 1)
    }

    @Test("a day that no order has is rejected and proves nothing")
    func noDay() {
        let reading = Self.read(["13/13/2011 8:00", "31/2/2011 8:00", "1/31/2011 8:00"])
        #expect(reading.reasons == ["bad_date 2"] && reading.lines.count == 1)
    }

    @Test("offsets that are not all equal are refused, unless a time zone says the clock")
    func offsets() {
        let summer = ["2011-02-09T08:05:00+00:00", "2011-07-09T08:05:00+01:00"]
        let error = Self.read(summer).error?.description ?? ""
        #expect(error.contains("line 3") && error.contains("--time-zone"), "\(error)")
        #expect(Self.read(["2011-02-09 08:05", "2011-02-09 08:05Z"]).error != nil)
        #expect(Self.read(["2011-02-09 08:05Z", "2011-02-09 08:05"]).error != nil)
        let london = Self.read(summer, ["time-zone": "Europe/London"])
        #expect(Self.times(london) == ["2011-02-09 08:05", "2011-07-09 08:05"])
        let utc = Self.read(["2011-02-09T08:05:00Z", "2011-07-09T08:05:00Z"], ["time-zone": "Europe/London"])
        #expect(Self.times(utc) == ["2011-02-09 08:05", "2011-07-09 09:05"])
        #expect(Self.read(["2011-02-09 08:05Z", "2011-02-09 08:05"], ["time-zone": "Europe/London"]).error != nil)
        let equal = Self.read(["2011-02-09 08:05:00 -0500", "2011-02-10 08:05:00 -05:00"])
        #expect(Self.times(equal) == ["2011-02-09 08:05", "2011-02-10 08:05"])
        #expect(equal.report?.ignoredOffset == "-05:00")
    }

    @Test("numbers alone: serials are told, epochs need a flag")
    func numbers() {
        let error = Self.read(["1297238700"]).error?.description ?? ""
        #expect(error.contains("--dates epoch") && error.contains("9 February 2011"), "\(error)")
        #expect(Self.read(["1297238700000"]).error?.description.contains("--dates epoch-ms") == true)
        #expect(Self.read(["12345"]).error != nil && Self.read(["99999"]).error != nil)
        let epoch = Self.read(["1297238700"], ["dates": "epoch", "time-zone": "Asia/Kolkata"])
        #expect(Self.times(epoch) == ["2011-02-09 13:35"])
    }

    @Test("a file whose dates are none is an error that names the first")
    func noLayout() {
        let error = ReadingError.noDateLayout(path: "test.csv", line: 2, value: "9. Foo 2011")
        #expect(Self.read(["9. Foo 2011"]).error == error)
        let many = Self.read([String](repeating: "9. Foo 2011", count: 3000))
        #expect(many.error == error && many.counts.lines == 0)
        #expect(error.description.contains("--dates"))
    }

    @Test("two-digit years: the hundred years from the base on, and an order that is proved")
    func twoDigitYears() {
        let flags: KeyValuePairs = ["two-digit-years": "1950", "dates": "dmy"]
        #expect(Self.times(Self.read(["1/2/49", "1/2/50"], flags)) == ["2049-02-01 00:00", "1950-02-01 00:00"])
        // 13/12/10 may also be 10 December 2013; 13/12/00 may not.
        #expect(Self.read(["13/12/10"], ["two-digit-years": "2000"]).error?.description.contains("--dates ymd") == true)
        #expect(Self.times(Self.read(["13/12/10", "13/12/00"], ["two-digit-years": "2000"]))[1] == "2000-12-13 00:00")
        #expect(Self.times(Self.read(["12/31/10"], ["two-digit-years": "2000"])) == ["2010-12-31 00:00"])
        #expect(Self.times(Self.read(["1.12.10"], ["two-digit-years": "2000"])) == ["2010-12-01 00:00"])
    }

    @Test("what can be read only once is read as far as it is certain")
    func readOnce() throws {
        func read(_ lines: String, _ layout: ReadingLayout = ReadingLayout()) throws -> (texts: [String], error: String)
        {
            let pipe = Pipe()
            try pipe.fileHandleForWriting.write(contentsOf: Data((ReadingSupport.header + lines).utf8))
            try pipe.fileHandleForWriting.close()
            let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
            var reader = try TransactionReader(path: path, layout: layout)
            var texts: [String] = []
            do {
                while try reader.readBatch(maxLines: 1, { texts.append(ReadLine($0).description) }) {}
            } catch let error as ReadingError {
                return (texts, error.description)
            }
            return (texts, "")
        }
        let certain = ReadingSupport.line(date: "31/12/2010", price: "\"2,5\"")
        let ambiguous = ReadingSupport.line(date: "1/2/2011", price: "\"2,500\"")
        let line = "536365|85123A|LANTERN|6|2010-12-31 00:00|2500|17850|United Kingdom|0"
        #expect(try read(certain) == ([line], ""))
        #expect(try read(certain + ambiguous).texts.count == 2)
        #expect(try read(ambiguous + certain).error.contains("--dates dmy"))
        let numbers = try read(ambiguous + certain, ReadingSupport.layout(["dates": "dmy"]))
        #expect(numbers.texts.isEmpty && numbers.error.contains("--decimal comma"))
    }
}
