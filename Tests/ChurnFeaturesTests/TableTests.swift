import ChurnBase
import ChurnFeatures
import TestSupport
import Testing

@Suite struct TableTests {
    private let context = BuildContext(asOfMinute: 1_440 * 1_000, lastPurchaseMinute: 1_440 * 999)

    /// A customer whose features tell its id and number.
    private func facts(_ customer: Int64, _ number: Int = 0) -> CustomerFacts {
        var facts = CustomerFacts(customer: customer)
        facts.purchaseLines = Int64(number + 1)
        facts.purchaseInvoices = 1
        facts.unitsMilli = Int64(number) * 1_000
        facts.maxQuantityMilli = Int64(number) * 1_000
        facts.amountMilli = Int64(number) * 1_000
        facts.distinctProducts = 1
        facts.lastDayProducts = 1
        facts.days = [0]
        return facts
    }

    private func table(_ customers: [Int64], reservedRows: Int = 0) throws -> FeatureTable {
        var builder = FeatureTable.Builder(context: context, generation: 5, reservedRows: reservedRows)
        for (number, customer) in customers.enumerated() { try builder.append(facts(customer, number)) }
        return try builder.finish()
    }

    private func check(_ table: FeatureTable, has customers: [Int64]) throws {
        let money = try #require(table.schema.index(of: "Monetary"))
        withExtendedLifetime(table) {
            #expect(table.rowCount == customers.count)
            #expect(table.customers == customers)
            #expect(rows(of: customers, in: table) == Array(customers.indices))
            for (number, customer) in customers.enumerated() {
                #expect(table.row(of: customer) == number)
                #expect(table.features(row: number)[money] == Double(number))
            }
        }
    }

    private func rows(of customers: [Int64], in table: FeatureTable) -> [Int] {
        var found = [Int32](repeating: -2, count: customers.count)
        table.findRows(of: customers, count: customers.count, into: &found, reading: 0..<18)
        return found.map(Int.init)
    }

