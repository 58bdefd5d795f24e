import ChurnFeatures
import ChurnTraining
import TestSupport
import Testing

@Suite struct SnapshotCollectorTests {
    private func line(
        _ invoice: String,
        _ stockCode: String = "A",
        _ date: String,
        hour: Int64 = 12,
        quantity: Int64 = 1
    ) -> RealData.Line {
        RealData.Line(
            invoice: Array(invoice.utf8),
            stockCode: Array(stockCode.utf8),
            minute: day(date) * 1_440 + hour * 60,
            quantityMilli: quantity * 1_000,
            amountMilli: 1_000
        )
    }

    private func collect(
        _ lines: [(Int64, [RealData.Line])],
        cutoffs: [String],
        horizon: Int = 90,
        shared: Int? = nil
    ) throws -> SnapshotSet {
        var collector = try SnapshotCollector(
            cutoffs: cutoffs.map(day),
            horizonDays: horizon,
            sharedRecency: shared
        )
        for (customer, lines) in lines {
            for line in lines { try line.withView(customer: customer) { try collector.add($0) } }
        }
        return try collector.finish()
    }

    @Test("labels, borders of the window, and who is in")
    func labels() throws {
        let last = line("9", "Z", "2011-06-30")
        let snapshots = try collect(
            [
                // At the cutoff itself.
                (1, [line("1", "A", "2011-01-01"), line("2", "A", "2011-03-01", hour: 0)]),
                // The last minute counted.
                (2, [line("3", "A", "2011-01-01"), line("4", "A", "2011-03-30", hour: 23)]),
                // Just after the window.
                (3, [line("5", "A", "2011-01-01"), line("6", "A", "2011-03-31", hour: 0)]),
                // Nothing bought before.
                (4, [line("C7", "A", "2011-01-01", quantity: -1), line("8", "A", "2011-04-01")]),
                // A return is no purchase.
                (5, [line("8", "A", "2011-02-28"), line("C9", "A", "2011-03-02", quantity: -1)]),
                (6, [last]),
            ],
            cutoffs: ["2011-03-01"],
            horizon: 30
        )
        let snapshot = snapshots.cutoffs[0]
        #expect(snapshot.customers == [1, 2, 3, 5])
        #expect(snapshot.labels == [false, false, true, true])
        #expect(snapshot.date == "2011-03-01")
        #expect(snapshots.shared == nil)
    }

    @Test("features are those of the one builder, line by line before the cutoff")
    func features() throws {
        let snapshots = try RealData.snapshots.get()
        let schema = FeatureSchema.current
        let cutoff = day("2011-06-12")
        let snapshot = try snapshots.cutoff(day: cutoff)
        var facts: [CustomerFacts] = []
        for (customer, lines) in try RealData.lines.get() {
            var accumulator = FactsAccumulator(customer: customer)
            for line in lines where line.minute < cutoff * 1_440 {
                try line.withView(customer: customer) { try accumulator.add($0) }
            }
            if let record = accumulator.finish() { facts.append(record) }
        }
        #expect(facts.map(\.customer) == snapshot.customers)
        let context = BuildContext(
            asOfMinute: cutoff * 1_440,
            lastPurchaseMinute: facts.map(\.lastMinute).max() ?? 0
        )
        #expect(snapshot.context == context)
        var row = [Double](repeating: 0, count: schema.names.count)
        var wrong = 0
        for (number, record) in facts.enumerated() {
            row.withUnsafeMutableBufferPointer { schema.write(record, context, to: $0) }
            for (name, value) in zip(schema.names, row) {
                let column = try #require(snapshot.feature(name))
                if column[column.startIndex + number].bitPattern != value.bitPattern { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    @Test("the order of a customer's lines does not matter")
    func order() throws {
        let cutoffs = ["2011-03-06", "2011-06-12"]
        let lines = try RealData.lines.get().filter { $0.key % 10 == 0 }.map { ($0.key, $0.value) }
        var random = SplitMix64(seed: 1)
        let shuffled = lines.map { ($0.0, $0.1.shuffled(using: &random)) }
        let expected = try collect(lines, cutoffs: cutoffs, shared: 90)
        #expect(try collect(shuffled, cutoffs: cutoffs, shared: 90) == expected)
        // Nor does the order of the cutoffs.
        #expect(try collect(lines, cutoffs: cutoffs.reversed() + cutoffs, shared: 90) == expected)
    }

    @Test("a customer whose sums leave 64 bits is in no snapshot, at early cutoffs neither")
    func leftOut() throws {
        var absurd = [line("2", "A", "2011-01-02"), line("3", "A", "2011-05-01"), line("4", "A", "2011-05-02")]
        for index in absurd.indices.dropFirst() { absurd[index].amountMilli = .max }
        let usual = (Int64(1), [line("1", "A", "2011-01-01"), line("5", "A", "2011-07-01")])
        let snapshots = try collect([usual, (2, absurd)], cutoffs: ["2011-03-01"], shared: 90)
        #expect(snapshots.leftOut.shown == [2] && snapshots.leftOut.count == 1)
        #expect(snapshots.cutoffs.map(\.customers) == [[1]] && snapshots.shared?.customers == [1])
        #expect(snapshots == (try collect([usual, (2, absurd)], cutoffs: ["2011-03-01"], shared: 90)))
        #expect(snapshots.hasProducts)
        // Nor are its products any of theirs.
        let plain = (Int64(1), [line("1", "", "2011-01-01"), line("5", "", "2011-07-01")])
        #expect(try !collect([plain, (2, absurd)], cutoffs: ["2011-03-01"], shared: 90).hasProducts)
    }

    @Test("refuses lines out of order, windows beyond the data, empty histories")
    func refusals() throws {
        let january = (Int64(1), [line("1", "A", "2011-01-01")])
        let june = (Int64(2), [line("2", "A", "2011-06-30")])
        #expect(throws: TrainingError.linesNotGrouped(customer: 1)) {
            try collect([june, january], cutoffs: ["2011-03-01"])
        }
        #expect(
            throws: TrainingError.windowBeyondData(
                cutoff: "2011-04-03",
                neededUntil: "2011-07-02",
                dataUntil: "2011-07-01"
            )
        ) { try collect([january, june], cutoffs: ["2011-04-03"]) }
        _ = try collect([january, june], cutoffs: ["2011-04-02"])
        #expect(throws: TrainingError.noRows(of: "cutoff 2010-12-01")) {
            try collect([january, june], cutoffs: ["2010-12-01"])
        }
        #expect(throws: TrainingError.noRows(of: "data")) { try collect([], cutoffs: ["2011-03-01"]) }
        #expect(throws: TrainingError.self) { try SnapshotCollector(cutoffs: [], horizonDays: 0) }
        #expect(throws: TrainingError.self) { try SnapshotCollector(cutoffs: [.max]) }
        let snapshots = try collect([january, june], cutoffs: ["2011-03-01"])
        #expect(throws: TrainingError.missingSnapshot(cutoff: "2011-03-02")) {
            try snapshots.cutoff(day: day("2011-03-02"))
        }
    }
}
