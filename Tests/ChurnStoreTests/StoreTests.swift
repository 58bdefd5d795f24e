import ChurnFeatures
import ChurnStore
import Foundation
import ServerTestSupport
import Synchronization
import TestSupport
import Testing

/// Adding lines, in every kind of store.
@Suite struct StoreIngestTests {
    @Test("lines come back as they were, whatever their texts", arguments: StoreKind.allCases)
    func roundTrip(kind: StoreKind) throws {
        try withStore(kind) { store in
            var extreme = OwnedLine("ünï\0code", "\u{1F600}", customer: .max, minute: .min, copy: .max)
            (extreme.quantityMilli, extreme.amountMilli) = (.min, .max)
            let lines = [
                OwnedLine("1", "A", customer: 2),
                OwnedLine("", "", description: "", country: "", customer: 3),
                extreme,
                OwnedLine("C1", "A", customer: 2, minute: -1, quantity: -1, price: 0),
            ]
            #expect(try store.ingest(lines) == IngestCounts(added: 4, alreadyThere: 0))
            let read = try store.linesByCustomer()
            #expect(read.map(\.customer) == [2, 2, 3, .max])
            for line in lines {
                var expected = line
                expected.description = ""
                expected.country = ""
                #expect(read.contains(expected))
            }
            #expect(try store.linesByCustomer(before: -1).map(\.customer) == [.max])
        }
    }

    @Test("each part of the key tells lines apart; the payload does not", arguments: StoreKind.allCases)
    func key(kind: StoreKind) throws {
        try withStore(kind) { store in
            var lines = [OwnedLine](repeating: OwnedLine("1"), count: 8)
            lines[1].invoice = "2"
            lines[2].customer = 2
            lines[3].minute = 2
            lines[4].stockCode = "B"
            lines[5].quantityMilli = 2
            lines[6].amountMilli = 2
            lines[7].copy = 1
            #expect(try store.ingest(lines) == IngestCounts(added: 8, alreadyThere: 0))
            var other = OwnedLine("1", description: "another", country: "Spain")
            let hash = try store.transactionsHash()
            #expect(try store.ingest([other, other]) == IngestCounts(added: 0, alreadyThere: 2))
            #expect(try store.transactionsHash() == hash)
            other.copy = 2
            #expect(try store.ingest([other]).added == 1)
            #expect(try store.transactionsHash() != hash)
        }
    }

