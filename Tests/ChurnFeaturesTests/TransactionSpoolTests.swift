import ChurnBase
import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite("The spool of cleaned lines") struct TransactionSpoolTests {
    /// A line with texts of its own, and what it is compared by.
    private struct Line: Equatable {
        var invoice: [UInt8] = []
        var stockCode: [UInt8] = []
        var description: [UInt8] = []
        var country: [UInt8] = []
        /// Empty of a customer that is a number.
        var customerText: [UInt8] = []
        var customerCheck: UInt64 = 0
        var numbers: [Int64] = [1, 0, 1, 0, 0]

        init() {}

        init(_ line: TransactionLine) {
            invoice = Array(line.invoice)
            stockCode = Array(line.stockCode)
            description = Array(line.description)
            country = Array(line.country)
            customerText = Array(line.customerText)
            customerCheck = line.customerCheck
            numbers = [line.customer, line.minute, line.quantityMilli, line.amountMilli, line.copy]
        }

        func append(to spool: inout TransactionSpool) throws {
            let texts = invoice + stockCode + description + country + customerText
            try texts.withUnsafeBufferPointer { all throws(TemporaryFileError) in
                var start = 0
                func next(_ count: Int) -> UnsafeBufferPointer<UInt8> {
                    defer { start += count }
                    return UnsafeBufferPointer(rebasing: all[start..<(start + count)])
                }
                var line = TransactionLine(
                    invoice: next(invoice.count),
                    stockCode: next(stockCode.count),
                    description: next(description.count),
                    country: next(country.count),
                    customer: numbers[0],
                    minute: numbers[1],
                    quantityMilli: numbers[2],
                    amountMilli: numbers[3],
                    copy: numbers[4]
                )
                line.customerCheck = customerCheck
                line.customerText = next(customerText.count)
                try spool.append(line)
            }
        }
    }

    private enum Item: Equatable {
        case line(Line)
        case mark(TransactionSpool.Mark)
    }

    /// Lines as shops have them: several of one invoice, few countries, texts up to their limits.
    private static func items(_ count: Int, _ random: inout SplitMix64) -> [Item] {
        func text(_ limit: Int) -> [UInt8] {
            let longest = Int.random(in: 0..<20, using: &random) == 0 ? limit : min(limit, 30)
            return (0..<Int.random(in: 0...longest, using: &random)).map { _ in .random(in: 0...255, using: &random) }
        }
        var line = Line()
        return (0..<count).map { index in
            if Int.random(in: 0..<9, using: &random) == 0 {
                return .mark(
                    .init(input: index, lines: .random(in: 0 ... .max, using: &random), plainBytes: Int64(index))
                )
            }
            // Each part of what an invoice's lines share changes for itself too.
            if Int.random(in: 0..<4, using: &random) == 0 { line.invoice = text(ReadingLimits.invoiceBytes) }
            if Int.random(in: 0..<4, using: &random) == 0 { line.country = text(ReadingLimits.countryBytes) }
            if Int.random(in: 0..<4, using: &random) == 0 {
                let isText = Bool.random(using: &random)
                // Two texts may have the same number.
                line.numbers[0] =
                    isText ? .random(in: -2...(-1), using: &random) : .random(in: 1 ... .max, using: &random)
                line.customerText = isText ? text(CustomerID.textBytes - 1) + [1] : []
                line.customerCheck = isText ? .random(in: 0 ... .max, using: &random) : 0
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                line.numbers[1] = .random(in: .min ... .max, using: &random)
            }
            line.stockCode = text(ReadingLimits.stockCodeBytes)
            line.description = text(ReadingLimits.descriptionBytes)
            line.numbers[2] = .random(in: Int64(Int32.min) * 1_000...Int64(Int32.max) * 1_000, using: &random)
            line.numbers[3] = .random(in: 0...ReadingLimits.lineAmountMilli, using: &random)
            line.numbers[4] = .random(in: 0..<1 << 29, using: &random)
            return .line(line)
        }
    }

    private static func replayed(_ spool: borrowing TransactionSpool) throws -> [Item] {
        var items: [Item] = []
        try spool.replay({ items.append(.line(Line($0))) }, atMark: { items.append(.mark($0)) })
        return items
    }

    @Test(
        "gives back what was added, in its order, wherever it lies",
        arguments: [(1 << 30, 2 << 20), (1 << 30, 4_096), (16_000, 4_096), (0, 4_096), (0, 0)]
    )
    func roundTrip(memoryBytes: Int, chunkBytes: Int) throws {
        let temporary = try TemporaryDirectory()
        for seed in 1...8 {
            var random = SplitMix64(seed: UInt64(seed))
            let items = Self.items(400, &random)
            let settings = SpoolSettings(
                memoryBytes: memoryBytes,
                chunkBytes: chunkBytes,
                temporaryDirectory: temporary.path
            )
            var spool = TransactionSpool(settings: settings)
            for item in items {
                switch item {
                case .line(let line): try line.append(to: &spool)
                case .mark(let mark): try spool.append(mark)
                }
            }
            #expect(try Self.replayed(spool) == items, "seed \(seed)")
            // Any number of times.
            #expect(try Self.replayed(spool) == items, "seed \(seed)")
            #expect(spool.lineCount == items.count { if case .line = $0 { true } else { false } })
            #expect((spool.filedBytes > 0) == (memoryBytes < 100_000))
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
        }
        #expect(try Self.replayed(TransactionSpool()) == [])
    }

    @Test("what a closure throws ends the replay; too little disk is told by the directory")
    func failures() throws {
        let temporary = try TemporaryDirectory()
        var random = SplitMix64(seed: 9)
        var spool = TransactionSpool(
            settings: SpoolSettings(
                memoryBytes: 0,
                chunkBytes: 0,
                temporaryDirectory: temporary.path,
                temporaryBytes: 9_000
            )
        )
        let error = #expect(throws: TemporaryFileError.self) {
            for case .line(let line) in Self.items(2_000, &random) { try line.append(to: &spool) }
        }
        guard case .notEnoughSpace(let directory, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(directory == temporary.path)
        struct Stop: Error {}
        var lines = 0
        #expect(throws: Stop.self) {
            try spool.replay(
                { _ in
                    lines += 1
                    throw Stop()
                },
                atMark: { _ in }
            )
        }
        #expect(lines == 1)
        let nowhere = SpoolSettings(memoryBytes: 0, chunkBytes: 0, temporaryDirectory: temporary.path + "/none")
        var homeless = TransactionSpool(settings: nowhere)
        #expect(
            throws: TemporaryFileError.unusable(
                directory: temporary.path + "/none",
                reason: "No such file or directory"
            )
        ) {
            for case .line(let line) in Self.items(2_000, &random) { try line.append(to: &homeless) }
        }
    }
}
