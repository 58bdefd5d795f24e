import ChurnBase
import ChurnFeatures
import Foundation
import TestSupport
import Testing

/// Customers that are texts, straight from files to features: as many as there are, and no number for two of them.
@Suite("Features straight from files: customers that are texts", .timeLimit(.minutes(5)))
struct GroupingCustomerTests {
    /// A customer as the shop calls it, and its facts.
    struct Row: Equatable {
        var name: String
        var facts: CustomerFacts
    }

    struct Build {
        var rows: [Row] = []
        var totals = FactsTotals()
        var asOfMinute: Int64 = 0
        var spilledBytes: Int64 = 0
    }

    private static func build(
        _ bytes: [UInt8],
        hash: CustomerHash,
        asOfDay: Int64? = nil,
        memoryBytes: Int = GroupingLimits.memoryBytes
    ) throws -> Build {
        var reader = try TransactionReader(
            bytes: bytes,
            name: "test.csv",
            layout: ReadingSupport.monthFirst,
            settings: ReadingSettings(customerHash: hash)
        )
        let temporary = try TemporaryDirectory()
        let settings = GroupingSettings(memoryBytes: memoryBytes, temporaryDirectory: temporary.path)
        var builder = FactsBuilder(asOfDay: asOfDay, settings: settings)
        while try builder.add(&reader, maxLines: 10_000) {}
        var build = Build()
        build.asOfMinute = try builder.context().asOfMinute
        build.spilledBytes = builder.spilledBytes
        build.totals = try builder.forEachCustomer { facts, text in
            let name = text.isEmpty ? "\(facts.customer)" : String(decoding: text, as: UTF8.self)
            build.rows.append(Row(name: name, facts: facts))
        }
        return build
    }

    /// The same by the definitions: the first text of a number keeps it, each key counts once.
    private struct Naive {
        var rows: [Row] = []
        /// Lines of each text that has the number of an earlier one.
        var collided: [String: Int64] = [:]

        init(_ bytes: [UInt8], hash: CustomerHash, before minute: Int64) {
            let reading = ReadingSupport.read(bytes, settings: ReadingSettings(customerHash: hash), maxLines: 10_000)
            var names: [Int64: String] = [:]
            var seen: Set<String> = []
            var lines: [Int64: [OwnedLine]] = [:]
            for line in reading.lines {
                let name = names[line.customer] ?? line.customerName
                names[line.customer] = name
                guard name == line.customerName else {
                    collided[line.customerName, default: 0] += 1
                    continue
                }
                guard line.minute < minute, seen.insert(line.description).inserted else { continue }
                var owned = OwnedLine(line.invoice, line.stockCode, customer: line.customer, minute: line.minute)
                (owned.quantityMilli, owned.amountMilli) = (line.quantityMilli, line.amountMilli)
                owned.customerCheck = line.customerCheck
                lines[line.customer, default: []].append(owned)
            }
            rows = lines.sorted { $0.key < $1.key }.compactMap { customer, lines in
                guard var facts = naiveFacts(lines, customer: customer) else { return nil }
                facts.check = lines[0].customerCheck
                return Row(name: names[customer] ?? "", facts: facts)
            }
        }
    }

