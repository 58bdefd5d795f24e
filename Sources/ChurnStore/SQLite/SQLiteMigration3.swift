internal import ChurnFeatures
internal import GRDB

/// Customers that are texts; quantities in thousandths and amounts in place of prices; cancelled units and amounts; runs.
///
/// A table whose columns change is copied to a new one. All of it is one transaction: a kill leaves the store as it was,
/// and the next writer begins again.
enum SQLiteMigration3 {
    static func run(_ database: Database) throws {
        try database.execute(sql: newTables)
        try database.execute(sql: transactions)
        try database.execute(sql: features)
        try database.execute(sql: predictions)
    }

    private static let newTables = """
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT CHECK (id > 0),
            -- Seconds since 1970-01-01 00:00 UTC; NULL while it is under way, and when it was interrupted.
            started_at INTEGER NOT NULL,
            finished_at INTEGER,
            -- What was read, and how: a JSON object.
            description TEXT NOT NULL
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

        INSERT INTO runs (started_at, finished_at, description)
        SELECT unixepoch(), unixepoch(), '{"kind":"migrated"}' WHERE EXISTS (SELECT 1 FROM transactions);

        INSERT INTO new_transactions
        SELECT invoice, customer, minute, stock_code, quantity * 1000, abs(quantity) * price_milli, copy, 1,
            description, country
        FROM transactions ORDER BY invoice, customer, minute, stock_code, quantity, price_milli, copy;

        DROP TABLE transactions;
        ALTER TABLE new_transactions RENAME TO transactions;
        """

    /// Builds of before have no cancelled units and amounts: the next build makes all anew.
    private static let features = """
        DELETE FROM builds;
        DELETE FROM segments;
        DROP TABLE features;
        CREATE TABLE features (
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
