internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func ingest<Value>(
        _ run: RunDescription,
        replacing: DayReplacement?,
        _ body: (any IngestSession) throws -> Value
    ) throws -> Value {
        try writing { database in
            let session = try SQLiteIngestSession(database, store: self)
            do {
                let value = try body(session)
                _ = try session.commit()
                session.close()
                return value
            } catch {
                session.close()
                throw error
            }
        }
    }
}

/// One transaction a batch, begun by its first line.
private final class SQLiteIngestSession: IngestSession {
    private let database: Database
    private let insert: SQLiteStatement
    private let store: String
    private var batch = IngestCounts()
    private(set) var committed = IngestCounts()
    private var failure: StoreError?
    private var isClosed = false
    /// The numbers that stay bound from one line to the next, mostly as they are; nil while nothing is bound.
    private var bound: (customer: Int64, minute: Int64, copy: Int64)?
    /// The run of the lines; 0 before the first line.
    private var run: Int64 = 0
    /// Whether a batch is open. Kept here because GRDB checks its queue each time it is asked.
    private var hasBatch = false

    init(_ database: Database, store: SQLiteStore) throws {
        self.database = database
        self.store = store.name
        // Not INSERT OR IGNORE, which would also pass over a line that a CHECK refuses.
        insert = try store.statement(
            """
            INSERT INTO transactions (
                invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, description, country, run
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """,
            database
        )
    }

    func add(_ line: TransactionLine) throws(StoreError) {
        precondition(!isClosed, "an ingest session outside of its body")
        if let failure { throw failure }
        do {
            // IMMEDIATE takes the write lock now, where the busy time-out works; a deferred transaction that begins to
            // write later fails at once.
            if !hasBatch { try database.beginTransaction(.immediate) }
            hasBatch = true
            if run == 0 { run = try SQLiteRun.begin(database) }
            // The texts stay bound until the next line's are, or the batch ends; nothing reads them before.
            defer { insert.rewind() }
            try bind(line)
            _ = try insert.step()
            if insert.changesCount == 1 { batch.added += 1 } else { batch.alreadyThere += 1 }
        } catch {
            throw fail(error)
        }
    }

    func commit() throws(StoreError) -> IngestCounts {
        precondition(!isClosed, "an ingest session outside of its body")
        if let failure { throw failure }
        do {
            resetInsert()
            if hasBatch { try database.commit() }
            hasBatch = false
        } catch {
            throw fail(error)
        }
        let done = batch
        committed += done
        batch = IngestCounts()
        return done
    }

    /// Drops what was not committed and ends the session.
    func close() {
        isClosed = true
        rollBack()
    }

    private func bind(_ line: TransactionLine) throws(StoreError) {
        // The lines of an invoice share their customer and minute, and few lines are copies.
        let before = bound
        bound = nil
        try insert.bind(line.invoice, at: 1)
        if line.customer != before?.customer { try insert.bind(line.customer, at: 2) }
        if line.minute != before?.minute { try insert.bind(line.minute, at: 3) }
        try insert.bind(line.stockCode, at: 4)
        try insert.bind(line.quantityMilli, at: 5)
        try insert.bind(line.amountMilli, at: 6)
        if line.copy != before?.copy { try insert.bind(line.copy, at: 7) }
        try insert.bind(line.description, at: 8)
        try insert.bind(line.country, at: 9)
        if before == nil { try insert.bind(run, at: 10) }
        bound = (line.customer, line.minute, line.copy)
    }

    private func resetInsert() {
        insert.reset()
        bound = nil
    }

    private func fail(_ error: any Error) -> StoreError {
        let failure = StoreError(error, store: store)
        self.failure = failure
        batch = IngestCounts()
        rollBack()
        return failure
    }

    private func rollBack() {
        resetInsert()
        hasBatch = false
        guard database.isInsideTransaction else { return }
        do {
            try database.rollback()
        } catch {
            // A rollback that fails leaves a transaction that the next opening of the file rolls back; the error that
            // led here is the one to report.
        }
    }
}
