internal import ChurnBase
import ChurnFeatures
import TestSupport
import Testing

@Suite struct FactsAccumulatorTests {
    @Test("any lines in any order give the facts of the definitions", arguments: UInt64(0)..<150)
    func equalsNaive(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        // Few distinct values, so that invoices, products and days repeat; some days lie before 1970.
        let dayCount = Int64.random(in: 1...40, using: &random)
        // Some histories have lines without a product, some nothing else.
        let products = [1...30, 0...30, 0...1, 0...0][Int(seed % 4)]
        let lines = (0..<Int.random(in: 0...120, using: &random)).map { _ in
            let product = Int.random(in: products, using: &random)
            return OwnedLine(
                "I\(Int.random(in: 0...20, using: &random))",
                product == 0 ? "" : "P\(product)",
                customer: 7,
                minute: Int64.random(in: -dayCount * 1_440...dayCount * 1_440, using: &random),
                quantity: Int64.random(in: -3...20, using: &random),
                price: Int64.random(in: 0...5_000, using: &random)
            )
        }
        let expected = naiveFacts(lines, customer: 7)
        #expect(try accumulated(lines, customer: 7) == expected)
        #expect(try accumulated(lines.shuffled(using: &random), customer: 7) == expected)
        #expect(expected?.isConsistent != false)
    }

    @Test("a customer after another owes nothing to it, however large it was", arguments: UInt64(0)..<5)
    func resets(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        var accumulator = FactsAccumulator(customer: 1)
        for customer in Int64(1)...12 {
            let lines = (0..<Int.random(in: 1...3_000, using: &random)).map { index in
                OwnedLine(
                    "C\(index / 3)",
                    String(repeating: "x", count: index % 40) + "\(index % 700)",
                    customer: customer,
                    minute: Int64(index * 500),
                    quantity: Int64.random(in: -1...5, using: &random),
                    price: 10
                )
            }
            accumulator.reset(customer: customer)
            for line in lines { try line.withLine { try accumulator.add($0) } }
            #expect(accumulator.finish() == naiveFacts(lines, customer: customer))
            #expect(accumulator.lineCount == Int64(lines.count))
        }
    }

    @Test("an empty stock code is no product, on the last day neither")
    func emptyStockCodes() throws {
        let old = OwnedLine("1", "A", minute: 10, quantity: 1, price: 1)
        let new = OwnedLine("2", "", minute: 5_000, quantity: 1, price: 1)
        var accumulator = FactsAccumulator(customer: 1)
        for line in [old, new, new] { try line.withLine { try accumulator.add($0) } }
        let facts = try #require(accumulator.finish())
        #expect(facts.distinctProducts == 1 && facts.lastDayProducts == 0 && facts.isConsistent)
        #expect(accumulator.linesWithoutProduct == 2)
        accumulator.reset(customer: 1)
        #expect(accumulator.linesWithoutProduct == 0)
        let none = try #require(try accumulated([new]))
        #expect(none.distinctProducts == 0 && none.lastDayProducts == 0 && none.isConsistent)
    }

    @Test("no purchase, no facts")
    func cancellationsOnly() throws {
        let cancellation = OwnedLine("C1", "A", minute: 5, quantity: -1, price: 100)
        #expect(try accumulated([]) == nil)
        #expect(try accumulated([cancellation]) == nil)
        #expect(try accumulated([cancellation, OwnedLine("1", "A", minute: 5, quantity: 0, price: 0)]) != nil)
    }

    @Test("sums that do not fit leave the customer out, and no other")
    func overflow() throws {
        func line(_ quantityMilli: Int64, _ amountMilli: Int64) -> OwnedLine {
            var line = OwnedLine("1", "A", minute: 7)
            (line.quantityMilli, line.amountMilli) = (quantityMilli, amountMilli)
            return line
        }
        let large = line(.max / 2, .max - 1)
        let free = line(.max, 0)
        let usual = OwnedLine("1", "A", minute: 3, quantity: 1, price: 5)
        #expect(try accumulated([large])?.amountMilli == .max - 1)
        var totals = FactsTotals()
        var accumulator = FactsAccumulator(customer: 1)
        for lines in [
            [large, large], [free, free], [usual, line(-.max, 0), line(-.max, 0)],
            [usual, line(-1, .max), line(-1, .max)],
            // Sums that come back to where they fit, by wrapping around, do not fit all the same.
            [large, large, large, large, usual],
        ] {
            accumulator.reset(customer: 1)
            for line in lines { try line.withLine { try accumulator.add($0) } }
            #expect(accumulator.overflows && accumulator.finish() == nil)
            let added = totals.add(accumulator)
            #expect(added == nil)
        }
        #expect(totals.leftOut.count == 5 && totals.leftOut.shown == [1, 1, 1, 1, 1])
        #expect(throws: FactsError.overflow(customer: 1)) { try totals.requireCustomers() }
        accumulator.reset(customer: 1)
        try usual.withLine { try accumulator.add($0) }
        let added = totals.add(accumulator)
        #expect(added?.amountMilli == 5 && !accumulator.overflows)
        #expect(totals.customers == 1 && totals.purchaseLines == 1 && totals.lastPurchaseMinute == 7)
        try totals.requireCustomers()
        // Customers that fit, and whose sum does not.
        accumulator.reset(customer: 1)
        try large.withLine { try accumulator.add($0) }
        for _ in 0..<3 { _ = totals.add(accumulator) }
        #expect(totals.customers == 4 && totals.revenueMilli == .max)
    }

