import ChurnFeatures
import ChurnStore
import Foundation
import GRDB
import TestSupport
import Testing

/// A store that version 2 of the schema wrote: `Fixtures/Stores/schema-2.sqlite`, made by `churn generate`, `ingest`,
/// `features` and `segment` of the last program before version 3.
@Suite struct SQLiteMigrationTests {
    private func withFixture(_ body: (String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/s"
            try FileManager.default.copyItem(
                at: URL(filePath: Surroundings.path("Tests/Fixtures/Stores/schema-2.sqlite")),
                to: URL(filePath: path)
            )
            try body(path)
        }
    }

    @Test("a reader leaves it as it is and says what to do; a writer migrates it in place, once")
    func migrates() throws {
        try withFixture { path in
            let before = try Data(contentsOf: URL(filePath: path))
            #expect(throws: StoreError.olderSchema(store: "sqlite:" + path)) {
                try SQLiteStore(path: path, access: .read)
            }
            #expect(try Data(contentsOf: URL(filePath: path)) == before)
            let lines = try #require(
                try DatabaseQueue(path: path).read {
                    try Int64.fetchOne($0, sql: "SELECT count(*) FROM transactions")
                }
            )
            let store = try SQLiteStore(path: path, access: .update)
            let runs = try store.runs()
            #expect(runs.map(\.description.kind) == [.migrated])
            #expect(runs.map(\.lines) == [lines])
            #expect(try store.damagedDays() == [])
            #expect(try SQLiteStore(path: path, access: .update).transactionsHash() == store.transactionsHash())
        }
    }

    @Test("its build and segments stay, and are what a build of the same day makes")
    func build() throws {
        try withFixture { path in
            let store = try SQLiteStore(path: path, access: .update)
            let kept = try #require(try store.latestBuild())
            let table = try store.loadFeatures()
            #expect(table.rowCount == Int(kept.customers))
            let customer = try #require(
                try DatabaseQueue(path: path).read {
                    try Int64.fetchOne($0, sql: "SELECT customer FROM features WHERE cancel_lines > 0 LIMIT 1")
                }
            )
            let record = try #require(try store.record(of: customer))
            #expect(record.segment != nil && record.facts.cancelAmountMilli > 0)
            let new = try store.buildFeatures(asOfDay: CivilTime.split(minute: kept.context.asOfMinute).day).build
            #expect(new.hash == kept.hash && new.customers == kept.customers)
        }
    }

    @Test("a build that its lines do not bear out goes")
    func otherBuild() throws {
        try withFixture { path in
            try DatabaseQueue(path: path).write { try $0.execute(sql: "DELETE FROM transactions WHERE quantity < 0") }
            let store = try SQLiteStore(path: path, access: .update)
            #expect(try store.latestBuild() == nil)
            #expect(try store.damagedDays() == [])
        }
    }
}
