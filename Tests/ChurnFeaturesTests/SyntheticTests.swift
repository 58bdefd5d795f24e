internal import ChurnBase
import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite struct SyntheticTests {
    private func bytes(_ transactions: SyntheticTransactions) -> (bytes: [UInt8], SyntheticTransactions.Summary) {
        var bytes: [UInt8] = []
        let summary = transactions.write { bytes.append(contentsOf: $0) }
        return (bytes, summary)
    }

    @Test("a seed gives the same bytes for ever and everywhere, another seed others")
    func deterministic() throws {
        let (first, summary) = bytes(try SyntheticTransactions(seed: 1, customers: 300, days: 200))
        let (again, againSummary) = bytes(try SyntheticTransactions(seed: 1, customers: 300, days: 200))
        #expect(first == again)
        #expect(summary == againSummary)
        #expect(Int64(first.count) == summary.bytes)
        #expect(first != bytes(try SyntheticTransactions(seed: 2, customers: 300, days: 200)).bytes)
        var hash = StableHash()
        first.withUnsafeBytes { hash.combine($0) }
        // Changes only with the documented process: then say so in the change log.
        #expect(hexadecimal(hash.value) == "f0174dae7304b30e")
    }

    @Test("the reader takes every line but those without a customer, and time goes forward", arguments: UInt64(0)..<3)
    func readable(seed: UInt64) throws {
        let (bytes, summary) = bytes(try SyntheticTransactions(seed: seed, customers: 1_000, days: 374))
        var reader = try TransactionReader(bytes: bytes, name: "synthetic")
        var minute = Int64.min
        var invoice = 0
        var hasQuote = false
        while try reader.readBatch(
            maxLines: 100_000,
            { line in
                let text = String(decoding: line.invoice, as: UTF8.self)
                let number = try #require(Int(text.hasPrefix("C") ? String(text.dropFirst()) : text))
                #expect(text.hasPrefix("C") == line.isCancellation)
                #expect(number >= invoice && String(number).count == 6)
                #expect(line.minute >= minute)
                invoice = number
                minute = line.minute
                if line.description.contains(UInt8(ascii: "\"")) { hasQuote = true }
            }
        ) {}
        let report = reader.report
        #expect(report.counts.rejected == report.counts.noCustomer)
        #expect(report.counts.noCustomer == summary.linesWithoutCustomer)
        #expect(report.counts.lines == summary.lines)
        #expect(report.counts.cancellations == summary.cancelLines)
        #expect(report.counts.copies > 0 && hasQuote)
        #expect(report.lineEnd == .crlf)
        #expect(report.counts.utf8Lines > 0 && report.counts.latin1Lines == 0)
        // Of the shape of the real data: 94 kept lines and 4.3 invoices a customer.
        #expect((40...200).contains(report.counts.kept / summary.activeCustomers))
        #expect(summary.activeCustomers > 900)
        let first = try #require(report.counts.firstMinute)
        #expect(first >= 14_944 * 1_440)
        #expect(minute < (14_944 + 374) * 1_440)
    }

    @Test("every cancellation takes back part of a purchase of the same customer")
    func cancellations() throws {
        let (bytes, _) = bytes(try SyntheticTransactions(seed: 3, customers: 200, days: 300))
        var reader = try TransactionReader(bytes: bytes, name: "synthetic")
        var bought: [String: Int64] = [:]
        var cancelled = 0
        while try reader.readBatch(
            maxLines: 100_000,
            { line in
                let key =
                    "\(line.customer) \(String(decoding: line.stockCode, as: UTF8.self)) \(line.amountMilli * 1_000 / abs(line.quantityMilli))"
                if line.isCancellation {
                    cancelled += 1
                    #expect(bought[key, default: 0] >= -line.quantityMilli)
                } else {
                    bought[key, default: 0] += line.quantityMilli
                }
            }
        ) {}
        #expect(cancelled > 20)
    }

    @Test("parameters out of range are refused")
    func ranges() {
        #expect(throws: SyntheticError.customersOutOfRange(0)) { try SyntheticTransactions(seed: 0, customers: 0) }
        #expect(throws: SyntheticError.daysOutOfRange(7_301)) { try SyntheticTransactions(seed: 0, days: 7_301) }
        #expect(throws: SyntheticError.startOutOfRange(day: -1)) { try SyntheticTransactions(seed: 0, startDay: -1) }
    }

    @Test("the smallest data set, and one of a single closed day")
    func smallest() throws {
        let (_, one) = bytes(try SyntheticTransactions(seed: 0, customers: 1, days: 1))
        #expect(one.bytes > 0)
        // 1970-01-03 was a Saturday: the shop was closed.
        let (saturday, summary) = bytes(try SyntheticTransactions(seed: 0, customers: 50, days: 1, startDay: 2))
        #expect(summary.lines == 0)
        #expect(String(decoding: saturday, as: UTF8.self).hasSuffix("CustomerID,Country\r\n"))
    }

    @Test("a file is there whole or not at all")
    func file() throws {
        let temporary = try TemporaryDirectory()
        let directory = URL(fileURLWithPath: temporary.path)
        let transactions = try SyntheticTransactions(seed: 1, customers: 50, days: 100)
        let path = directory.appendingPathComponent("s.csv").path
        let summary = try transactions.write(toFileAt: path)
        let written = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(Array(written) == bytes(transactions).bytes)
        #expect(Int64(written.count) == summary.bytes)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["s.csv"])
        let missing = directory.path + "/none/s.csv"
        #expect(throws: SyntheticError.unwritable(path: missing + ".partial", reason: "No such file or directory")) {
            try transactions.write(toFileAt: missing)
        }
        // A directory of that name: the new file cannot take its place, and goes.
        let taken = directory.appendingPathComponent("d")
        try FileManager.default.createDirectory(at: taken, withIntermediateDirectories: true)
        #expect(throws: SyntheticError.self) { try transactions.write(toFileAt: taken.path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() == ["d", "s.csv"])
    }
}
