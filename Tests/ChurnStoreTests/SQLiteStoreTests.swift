import ChurnFeatures
import ChurnStore
import Foundation
import GRDB
import TestSupport
import Testing

@Suite struct SQLiteIngestTests {
    @Test("lines come back as they were, whatever their texts")
    func roundTrip() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            let lines = [
                OwnedLine("1", "A", customer: 2),
                OwnedLine("", "", description: "", country: "", customer: 3),
                OwnedLine(
                    "ünï\0code",
                    "\u{1F600}",
                    customer: .max,
                    minute: .min,
                    quantity: .min,
                    price: .max,
                    copy: .max
                ),
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

    @Test("each part of the key tells lines apart; the payload does not")
    func key() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            var lines = [OwnedLine](repeating: OwnedLine("1"), count: 8)
            lines[1].invoice = "2"
            lines[2].customer = 2
            lines[3].minute = 2
            lines[4].stockCode = "B"
            lines[5].quantity = 2
            lines[6].priceMilli = 2
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

    @Test("any order of any overlapping batches gives the same store", arguments: UInt64(0)..<10)
    func orderFree(seed: UInt64) throws {
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
        try withTemporaryDirectory { directory in
            let whole = try SQLiteStore(path: directory + "/1", access: .create)
            try whole.ingest(lines)
            let pieces = try SQLiteStore(path: directory + "/2", access: .create)
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

    @Test("a body that throws loses the open batch only; one that returns loses nothing")
    func batches() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
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

    @Test("a line the store refuses fails the batch, and the session for good")
    func refusedLine() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            var errors: [StoreError] = []
            do {
                try store.ingest { session in
                    for line in [OwnedLine("1"), OwnedLine("2", customer: 0), OwnedLine("3")] {
                        do { try line.withLine { try session.add($0) } } catch let error as StoreError {
                            errors.append(error)
                        }
                    }
                }
            } catch let error as StoreError {
                errors.append(error)
            }
            // The line, the next line, and the commit at the end.
            #expect(errors.count == 3)
            let error = try #require(errors.first)
            #expect(errors.allSatisfy { $0 == error })
            guard case .unavailable(_, let code, let explanation) = error else {
                Issue.record(error)
                return
            }
            #expect(code & 0xFF == 19)
            #expect(explanation == "constraint failed")
            #expect(try store.transactionCounts() == TransactionCounts())
            // The next session starts afresh.
            #expect(try store.ingest([OwnedLine("1")]).added == 1)
        }
    }

    @Test("two that write at once: the second waits, then says so; both alternate by batches")
    func twoWriters() throws {
        try withTemporaryDirectory { directory in
            let first = try SQLiteStore(path: directory + "/s", access: .create)
            let second = try SQLiteStore(path: directory + "/s", access: .update, busyTimeoutSeconds: 0.02)
            try first.ingest { session in
                try OwnedLine("1").withLine { try session.add($0) }
                let busy = StoreError.busy(store: second.location.description)
                #expect(throws: busy) { try second.ingest([OwnedLine("2")]) }
                #expect(throws: busy) { try second.buildFeatures(asOfDay: nil) }
                _ = try session.commit()
                try second.ingest([OwnedLine("2")])
                try OwnedLine("3").withLine { try session.add($0) }
            }
            #expect(try second.transactionCounts().lines == 3)
        }
    }

    @Test("writers that overlap lose nothing")
    func concurrentWriters() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("churn-\(UUID().uuidString)").path
        defer {
            do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record(error) }
        }
        // All of them create the store, too.
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for writer in 0..<4 {
                group.addTask {
                    let store = try SQLiteStore(path: directory + "/s", access: .create, busyTimeoutSeconds: 60)
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
        #expect(try SQLiteStore(path: directory + "/s", access: .read).transactionCounts().lines == 500)
    }

    @Test("money beyond 64 bits is an error that names the customer")
    func overflow() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            try store.ingest([OwnedLine("1", customer: 7)])
            let report = try store.buildFeatures(asOfDay: nil)
            try store.ingest([OwnedLine("2", customer: 9, quantity: .max, price: 2)])
            let error = StoreError.facts(store: store.location.description, .overflow(customer: 9))
            #expect(throws: error) { try store.transactionCounts() }
            #expect(throws: error) { try store.buildFeatures(asOfDay: nil) }
            #expect(try store.latestBuild() == report.build)
            #expect(try store.loadFeatures().rowCount == 1)
        }
    }
}

