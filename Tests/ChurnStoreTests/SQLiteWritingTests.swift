import ChurnFeatures
import ChurnStore
import GRDB
import ServerTestSupport
import TestSupport
import Testing

/// What only an SQLite store does.
@Suite struct SQLiteWritingTests {
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
            let second = try SQLiteStore(path: directory + "/s", access: .update, busyTimeout: .milliseconds(20))
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

    @Test(
        "features that contradict their build are refused, not served",
        arguments: [
            "UPDATE features SET units_milli = units_milli + 1 WHERE customer = 2",
            "DELETE FROM features WHERE customer = 2",
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
