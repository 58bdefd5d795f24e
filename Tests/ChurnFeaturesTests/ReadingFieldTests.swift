import ChurnFeatures
import Testing

@Suite("Reading: fields, dates, headers")
struct ReadingFieldTests {
    @Test("a day in March is not taken for another month, leap years included")
    func calendar() {
        var day: Int64 = CivilTime.days(year: 1900, month: 1, day: 1)
        #expect(day == -25_567)
        for year in 1900...2999 {
            for month in 1...12 {
                for dayOfMonth in 1...31 where CivilTime.isDate(year: year, month: month, day: dayOfMonth) {
                    let found = CivilTime.date(days: day)
                    if CivilTime.days(year: year, month: month, day: dayOfMonth) != day
                        || found != (year, month, dayOfMonth)
                    {
                        Issue.record("\(year)-\(month)-\(dayOfMonth)")
                    }
                    day += 1
                }
            }
        }
        #expect(CivilTime.date(days: day) == (3000, 1, 1))
        #expect(CivilTime.days(year: 1970, month: 1, day: 1) == 0)
    }

    @Test("days and minutes for people")
    func civilText() {
        #expect(CivilTime.parseDay("1970-01-01") == 0)
        #expect(CivilTime.parseDay("2011-12-10") == CivilTime.days(year: 2011, month: 12, day: 10))
        for text in [
            "", "2011-12-1", "2011-02-29", "2011/12/10", "2011-12-100", " 2011-12-10", "2011-12-1é", "+011-12-10",
        ] {
            #expect(CivilTime.parseDay(text) == nil, "\(text)")
        }
        #expect(CivilTime.format(minute: 0) == "1970-01-01 00:00")
        #expect(CivilTime.format(minute: -1) == "1969-12-31 23:59")
        #expect(CivilTime.format(minute: 22_057_250) == "2011-12-09 12:50")
        #expect(CivilTime.split(minute: -1441).day == -2)
        _ = [CivilTime.format(minute: .min), CivilTime.format(minute: .max)]
    }