@Suite struct SQLiteFeatureTests {
    @Test("a build is the accumulator over each customer's lines", arguments: UInt64(0)..<10)
    func equalsAccumulator(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let lines = (0..<400).map { index in
            OwnedLine(
                "\(index / 3)",
                "\(Int.random(in: 0...9, using: &random))",
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
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            try store.ingest(lines)
            let build = try store.buildFeatures(asOfDay: asOfDay).build
            #expect(build.hash == hash.value)
            #expect(build.context.lastPurchaseMinute == expected.map(\.lastMinute).max())
            for facts in expected { #expect(try store.record(of: facts.customer)?.facts == facts) }
            let table = try store.loadFeatures()
            withExtendedLifetime(table) { #expect(Array(table.customers) == expected.map(\.customer)) }
        }
    }

    @Test("no lines, no purchase, no build: each says what to do")
    func nothing() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
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

    @Test("a reader sees whole builds while they are replaced")
    func wholeBuilds() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("churn-\(UUID().uuidString)").path
        defer {
            do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record(error) }
        }
        let path = directory + "/s"
        let writer = try SQLiteStore(path: path, access: .create)
        // One customer more each day.
        try writer.ingest((1...50).map { OwnedLine("\($0)", customer: $0, minute: $0 * 1_440) })
        _ = try writer.buildFeatures(asOfDay: 2)
        async let lastGeneration = Task {
            var build: FeatureBuild?
            for day in Int64(2)...51 { build = try writer.buildFeatures(asOfDay: day).build }
            return build?.generation
        }.value
        let reader = try SQLiteStore(path: path, access: .read)
        var generation: Int64 = 0
        while generation < 51 {
            // Loading checks count and hash against the build.
            let table = try reader.loadFeatures()
            #expect(table.generation >= generation)
            generation = table.generation
            #expect(Int64(table.rowCount) == table.context.asOfMinute / 1_440 - 1)
            let record = try reader.record(of: 1)
            #expect(record?.build.generation ?? 0 >= generation)
        }
        #expect(try await lastGeneration == 51)
    }

    @Test(
        "features that contradict their build are refused, not served",
        arguments: [
            "UPDATE features SET units = units + 1 WHERE customer = 2", "DELETE FROM features WHERE customer = 2",
            "UPDATE features SET days = x'0000' || days WHERE 0",
            "UPDATE features SET days = x'ffffffff' WHERE customer = 2",
            "UPDATE builds SET customers = customers + 1", "UPDATE builds SET as_of_minute = \(Int64.max)",
            "UPDATE builds SET as_of_minute = as_of_minute + 1", "UPDATE builds SET hash = 'xxxxxxxxxxxxxxxx'",
            "UPDATE features SET last_minute = \(Int64.min) WHERE customer = 2",
        ]
    )
    func damaged(sql: String) throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/s", access: .create)
            try store.ingest((1...3).map { OwnedLine("\($0)", customer: $0, minute: $0 * 1_440) })
            _ = try store.buildFeatures(asOfDay: nil)
            let changes = try DatabaseQueue(path: directory + "/s").write { database in
                try database.execute(sql: sql)
                return database.changesCount
            }
            guard changes > 0 else { return #expect(try store.loadFeatures().rowCount == 3) }
            #expect(throws: StoreError.damaged(store: store.location.description, .features)) {
                try store.loadFeatures()
            }
            // The way out that the message names.
            _ = try store.buildFeatures(asOfDay: nil)
            #expect(try store.loadFeatures().rowCount == 3)
        }
    }
}
