import ChurnBase
import ChurnFeatures
import TestSupport
import Testing

/// Customers that are texts, from the bytes of a file to their ids.
@Suite("Reading: customers that are texts")
struct ReadingCustomerTests {
    private static func id(_ text: String, _ hash: CustomerHash = .standard) throws -> CustomerID {
        try #require(Array(text.utf8).withUnsafeBufferPointer { CustomerID(text: $0, hash: hash) })
    }

    private static func read(_ customers: [String], layout: ReadingLayout = ReadingSupport.monthFirst) -> Reading {
        ReadingSupport.body(customers.map { ReadingSupport.line(customer: $0) }.joined(), layout: layout)
    }

    @Test(
        "the same text is the same customer, however the file writes it",
        arguments: [
            "Müller & Söhne", " Müller & Söhne\t", "\"Müller & Söhne\"", "\"  Müller & Söhne \"",
            "\u{A0}Müller & Söhne\u{202F}", "=\"Müller & Söhne\"", "\"=\"\"Müller & Söhne\"\"\"",
        ]
    )
    func forms(text: String) throws {
        let reading = Self.read([text, "Müller & Söhne"])
        #expect(reading.lines.map(\.customerText) == ["Müller & Söhne", "Müller & Söhne"] && reading.reasons.isEmpty)
        let id = try Self.id("Müller & Söhne")
        #expect(reading.lines.allSatisfy { $0.customer == id.number && $0.customerCheck == id.check })
        #expect(reading.lines.map(\.copy) == [0, 1])
    }

    @Test("in Latin-1, quotes and all, with a hard blank behind a letter above 0x7F")
    func latin1() throws {
        // é is 0xE9, à is 0xE0, the blank is 0xA0.
        let text: [UInt8] = Array("\"Ren".utf8) + [0xE9] + Array(" \"\"l\"\" voil".utf8) + [0xE0, 0xA0, 0x22]
        let line = ReadingSupport.line(customer: "#").split(separator: "#").map { Array($0.utf8) }
        let reading = ReadingSupport.read(Array(ReadingSupport.header.utf8) + line[0] + text + line[1])
        let id = try Self.id("René \"l\" voilà")
        #expect(reading.lines.map(\.customerText) == ["René \"l\" voilà"])
        #expect(reading.lines.map(\.customer) == [id.number] && reading.counts.latin1Lines == 1)
    }

    @Test("200 bytes fit, more do not, and control characters are damage")
    func limits() {
        let long = String(repeating: "x", count: 200)
        let letters = String(repeating: "é", count: 100)
        #expect(Self.read([long, letters]).lines.map(\.customerText) == [long, letters])
        #expect(Self.read([long + "x", letters + "x", "\"" + letters + "\"\"\""]).reasons == ["long_customer 3"])
        // Quotes are doubled in the file only.
        let quotes = String(repeating: "\"", count: 200)
        #expect(Self.read(["\"" + quotes + quotes + "\""]).lines.map(\.customerText) == [quotes])
        #expect(Self.read(["a\u{1}b", "\"a\tb\"", "a\u{7F}"]).reasons == ["bad_customer 3"])
    }

