internal import GRDB
internal import GRDBSQLite

/// A store in one SQLite file, with a write-ahead log beside it.
///
/// One process writes at a time, any number read meanwhile; a reader sees one committed state for the whole of a call.
/// Sorting a large history spills into temporary files, which SQLite puts into `$SQLITE_TMPDIR`, else `/var/tmp`, else
/// `/tmp`.
package final class SQLiteStore: Store {
    package let location: StoreLocation
    let access: StoreAccess
    /// What messages call this store.
    let name: String
    private let pool: DatabasePool

    /// Opens the store at `path`, and creates or migrates it as `access` allows.
    ///
    /// - Parameter busyTimeout: how long a call waits for another process that writes, more than 0.
    /// - Throws: `notFound`, `notAStore` (what is there stays untouched), `newerSchema`, `busy`, `unavailable`.
    package init(path: String, access: StoreAccess, busyTimeout: Duration = .seconds(5)) throws(StoreError) {
        precondition(busyTimeout > .zero)
        let location = StoreLocation.sqlite(path: path)
        let name = location.description
        self.location = location
        self.access = access
        self.name = name
        pool = try Self.openOrCreate(path, access: access, name: name, busyTimeout: busyTimeout)
    }

    /// SQLite does not wait for the other one where two could wait for each other: when both write to a new file, or one
    /// puts it into WAL mode. So it is tried again here, each step being one that may be repeated.
    private static func openOrCreate(
        _ path: String,
        access: StoreAccess,
        name: String,
        busyTimeout: Duration
    ) throws(StoreError) -> DatabasePool {
        let giveUp = ContinuousClock.now + busyTimeout
        while true {
            do throws(StoreError) {
                let kind = try SQLiteFile.recognise(path, store: name)
                switch (kind, access) {
                case (.ours, _): break
                case (.missing, .create), (.empty, .create):
                    try create(path, name: name, busyTimeout: busyTimeout)
                case (.missing, .read), (.missing, .update): throw .notFound(store: name)
                case (.empty, .read), (.empty, .update): throw .notAStore(store: name, .empty)
                }
                return try open(path, access: access, name: name, busyTimeout: busyTimeout)
            } catch .busy(let store) {
                guard ContinuousClock.now < giveUp else { throw .busy(store: store) }
                sqlite3_sleep(10)
            }
        }
    }

    /// Writes the mark and the tables of a new store, so that every store that WAL mode sees is one of ours.
    private static func create(_ path: String, name: String, busyTimeout: Duration) throws(StoreError) {
        try SQLiteFile.createParents(of: path, store: name)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration(busyTimeout))
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA application_id = \(SQLiteSchema.applicationID)")
            }
            try migrate(queue, name: name)
            try queue.close()
        } catch {
            throw StoreError(error, store: name)
        }
    }

    private static func open(
        _ path: String,
        access: StoreAccess,
        name: String,
        busyTimeout: Duration
    ) throws(StoreError) -> DatabasePool {
        do {
            var configuration = configuration(busyTimeout)
            configuration.readonly = access == .read
            let pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = SQLiteSchema.migrator(store: name)
            let (isNewer, isComplete) = try pool.read { database in
                (
                    try migrator.hasBeenSuperseded(database),
                    try migrator.hasCompletedMigrations(database)
                )
            }
            if isNewer { throw StoreError.newerSchema(store: name) }
            guard access != .read else {
                let applied = try pool.read { try migrator.appliedIdentifiers($0) }
                // Ours, but its creation was interrupted.
                if !applied.contains(SQLiteSchema.first) { throw StoreError.notAStore(store: name, .empty) }
                if !applied.contains(SQLiteSchema.readableFrom) { throw StoreError.olderSchema(store: name) }
                return pool
            }
            if !isComplete { try migrate(pool, name: name) }
            try pool.writeWithoutTransaction { database in
                // After GRDB's own set-up, which chooses NORMAL: an acknowledged batch must survive a loss of power.
                // 64 MiB of cache: the sorter of a feature build spills beyond as much. 16 MiB of log before it is moved into
                // the file: a page that several batches write to is then moved once for all of them.
                try database.execute(
                    sql: """
                        PRAGMA synchronous = FULL;
                        PRAGMA cache_size = -65536;
                        PRAGMA wal_autocheckpoint = 4096;
                        PRAGMA temp_store = FILE;
                        """
                )
            }
            return pool
        } catch {
            throw StoreError(error, store: name)
        }
    }

    private static func configuration(_ busyTimeout: Duration) -> Configuration {
        var configuration = Configuration()
        configuration.label = "churn"
        configuration.busyMode = .timeout(busyTimeout / .seconds(1))
        return configuration
    }

    private static func migrate(_ writer: some DatabaseWriter, name: String) throws {
        let migrator = SQLiteSchema.migrator(store: name)
        do {
            try migrator.migrate(writer)
        } catch {
            // Each migration is a transaction, but GRDB looks which ones are due before it. When another process
            // migrated in between, ours fails on a table that exists, and there is nothing left to do.
            let isComplete = try writer.read { try migrator.hasCompletedMigrations($0) }
            if !isComplete { throw error }
        }
    }

    /// One consistent look at the store.
    func reading<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try pool.read(body)
        } catch {
            throw StoreError(error, store: name)
        }
    }

    /// As `reading`, for a body that calls foreign code: its own errors come out as they are.
    func readingWithForeignErrors<Value>(_ body: (Database) throws -> Value) throws -> Value {
        do {
            return try pool.read(body)
        } catch let error as DatabaseError {
            throw StoreError(error, store: name)
        }
    }

    /// The one connection that writes, outside of any transaction.
    func writing<Value>(_ body: (Database) throws -> Value) throws -> Value {
        precondition(access != .read, "a store opened for reading")
        do {
            return try pool.writeWithoutTransaction(body)
        } catch let error as DatabaseError {
            throw StoreError(error, store: name)
        }
    }

    /// The one connection that writes, inside a transaction that ends with `body`: what it throws undoes all.
    ///
    /// IMMEDIATE: nobody else writes between what `body` reads and the commit.
    func inTransaction<Value>(_ body: (Database) throws -> Value) throws(StoreError) -> Value {
        do {
            return try writing { database in
                var value: Value?
                try database.inTransaction(.immediate) {
                    value = try body(database)
                    return .commit
                }
                guard let value else { preconditionFailure("a transaction that ended without its body") }
                return value
            }
        } catch {
            throw StoreError(error, store: name)
        }
    }

    func statement(_ sql: String, _ database: Database) throws -> SQLiteStatement {
        SQLiteStatement(try database.cachedStatement(sql: sql), store: name)
    }
}
