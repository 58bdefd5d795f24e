import ChurnFeatures
import ChurnStore
import Foundation
import TestSupport
import Testing

/// A directory that goes with the closure. A store opened in it is closed before, when its last reference ends inside.
func withTemporaryDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("churn-store-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer {
        do { try FileManager.default.removeItem(at: directory) } catch { Issue.record(error) }
    }
    return try body(directory.path)
}

/// A line that owns its texts.
struct OwnedLine: Hashable {
    var invoice: String
    var stockCode: String
    var description: String
    var country: String
    var customer: Int64
    var minute: Int64
    var quantity: Int64
    var priceMilli: Int64
    var copy: Int64

    init(
        _ invoice: String,
        _ stockCode: String = "A",
        description: String = "thing",
        country: String = "France",
        customer: Int64 = 1,
        minute: Int64 = 1_000,
        quantity: Int64 = 1,
        price: Int64 = 1_000,
        copy: Int64 = 0
    ) {
        self.invoice = invoice
        self.stockCode = stockCode
        self.description = description
        self.country = country
        self.customer = customer
        self.minute = minute
        self.quantity = quantity
        self.priceMilli = price
        self.copy = copy
    }

    init(_ line: TransactionLine) {
        invoice = String(decoding: line.invoice, as: UTF8.self)
        stockCode = String(decoding: line.stockCode, as: UTF8.self)
        description = String(decoding: line.description, as: UTF8.self)
        country = String(decoding: line.country, as: UTF8.self)
        customer = line.customer
        minute = line.minute
        quantity = line.quantity
        priceMilli = line.priceMilli
        copy = line.copy
    }

    func withLine<Value>(_ body: (TransactionLine) throws -> Value) rethrows -> Value {
        var texts = (invoice, stockCode, description, country)
        return try texts.0.withUTF8 { invoice in
            try texts.1.withUTF8 { stockCode in
                try texts.2.withUTF8 { description in
                    try texts.3.withUTF8 { country in
                        try body(
                            TransactionLine(
                                invoice: invoice,
                                stockCode: stockCode,
                                description: description,
                                country: country,
                                customer: customer,
                                minute: minute,
                                quantity: quantity,
                                priceMilli: priceMilli,
                                copy: copy
                            )
                        )
                    }
                }
            }
        }
    }
}

extension TransactionStore {
    /// Ingests the lines in one batch.
    @discardableResult
    func ingest(_ lines: [OwnedLine]) throws -> IngestCounts {
        try ingest { session in
            for line in lines { try line.withLine { try session.add($0) } }
            return try session.commit()
        }
    }

    /// Ingests files the way the program does, a commit a batch.
    @discardableResult
    func ingest(files: [String], linesPerBatch: Int = 20_000) throws -> IngestCounts {
        try ingest { session in
            for file in files {
                var reader = try TransactionReader(path: file)
                var isMore = true
                while isMore {
                    isMore = try reader.readBatch(maxLines: linesPerBatch) { try session.add($0) }
                    _ = try session.commit()
                }
            }
            return session.committed
        }
    }

    func linesByCustomer(before minute: Int64 = .max) throws -> [OwnedLine] {
        var lines: [OwnedLine] = []
        try forEachLineByCustomer(before: minute) { lines.append(OwnedLine($0)) }
        return lines
    }
}

/// The real data set, and other exports of the same lines made from it.
enum RealData {
    static func path() throws -> String { try Surroundings.transactionFile() }

    /// The kept lines in the order of the file.
    static let lines = Result {
        var lines: [OwnedLine] = []
        var reader = try TransactionReader(path: try path())
        while try reader.readBatch(maxLines: 100_000, { lines.append(OwnedLine($0)) }) {}
        return lines
    }

    enum Layout {
        /// As in the real file.
        case original
        /// ISO dates, LF, the column names of "Online Retail II", customers as `17850.0`, columns in another order.
        case other
    }

    static func write(_ lines: some Sequence<OwnedLine>, as layout: Layout, to path: String) throws {
        let header =
            layout == .original
            ? "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
            : "Customer ID,Invoice,InvoiceDate,StockCode,Description,Quantity,Price,Country\n"
        // Bytes, and one text a minute: as Strings this was most of the suite's time.
        var bytes = Array(header.utf8)
        var date: (minute: Int64, text: [UInt8]) = (.min, [])
        func add(_ text: some Sequence<UInt8>) { bytes.append(contentsOf: text) }
        for line in lines {
            if date.minute != line.minute { date = (line.minute, Array(text(ofMinute: line.minute, layout).utf8)) }
            let comma = CollectionOfOne(UInt8(ascii: ","))
            if layout == .other { add("\(line.customer).0,".utf8) }
            add(line.invoice.utf8)
            if layout == .other { add(date.text) } else { add(comma) }
            add(line.stockCode.utf8)
            add(",\"".utf8)
            for byte in line.description.utf8 {
                bytes.append(byte)
                if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            }
            add("\",\(line.quantity)".utf8)
            if layout == .original { add(date.text) } else { add(comma) }
            add("\(line.priceMilli / 1_000).".utf8)
            add("\(1_000 + line.priceMilli % 1_000)".utf8.dropFirst())
            if layout == .original { add(",\(line.customer)".utf8) }
            add(comma)
            add(line.country.utf8)
            add((layout == .original ? "\r\n" : "\n").utf8)
        }
        try Data(bytes).write(to: URL(fileURLWithPath: path))
    }

    /// Between commas.
    private static func text(ofMinute minute: Int64, _ layout: Layout) -> String {
        let time = CivilTime.format(minute: minute)
        if layout == .other { return ",\(time):00," }
        let split = CivilTime.split(minute: minute)
        let date = CivilTime.date(days: split.day)
        return ",\(date.month)/\(date.day)/\(date.year) \(split.minuteOfDay / 60)\(time.suffix(3)),"
    }
}