    @Test("further lines of an order are of its customer, also behind a line that is of no use")
    func furtherLines() throws {
        func line(_ invoice: String, _ customer: String) -> String {
            ReadingSupport.line(invoice: invoice, customer: customer)
        }
        let reading = ReadingSupport.body(
            line("1", "ann@example.com") + line("1", "") + line("", "bob@example.com") + line("1", "")
                + line("2", "5") + line("2", "") + line("3", "cy@example.com") + line("3", "cy@example.com")
                + line("4", "") + line("5", "1e5") + line("3", "")
        )
        #expect(
            reading.lines.map { "\($0.invoice) \($0.customerName)" } == [
                "1 ann@example.com", "1 ann@example.com", "1 ann@example.com", "2 5", "2 5", "3 cy@example.com",
                "3 cy@example.com",
            ]
        )
        for line in reading.lines where !line.customerText.isEmpty {
            let id = try Self.id(line.customerText)
            #expect(line.customer == id.number && line.customerCheck == id.check)
        }
        #expect(reading.lines[3].customerCheck == 0 && reading.counts.filledLines == 3)
        #expect(reading.reasons == ["no_customer 2", "bad_customer 1", "missing_invoice 1"])
    }

    @Test("words in place of a customer can be others")
    func words() throws {
        let usual = ["nan", "NULL", "None", "N/A", "na", "GUEST", "#N/A", "#REF!"]
        #expect(Self.read(usual).reasons == ["no_customer 8"])
        let layout = ReadingSupport.layout(["dates": "mdy", "no-customer-words": "Gäste, walk-in ,99999"])
        let reading = Self.read(["", "0", "GÄSTE", "Walk-In", "99999", "guest", "9999"], layout: layout)
        #expect(reading.lines.map(\.customerName) == ["guest", "9999"])
        #expect(reading.reasons == ["no_customer 5"], "\(reading.lines.map(\.customerName))")
        let none = ReadingSupport.layout(["dates": "mdy", "no-customer-words": ""])
        #expect(Self.read(["guest", "-1"], layout: none).lines.map(\.customerName) == ["guest"])
        for layout in [layout, none] { #expect(try ReadingLayout(text: layout.text) == layout) }
        #expect(layout.text.contains("no-customer-words: Gäste,walk-in,99999\n"))
        #expect(ReadingLayout().noCustomerWords == nil && !ReadingSupport.monthFirst.text.contains("words"))
    }

    @Test("two texts with one number are two customers, down to the copies of their lines")
    func collisions() throws {
        let settings = ReadingSettings(customerHash: CustomerHash(bits: 1))
        let names = (1...6).map { "customer \($0)" }
        let reading = ReadingSupport.body(
            (names + names).map { ReadingSupport.line(customer: $0) }.joined(),
            settings: settings
        )
        #expect(Set(reading.lines.map(\.customer)).sorted() == [Int64.min, .min + 1])
        #expect(Set(reading.lines.map(\.customerCheck)).count == 6)
        #expect(reading.lines.map(\.copy) == [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
        for line in reading.lines {
            let id = try Self.id(line.customerText, CustomerHash(bits: 1))
            #expect(line.customer == id.number && line.customerCheck == id.check)
        }
    }

    @Test("where there is no invoice, the order is a customer and a moment, without the text")
    func momentInvoice() throws {
        let text = "CustomerID,InvoiceDate,Amount\nann@example.com,2010-12-01 08:26,5\n17,2010-12-01 08:26,5\n"
        let reading = ReadingSupport.read(text, layout: ReadingLayout())
        let number = try Self.id("ann@example.com").number
        #expect(reading.lines.map(\.invoice) == ["\(number)@2010-12-01 08:26", "17@2010-12-01 08:26"])
    }

    @Test(
        "any bytes: a customer is a number or a text with its id, and reads back as itself",
        arguments: 0..<300 as Range<UInt64>
    )
    func anyBytes(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let pieces: [[UInt8]] =
            ["", "1", "0", "-1", "17850", ".0", "e5", "\"", " ", "\t", "=", "é", "\u{A0}", "guest", "x", "C-", "日本"]
            .map { Array($0.utf8) } + [[0xA0], [0xE9], [0x93], [0xFF]]
        let hash = CustomerHash(bits: seed % 2 == 0 ? 63 : 2)
        var bytes = Array(ReadingSupport.header.utf8)
        for number in 0..<60 {
            var field = (0..<Int.random(in: 0...6, using: &random)).flatMap { _ in
                pieces.randomElement(using: &random) ?? []
            }
            if Bool.random(using: &random) { field = [0x22] + field.flatMap { $0 == 0x22 ? [$0, $0] : [$0] } + [0x22] }
            bytes += Array("\(number),A,B,1,12/1/2010 8:26,1,".utf8) + field + [0x2C, 0x0A]
        }
        let settings = ReadingSettings(customerHash: hash)
        let reading = ReadingSupport.read(bytes, settings: settings)
        #expect(reading.error == nil && reading.counts.lines > 0)
        let small = ReadingSettings(bufferBytes: 3, recordBytes: 1 << 10, customerHash: hash)
        #expect(ReadingSupport.read(bytes, settings: small) == reading, "seed \(seed)")
        for line in reading.lines {
            #expect((line.customer < 0) == !line.customerText.isEmpty && line.customer != 0, "seed \(seed)")
            let expected =
                try line.customerText.isEmpty
                ? CustomerID(number: line.customer) : Self.id(line.customerText, hash)
            #expect(CustomerID(number: line.customer, check: line.customerCheck) == expected, "seed \(seed)")
        }
        let names = reading.lines.map { "\"" + $0.customerName.replacing("\"", with: "\"\"") + "\"" }
        let again = ReadingSupport.body(
            names.enumerated().map { ReadingSupport.line(invoice: "\($0)", customer: $1) }.joined(),
            settings: settings
        )
        #expect(again.lines.count == reading.lines.count, "seed \(seed): \(again.reasons)")
        for (line, other) in zip(reading.lines, again.lines) {
            let (name, otherName) = (Array(line.customerName.utf8), Array(other.customerName.utf8))
            #expect(line.customer == other.customer && name == otherName, "seed \(seed): \(name) and \(otherName)")
        }
    }

    @Test("full-width digits in the column are refused as in any other")
    func fullWidth() {
        let error = Self.read(["17850", "C-１"]).error?.description
        #expect(error?.contains("line 3") == true && error?.contains("\n") == false)
    }
}