    @Test("an empty table has nobody")
    func empty() throws {
        let table = try table([])
        #expect(table.rowCount == 0)
        for customer in [0, 1, -1, .min, .max] as [Int64] { #expect(table.row(of: customer) == nil) }
    }

    @Test("any number can be there, and can be missing")
    func extremeIds() throws {
        let ids: [Int64] = [1, 2, 1 << 32, .max - 1, .max]
        try check(try table(ids), has: ids)
        for absent in ids {
            let others = ids.filter { $0 != absent }
            let table = try table(others)
            try check(table, has: others)
            #expect(table.row(of: absent) == nil)
            #expect(rows(of: ids, in: table) == ids.map { others.firstIndex(of: $0) ?? -1 })
            #expect(rows(of: [0, -1, .min], in: table) == [-1, -1, -1])
        }
    }

    @Test("a text is found by its number and its check, and by no number", arguments: [0, 1, 300])
    func texts(numbers: Int) throws {
        let hash = CustomerHash(bits: 16)
        func id(_ text: String) throws -> CustomerID {
            try #require(Array(text.utf8).withUnsafeBufferPointer { CustomerID(text: $0, hash: hash) })
        }
        var present = (0..<numbers).map { CustomerID(number: Int64($0 + 1)) }
        var seen: Set<Int64> = []
        var absent: [CustomerID] = []
        for index in 0..<3_000 {
            let id = try id("CUST-\(index)")
            if seen.insert(id.number).inserted { present.append(id) } else { absent.append(id) }
        }
        #expect(absent.count > 20)
        var builder = FeatureTable.Builder(context: context, generation: 5)
        for (number, id) in present.enumerated() {
            var facts = facts(id.number, number)
            facts.check = id.check
            try builder.append(facts)
        }
        let table = try builder.finish()
        let asked = present + absent + [CustomerID(number: .max), CustomerID(number: -1, check: 0)]
        let expected = Array(present.indices) + [Int](repeating: -1, count: absent.count + 2)
        #expect(asked.map { table.row(of: $0) ?? -1 } == expected)
        var found = [Int32](repeating: -2, count: asked.count)
        table.findRows(
            of: asked.map(\.number),
            asked.map(\.check),
            count: asked.count,
            into: &found,
            reading: 0..<18
        )
        #expect(found.map(Int.init) == expected)
        #expect(present.indices.allSatisfy { table.id(row: $0) == present[$0] })
        // The same numbers, as if they had been sent as numbers.
        let negative = present.filter(\.isText).map(\.number)
        #expect(rows(of: negative, in: table) == [Int](repeating: -1, count: negative.count))
        #expect(negative.allSatisfy { table.row(of: $0) == nil })
        let rest = 18 * 8 + 8
        #expect(table.residentBytes >= present.count * (rest + 8))
    }

    @Test("ids that fall on the same place of the index are told apart")
    func colliding() throws {
        // 12 ids that want place 31 of 32, the last one, so that the search goes around the end.
        let colliding = Array((0...).lazy.map { Int64($0) }.filter { Self.mix($0) & 31 == 31 }.prefix(14))
        let present = Array(colliding.prefix(12))
        let table = try table(present)
        try check(table, has: present)
        for absent in colliding.suffix(2) { #expect(table.row(of: absent) == nil) }
        #expect(rows(of: colliding, in: table) == Array(0..<12) + [-1, -1])
        #expect(table.row(of: -1) == nil)
    }

    @Test("ids that agree in every bit of the hash that the index keeps are told apart")
    func sameTag() throws {
        // 1,000 rows: places of 11 bits, row numbers of 10, so that 22 bits of the hash are left. Of 600,000 ids about
        // 20 pairs agree in all 33 bits together.
        var first: [UInt64: Int64] = [:]
        var pairs: [(Int64, Int64)] = []
        for id in Int64(1)...600_000 where pairs.count < 10 {
            let hash = Self.mix(id)
            if let other = first.updateValue(id, forKey: hash & 2_047 | (hash >> 42) << 11) {
                pairs.append((other, id))
            }
        }
        #expect(pairs.count == 10)
        let fill = (0..<990).map { Int64($0) + 1_000_000 }
        let table = try table(pairs.map(\.0) + fill)
        #expect(rows(of: pairs.flatMap { [$0.0, $0.1] }, in: table) == (0..<10).flatMap { [$0, -1] })
        for (present, absent) in pairs {
            #expect(table.row(of: present) != nil)
            #expect(table.row(of: absent) == nil)
        }
        let both = try self.table(pairs.flatMap { [$0.0, $0.1] } + fill.prefix(980))
        #expect(rows(of: pairs.flatMap { [$0.0, $0.1] }, in: both) == Array(0..<20))
    }

    @Test(
        "grows from nothing and from any reservation",
        arguments: [0, 1, 16, 17, 5_000, 9_000]
    )
    func growth(reserved: Int) throws {
        var random = SplitMix64(seed: UInt64(reserved))
        var ids = Set<Int64>()
        while ids.count < 5_000 { ids.insert(Int64.random(in: 1 ... .max, using: &random)) }
        let customers = ids.shuffled(using: &random)
        let table = try table(customers, reservedRows: reserved)
        try check(table, has: customers)
        for _ in 0..<5_000 {
            let other = Int64.random(in: .min ... .max, using: &random)
            if !ids.contains(other) { #expect(table.row(of: other) == nil) }
        }
        // The rows, the ids and 16,384 entries.
        #expect(table.residentBytes == 5_000 * (20 * 8 + 8) + 16_384 * 4)
    }

    @Test("the rows are those of the schema, and the table knows its build")
    func contents() throws {
        let table = try table([12, 7])
        #expect(table.context == context)
        #expect(table.generation == 5)
        #expect(table.schema.id == FeatureSchema.current.id)
        var expected = [Double](repeating: 0, count: 20)
        expected.withUnsafeMutableBufferPointer { table.schema.write(facts(7, 1), context, to: $0) }
        withExtendedLifetime(table) {
            #expect(Array(UnsafeBufferPointer(start: table.features(row: 1), count: 20)) == expected)
        }
    }

    @Test("rows hold what their layout says")
    func layout() throws {
        let layout = RowLayout(width: 3) { features, row in
            for column in 0..<3 { row[column] = features[1] + Double(column) }
        }
        var builder = FeatureTable.Builder(layout: layout, context: context, generation: 5)
        for number in 0..<40 { try builder.append(facts(Int64(number) + 7, number)) }
        let table = try builder.finish()
        withExtendedLifetime(table) {
            for number in 0..<40 {
                let row = UnsafeBufferPointer(start: table.features(row: number), count: 3)
                #expect(Array(row) == [Double(number), Double(number + 1), Double(number + 2)])
                #expect(table.customer(row: number) == Int64(number) + 7)
            }
        }
    }

    @Test("the same customer twice is refused")
    func duplicate() {
        #expect(throws: FeatureTableError.duplicateCustomer(3)) { try table([1, 3, 2, 3]) }
    }

    @Test("many threads read one table")
    func concurrentReads() async throws {
        let table = try table((1...1_000).map { $0 * 3 })
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (1...3_000).filter { table.row(of: Int64($0)) != nil }.count }
            }
            for await found in group { #expect(found == 1_000) }
        }
    }

    /// The mixer of the table, to construct collisions.
    private static func mix(_ customer: Int64) -> UInt64 {
        var bits = UInt64(bitPattern: customer)
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
