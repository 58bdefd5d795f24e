internal import GRDB

/// The tables of an SQLite store and how they came to be.
///
/// A migration that was released is never edited; a new one is added below it.
enum SQLiteSchema {
    /// Marks our files in the header of SQLite (bytes 68 to 71, big-endian): "chrn".
    static let applicationID: Int32 = 0x6368_726E

    /// - Parameter store: what messages call it.
    static func migrator(store: String) -> DatabaseMigrator {
        // We have no foreign keys; the default would check them over the whole file.
        var migrator = DatabaseMigrator().disablingDeferredForeignKeyChecks()
        migrator.registerMigration(first) { db in
            // The key first and in the order of design: invoices grow with time, so that inserts stay local.
            try db.execute(
                sql: """
                    CREATE TABLE transactions (
                        invoice TEXT NOT NULL,
                        customer INTEGER NOT NULL CHECK (customer > 0),
                        minute INTEGER NOT NULL,
                        stock_code TEXT NOT NULL,
                        quantity INTEGER NOT NULL,
                        price_milli INTEGER NOT NULL CHECK (price_milli >= 0),
                        copy INTEGER NOT NULL CHECK (copy >= 0),
                        description TEXT NOT NULL,
                        country TEXT NOT NULL,
                        PRIMARY KEY (invoice, customer, minute, stock_code, quantity, price_milli, copy)
                    ) STRICT, WITHOUT ROWID;

                    CREATE TABLE features (
                        customer INTEGER PRIMARY KEY CHECK (customer > 0),
                        purchase_lines INTEGER NOT NULL,
                        purchase_invoices INTEGER NOT NULL,
                        cancel_lines INTEGER NOT NULL,
                        cancel_invoices INTEGER NOT NULL,
                        units INTEGER NOT NULL,
                        amount_milli INTEGER NOT NULL,
                        first_minute INTEGER NOT NULL,
                        last_minute INTEGER NOT NULL,
                        distinct_products INTEGER NOT NULL,
                        last_day_products INTEGER NOT NULL,
                        max_quantity INTEGER NOT NULL,
                        invoice_minutes_of_day INTEGER NOT NULL,
                        days BLOB NOT NULL CHECK (length(days) > 0 AND length(days) % 4 = 0),
                        -- A position in segments; NULL until the build is segmented.
                        segment INTEGER
                    ) STRICT;

                    CREATE TABLE segments (
                        position INTEGER PRIMARY KEY CHECK (position >= 0),
                        name TEXT NOT NULL UNIQUE CHECK (length(name) > 0)
                    ) STRICT;

                    CREATE TABLE builds (
                        generation INTEGER PRIMARY KEY CHECK (generation > 0),
                        as_of_minute INTEGER NOT NULL,
                        last_purchase_minute INTEGER NOT NULL CHECK (last_purchase_minute < as_of_minute),
                        customers INTEGER NOT NULL CHECK (customers > 0),
                        hash TEXT NOT NULL CHECK (length(hash) = 16),
                        built_at INTEGER NOT NULL,
                        -- How often the build was segmented.
                        segmentation INTEGER NOT NULL DEFAULT 0
                    ) STRICT;
                    """
            )
        }
        migrator.registerMigration("2 predictions") { db in
            try db.execute(sql: predictions)
        }
        migrator.registerMigration(readableFrom) { try SQLiteMigration3.run($0, store: store) }
        return migrator
    }

    /// The first migration: without it there is no store yet.
    static let first = "1 transactions, features, builds"

    /// What a reader needs; it cannot migrate, and has no use for what came later.
    static let readableFrom = "3 texts, net facts, runs"

    private static let predictions = """
        CREATE TABLE predictions (
            model TEXT NOT NULL,
            version TEXT NOT NULL,
            as_of_minute INTEGER NOT NULL,
            customer INTEGER NOT NULL CHECK (customer > 0),
            probability REAL NOT NULL CHECK (probability BETWEEN 0 AND 1),
            is_churn INTEGER NOT NULL CHECK (is_churn IN (0, 1)),
            PRIMARY KEY (model, version, as_of_minute, customer)
        ) STRICT, WITHOUT ROWID;
        """
}
