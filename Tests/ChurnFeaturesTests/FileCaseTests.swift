import ChurnFeatures
import Testing

/// The small files of `Tests/Fixtures/Files`: each is the essence of files that shops have, with its right outcome.
@Suite("Reading: small files and their outcomes")
struct FileCaseTests {
    @Test("dates without a time are at 00:00")
    func dateOnly() throws {
        let file = try FileCase("01-date-only-iso.csv")
        #expect(file.times == ["2010-12-01 00:00", "2011-01-05 00:00"])
    }

    @Test("one date of the 13th proves for all that the day is first")
    func dayFirst() throws {
        let file = try FileCase("03a-dmy-slash-first-ambiguous.csv")
        #expect(file.times == ["2010-12-05 08:26", "2010-12-13 09:00", "2011-01-06 10:00"])
        #expect(file.asOf == "2011-01-07")
        #expect(file.feature("tenure_days") == 33)
        #expect(file.remarks.contains("the day first, as \"13/12/2010 09:00\" shows in line 3"))
    }

    static let ambiguous: [(file: String, date: String, dmy: (String, Double), mdy: (String, Double)?)] = [
        ("03b-dmy-slash-all-ambiguous.csv", "01/12/2010", ("2010-12-07", 6), ("2010-06-13", 152)),
        ("04-mdy-dash.csv", "12-01-2010", ("2010-06-13", 152), ("2010-12-07", 6)),
    ]

    @Test("dates that nothing proves are refused with both readings, and read by either flag", arguments: ambiguous)
    func ambiguousDates(
        _ row: (file: String, date: String, dmy: (String, Double), mdy: (String, Double)?)
    ) throws {
        let file = try FileCase(row.file)
        #expect(file.reading.lines.isEmpty)
        for part in [row.file, row.date, "1 December 2010", "12 January 2010", "--dates dmy", "--dates mdy"] {
            #expect(file.error.contains(part), "\(part): \(file.error)")
        }
        #expect(!file.error.contains("\n"))
        let dmy = try FileCase(row.file, ["dates": "dmy"])
        #expect(dmy.asOf == row.dmy.0 && dmy.feature("tenure_days") == row.dmy.1)
        let mdy = try FileCase(row.file, ["dates": "mdy"])
        #expect(mdy.asOf == row.mdy?.0 && mdy.feature("tenure_days") == row.mdy?.1)
    }

    @Test("AM and PM are understood, and prove no order")
    func halfDays() throws {
        #expect(try FileCase("05-ampm.csv").error.contains("--dates dmy"))
        #expect(try FileCase("05-ampm.csv", ["dates": "mdy"]).times == ["2010-12-01 08:26", "2010-12-01 13:05"])
        #expect(try FileCase("05-ampm.csv", ["dates": "dmy"]).times == ["2010-01-12 08:26", "2010-01-12 13:05"])
    }

    @Test("offsets are left out of account, and said; with a time zone they are used")
    func offset() throws {
        let file = try FileCase("07c-offset.csv")
        #expect(file.times == ["2010-12-01 08:26"])
        #expect(file.remarks.contains("+00:00"))
        let paris = try FileCase("07c-offset.csv", ["time-zone": "Europe/Paris"])
        #expect(paris.times == ["2010-12-01 09:26"])
        #expect(!paris.remarks.contains("+00:00"))
    }

    @Test("two-digit years are refused unless a flag says the century")
    func twoDigitYears() throws {
        #expect(try FileCase("09-d-mon-yy.csv").error.contains("--two-digit-years"))
        #expect(try FileCase("09-d-mon-yy.csv", ["two-digit-years": "2000"]).times == ["2014-01-01 00:00"])
        #expect(try FileCase("09-d-mon-yy.csv", ["dates": "d-MMM-yy"]).times == ["2014-01-01 00:00"])
        #expect(try FileCase("53-two-digit-year.csv").error.contains("--two-digit-years"))
        // 12/1 may still be a day or a month.
        #expect(try FileCase("53-two-digit-year.csv", ["two-digit-years": "2000"]).error.contains("--dates mdy"))
        let said = try FileCase("53-two-digit-year.csv", ["two-digit-years": "2000", "dates": "mdy"])
        #expect(said.times == ["2010-12-01 08:26"])
    }