    @Test("any order of any overlapping batches gives the same store", arguments: StoreKind.allCases, UInt64(0)..<5)
    func orderFree(kind: StoreKind, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let lines = (0..<300).map { _ in
            OwnedLine(
                "\(Int.random(in: 0...40, using: &random))",
                "\(Int.random(in: 0...5, using: &random))",
                customer: Int64.random(in: 1...9, using: &random),
                minute: Int64.random(in: 0...9_999, using: &random),
                quantity: Int64.random(in: -2...5, using: &random)
            )
        }
        try withStores(kind) { whole, pieces in
            try whole.ingest(lines)
            for _ in 0..<3 {
                for start in stride(from: 0, to: lines.count, by: 50).shuffled(using: &random) {
                    try pieces.ingest(lines[start..<min(start + 80, lines.count)].shuffled(using: &random))
                }
            }
            #expect(try whole.transactionsHash() == (try pieces.transactionsHash()))
            #expect(
                try whole.buildFeatures(asOfDay: nil).build.hash == (try pieces.buildFeatures(asOfDay: nil).build.hash)
            )
        }
    }

    private struct Stop: Error, Equatable {}

    @Test("a body that throws loses the open batch only; one that returns loses nothing", arguments: StoreKind.allCases)
    func batches(kind: StoreKind) throws {
        try withStore(kind) { store in
            #expect(throws: Stop()) {
                try store.ingest { session in
                    try OwnedLine("1").withLine { try session.add($0) }
                    #expect(try session.commit() == IngestCounts(added: 1, alreadyThere: 0))
                    try OwnedLine("2").withLine { try session.add($0) }
                    throw Stop()
                }
            }
            #expect(try store.transactionCounts().lines == 1)
            try store.ingest { session in
                #expect(try session.commit() == IngestCounts())
                try OwnedLine("3").withLine { try session.add($0) }
                try OwnedLine("3").withLine { try session.add($0) }
                #expect(session.committed == IngestCounts())
            }
            #expect(try store.transactionCounts().lines == 2)
            try store.ingest { _ in }
        }
    }

    @Test("writers that overlap lose nothing", arguments: StoreKind.allCases)
    func concurrentWriters(kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        defer { withExtendedLifetime(place) {} }
        // All of them create the store, too.
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let store = try place.open(.create, busyTimeout: .seconds(60))
                    return try store.ingest { session in
                        for index in 0..<200 {
                            try OwnedLine("\(index + writer * 100)").withLine { try session.add($0) }
                            if index % 5 == 0 { _ = try session.commit() }
                        }
                        _ = try session.commit()
                        return session.committed.added
                    }
                }
            }
            var added: Int64 = 0
            for try await count in group { added += count }
            #expect(added == 500)
        }
        #expect(try place.open(.read).transactionCounts().lines == 500)
    }

    @Test("a customer whose money leaves 64 bits is left out, the others are built", arguments: StoreKind.allCases)
    func overflow(kind: StoreKind) throws {
        let most = Int64(Int32.max)
        func absurd(_ customer: Int64, _ invoice: String) -> [OwnedLine] {
            // Two sums of 64 bits and one of a little less.
            [2, 2, 1].enumerated().map { index, part in
                OwnedLine(
                    "\(invoice)\(index)",
                    customer: customer,
                    minute: 2_000,
                    quantity: most,
                    price: part * (Int64.max / most / 4)
                )
            }
        }
        try withStore(kind) { store in
            let name = store.location.description
            try store.ingest(absurd(9, "A"))
            #expect(try store.transactionCounts().revenueMilli == .max)
            #expect(throws: StoreError.facts(store: name, .overflow(customer: 9))) {
                try store.buildFeatures(asOfDay: nil)
            }
            #expect(try store.latestBuild() == nil)
            try store.ingest([
                OwnedLine("1", customer: 7), OwnedLine("2", customer: 11), OwnedLine("C1", customer: 9, quantity: -1),
                OwnedLine("C2", customer: 7, quantity: -1),
            ])
            for _ in 0..<2 {
                let report = try store.buildFeatures(asOfDay: nil)
                #expect(report.leftOut.count == 1 && report.leftOut.shown == [9])
                #expect(report.build.customers == 2 && report.purchaseLines == 2 && report.cancelLines == 1)
                #expect(report.revenueMilli == 2_000)
                // The moment is that of all lines, whoever is left out.
                #expect(report.build.context.lastPurchaseMinute == 2_000)
                #expect(try store.loadFeatures().rowCount == 2)
                #expect(try store.record(of: 9) == nil)
            }
            // Two that fit by themselves, and not together.
            try store.ingest(absurd(7, "B").prefix(1) + absurd(11, "C").prefix(1) + absurd(12, "D").prefix(1))
            let report = try store.buildFeatures(asOfDay: nil)
            #expect(report.build.customers == 3 && report.revenueMilli == .max && report.leftOut.shown == [9])
        }
    }
}