    static let numbers: [(column: String, text: String, result: String)] = [
        ("customer", "17850.0", "17850"), ("customer", " 17850 ", "17850"), ("customer", "\"17850\"", "17850"),
        ("customer", "999999999999999999", "999999999999999999"), ("customer", "17850.00", "17850"),
        ("customer", "9223372036854775807", "9223372036854775807"),
        ("customer", "", "no_customer"), ("customer", "  ", "no_customer"), ("customer", "\"\"", "no_customer"),
        ("customer", "0", "no_customer"), ("customer", "0.0", "no_customer"), ("customer", "-1", "no_customer"),
        ("customer", "-1.0", "no_customer"), ("customer", "nan", "no_customer"), ("customer", "NULL", "no_customer"),
        ("customer", "N/A", "no_customer"), ("customer", "Guest", "no_customer"),
        ("customer", "-5", "bad_customer"), ("customer", "+5", "bad_customer"), ("customer", "17850.5", "bad_customer"),
        ("customer", "17850.", "bad_customer"), ("customer", "1e4", "bad_customer"),
        ("customer", "1.785E+04", "bad_customer"), ("customer", "017850", "017850"),
        ("customer", "00", "00"), ("customer", "CUST-0001", "CUST-0001"),
        ("customer", "\"1,234\"", "1,234"), ("customer", "1 2", "1 2"),
        ("customer", "9223372036854775808", "9223372036854775808"),
        ("customer", "9999999999999999999", "9999999999999999999"),
        ("customer", "guest5", "guest5"),
        ("customer", "7c9e6679-7425-40de-944b-e07fc1f90ae7", "7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("quantity", "6.0", "6"), ("quantity", "+6", "6"), ("quantity", "-6.00", "-6"), ("quantity", "6e1", "60"),
        ("quantity", "(6)", "-6"), ("quantity", "6-", "-6"), ("quantity", "\"1,000\"", "1000"),
        ("quantity", "2147483647", "2147483647"), ("quantity", "-2147483648", "-2147483648"),
        ("quantity", "2147483648", "bad_quantity"), ("quantity", "-2147483649", "bad_quantity"),
        ("quantity", "", "bad_quantity"), ("quantity", "-", "bad_quantity"), ("quantity", "--6", "bad_quantity"),
        ("quantity", "-6-", "bad_quantity"), ("quantity", "6 pcs", "bad_quantity"),
        ("quantity", "0", "zero_quantity"), ("quantity", "-0.0", "zero_quantity"),
        ("price", "2.55", "2550"), ("price", "0", "0"), ("price", "0.001", "1"), ("price", ".5", "500"),
        ("price", "5.", "5000"), ("price", "2.5500000000", "2550"), ("price", "-0.00", "0"), ("price", "+1", "1000"),
        ("price", "1000000000", "1000000000000"), ("price", "1000000000.001", "bad_price"),
        ("price", "100000000", "100000000000"), ("price", "1e3", "1000000"),
        ("price", "2.5E-1", "250"), ("price", "\"1,234.50\"", "1234500"), ("price", "£2", "2000"),
        ("price", "$ 2.50", "2500"), ("price", "2.50 EUR", "2500"), ("price", "\"Rs. 1,23,456.50\"", "123456500"),
        ("price", "1'234.5", "1234500"), ("price", "1 234.5", "1234500"), ("price", "1\u{A0}234.5", "1234500"),
        ("price", "1000000001", "bad_price"), ("price", "99999999999999999999999", "bad_price"),
        ("price", "", "bad_price"), ("price", ".", "bad_price"), ("price", "-", "bad_price"),
        ("price", "1e99", "bad_price"), ("price", "\"1,23.50\"", "bad_price"), ("price", "2.5.5", "bad_price"),
        ("price", "NaN", "bad_price"), ("price", "INF 5", "bad_price"), ("price", "5 %", "bad_price"),
        ("price", "-0.01", "negative_price"), ("price", "-0.0001", "negative_price"), ("price", "-3", "negative_price"),
        ("price", "(3)", "negative_price"), ("price", "£-3", "negative_price"),
        ("price", "2.5501", "2550"), ("price", "2.5505", "2550"), ("price", "2.5515", "2552"),
        ("price", "2.55050001", "2551"), ("price", "0.0000000001", "0"), ("price", "12.966666666666667", "12967"),
        ("price", "0.00050000000000000000000001", "1"),
        ("invoice", "", "missing_invoice"), ("invoice", "\"  \"", "missing_invoice"), ("invoice", " C1 ", "C1"),
        ("invoice", String(repeating: "9", count: 64), String(repeating: "9", count: 64)),
        ("invoice", String(repeating: "9", count: 65), "long_invoice"),
        ("invoice", "\"" + String(repeating: "\"\"", count: 64) + "\"", String(repeating: "\"", count: 64)),
        ("invoice", "\"" + String(repeating: "\"\"", count: 65) + "\"", "long_invoice"),
        ("stock", "", "missing_stock_code"), ("stock", String(repeating: "é", count: 33), "long_stock_code"),
        ("date", "", "missing_date"),
        ("description", String(repeating: "d", count: 1025), "long_description"),
        ("country", String(repeating: "c", count: 1025), "long_country"),
    ]

    @Test("numbers are exact and limits are kept", arguments: numbers)
    func number(_ row: (column: String, text: String, result: String)) {
        let line: String
        let value: (ReadLine) -> String
        switch row.column {
        case "customer": (line, value) = (ReadingSupport.line(customer: row.text), { $0.customerName })
        case "quantity": (line, value) = (ReadingSupport.line(quantity: row.text), { "\($0.quantity)" })
        case "price": (line, value) = (ReadingSupport.line(price: row.text), { "\($0.priceMilli)" })
        case "invoice": (line, value) = (ReadingSupport.line(invoice: row.text), { $0.invoice })
        case "stock": (line, value) = (ReadingSupport.line(stockCode: row.text), { $0.stockCode })
        case "date": (line, value) = (ReadingSupport.line(date: row.text), { "\($0.minute)" })
        case "description": (line, value) = (ReadingSupport.line(description: row.text), { $0.text })
        default: (line, value) = (ReadingSupport.line(country: row.text), { $0.country })
        }
        let reading = ReadingSupport.body(line)
        let reasons = reading.counts.rejectedReasons.map(\.reason.name)
        #expect(reading.lines.map(value) + reasons == [row.result])
    }

    @Test("the first fault in the documented order is the reason")
    func order() {
        let faults: [(RejectReason, String)] = [
            (.wrongFieldCount, "x"),
            (.noCustomer, ",,,,,,,"),
            (.badCustomer, ",,,,,,1.5,"),
            (.longCustomer, ",,,,,,\(String(repeating: "x", count: 201)),"),
            (.missingInvoice, ",,,,,,x,"),
            (.missingInvoice, ",,,,,,1,"),
            (.missingStockCode, "1,,,,,,1,"),
            (.missingDate, "1,A,,,,,1,"),
            (.badDate, "1,A,,,x,,1,"),
            (.badQuantity, "1,A,,,12/1/2010 8:26,,1,"),
            (.zeroQuantity, "1,A,,0,12/1/2010 8:26,,1,"),
            (.badPrice, "1,A,,1,12/1/2010 8:26,,1,"),
            (.negativePrice, "1,A,,1,12/1/2010 8:26,-1,1,"),
        ]
        // After a good line, so that the layout is known.
        for (reason, line) in faults {
            let reading = ReadingSupport.body(ReadingSupport.line() + line + "\n")
            #expect(reading.reasons == ["\(reason.name) 1"], "\(line)")
        }
        #expect(Set(RejectReason.allCases.map(\.name)).count == RejectReason.allCases.count)
    }

    static let headers = [
        "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
        "invoice_no,STOCK_CODE,description,quantity,invoice_date,unit_price,customer_id,country",
        "\"Invoice\",\" Stock Code\",\"Description\",\"Quantity\",\"Invoice Date\",\"Price\",\"Customer ID\",\"Country\"",
    ]

    @Test("both column namings are known", arguments: headers)
    func header(_ names: String) {
        let reading = ReadingSupport.read(names + "\n" + ReadingSupport.line())
        #expect(reading.lines.map(\.description) == ReadingSupport.body(ReadingSupport.line()).lines.map(\.description))
        #expect(reading.lines.count == 1)
    }

    @Test("columns in any order, others ignored, text columns may be absent")
    func otherColumns() {
        let reading = ReadingSupport.read(
            "Region,Price,Customer ID,Quantity,Invoice,\"a,b\",InvoiceDate,StockCode\nN,2.55,7,6,1,,12/1/2010 8:26,A\n"
        )
        #expect(reading.lines.map(\.description) == ["1|A||6|2010-12-01 08:26|2550|7||0"])
    }

    @Test("files that cannot be read are refused with their name and the next step")
    func refusals() {
        func error(_ text: String) -> ReadingError? { ReadingSupport.read(text).error }
        #expect(error("") == .emptyFile(path: "test.csv"))
        #expect(error("\u{FEFF}\n\r\n") == .emptyFile(path: "test.csv"))
        let missing = ReadingError.missingColumns(
            path: "test.csv",
            missing: ["customer", "quantity"],
            found: ["InvoiceNo", "StockCode", "InvoiceDate", "Price", "Menge"]
        )
        #expect(error("InvoiceNo,StockCode,InvoiceDate,Price,Menge\n") == missing)
        #expect(missing.description.contains("customer, quantity") && missing.description.contains("Menge"))
        #expect(
            error("Invoice," + ReadingSupport.header)
                == .duplicateColumn(path: "test.csv", column: "invoice", names: ["Invoice", "InvoiceNo"])
        )
        #expect(error(String(repeating: ",", count: 256)) == .tooManyColumns(path: "test.csv"))
        #expect(error(String(repeating: "a", count: 2 << 20)) == .headerTooLong(path: "test.csv"))
        #expect(error("\"InvoiceNo,StockCode\n") == .badHeaderQuotes(path: "test.csv"))
        #expect(error("PK\u{3}\u{4}....") == .zipArchive(path: "test.csv"))
        let returns = (ReadingSupport.header + ReadingSupport.line()).replacing("\n", with: "\r")
        #expect(error(returns) == .carriageReturns(path: "test.csv"))
        // Control characters of a file never reach a terminal.
        #expect(error("\u{1B}[31mred\u{2028}\n")?.description.contains("?[31mred?") == true)
        let headerOnly = ReadingSupport.read(ReadingSupport.header)
        #expect(headerOnly.error == nil && headerOnly.counts.lines == 0 && headerOnly.report?.header.count == 8)
        for text in ["", "a\n", ReadingSupport.header + "\0"] {
            let description = error(text)?.description ?? ""
            #expect(description.hasPrefix("test.csv: ") && !description.contains("\n") && description.contains(";"))
        }
    }
}
