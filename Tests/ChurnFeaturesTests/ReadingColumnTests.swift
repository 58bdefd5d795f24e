import ChurnFeatures
import Testing

@Suite("Reading: columns")
struct ReadingColumnTests {
    private static func read(_ text: String, _ flags: KeyValuePairs<String, String> = [:]) -> Reading {
        ReadingSupport.read(text, layout: ReadingSupport.layout(flags))
    }

    /// The role of each column that is read.
    private static func roles(_ header: String, _ flags: KeyValuePairs<String, String> = [:]) -> String {
        let reading = read(header + "\n", flags)
        guard let settled = reading.report?.settled else { return reading.error?.description ?? "" }
        return settled.readColumns.map { "\($0.role.rawValue)=\($0.column)" }.joined(separator: ", ")
    }

    static let exports: [(name: String, header: String, roles: String)] = [
        (
            "Online Retail II", "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country",
            "customer=Customer ID, date=InvoiceDate, invoice=Invoice, product=StockCode, quantity=Quantity, price=Price, "
                + "country=Country, description=Description"
        ),
        (
            "Shopify",
            "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
                + "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Country,Notes,Cancelled at,Id",
            "customer=Email, date=Created at, invoice=Name, product=Lineitem sku, quantity=Lineitem quantity, "
                + "price=Lineitem price, country=Billing Country, status=Financial Status, description=Lineitem name, "
                + "currency=Currency"
        ),
        (
            "WooCommerce",
            "Order Number,Order Status,Order Date,Customer User ID,Country Code (Billing),SKU,Item Name,Quantity,"
                + "Item Cost,Order Total Amount,Email (Billing)",
            "customer=Customer User ID, date=Order Date, invoice=Order Number, product=SKU, quantity=Quantity, "
                + "price=Item Cost, country=Country Code (Billing), status=Order Status, description=Item Name"
        ),
        (
            "Magento", "increment_id,created_at,customer_id,customer_email,status,sku,name,qty_ordered,price,row_total",
            "customer=customer_id, date=created_at, invoice=increment_id, product=sku, quantity=qty_ordered, price=price, "
                + "status=status"
        ),
        (
            "Olist",
            "order_id,customer_id,customer_unique_id,order_status,order_purchase_timestamp,order_item_id,"
                + "product_id,price,freight_value",
            "customer=customer_unique_id, date=order_purchase_timestamp, invoice=order_id, product=product_id, "
                + "amount=price, status=order_status"
        ),
        (
            "Square",
            "Date,Time,Category,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Customer ID,Event Type",
            "customer=Customer ID, date=Date, time=Time, invoice=Transaction ID, product=SKU, quantity=Qty, "
                + "amount=Net Sales, status=Event Type, description=Item"
        ),
        (
            "Stripe", "id,Created (UTC),Amount,Amount Refunded,Currency,Status,Customer ID,Customer Email",
            "customer=Customer ID, date=Created (UTC), invoice=id, amount=Amount, status=Status, currency=Currency"
        ),
        (
            "orders", "order_id,user_id,order_date,total",
            "customer=user_id, date=order_date, invoice=order_id, amount=total"
        ),
    ]

    @Test("the names of common exports are known", arguments: exports)
    func known(_ row: (name: String, header: String, roles: String)) {
        #expect(Self.roles(row.header) == row.roles)
        // Without case, blanks, `_` and `-`; in any order.
        let shuffled = row.header.split(separator: ",").map { $0.uppercased().replacing(" ", with: "-") }
        #expect(Self.roles(shuffled.joined(separator: ",")) == row.roles.uppercasedColumns)
    }