    @Test("of those left out, the smallest ids are kept")
    func leftOut() {
        var leftOut = LeftOutCustomers()
        for customer in [9, 3, 8, 1, 7, 2, 6] as [Int64] { leftOut.add(customer) }
        #expect(leftOut.count == 7 && leftOut.shown == [1, 2, 3, 6, 7])
    }

    @Test("dates that do not fit are errors")
    func minutes() throws {
        for minute in [Int64.min, Int64.max, (Int64(Int32.max) + 1) * 1_440, Int64(Int32.min) * 1_440 - 1] {
            #expect(throws: FactsError.minuteOutOfRange(customer: 1, minute: minute)) {
                try accumulated([OwnedLine("1", "A", minute: minute, quantity: 1, price: 1)])
            }
        }
        let ends = [(Int64(Int32.max) + 1) * 1_440 - 1, Int64(Int32.min) * 1_440]
        let facts = try accumulated(ends.map { OwnedLine("1", "A", minute: $0, quantity: 1, price: 1) })
        #expect(facts?.days == [.min, .max])
        #expect(facts?.isConsistent == true)
    }

    @Test("a line dated twice within an invoice counts at its earliest time")
    func earliestLine() throws {
        let facts = try accumulated([
            OwnedLine("1", "A", minute: 700, quantity: 1, price: 1),
            OwnedLine("1", "B", minute: 1_440 + 5, quantity: 1, price: 1),
            OwnedLine("1", "B", minute: 699, quantity: 1, price: 1),
        ])
        #expect(facts?.invoiceMinutesOfDay == 699)
        #expect(facts?.lastDayProducts == 1)
        #expect(facts?.days == [0, 1])
    }
}

@Suite struct FactsRecordTests {
    private func example() throws -> CustomerFacts {
        try #require(
            try accumulated([
                OwnedLine("1", "A", minute: 100, quantity: 3, price: 1_000),
                OwnedLine("1", "B", minute: 100, quantity: 1, price: 500),
                OwnedLine("2", "A", minute: 5_000, quantity: 2, price: 1_000),
                OwnedLine("C3", "A", minute: 6_000, quantity: -1, price: 1_000),
            ])
        )
    }

    @Test("the canonical bytes are fixed for ever")
    func goldenHash() throws {
        // Computed in Python from the rule in the documentation of `combine(into:)`.
        #expect(try example().stableHash == 0x21f5_1880_4b3f_60a4)
        var build = FactsHash()
        #expect(build.value == 0xcbf2_9ce4_8422_2325)
        build.add(try example())
        build.add(try example())
        #expect(build.value == 0x7276_b737_e073_9175)
        #expect(hexadecimal(0xab) == "00000000000000ab")
        #expect(hexadecimal(.max) == "ffffffffffffffff")
    }

    @Test("an integer is hashed as its bytes, however many of them are 0")
    func integerHash() {
        func byBytes(_ integer: some FixedWidthInteger) -> StableHash {
            var hash = StableHash()
            withUnsafeBytes(of: integer.littleEndian) { hash.combine($0) }
            return hash
        }
        func whole(_ integer: some FixedWidthInteger) -> StableHash {
            var hash = StableHash()
            hash.combine(integer)
            return hash
        }
        for shift in 0..<64 {
            for integer in [Int64(1) << shift, 0 &- (1 << shift), (1 << shift) &- 1, 0x55 << shift] {
                #expect(whole(integer) == byBytes(integer))
                #expect(whole(UInt64(bitPattern: integer)) == byBytes(UInt64(bitPattern: integer)))
                #expect(whole(Int32(truncatingIfNeeded: integer)) == byBytes(Int32(truncatingIfNeeded: integer)))
                #expect(whole(UInt8(truncatingIfNeeded: integer)) == byBytes(UInt8(truncatingIfNeeded: integer)))
            }
        }
    }

    private static var unbounded: [WritableKeyPath<CustomerFacts, Int64>] {
        [
            \.customer, \.purchaseLines, \.cancelLines, \.unitsMilli, \.amountMilli, \.cancelUnitsMilli,
            \.cancelAmountMilli,
        ]
    }

    @Test("every field is in the hash and is checked or free")
    func fields() throws {
        let facts = try example()
        #expect(facts.isConsistent)
        let fields: [WritableKeyPath<CustomerFacts, Int64>] = [
            \.customer, \.purchaseLines, \.purchaseInvoices, \.cancelLines, \.cancelInvoices, \.unitsMilli,
            \.amountMilli, \.cancelUnitsMilli, \.cancelAmountMilli, \.firstMinute, \.lastMinute, \.distinctProducts,
            \.lastDayProducts, \.maxQuantityMilli, \.invoiceMinutesOfDay,
        ]
        for field in fields {
            var changed = facts
            changed[keyPath: field] += 1
            #expect(changed.stableHash != facts.stableHash)
            // No extreme value may pass, but for those where any number of 0 or more can be.
            for extreme in [Int64.min, -1, .max] {
                changed[keyPath: field] = extreme
                let isFree = extreme == .max && Self.unbounded.contains(field) || extreme < 0 && field == \.customer
                #expect(changed.isConsistent == isFree, "\(field) \(extreme)")
            }
        }
    }

    @Test("days must be there, ascending, and those of the first and last purchase")
    func days() throws {
        var facts = try example()
        for days: [Int32] in [[], [0], [3], [3, 0], [0, 0, 3], [0, 3, 3], [0, 2, 1, 3], [-1, 0, 3], [0, 1, 2, 3]] {
            facts.days = days
            #expect(!facts.isConsistent, "\(days)")
        }
        facts.days = [0, 1, 3]
        #expect(facts.isConsistent)
    }
}
