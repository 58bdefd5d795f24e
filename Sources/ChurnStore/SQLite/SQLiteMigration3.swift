internal import ChurnBase
internal import ChurnFeatures
internal import GRDB
internal import GRDBSQLite

/// Customers that are texts; quantities in thousandths and amounts in place of prices; cancelled units and amounts; runs.
///
/// A table whose columns change is copied to a new one. All of it is one transaction: a kill leaves the store as it was,
/// and the next writer begins again.
enum SQLiteMigration3 {
    static func run(_ database: Database, store: String) throws {
        try database.execute(sql: newTables)
        try database.execute(sql: transactions)
        try hashLines(database, store: store)
        try database.execute(sql: features)
        try keepBuild(database, store: store)
        try database.execute(sql: "DROP TABLE features; ALTER TABLE new_features RENAME TO features")
        try database.execute(sql: predictions)
    }

    /// Fills `run_days`.
    private static func hashLines(_ database: Database, store: String) throws {
        let statement = try database.makeStatement(
            sql: """
                SELECT invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, run, description, country
                FROM transactions
                """
        )
        let lines = SQLiteStatement(statement, store: store)
        defer { lines.reset() }
        var table = RunDayTable()
        while try lines.step() {
            let line = lines.transactionLine(payloadAt: 8)
            table.add(LineHash(line), to: RunDay(run: lines.integer(7), day: CivilTime.split(minute: line.minute).day))
        }
        try SQLiteRun.add(table, database)
    }