    @Test("columns are named by flag, exactly or in any spelling")
    func mapping() {
        let header = "Kunde,Datum,Beleg,Artikel,Menge,\"Preis, netto\",Land,Zustand"
        let flag =
            "customer=kunde,date=Datum,invoice=Beleg,product=ARTIKEL,quantity=Menge,price=\"Preis, netto\",status=Zustand"
        let line = "5,2011-02-09,B1,A,2,1.50,DE,offen\n"
        let reading = Self.read(header + "\n" + line, ["columns": flag])
        #expect(reading.lines.map(\.description) == ["B1|A||2|2011-02-09 00:00|1500|5||0"])
        #expect(reading.report?.settled.ignoredColumns == ["Land", "Zustand"])
        let unknown = Self.read(header + "\n", ["columns": "customer=Kundin"]).error?.description ?? ""
        #expect(unknown.contains("Kundin") && unknown.contains("Kunde, Datum") && unknown.contains("--columns"))
        let twice = Self.read("Kunde,KUNDE,Datum,Summe\n", ["columns": "customer=kunde,date=Datum,amount=Summe"])
        #expect(twice.error?.description.contains("several columns are called \"kunde\"") == true)
        // What a flag names is not taken for anything else.
        #expect(
            Self.roles("customer_id,price,quantity,date,total", ["columns": "price=total"])
                == "customer=customer_id, date=date, quantity=quantity, price=total"
        )
    }

    @Test("the needed minimum is customer, date, and an amount or quantity and price")
    func needed() {
        #expect(Self.roles("customer_id,date,amount").hasPrefix("customer=customer_id, date=date"))
        for (header, flag) in [
            ("date,amount", "customer=NAME"), ("customer_id,amount", "date=NAME"), ("customer_id,date", "amount=NAME"),
            ("customer_id,date,price", "quantity=NAME"), ("customer_id,date,quantity", "price=NAME"),
        ] {
            let error = Self.read(header + "\n").error?.description ?? ""
            #expect(
                error.contains("--columns \(flag)") && error.contains(header.replacing(",", with: ", ")),
                "\(error)"
            )
        }
        // The price of a piece alone says how to read it as the total of a line.
        #expect(Self.read("customer_id,date,price\n").error?.description.contains("amount=NAME") == true)
        // The total of an order on the lines of its products would count several times.
        let total = Self.read("customer_id,date,order_id,product_id,order_total\n").error?.description ?? ""
        #expect(total.contains("order_total") && total.contains("--columns amount=NAME"))
    }

    @Test("without an invoice an order is a customer and a moment")
    func noInvoice() {
        let lines =
            "5,A,1.50,2011-02-09 10:00\n5,B,2,2011-02-09 10:00\n5,A,3,2011-02-09 10:01\n6,A,1,2011-02-09 10:00\n"
        let reading = Self.read("customer_id,product_id,amount,date\n" + lines)
        let invoices = reading.lines.map(\.invoice)
        #expect(invoices[0] == invoices[1] && Set(invoices).count == 3)
        #expect(reading.lines.map(\.quantity) == [1, 1, 1, 1] && reading.report?.settled.hasInvoices == false)
        #expect(reading.report?.remarks.contains { $0.contains("a customer and a moment") } == true)
    }

    @Test("a line total in place of a price is the amount, and the quantity is kept")
    func amounts() {
        let rows = [
            ("6", "15.30", 6_000, 15_300), ("3", "10", 3_000, 10_000), ("-2", "-5", -2_000, 5_000),
            ("-2", "5", -2_000, 5_000), ("0.5", "1.25", 500, 1_250), ("-0.5", "-1.25", -500, 1_250),
            ("4", "0", 4_000, 0), ("1", "0.0005", 1_000, 0),
        ]
        for row in rows {
            let reading = Self.read("customer_id,date,qty,amount\n5,2011-02-09,\(row.0),\(row.1)\n")
            #expect(reading.lines.map(\.quantityMilli) == [Int64(row.2)], "\(row)")
            #expect(reading.lines.map(\.amountMilli) == [Int64(row.3)], "\(row)")
        }
        let refund = Self.read("customer_id,date,amount\n5,2011-02-09,-7.50\n")
        #expect(refund.lines.map(\.quantity) == [-1] && refund.lines.map(\.priceMilli) == [7500])
        #expect(Self.read("customer_id,date,qty,amount\n5,2011-02-09,2,-7.5\n").reasons == ["negative_price 1"])
        #expect(Self.read("customer_id,date,amount\n5,2011-02-09,5000000000000\n").reasons == ["absurd_amount 1"])
    }

    @Test("one absurd line is rejected, so that sums stay within 64 bits")
    func absurd() {
        let good = ReadingSupport.line()
        let reading = ReadingSupport.body(good + ReadingSupport.line(quantity: "2147483647", price: "999999999"))
        #expect(reading.reasons == ["absurd_amount 1"] && reading.lines.count == 1)
    }

    @Test("further lines of an order: only with the same invoice and moment, and after a line with a customer")
    func furtherLines() {
        let header = "Name,Created at,customer_id,Lineitem quantity,Lineitem price,Billing Country,Financial Status\n"
        let lines = [
            "#1,2011-02-09 10:00,5,1,1.50,France,paid", "#1,,,2,2.50,,", "#1,2011-02-09 10:00,,3,3.50,,",
            "#1,2011-02-09 10:05,,4,4.50,,", "#2,2011-02-09 11:00,,1,1.50,,paid", "#2,,,1,1.50,,", ",,,1,1.50,,",
            "#3,2011-02-09 12:00,6,1,1.50,Italy,refunded", "#3,,,1,2.50,,", "#3,,6,1,3.50,,",
        ]
        let reading = Self.read(header + lines.joined(separator: "\n"))
        #expect(
            reading.lines.map { "\($0.customer) \($0.quantity) \($0.country) \($0.minute % 1440)" } == [
                "5 1 France 600", "5 2 France 600", "5 3 France 600", "6 1 Italy 720", "6 1 Italy 720", "6 1 Italy 720",
            ]
        )
        #expect(reading.counts.filledLines == 4 && reading.reasons == ["no_customer 4"])
        let paid = Self.read(header + lines.joined(separator: "\n"), ["exclude": "status=refunded"])
        #expect(paid.lines.count == 3 && paid.reasons == ["no_customer 4", "excluded_status 3"])
        // A number that all cash sales share is no order.
        let cash =
            ReadingSupport.line(invoice: "CASH", date: "12/1/2010 8:26")
            + ReadingSupport.line(invoice: "CASH", date: "12/1/2010 8:27", customer: "")
        #expect(ReadingSupport.body(cash).reasons == ["no_customer 1"])
    }

    @Test("statuses are counted by name up to a limit, and left out beyond it as well")
    func statuses() {
        let values = (0..<40).map { "s\($0)" } + ["S39", "s1"]
        let lines = values.enumerated().map { "\($0),5,2011-02-09,1,\($1)\n" }.joined()
        let reading = Self.read("order_id,customer_id,date,amount,order_status\n" + lines, ["exclude": "status=s39,s1"])
        #expect(reading.report?.statuses.count == ReadingLimits.statuses)
        #expect(reading.report?.statuses.first == StatusCount(value: "s1", lines: 2))
        #expect(reading.reasons == ["excluded_status 4"])
        let none = Self.read("order_id,customer_id,date,amount\n", ["exclude": "status=x"]).error?.description ?? ""
        #expect(none.contains("--exclude") && none.contains("--columns status=NAME"))
    }

    static let separators: [(text: String, separator: FieldSeparator)] = [
        ("customer_id;date;amount\n5;2011-02-09;1,50\n", .semicolon),
        ("customer_id\tdate\tamount\n5\t2011-02-09\t1.50\n", .tab),
        ("customer_id|date|amount\n5|2011-02-09|1.50\n", .pipe),
        ("sep=;\ncustomer_id;date;amount\n5;2011-02-09;1.50\n", .semicolon),
        ("\"sep=,\"\r\ncustomer_id,date,amount\r\n5,2011-02-09,1.50\r\n", .comma),
        ("SEP=\t\ncustomer_id\tdate\tamount\n5\t2011-02-09\t1.50\n", .tab),
        ("customer_id;date;amount;a, b, c, d\n5;2011-02-09;1.50;x\n", .semicolon),
        ("customer_id,date,amount,\"a;b;c;d;e\"\n5,2011-02-09,1.50,\"x;y\"\n", .comma),
        ("\u{FEFF}customer_id;date;amount;\n5;2011-02-09;\"1,50\";\n", .semicolon),
    ]

    @Test("the separator is told from the header, in portions of any size", arguments: separators)
    func separator(_ row: (text: String, separator: FieldSeparator)) {
        for bufferBytes in [1, 3, 64, 4096] {
            let reading = ReadingSupport.read(
                row.text,
                layout: ReadingLayout(),
                settings: ReadingSettings(bufferBytes: bufferBytes)
            )
            #expect(reading.lines.map(\.priceMilli) == [1500], "\(reading.error?.description ?? "")")
            #expect(reading.report?.settled.separator == row.separator)
        }
    }

    @Test("empty fields behind the last column, if the first row has them")
    func trailingFields() {
        let header = "customer_id,date,amount\n"
        let reading = Self.read(header + "5,2011-02-09,1,,\n5,2011-02-10,2,,\n5,2011-02-11,3\n5,2011-02-12,4,x,\n")
        #expect(reading.lines.count == 3 && reading.reasons == ["wrong_field_count 1"])
        #expect(Self.read(header + "5,2011-02-09,1\n5,2011-02-09,1,\n").reasons == ["wrong_field_count 1"])
        #expect(Self.read(header + "5,2011-02-09,1,x\n").reasons == ["wrong_field_count 1"])
    }
}

extension String {
    /// `a=Name, b=Other` with the names as the test writes them.
    fileprivate var uppercasedColumns: String {
        split(separator: ", ").map { item in
            let parts = item.split(separator: "=", maxSplits: 1)
            return "\(parts[0])=" + String(parts[1]).uppercased().replacing(" ", with: "-")
        }
        .joined(separator: ", ")
    }
}