/// Builds and look-ups, in every kind of store.
@Suite struct StoreFeatureTests {
    @Test("a build is the accumulator over each customer's lines", arguments: StoreKind.allCases, UInt64(0)..<5)
    func equalsAccumulator(kind: StoreKind, seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        // Some stores have lines without a product, one has nothing else.
        let products = [1...9, 0...9, 0...1, 0...3, 0...0][Int(seed)]
        let lines = (0..<400).map { index in
            let product = Int.random(in: products, using: &random)
            return OwnedLine(
                "\(index / 3)",
                product == 0 ? "" : "\(product)",
                customer: Int64.random(in: 1...12, using: &random),
                minute: Int64.random(in: -40_000...90_000, using: &random),
                quantity: Int64.random(in: -2...5, using: &random),
                price: Int64.random(in: 0...9_000, using: &random),
                copy: Int64(index)
            )
        }
        let asOfDay: Int64 = 40
        var expected: [CustomerFacts] = []
        for customer in Int64(1)...12 {
            var accumulator = FactsAccumulator(customer: customer)
            for line in lines where line.customer == customer && line.minute < asOfDay * 1_440 {
                try line.withLine { try accumulator.add($0) }
            }
            if let facts = accumulator.finish() { expected.append(facts) }
        }
        var hash = FactsHash()
        for facts in expected { hash.add(facts) }
        try withStore(kind) { store in
            try store.ingest(lines)
            let report = try store.buildFeatures(asOfDay: asOfDay)
            let build = report.build
            #expect(build.hash == hash.value)
            let history = lines.filter { $0.quantityMilli >= 0 && $0.minute < asOfDay * 1_440 }
            #expect(report.linesWithoutProduct == Int64(history.count { $0.stockCode.isEmpty }))
            #expect(try store.hasProducts(in: build) == (seed != 4))
            #expect(build.context.lastPurchaseMinute == expected.map(\.lastMinute).max())
            for facts in expected { #expect(try store.record(of: facts.customer)?.facts == facts) }
            let table = try store.loadFeatures()
            // Sorted, because the stand-in for MongoDB has its own idea of the order of numbers.
            withExtendedLifetime(table) { #expect(table.customers.sorted() == expected.map(\.customer)) }
            #expect(table.hasProducts == (seed != 4))
        }
    }

    @Test("no lines, no purchase, no build: each says what to do", arguments: StoreKind.allCases)
    func nothing(kind: StoreKind) throws {
        try withStore(kind) { store in
            let name = store.location.description
            #expect(throws: StoreError.noTransactions(store: name)) { try store.buildFeatures(asOfDay: nil) }
            try store.ingest([OwnedLine("C1", quantity: -1)])
            #expect(throws: StoreError.noTransactions(store: name)) { try store.buildFeatures(asOfDay: 5) }
            #expect(try store.latestBuild() == nil)
            #expect(throws: StoreError.noBuild(store: name)) { try store.loadFeatures() }
            #expect(throws: StoreError.noBuild(store: name)) { try store.record(of: 1) }
            #expect(try store.transactionCounts().cancelInvoices == 1)
        }
    }

    @Test("predictions are kept once a run and customer, and read in order", arguments: StoreKind.allCases)
    func predictions(kind: StoreKind) throws {
        try withStore(kind) { store in
            let run = PredictionRun(model: "m", version: "1", asOfMinute: 1_440)
            let other = PredictionRun(model: "m", version: "1", asOfMinute: 2_880)
            #expect(try store.lastPredicted(in: run) == nil)
            func predictions(_ customers: [Int64], _ probability: Double) -> [StoredPrediction] {
                customers.map { StoredPrediction(customer: $0, probability: probability, isChurn: probability > 0.5) }
            }
            try store.write(predictions([10, 2, 1], 0.25), of: run)
            try store.write(predictions([1], 1), of: other)
            // Again, and on: by key, the later one stays.
            for _ in 0..<2 { try store.write(predictions([2, 11], 0.75), of: run) }
            try store.write([], of: run)
            var read: [StoredPrediction] = []
            try store.forEachPrediction(of: run) { read.append($0) }
            #expect(
                read == predictions([1], 0.25) + predictions([2], 0.75) + predictions([10], 0.25)
                    + predictions([11], 0.75)
            )
            #expect(try store.lastPredicted(in: run) == 11)
            #expect(try store.lastPredicted(in: other) == 1)
        }
    }

    @Test("a reader sees whole builds while they are replaced", arguments: StoreKind.allCases)
    func wholeBuilds(kind: StoreKind) async throws {
        let place = try StorePlace(kind)
        defer { withExtendedLifetime(place) {} }
        let writer = try place.open()
        // One customer more each day.
        try writer.ingest((1...50).map { OwnedLine("\($0)", customer: $0, minute: $0 * 1_440) })
        _ = try writer.buildFeatures(asOfDay: 2)
        let hasEnded = Mutex(false)
        async let lastGeneration = Task {
            defer { hasEnded.withLock { $0 = true } }
            var build: FeatureBuild?
            for day in Int64(2)...51 { build = try writer.buildFeatures(asOfDay: day).build }
            return build?.generation
        }.value
        let reader = try place.open(.read)
        var generation: Int64 = 0
        while generation < 51 {
            // Loading checks count and hash against the build.
            let table = try reader.loadFeatures()
            #expect(table.generation >= generation)
            generation = table.generation
            #expect(Int64(table.rowCount) == table.context.asOfMinute / 1_440 - 1)
            let record = try reader.record(of: 1)
            #expect(record?.build.generation ?? 0 >= generation)
            // A writer that failed has written its last build, too.
            if hasEnded.withLock({ $0 }) { break }
            // The loops of both kinds of store would keep both threads of a small machine from the writers.
            await Task.yield()
        }
        #expect(try await lastGeneration == 51)
    }
}