    /// Keeps the last build and its segments, with cancelled units and amounts from the lines.
    ///
    /// Where that cannot be, as when lines came after the build that are older than its moment, there is no build until the
    /// next one is made.
    private static func keepBuild(_ database: Database, store: String) throws {
        do {
            try database.inSavepoint { try keep(database, store: store) ? .commit : .rollback }
        } catch let error as DatabaseError
            where error.resultCode == .SQLITE_CONSTRAINT || error.resultCode == .SQLITE_ERROR
        {
            // Sums that do not fit 64 bits.
        }
        let isKept = try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM new_features)") ?? false
        if !isKept { try database.execute(sql: "DELETE FROM builds; DELETE FROM segments") }
    }

    /// - Returns: whether what is now in `new_features` is the build.
    private static func keep(_ database: Database, store: String) throws -> Bool {
        guard
            let asOf = try Int64.fetchOne(
                database,
                sql: "SELECT as_of_minute FROM builds ORDER BY generation DESC LIMIT 1"
            )
        else { return false }
        try database.execute(sql: builtFeatures, arguments: [asOf])
        let isOfOtherLines = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (
                    SELECT 1 FROM features LEFT JOIN cancelled USING (customer) WHERE cancel_lines <> coalesce(lines, 0)
                )
                """
        )
        guard isOfOtherLines == false else { return false }
        var digest = FactsDigest()
        var facts = CustomerFacts(customer: 0)
        let statement = try database.makeStatement(
            sql: FactsReader.sql.replacing("FROM features", with: "FROM new_features") + " ORDER BY customer"
        )
        let rows = SQLiteStatement(statement, store: store)
        defer { rows.reset() }
        while try rows.step() {
            guard FactsReader.read(rows, into: &facts) else { return false }
            digest.add(facts)
        }
        guard try Int64.fetchOne(database, sql: newestCustomers) == digest.count else { return false }
        try database.execute(
            sql: """
                DELETE FROM builds WHERE generation < (SELECT max(generation) FROM builds);
                UPDATE builds SET hash = ?;
                DROP TABLE cancelled
                """,
            arguments: [hexadecimal(digest.value)]
        )
        return true
    }

    private static let newestCustomers = "SELECT customers FROM builds ORDER BY generation DESC LIMIT 1"

    private static let builtFeatures = """
        CREATE TEMP TABLE cancelled AS
        SELECT customer, count(*) AS lines, sum(-quantity_milli) AS units, sum(amount_milli) AS amount
        FROM transactions WHERE quantity_milli < 0 AND minute < ? GROUP BY customer;

        INSERT INTO new_features
        SELECT customer, 0, purchase_lines, purchase_invoices, cancel_lines, cancel_invoices, units * 1000,
            amount_milli, coalesce(cancelled_units, 0), coalesce(cancelled_amount, 0), first_minute, last_minute,
            distinct_products, last_day_products, max_quantity * 1000, invoice_minutes_of_day, days, segment
        FROM features LEFT JOIN (
            SELECT customer, units AS cancelled_units, amount AS cancelled_amount FROM cancelled
        ) USING (customer) ORDER BY customer;
        """

    private static let newTables = """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
            -- Seconds since 1970-01-01 00:00 UTC.
            started_at INTEGER NOT NULL,
            -- As above; NULL while it is under way, and when it was interrupted. The counts below as well.
            finished_at INTEGER,
            kind TEXT NOT NULL,
            -- A JSON array of texts.
            files TEXT NOT NULL,
            -- How they were read.
            layout TEXT NOT NULL,
            program TEXT NOT NULL,
            added INTEGER,
            already_there INTEGER,
            collisions INTEGER,
            forgotten INTEGER,
            replaced INTEGER
        ) STRICT;

        -- The lines of a run by their day, and hashes with which damage is found.
        CREATE TABLE run_days (
            run INTEGER NOT NULL,
            -- Days since 1970-01-01.
            day INTEGER NOT NULL,
            lines INTEGER NOT NULL CHECK (lines >= 0),
            -- Sums, modulo 2^64, of the hashes of the lines' keys, and of the lines' texts besides.
            key_hash INTEGER NOT NULL,
            text_hash INTEGER NOT NULL,
            PRIMARY KEY (run, day)
        ) STRICT, WITHOUT ROWID;

        -- Customers that are texts.
        CREATE TABLE customers (
            number INTEGER PRIMARY KEY CHECK (number < 0),
            check_bits INTEGER NOT NULL,
            text TEXT NOT NULL CHECK (length(text) > 0)
        ) STRICT;

        -- Keyed hashes of the customers whose lines are left out.
        CREATE TABLE forgotten (
            hash BLOB PRIMARY KEY CHECK (length(hash) = 32)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE secrets (
            name TEXT PRIMARY KEY,
            value BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;
        """

    /// The lines that are there become those of one run.
    private static let transactions = """
        CREATE TABLE new_transactions (
            invoice TEXT NOT NULL,
            customer INTEGER NOT NULL CHECK (customer <> 0),
            minute INTEGER NOT NULL,
            stock_code TEXT NOT NULL,
            quantity_milli INTEGER NOT NULL,
            amount_milli INTEGER NOT NULL CHECK (amount_milli >= 0),
            copy INTEGER NOT NULL CHECK (copy >= 0),
            run INTEGER NOT NULL,
            description TEXT NOT NULL,
            country TEXT NOT NULL,
            PRIMARY KEY (invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy)
        ) STRICT, WITHOUT ROWID;

        INSERT INTO runs (
            started_at, finished_at, kind, files, layout, program, added, already_there, collisions, forgotten, replaced
        )
        SELECT unixepoch(), unixepoch(), 'migrated', '[]', '', '', (SELECT count(*) FROM transactions), 0, 0, 0, 0
        WHERE EXISTS (SELECT 1 FROM transactions);

        INSERT INTO new_transactions
        SELECT invoice, customer, minute, stock_code, quantity * 1000, abs(quantity) * price_milli, copy, 1,
            description, country
        FROM transactions ORDER BY invoice, customer, minute, stock_code, quantity, price_milli, copy;

        DROP TABLE transactions;
        ALTER TABLE new_transactions RENAME TO transactions;
        """

    private static let features = """
        CREATE TABLE new_features (
            customer INTEGER PRIMARY KEY CHECK (customer <> 0),
            check_bits INTEGER NOT NULL,
            purchase_lines INTEGER NOT NULL,
            purchase_invoices INTEGER NOT NULL,
            cancel_lines INTEGER NOT NULL,
            cancel_invoices INTEGER NOT NULL,
            units_milli INTEGER NOT NULL,
            amount_milli INTEGER NOT NULL,
            cancel_units_milli INTEGER NOT NULL,
            cancel_amount_milli INTEGER NOT NULL,
            first_minute INTEGER NOT NULL,
            last_minute INTEGER NOT NULL,
            distinct_products INTEGER NOT NULL,
            last_day_products INTEGER NOT NULL,
            max_quantity_milli INTEGER NOT NULL,
            invoice_minutes_of_day INTEGER NOT NULL,
            days BLOB NOT NULL CHECK (length(days) > 0 AND length(days) % 4 = 0),
            -- A position in segments; NULL until the build is segmented.
            segment INTEGER
        ) STRICT;
        """

    private static let predictions = """
        CREATE TABLE new_predictions (
            model TEXT NOT NULL,
            version TEXT NOT NULL,
            as_of_minute INTEGER NOT NULL,
            customer INTEGER NOT NULL CHECK (customer <> 0),
            probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1),
            is_churn INTEGER NOT NULL CHECK (is_churn IN (0, 1)),
            PRIMARY KEY (model, version, as_of_minute, customer)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO new_predictions SELECT * FROM predictions;
        DROP TABLE predictions;
        ALTER TABLE new_predictions RENAME TO predictions;
        """
}
