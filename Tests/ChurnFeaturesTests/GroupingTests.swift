import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite("Features straight from files", .timeLimit(.minutes(3)))
struct GroupingTests {
    /// All that a build gives.
    private struct Build: Equatable {
        var context: BuildContext
        var facts: [CustomerFacts]
        var totals: FactsTotals
        var spilledBytes: Int64
    }

    private struct Stop: Error {}

    /// So little that a few thousand lines do not fit.
    private static let little = 256 << 10

    private static func build(
        _ files: [[UInt8]],
        asOfDay: Int64? = nil,
        settings: GroupingSettings = .defaults,
        maxLines: Int = 1_000,
        _ body: (CustomerFacts) throws -> Void = { _ in }
    ) throws -> Build {
        let bytes = files.reduce(0) { $0 + Int64($1.count) }
        var builder = FactsBuilder(asOfDay: asOfDay, totalBytes: bytes, settings: settings)
        for (index, file) in files.enumerated() {
            var reader = try TransactionReader(bytes: file, name: "\(index).csv", layout: ReadingSupport.monthFirst)
            while try builder.add(&reader, maxLines: maxLines) {}
        }
        let context = try builder.context()
        let spilledBytes = builder.spilledBytes
        var facts: [CustomerFacts] = []
        let totals = try builder.forEachCustomer { customer, _ in
            facts.append(customer)
            try body(customer)
        }
        return Build(context: context, facts: facts, totals: totals, spilledBytes: spilledBytes)
    }

    private static func csv(_ lines: [String]) -> [UInt8] {
        Array((ReadingSupport.header + lines.joined()).utf8)
    }

    /// A shop's lines in an order of its own: invoices in pieces, equal lines, long codes, cancellations at any time.
    private static func history(_ generator: inout SplitMix64, lines: Int) -> [String] {
        let customers = Int.random(in: 1...200, using: &generator)
        let isShuffled = Bool.random(using: &generator)
        var result: [String] = []
        while result.count < lines {
            let customer = Int.random(in: 1...customers, using: &generator)
            let isCancellation = Int.random(in: 0..<8, using: &generator) == 0
            // Few numbers, so that an invoice comes again, for another customer or at another minute too.
            let number = Int.random(in: 1...lines / 8, using: &generator)
            let invoice = (isCancellation ? "C" : "") + "\(number)" + (number % 7 == 0 ? "-a-long-number" : "")
            let day = Int.random(in: 1...28, using: &generator)
            let minute = Int.random(in: 0...3, using: &generator)
            for _ in 0..<Int.random(in: 1...12, using: &generator) {
                let product = Int.random(in: 1...40, using: &generator)
                let code = product % 5 == 0 ? "\(product)-QUITE-A-LONG-STOCK-CODE" : "\(product)"
                let quantity = Int.random(in: 1...3, using: &generator) * (isCancellation ? -1 : 1)
                let price = ["0", "1.5", "0.001"].randomElement(using: &generator) ?? "1"
                let line = "\(invoice),\(code),,\(quantity),12/\(day)/2010 8:0\(minute),\(price),\(customer),UK\n"
                for _ in 0..<(Int.random(in: 0..<20, using: &generator) == 0 ? 2 : 1) { result.append(line) }
            }
        }
        return isShuffled ? result.shuffled(using: &generator) : result
    }

    /// The same by the definitions: each key once, each customer's lines through `naiveFacts`.
    private static func naive(_ files: [[UInt8]], before minute: Int64) throws -> [CustomerFacts] {
        var seen: Set<String> = []
        var lines: [Int64: [OwnedLine]] = [:]
        for file in files {
            var reader = try TransactionReader(bytes: file, name: "test.csv", layout: ReadingSupport.monthFirst)
            while try reader.readBatch(
                maxLines: 1_000,
                { line in
                    let key = ReadLine(line)
                    guard line.minute < minute, seen.insert(key.description).inserted else { return }
                    lines[line.customer, default: []].append(OwnedLine(line))
                }
            ) {}
        }
        return lines.sorted { $0.key < $1.key }.compactMap { naiveFacts($0.value, customer: $0.key) }
    }

