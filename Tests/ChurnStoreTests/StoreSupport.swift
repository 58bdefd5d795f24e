import ChurnFeatures
import ChurnStore
import Foundation
import TestSupport
import Testing

extension TransactionStore {
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
            add("\",\(line.quantityMilli / 1_000)".utf8)
            if layout == .original { add(date.text) } else { add(comma) }
            let price = line.amountMilli * 1_000 / abs(line.quantityMilli)
            add("\(price / 1_000).".utf8)
            add("\(1_000 + price % 1_000)".utf8.dropFirst())
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