    @Test("dots mean that the day is first")
    func dots() throws {
        #expect(try FileCase("10-german-dots.csv").times == ["2010-12-01 08:26"])
    }

    @Test("semicolons and a decimal comma are told from the file")
    func decimalComma() throws {
        let file = try FileCase("11-semicolon-decimal-comma.csv")
        #expect(file.feature("Monetary") == 15.30)
        #expect(file.remarks.contains("semicolon") && file.remarks.contains("decimal comma"))
        let quoted = try FileCase("13-decimal-comma-quoted.csv")
        #expect(quoted.feature("Monetary") == 30.60)
        #expect(quoted.remarks.contains("decimal comma, as \"2,55\" shows in line 2"))
    }

    @Test("a number with both signs shows which is which")
    func thousands() throws {
        #expect(try FileCase("14-thousands.csv").feature("Monetary") == 14_814)
    }

    @Test("a price beyond thousandths is rounded, and counted")
    func rounding() throws {
        let file = try FileCase("15b-price-third.csv")
        #expect(file.reading.lines.map(\.priceMilli) == [12_967])
        #expect(file.feature("Monetary") == 77.802)
        #expect(
            file.reading.counts.roundedLines == 1
                && file.remarks.contains("1 line with a quantity, price or amount rounded")
        )
    }

    @Test("ids of customers: numbers are kept, no customer and damaged numbers told apart, texts not merged")
    func customers() throws {
        let file = try FileCase("16-customer-ids.csv")
        #expect(
            file.reading.lines.map { "\($0.invoice) \($0.customerName)" } == [
                "536365 17850", "536366 17850", "536367 017850", "536368 00123", "536369 123", "536370 CUST-0001",
                "536371 CG-12520", "536372 7c9e6679-7425-40de-944b-e07fc1f90ae7", "536373 ann@example.com",
                "536382 17850", "536384 6123456789012", "536385 18446744073709551615", "536386 18446744073709551616",
                "536387 9223372036854775808", "536388 1,234", "536389 17850",
            ]
        )
        #expect(file.reading.reasons == ["no_customer 7", "bad_customer 2"])
        #expect(file.features.count == 13 && Set(file.reading.lines.map(\.customer)).count == 13)
        #expect(file.feature("Frequency") == 4 && file.feature("Frequency", of: "017850") == 1)
        // The first 63 bits of SHA-256("CUST-0001"), and the next 64.
        let text = try #require(file.reading.lines.first { $0.customerText == "CUST-0001" })
        #expect(text.customer == Int64.min + 7010367220880057134 && text.customerCheck == 1213629444298380108)
        #expect(file.reading.lines.allSatisfy { ($0.customer < 0) == !$0.customerText.isEmpty })
    }

    @Test("leading zeros make another customer")
    func leadingZeros() throws {
        let file = try FileCase("17-leading-zero-collision.csv")
        #expect(file.features.mapValues { $0["Monetary"] } == ["00123": 1, "123": 2, "0123": 4])
    }

    @Test("what was returned is taken off the net facts, down to below 0, and off no other")
    func returns() throws {
        let all = try FileCase("24-return-all.csv")
        #expect(all.feature("Monetary", of: "12346") == 77_183.60 && all.feature("net_monetary", of: "12346") == 0)
        #expect(all.feature("units", of: "12346") == 74_215 && all.feature("net_units", of: "12346") == 0)
        #expect(all.feature("Monetary", of: "7") == 500 && all.feature("net_monetary", of: "7") == 500)
        let more = try FileCase("25-return-exceeds.csv", asOf: "2011-01-20")
        #expect(more.feature("Monetary", of: "7") == 10 && more.feature("net_monetary", of: "7") == -40)
        #expect(more.feature("net_units", of: "7") == -4 && more.reading.counts.rejected == 0)
        // It was booked on the day after the last purchase, so it is not in the history that ends there.
        #expect(try FileCase("25-return-exceeds.csv").feature("net_monetary", of: "7") == 10)
    }

    @Test("one empty field more in every row of data is read, and said")
    func trailingDelimiter() throws {
        let file = try FileCase("19b-trailing-delimiter-data-only.csv")
        #expect(file.reading.lines.count == 2 && file.reading.counts.rejected == 0)
        #expect(file.reading.report?.trailingFields == 1)
        #expect(file.remarks.contains("1 empty field more than the header"))
    }

    @Test("a total at the end has no customer")
    func footer() throws {
        let file = try FileCase("20b-footer-total.csv")
        #expect(file.reading.lines.count == 2)
        #expect(file.reading.reasons == ["no_customer 1"] && file.reading.counts.faults == 0)
    }

    @Test("a fraction of a piece is kept, and its amount rounded half to even")
    func fraction() throws {
        let file = try FileCase("21b-qty-fraction-kg.csv")
        #expect(file.feature("Monetary") == 1.148)
        #expect(file.reading.counts.roundedLines == 1 && file.feature("units") == 0.45)
    }

    @Test("an invoice with the form of a cancellation is what its quantity says, unless a flag says more")
    func cancellationForm() throws {
        let file = try FileCase("23-C-positive.csv")
        #expect(file.reading.counts.purchases == 2 && file.remarks.contains("the form of a cancellation"))
        let said = try FileCase("23-C-positive.csv", ["cancelled-invoices": "C*"])
        #expect(said.reading.lines.map(\.quantityMilli) == [1_000, -1_000])
        #expect(!said.remarks.contains("the form of a cancellation"))
    }

    @Test("days can be left out, and are counted")
    func days() throws {
        var layout = ReadingLayout()
        layout.lastDay = CivilTime.parseDay("2011-12-31")
        let file = try FileCase("26-future-date.csv", layout)
        #expect(file.reading.lines.count == 9 && file.reading.reasons == ["outside_days 1"])
        #expect(file.reading.counts.faults == 0 && file.asOf == "2011-09-06")
        layout.firstDay = CivilTime.parseDay("2011-02-05")
        #expect(try FileCase("26-future-date.csv", layout).reading.lines.map(\.invoice) == (1...8).map(String.init))
    }

    @Test("without a column for the product, what depends on it is absent")
    func noProducts() throws {
        let file = try FileCase("33-missing-stock.csv")
        #expect(file.reading.lines.map(\.stockCode) == [""] && file.reading.report?.settled.hasProducts == false)
        #expect(file.remarks.contains("distinct_products, last_day_products"))
        var reader = try TransactionReader(bytes: FileCase.bytes("33-missing-stock.csv"), name: "33")
        var builder = FactsBuilder(asOfDay: nil)
        while try builder.add(&reader, maxLines: 10) {}
        let hasProducts = try builder.hasProducts()
        #expect(!hasProducts)
    }

    @Test("names of other exports are known")
    func names() throws {
        let file = try FileCase("42-order-names.csv")
        #expect(file.reading.lines.map(\.description) == ["1|A||1|2010-12-01 10:00|1000|5||0"])
    }

    @Test("a file of guests has no line to keep")
    func guests() throws {
        let file = try FileCase("46-all-guest.csv")
        #expect(file.reading.lines.isEmpty && file.reading.reasons == ["no_customer 2"])
        #expect(file.reading.error == nil)
    }

    @Test("a blank customer is that of the first line of the order")
    func furtherLines() throws {
        let file = try FileCase("72-shopify-blank-extra-lines.csv")
        #expect(file.feature("Monetary", of: "5") == 100 && file.feature("Monetary", of: "6") == 10)
        #expect(file.reading.counts.filledLines == 1 && file.remarks.contains("1 line with a blank customer or date"))
    }

    @Test("a column with an order status is pointed out, and its values can be left out")
    func statuses() throws {
        let file = try FileCase("77-cancel-by-status.csv")
        #expect(file.feature("Monetary", of: "5") == 510)
        #expect(file.reading.report?.settled.ignoredColumns == ["Status"])
        #expect(file.reading.report?.settled.statusColumn == "Status")
        #expect(file.reading.report?.statuses.map(\.value) == ["cancelled", "completed", "refunded"])
        let said = try FileCase("77-cancel-by-status.csv", ["exclude": "STATUS=Cancelled, REFUNDED"])
        #expect(said.feature("Monetary", of: "5") == 10 && said.features["6"] == nil)
        #expect(said.reading.reasons == ["excluded_status 2"] && said.reading.counts.faults == 0)
    }
}