    @Test("spilled is in memory is the definition, customer for customer", arguments: 0..<24 as Range<UInt64>)
    func spilled(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let lines = Self.history(&generator, lines: 16_000)
        // Several files that overlap, as exports of a day each may.
        var files = [Self.csv(lines)]
        if seed % 3 == 0 {
            let cut = Int.random(in: 0...lines.count, using: &generator)
            let back = Int.random(in: 0...cut, using: &generator)
            files = [Self.csv(Array(lines[..<cut])), Self.csv(Array(lines[back...]))]
        }
        let asOfDay: Int64? = seed % 4 == 0 ? 14_944 + Int64.random(in: 2...28, using: &generator) : nil
        let maxLines = Int.random(in: 1...3_000, using: &generator)
        let inMemory = try Self.build(files, asOfDay: asOfDay)
        let temporary = try TemporaryDirectory()
        let settings = GroupingSettings(memoryBytes: Self.little, temporaryDirectory: temporary.path)
        var namesMeanwhile: [String]?
        let spilled = try Self.build(files, asOfDay: asOfDay, settings: settings, maxLines: maxLines) { _ in
            if namesMeanwhile == nil {
                namesMeanwhile = try FileManager.default.contentsOfDirectory(atPath: temporary.path)
            }
        }
        #expect(inMemory.spilledBytes == 0)
        if asOfDay == nil { #expect(spilled.spilledBytes > 0, "seed \(seed)") }
        // The file has no name from the moment it is there.
        #expect(namesMeanwhile == [], "seed \(seed)")
        #expect(spilled.facts == inMemory.facts, "seed \(seed)")
        #expect(spilled.totals == inMemory.totals && spilled.context == inMemory.context, "seed \(seed)")
        #expect(try Self.naive(files, before: inMemory.context.asOfMinute) == inMemory.facts, "seed \(seed)")
        #expect(inMemory.facts.allSatisfy { $0.isConsistent }, "seed \(seed)")
    }

    @Test("the real data gives the facts of its lines, in memory and spilled")
    func realData() throws {
        let path = try Surroundings.transactionFile()
        let expected = try FactsHistory.real.get().facts()
        for memoryBytes in [GroupingLimits.memoryBytes, 1 << 20] {
            var builder = FactsBuilder(asOfDay: nil, settings: GroupingSettings(memoryBytes: memoryBytes))
            var reader = try TransactionReader(path: path)
            while try builder.add(&reader, maxLines: 20_000) {}
            #expect((builder.spilledBytes > 0) == (memoryBytes == 1 << 20))
            var facts: [CustomerFacts] = []
            let totals = try builder.forEachCustomer { customer, _ in facts.append(customer) }
            #expect(facts == expected)
            #expect(totals.customers == 4_339 && totals.purchaseLines == 397_924 && totals.cancelLines == 8_905)
            #expect(totals.purchaseInvoices == 18_536 && totals.revenueMilli == 8_911_407_904)
            #expect(totals.cancelOnlyCustomers == 33)
        }
    }

    @Test("the history ends before the as-of day, and cancellations after the last purchase are not in it")
    func asOf() throws {
        func line(_ invoice: String, _ quantity: Int, _ day: Int) -> String {
            "\(invoice),A,,\(quantity),12/\(day)/2010 9:00,2,5,UK\n"
        }
        let file = Self.csv([line("1", 3, 1), line("C2", -1, 2), line("3", 4, 2), line("C4", -1, 3)])
        let all = try Self.build([file])
        #expect(all.context.asOfMinute == CivilTime.days(year: 2010, month: 12, day: 3) * CivilTime.minutesPerDay)
        #expect(all.facts.first?.purchaseLines == 2 && all.facts.first?.cancelLines == 1)
        let early = try Self.build([file], asOfDay: CivilTime.days(year: 2010, month: 12, day: 2))
        #expect(early.facts.first?.purchaseLines == 1 && early.facts.first?.cancelLines == 0)
        #expect(early.context.lastPurchaseMinute < early.context.asOfMinute)
        let late = try Self.build([file], asOfDay: CivilTime.days(year: 2010, month: 12, day: 9))
        #expect(late.facts.first?.cancelLines == 2)

        let day = CivilTime.days(year: 2010, month: 12, day: 1)
        #expect(throws: GroupingError.emptyHistory(asOfMinute: day * CivilTime.minutesPerDay)) {
            try Self.build([file], asOfDay: day)
        }
        #expect(throws: GroupingError.noPurchases) { try Self.build([Self.csv([line("C4", -1, 3)])]) }
    }

