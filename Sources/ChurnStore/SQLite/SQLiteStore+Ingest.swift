internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func ingest<Value>(
        _ run: RunDescription,
        replacing: DayReplacement?,
        _ body: (any IngestSession) throws -> Value
    ) throws -> Value {
        try writing { database in
            let session = try SQLiteIngestSession(run, replacing: replacing, database, store: self)
            do {
                let value = try body(session)
                _ = try session.finish()
                session.close()
                return value
            } catch {
                session.close()
                throw error
            }
        }
    }
}

/// One transaction a batch, begun by its first line; one for all where days are replaced.
private final class SQLiteIngestSession: IngestSession {
    private let database: Database
    private let insert: SQLiteStatement
    private let store: SQLiteStore
    private let description: RunDescription
    private let replacement: SQLiteReplacement?
    private var batch = IngestCounts()
    private(set) var committed = IngestCounts()
    private var failure: StoreError?
    private var isClosed = false
    /// The numbers that stay bound from one line to the next, mostly as they are; nil while nothing is bound.
    private var bound: (customer: Int64, minute: Int64, copy: Int64)?
    /// The run of the lines; 0 before the first line.
    private var run: Int64 = 0
    /// Whether the run has ended.
    private var isFinished = false
    /// Of an open transaction. Nil, too, says that there is none: GRDB checks its queue each time it is asked.
    private var customers: SQLiteCustomers?
    /// Of the lines that the batch added.
    private var sums = RunDayTable()

    init(_ run: RunDescription, replacing: DayReplacement?, _ database: Database, store: SQLiteStore) throws {
        self.database = database
        self.store = store
        description = run
        replacement = replacing.map { SQLiteReplacement($0) }
        // Not INSERT OR IGNORE, which would also pass over a line that a CHECK refuses.
        let conflict =
            replacing == nil
            ? "DO NOTHING"
            : """
            DO UPDATE SET run = excluded.run, description = excluded.description, country = excluded.country
            WHERE run <> excluded.run
            """
        insert = try store.statement(
            """
            INSERT INTO transactions (
                invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, description, country, run
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT \(conflict)
            """,
            database
        )
    }

    func add(_ line: TransactionLine) throws(StoreError) {
        precondition(!isClosed && !isFinished, "an ingest session outside of its body")
        if let failure { throw failure }
        do {
            if customers == nil { try begin() }
            let day = CivilTime.split(minute: line.minute).day
            precondition(replacement?.days.contains(day) ?? true, "a line of a day that is not replaced")
            switch try customers?.verdict(on: line) ?? .taken {
            case .taken: try add(line, of: day)
            case .collision: batch.noteCollision(of: String(decoding: line.customerText, as: UTF8.self))
            case .forgotten: batch.forgotten += 1
            }
        } catch {
            throw fail(error)
        }
    }

    func commit() throws(StoreError) -> IngestCounts {
        try end(isLast: false)
    }

    func finish() throws(StoreError) -> IngestCounts {
        _ = try end(isLast: true)
        return committed
    }

    /// Drops what was not committed and ends the session.
    func close() {
        isClosed = true
        rollBack()
    }

    private func begin() throws {
        // IMMEDIATE takes the write lock now, where the busy time-out works; a deferred transaction that begins to
        // write later fails at once.
        if !database.isInsideTransaction { try database.beginTransaction(.immediate) }
        customers = try SQLiteCustomers(database, store: store)
        if run == 0 {
            run = try SQLiteRun.begin(description, database)
            try replacement?.begin(database)
        }
    }

    private func add(_ line: TransactionLine, of day: Int64) throws {
        // The texts stay bound until the next line's are, or the batch ends; nothing reads them before.
        defer { insert.rewind() }
        try bind(line)
        _ = try insert.step()
        if insert.changesCount == 1 {
            batch.added += 1
            sums.add(LineHash(line), to: RunDay(run: run, day: day))
        } else {
            batch.alreadyThere += 1
        }
    }

    /// Ends the batch and, if it is the last one, the run.
    private func end(isLast: Bool) throws(StoreError) -> IngestCounts {
        precondition(!isClosed, "an ingest session outside of its body")
        if let failure { throw failure }
        do {
            resetInsert()
            let endsRun = isLast && run != 0 && !isFinished
            if endsRun, customers == nil { try begin() }
            var total = committed
            total += batch
            if customers != nil {
                try SQLiteRun.add(sums, database)
                sums.removeAll()
                if endsRun {
                    try replacement?.end(run: run, &total, database)
                    try SQLiteRun.end(run, total, database)
                }
                if replacement == nil || endsRun { try database.commit() }
            }
            // The next batch looks again at what others may have changed meanwhile.
            customers = nil
            isFinished = isFinished || isLast
            let done = batch
            committed = total
            batch = IngestCounts()
            return done
        } catch {
            throw fail(error)
        }
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
        let failure = StoreError(error, store: store.name)
        self.failure = failure
        batch = IngestCounts()
        rollBack()
        return failure
    }

    private func rollBack() {
        resetInsert()
        customers = nil
        guard database.isInsideTransaction else { return }
        do {
            try database.rollback()
        } catch {
            // A rollback that fails leaves a transaction that the next opening of the file rolls back; the error that
            // led here is the one to report.
        }
    }
}