    private static func history(_ generator: inout SplitMix64, lines: Int) -> [UInt8] {
        let customers = (1...Int.random(in: 20...400, using: &generator)).map { number in
            switch number % 3 {
            case 0: "\(number)"
            case 1: "C-\(String(repeating: "0", count: number % 40))\(number)"
            default: "customer.\(number)@example.com"
            }
        }
        var body = ""
        for _ in 0..<lines {
            let customer = customers.randomElement(using: &generator) ?? "1"
            let invoice = Int.random(in: 1...lines / 4, using: &generator)
            let quantity = [-1, 1, 2, 3].randomElement(using: &generator) ?? 1
            let moment =
                "12/\(Int.random(in: 1...28, using: &generator))/2010 8:0\(Int.random(in: 0...2, using: &generator))"
            let product = "P\(Int.random(in: 1...20, using: &generator))"
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                body += "\(invoice),\(product),,\(quantity),\(moment),1.5,\(customer),UK\n"
            }
        }
        return Array((ReadingSupport.header + body).utf8)
    }

    @Test("in memory is spilled is the definition, whatever the hash", arguments: 0..<12 as Range<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SplitMix64(seed: seed)
        let bytes = Self.history(&generator, lines: 4_000)
        let hash = CustomerHash(bits: [1, 4, 7, 10, 16, 63][Int(seed % 6)])
        let asOfDay: Int64? = seed % 2 == 0 ? 14_944 + Int64.random(in: 2...20, using: &generator) : nil
        let build = try Self.build(bytes, hash: hash, asOfDay: asOfDay)
        let naive = Naive(bytes, hash: hash, before: build.asOfMinute)
        #expect(build.rows == naive.rows, "seed \(seed)")
        let collided = build.totals.collided
        #expect(collided.count == naive.collided.count, "seed \(seed)")
        #expect(collided.lines == naive.collided.values.reduce(0, +), "seed \(seed)")
        #expect(collided.shown.count == min(5, naive.collided.count))
        #expect(collided.shown.allSatisfy { naive.collided[$0.text] == $0.lines }, "seed \(seed)")
        #expect(collided.isEmpty == (seed % 6 == 5 || naive.collided.isEmpty))
        if seed % 6 < 3 { #expect(!collided.isEmpty, "seed \(seed)") }
        #expect(build.rows.allSatisfy { $0.facts.isConsistent })

        let spilled = try Self.build(bytes, hash: hash, asOfDay: asOfDay, memoryBytes: 256 << 10)
        #expect(
            spilled.spilledBytes > 0 && spilled.rows == build.rows && spilled.totals == build.totals,
            "seed \(seed)"
        )
    }

    @Test("whom another has the number of is named, with the lines that are left out")
    func warning() throws {
        let lines = (1...9).map { ReadingSupport.line(invoice: "\($0)", customer: "customer \($0 % 3)") }.joined()
        let build = try Self.build(
            Array((ReadingSupport.header + lines + ReadingSupport.line(customer: "customer 1")).utf8),
            hash: CustomerHash(bits: 1)
        )
        // Of three texts, at least two have one number of two.
        let collided = build.totals.collided
        #expect(build.rows.map(\.name).contains("customer 1"))
        #expect(collided.count == Int64(3 - build.rows.count) && collided.lines == 3 * collided.count)
        let warning = try #require(collided.warning)
        for shown in collided.shown {
            #expect(warning.contains("\(shown.text) (3)") && shown.text != "customer 1")
        }
        #expect(warning.contains("\(collided.lines) lines") && warning.contains("customer_collision"))
        var many = CollidedCustomers()
        #expect(many.warning == nil)
        for number in 1...7 { many.add(Array("a\(number)\n".utf8), purchases: 1, cancellations: 1) }
        #expect(many.warning?.contains("14 lines of 7 customers") == true)
        #expect(many.warning?.contains("a5? (2) and 2 more") == true)

        var summary = ReadingSummary()
        summary.note(many)
        #expect(summary.total.rejected(.customerCollision) == 14 && summary.total.kept == -14)
    }

    /// The real file with ids such as C-00012346 in place of numbers.
    private static func disguised() throws -> [UInt8] {
        var file = Array(ReadingSupport.header.utf8)
        var table = try CSVTable(path: Surroundings.transactionFile())
        while try table.next() {
            for column in 0..<8 {
                let field = table.field(column)
                if column > 0 { file.append(0x2C) }
                if column == 6 {
                    if field.isEmpty { continue }
                    file += "C-".utf8
                    file += [UInt8](repeating: 0x30, count: 8 - field.count)
                }
                let isQuoted = field.contains { $0 == 0x22 || $0 == 0x0A || $0 == 0x2C }
                if isQuoted { file.append(0x22) }
                file += field
                if isQuoted { file.append(0x22) }
            }
            file.append(0x0A)
        }
        return file
    }

    private static let real = Result { try disguised() }

    private static func name(_ customer: Int64) -> String {
        let digits = "\(customer)"
        return "C-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The features, bit for bit.
    private static func features(_ facts: CustomerFacts, asOfMinute: Int64) -> [UInt64] {
        var row = [Double](repeating: 0, count: FeatureSchema.current.names.count)
        let context = BuildContext(afterLastPurchase: asOfMinute - 1)
        row.withUnsafeMutableBufferPointer { FeatureSchema.current.write(facts, context, to: $0) }
        return row.map(\.bitPattern)
    }

    @Test("the real data with texts for ids has the same features, customer by customer, bit for bit")
    func realData() throws {
        let build = try Self.build(Self.real.get(), hash: .standard)
        let plain = try FactsHistory.real.get().facts()
        #expect(build.rows.count == 4_339 && build.totals.cancelOnlyCustomers == 33)
        #expect(build.totals.revenueMilli == 8_911_407_904 && build.totals.collided.isEmpty)
        let facts = Dictionary(uniqueKeysWithValues: build.rows.map { ($0.name, $0.facts) })
        for expected in plain {
            guard var found = facts[Self.name(expected.customer)] else {
                Issue.record("\(expected.customer) is missing")
                continue
            }
            #expect(found.customer < 0)
            #expect(
                Self.features(found, asOfMinute: build.asOfMinute)
                    == Self.features(expected, asOfMinute: build.asOfMinute)
            )
            (found.customer, found.check) = (expected.customer, 0)
            #expect(found == expected)
        }
    }

    @Test("of the real data with numbers of 16 bits, colliding customers are left out by name and no other is touched")
    func realCollisions() throws {
        let hash = CustomerHash(bits: 16)
        var order: [Int64] = []
        var lines: [Int64: Int64] = [:]
        var reader = try TransactionReader(path: Surroundings.transactionFile())
        while try reader.readBatch(
            maxLines: 100_000,
            { line in
                if lines[line.customer] == nil { order.append(line.customer) }
                lines[line.customer, default: 0] += 1
            }
        ) {}
        // The first customer of each number keeps it.
        var holders: [Int64: Int64] = [:]
        var collided: [String: Int64] = [:]
        for customer in order {
            let text = Array(Self.name(customer).utf8)
            let id = try #require(text.withUnsafeBufferPointer { CustomerID(text: $0, hash: hash) })
            if holders[id.number] == nil {
                holders[id.number] = customer
            } else {
                collided[Self.name(customer)] = lines[customer]
            }
        }
        let kept = Set(holders.values)
        let expected = try FactsHistory.real.get().facts().filter { kept.contains($0.customer) }
        #expect(collided.count > 100)

        for memoryBytes in [GroupingLimits.memoryBytes, 1 << 20] {
            let build = try Self.build(Self.real.get(), hash: hash, memoryBytes: memoryBytes)
            #expect((build.spilledBytes > 0) == (memoryBytes == 1 << 20))
            #expect(build.totals.collided.count == collided.count)
            #expect(build.totals.collided.lines == collided.values.reduce(0, +))
            #expect(build.totals.collided.shown.allSatisfy { collided[$0.text] == $0.lines })
            var found: [String: CustomerFacts] = [:]
            for row in build.rows { found[row.name] = row.facts }
            #expect(found.count == expected.count && found.count == build.rows.count)
            for facts in expected {
                var row = try #require(found[Self.name(facts.customer)])
                (row.customer, row.check) = (facts.customer, 0)
                #expect(row == facts)
            }
        }
    }
}
