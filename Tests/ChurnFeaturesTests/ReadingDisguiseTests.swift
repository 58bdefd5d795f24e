import ChurnBase
import ChurnFeatures
import Foundation
import TestSupport
import Testing

/// The real data set as other programs would write it: the same lines come out.
@Suite("Reading: the real data in disguise", .serialized)
struct ReadingDisguiseTests {
    /// Hash of all kept lines, in the order of the file, but for `copy` where files are cut.
    struct Kept: Equatable {
        var lines: Int64 = 0
        var hash = StableHash()

        mutating func add(_ line: TransactionLine) {
            lines += 1
            for text in [line.invoice, line.stockCode, line.description, line.country] { hash.combine(text: text) }
            hash.combine(line.customer)
            hash.combine(line.minute)
            hash.combine(line.quantityMilli)
            hash.combine(line.amountMilli)
        }
    }

    /// The real file in a disguise; cut where a day begins, or in one piece.
    private static func files(_ disguise: Disguise, isDaily: Bool = false) throws -> [[UInt8]] {
        var files: [[UInt8]] = []
        var file: [UInt8] = []
        // Lines of an invoice share their date: as a text each, dates were most of the suite's time.
        var date: (text: [UInt8], written: [UInt8], moment: Moment?) = ([], [], nil)
        var table = try CSVTable(path: Surroundings.transactionFile())
        while try table.next() {
            if !table.field(4).elementsEqual(date.text) {
                let moment = Moment(String(decoding: table.field(4), as: UTF8.self))
                let isNewDay = moment.day != date.moment?.day || moment.month != date.moment?.month
                date = (Array(table.field(4)), Array(disguise.date(moment).utf8), moment)
                if file.isEmpty || (isDaily && isNewDay) {
                    if !file.isEmpty { files.append(file) }
                    file = Array((disguise.header + "\n").utf8)
                }
            }
            for column in 0..<8 {
                let field = table.field(column)
                if column > 0 { file += disguise.separator.utf8 }
                switch column {
                case 4: file += date.written
                case 5:
                    guard let money = disguise.money else { fallthrough }
                    let quantity = String(decoding: table.field(3), as: UTF8.self)
                    file += money(quantity, String(decoding: field, as: UTF8.self)).utf8
                default:
                    // Quotes within a field are doubled already where they need to be.
                    let isQuoted = field.contains { $0 == 0x22 || $0 == 0x0A || $0 == disguise.separator.utf8.first }
                    if isQuoted { file.append(0x22) }
                    file += field
                    if isQuoted { file.append(0x22) }
                }
            }
            file.append(0x0A)
        }
        return files + [file]
    }

    static let real = Result { () throws -> Kept in
        try read([try Array(Data(contentsOf: URL(filePath: Surroundings.transactionFile())))])
    }

    /// Reads files as one command does.
    private static func read(_ files: [[UInt8]], _ layout: ReadingLayout = ReadingLayout()) throws -> Kept {
        let directory = try TemporaryDirectory()
        var evidence = LayoutEvidence(layout: layout)
        let paths = files.indices.map { "\(directory.path)/\($0).csv" }
        for (path, bytes) in zip(paths, files) {
            try ReadingSupport.write(bytes, to: path)
            try evidence.examine(path: path)
        }
        var kept = Kept()
        for settled in try evidence.settle() {
            var reader = try TransactionReader(path: settled.name, settled: settled)
            while try reader.readBatch(maxLines: 100_000, { kept.add($0) }) {}
            #expect(reader.report.counts.faults == 0)
        }
        return kept
    }

    /// A moment of the real file, `12/1/2010 8:26`.
    struct Moment {
        let month, day, year, hour, minute: Int

        init(_ text: String) {
            let numbers = text.split { "/ :".contains($0) }.map { Int($0) ?? 0 }
            (month, day, year, hour, minute) = (numbers[0], numbers[1], numbers[2], numbers[3], numbers[4])
        }
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    struct Disguise: Sendable, CustomStringConvertible {
        var description: String
        var header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
        var separator = ","
        var date: @Sendable (Moment) -> String = { "\($0.month)/\($0.day)/\($0.year) \($0.hour):\(two($0.minute))" }
        /// From quantity and price; nil: the price as it stands.
        var money: (@Sendable (String, String) -> String)?
    }

    /// The total of a line, exactly.
    @Sendable
    private static func total(_ quantity: String, _ price: String) -> String {
        let parts = price.split(separator: ".", omittingEmptySubsequences: false)
        let decimals = parts.count > 1 ? String(parts[1]) : ""
        let padded = decimals.padding(toLength: 3, withPad: "0", startingAt: 0)
        let milli =
            (Int(quantity) ?? 0) * ((Int(parts[0]) ?? 0) * 1000 + (Int(padded) ?? 0) * (price.hasPrefix("-") ? -1 : 1))
        let digits = String(milli.magnitude)
        let filled = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        return (milli < 0 ? "-" : "") + filled.dropLast(3) + "." + filled.suffix(3)
    }

    static let disguises: [Disguise] = [
        Disguise(description: "the day first") { "\($0.day)/\($0.month)/\($0.year) \($0.hour):\(two($0.minute))" },
        Disguise(
            description: "dots, semicolons, decimal comma",
            header: "InvoiceNo;StockCode;Description;Quantity;InvoiceDate;UnitPrice;CustomerID;Country",
            separator: ";",
            date: { "\(two($0.day)).\(two($0.month)).\($0.year) \(two($0.hour)):\(two($0.minute))" },
            money: { $1.replacing(".", with: ",") }
        ),
        Disguise(description: "AM and PM") {
            let hour = ($0.hour + 11) % 12 + 1
            return "\($0.month)/\($0.day)/\($0.year) \(hour):\(two($0.minute)) \($0.hour < 12 ? "AM" : "PM")"
        },
        Disguise(
            description: "snake_case",
            header: "order_id,product_id,description,quantity,order_date,unit_price,customer_id,country"
        ),
        Disguise(
            description: "tab",
            header: "Invoice\tStockCode\tDescription\tQuantity\tInvoiceDate\tPrice\tCustomer ID\tCountry",
            separator: "\t"
        ),
        Disguise(description: "ISO with offsets") {
            "\($0.year)-\(two($0.month))-\(two($0.day))T\(two($0.hour)):\(two($0.minute)):00+00:00"
        },
        Disguise(
            description: "line totals",
            header: "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,LineTotal,CustomerID,Country",
            money: total
        ),
    ]

    @Test("gives the same lines", arguments: disguises)
    func disguise(_ disguise: Disguise) throws {
        #expect(try Self.read(Self.files(disguise)) == Self.real.get(), "\(disguise)")
    }

    @Test("one file per day with the day first, those of the days 1 to 12 ambiguous by themselves")
    func dailyFiles() throws {
        let files = try Self.files(Self.disguises[0], isDaily: true)
        #expect(files.count == 305)
        #expect(try Self.read(files) == Self.real.get())
        // One of them alone is refused.
        let alone = ReadingSupport.read(files[0], layout: ReadingLayout())
        #expect(alone.error?.description.contains("--dates dmy") == true)
    }

    @Test("in its own form: the counts and the hash of its lines stay what they are")
    func real() throws {
        let kept = try Self.real.get()
        #expect(kept.lines == 406_829)
        #expect(hexadecimal(kept.hash.value) == "276ada48efef3213")
    }
}