    @Test("products of a customer that is left out are none of the build's", arguments: [false, true])
    func productsOfLeftOut(isSpilled: Bool) throws {
        let temporary = try TemporaryDirectory()
        let settings = GroupingSettings(
            memoryBytes: isSpilled ? Self.little : GroupingLimits.memoryBytes,
            temporaryDirectory: temporary.path
        )
        func line(_ invoice: Int, _ customer: Int, _ code: String, _ quantity: Int, _ price: Int) -> String {
            "\(invoice),\(code),,\(quantity),12/1/2010 9:00,\(price),\(customer),UK\n"
        }
        // 9,300 of the largest lines are more than 64 bits, of one customer or of several.
        func largest(_ number: Int, _ customer: Int) -> String {
            line(number / 100, customer, "P\(number % 100)-WITH-QUITE-A-LONG-STOCK-CODE", 1_000, 1_000_000_000)
        }
        let absurd = (0..<9_300).map { largest($0, 666) }
        let shared = (0..<9_300).map { largest($0, 700 + $0 % 2) }
        // A file without a column for the product.
        let plain = Array(
            (ReadingSupport.header.replacing("StockCode", with: "Colour") + line(1, 5, "", 1, 2) + line(2, 6, "", 1, 2))
                .utf8
        )
        for (lines, expected, customers) in [
            (absurd, false, 2), (absurd + [line(3, 7, "A", 1, 2)], true, 3), (shared, true, 4), ([], false, 2),
        ] {
            var builder = FactsBuilder(asOfDay: nil, settings: settings)
            for file in [plain, Self.csv(lines)] {
                var reader = try TransactionReader(bytes: file, name: "test", layout: ReadingSupport.monthFirst)
                while try builder.add(&reader, maxLines: 1_000) {}
            }
            let hasProducts = try builder.hasProducts()
            #expect(hasProducts == expected)
            let spilledBytes = builder.spilledBytes
            #expect((spilledBytes > 0) == (isSpilled && !lines.isEmpty))
            // The answer takes nothing from what follows.
            var facts: [CustomerFacts] = []
            let totals = try builder.forEachCustomer { found, _ in facts.append(found) }
            #expect(facts.count == customers && totals.customers == Int64(customers))
            #expect(totals.hasProducts == expected && facts.contains { $0.distinctProducts > 0 } == expected)
        }
    }

    @Test("too little disk is told before anything is written, with what is needed and what is there")
    func disk() throws {
        var generator = SplitMix64(seed: 1)
        let file = Self.csv(Self.history(&generator, lines: 20_000))
        let temporary = try TemporaryDirectory()
        let settings = GroupingSettings(
            memoryBytes: Self.little,
            temporaryDirectory: temporary.path,
            temporaryBytes: Int64(Self.little) + 1
        )
        let error = #expect(throws: GroupingError.self) { try Self.build([file], settings: settings) }
        guard case .temporaryFile(.notEnoughSpace(let directory, let needed, let free)) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(directory == temporary.path && free == Int64(Self.little) + 1)
        // What it takes, give or take what the first lines do not tell.
        let enough = GroupingSettings(memoryBytes: Self.little, temporaryDirectory: temporary.path)
        let taken = try Self.build([file], settings: enough).spilledBytes
        #expect(needed > taken / 2 && needed < taken * 2, "\(needed) and \(taken)")
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
    }

    @Test("a failure in the middle leaves no temporary file, and an unusable directory is named")
    func failures() throws {
        var generator = SplitMix64(seed: 2)
        let file = Self.csv(Self.history(&generator, lines: 16_000))
        let temporary = try TemporaryDirectory()
        let settings = GroupingSettings(memoryBytes: Self.little, temporaryDirectory: temporary.path)
        var customers = 0
        #expect(throws: Stop.self) {
            try Self.build([file], settings: settings) { _ in
                customers += 1
                if customers == 3 { throw Stop() }
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])
        // A file that breaks off after the first run was written.
        #expect(throws: ReadingError.self) { try Self.build([file + [0]], settings: settings) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: temporary.path) == [])

        let missing = GroupingSettings(memoryBytes: Self.little, temporaryDirectory: temporary.path + "/missing")
        let error = #expect(throws: GroupingError.self) { try Self.build([file], settings: missing) }
        #expect(error.map { "\($0)" }?.contains(temporary.path + "/missing") == true)
    }
}
