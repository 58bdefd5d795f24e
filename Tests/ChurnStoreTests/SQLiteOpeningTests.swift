import ChurnFeatures
import ChurnStore
import Dispatch
import Foundation
import GRDB
import ServerTestSupport
import Synchronization
import TestSupport
import Testing

@Suite struct SQLiteOpeningTests {
    private final class Failures: Sendable {
        private let texts = Mutex<[String]>([])

        func add(_ text: String) { texts.withLock { $0.append(text) } }

        var all: [String] { texts.withLock { $0 } }
    }

    private func files(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    private func content(_ path: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: path))
    }

    private let accesses: [StoreAccess] = [.read, .update, .create]

    @Test("reading and updating create nothing")
    func missing() throws {
        try withTemporaryDirectory { directory in
            for access in [StoreAccess.read, .update] {
                for path in [directory + "/s", directory + "/none/s"] {
                    #expect(throws: StoreError.notFound(store: "sqlite:" + path)) {
                        try SQLiteStore(path: path, access: access)
                    }
                }
            }
            let files = try files(directory)
            #expect(files.isEmpty)
        }
    }

    @Test("several that create the same store at the same time all get it")
    func createdTogether() throws {
        try withTemporaryDirectory { directory in
            for round in 0..<60 {
                let path = directory + "/\(round)"
                let failures = Failures()
                DispatchQueue.concurrentPerform(iterations: 4) { writer in
                    do {
                        let store = try SQLiteStore(path: path, access: .create, busyTimeout: .seconds(60))
                        try store.ingest([OwnedLine("\(writer)")])
                    } catch {
                        failures.add("round \(round): \(error)")
                    }
                }
                #expect(failures.all == [])
                let counts = try SQLiteStore(path: path, access: .read).transactionCounts()
                #expect(counts.lines == 4)
            }
        }
    }

    @Test("creating makes the directories above, once")
    func creates() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/a//b/c/churn.sqlite"
            try SQLiteStore(path: path, access: .create).ingest([OwnedLine("1")])
            #expect(try SQLiteStore(path: path, access: .create).transactionCounts().lines == 1)
            #expect(try SQLiteStore(path: path, access: .update).transactionCounts().lines == 1)
        }
    }

    @Test("a closed store is one file, and reading it changes no byte")
    func readingLeavesBytes() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/s"
            let hash = try {
                let store = try SQLiteStore(path: path, access: .create)
                try store.ingest([OwnedLine("1"), OwnedLine("2", customer: 2)])
                _ = try store.buildFeatures(asOfDay: nil)
                return try store.transactionsHash()
            }()
            #expect(try files(directory) == ["s"])
            let bytes = try content(path)
            do {
                let store = try SQLiteStore(path: path, access: .read)
                #expect(try store.transactionsHash() == hash)
                #expect(try store.loadFeatures().rowCount == 2)
            }
            #expect(try content(path) == bytes)
        }
    }

    @Test("what is not ours is refused and left as it is")
    func foreign() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/f"
            let name = "sqlite:" + path
            for bytes in [Array("InvoiceNo,StockCode\n".utf8), [0], Array("SQLite format 3\0".utf8)] {
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                for access in accesses {
                    #expect(throws: StoreError.notAStore(store: name, .notSQLite)) {
                        try SQLiteStore(path: path, access: access)
                    }
                }
                #expect(try content(path) == Data(bytes))
            }
            try FileManager.default.removeItem(atPath: path)
            try DatabaseQueue(path: path).write { try $0.execute(sql: "CREATE TABLE transactions (x)") }
            let bytes = try content(path)
            for access in accesses {
                #expect(throws: StoreError.notAStore(store: name, .otherApplication)) {
                    try SQLiteStore(path: path, access: access)
                }
            }
            #expect(try content(path) == bytes)
            #expect(try files(directory) == ["f"])
            for access in accesses {
                #expect(throws: StoreError.notAStore(store: "sqlite:" + directory, .directory)) {
                    try SQLiteStore(path: directory, access: access)
                }
                #expect(throws: StoreError.self) { try SQLiteStore(path: path + "/s", access: access) }
                #expect(throws: StoreError.notAStore(store: "sqlite:/dev/null", .notSQLite)) {
                    try SQLiteStore(path: "/dev/null", access: access)
                }
            }
        }
    }

    @Test("an empty file, and one whose creation was interrupted, are filled by ingest and nothing else")
    func interruptedCreation() throws {
        try withTemporaryDirectory { directory in
            let empty = directory + "/empty"
            try Data().write(to: URL(fileURLWithPath: empty))
            let marked = directory + "/marked"
            try DatabaseQueue(path: marked).writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA application_id = 0x6368726E")
            }
            #expect(try content(marked).count > 0)
            #expect(throws: StoreError.notAStore(store: "sqlite:" + empty, .empty)) {
                try SQLiteStore(path: empty, access: .update)
            }
            for path in [empty, marked] {
                #expect(throws: StoreError.notAStore(store: "sqlite:" + path, .empty)) {
                    try SQLiteStore(path: path, access: .read)
                }
                try SQLiteStore(path: path, access: .create).ingest([OwnedLine("1")])
                #expect(try SQLiteStore(path: path, access: .read).transactionCounts().lines == 1)
            }
        }
    }

    @Test("a store of a later version is refused and left as it is")
    func newer() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/s"
            try SQLiteStore(path: path, access: .create).ingest([OwnedLine("1")])
            func content(_ sql: String) throws -> [String] {
                try DatabaseQueue(path: path).read { try String.fetchAll($0, sql: sql) }
            }
            try DatabaseQueue(path: path).write {
                try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 from the future')")
            }
            let schema = try content("SELECT name || coalesce(sql, '') FROM sqlite_schema ORDER BY name")
            for access in accesses {
                #expect(throws: StoreError.newerSchema(store: "sqlite:" + path)) {
                    try SQLiteStore(path: path, access: access)
                }
            }
            #expect(try content("SELECT name || coalesce(sql, '') FROM sqlite_schema ORDER BY name") == schema)
            #expect(try content("SELECT invoice FROM transactions") == ["1"])
        }
    }

    @Test("what a killed process left in the log is read, by a reader too")
    func leftOverLog() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/s"
            let store = try SQLiteStore(path: path, access: .create)
            try store.ingest([OwnedLine("1"), OwnedLine("2", customer: 2)])
            _ = try store.buildFeatures(asOfDay: nil)
            // As a SIGKILL leaves them: the log not yet copied back, its index gone or stale, half a frame at the end.
            for access in accesses {
                let copy = directory + "/copy-\(access)"
                try FileManager.default.copyItem(atPath: path, toPath: copy)
                var log = try content(path + "-wal")
                #expect(log.count > 0)
                log.append(Data(repeating: 7, count: 1_000))
                try log.write(to: URL(fileURLWithPath: copy + "-wal"))
                let copied = try SQLiteStore(path: copy, access: access)
                #expect(try copied.transactionsHash() == (try store.transactionsHash()))
                #expect(try copied.latestBuild() == (try store.latestBuild()))
            }
        }
    }

    @Test("every page damaged gives an error or the truth, never a trap", arguments: UInt64(0)..<40)
    func damagedPages(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        try withTemporaryDirectory { directory in
            let path = directory + "/s"
            let lines = (1...200).map { OwnedLine("\($0)", customer: $0 % 20 + 1, minute: $0 * 700) }
            let rows = try {
                let store = try SQLiteStore(path: path, access: .create)
                try store.ingest(lines)
                return try store.buildFeatures(asOfDay: nil).build.customers
            }()
            var bytes = try content(path)
            for _ in 0..<Int.random(in: 1...60, using: &random) {
                bytes[Int.random(in: 100..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            try bytes.write(to: URL(fileURLWithPath: path))
            do {
                let store = try SQLiteStore(path: path, access: .read)
                let table = try store.loadFeatures()
                #expect(Int64(table.rowCount) == rows)
                _ = try store.transactionCounts()
                _ = try store.linesByCustomer()
            } catch let error as StoreError {
                #expect(!error.description.isEmpty)
            }
        }
    }

    @Test("each error is one line with the store's name and a next step")
    func descriptions() {
        let errors: [StoreError] = [
            .unusableAddress(store: "S"), .unreachable(store: "S", explanation: "no"),
            .refused(store: "S", code: 13, explanation: "no"), .damaged(store: "S", .transactions),
            .notFound(store: "S"), .notAStore(store: "S", .directory),
            .notAStore(store: "S", .empty), .notAStore(store: "S", .notSQLite),
            .notAStore(store: "S", .otherApplication), .newerSchema(store: "S"), .busy(store: "S"),
            .noTransactions(store: "S"), .emptyHistory(store: "S", asOfMinute: 0), .noBuild(store: "S"),
            .facts(store: "S", .overflow(customer: 1)), .facts(store: "S", .minuteOutOfRange(customer: 1, minute: 2)),
            .damaged(store: "S", .file), .damaged(store: "S", .features),
            .unavailable(store: "S", code: 13, explanation: "database or disk is full"),
        ]
        for error in errors {
            #expect(error.description.hasPrefix("S: "))
            #expect(!error.description.contains("\n"))
            #expect(error.description.contains(";"))
        }
    }
}
