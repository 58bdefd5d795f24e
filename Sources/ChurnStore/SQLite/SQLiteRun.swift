internal import ChurnBase
internal import GRDB

/// Ingests, as they lie in the table `runs`.
enum SQLiteRun {
    /// - Returns: its id.
    static func begin(_ database: Database) throws -> Int64 {
        try database.execute(
            sql: "INSERT INTO runs (started_at, description) VALUES (?, '{}')",
            arguments: [Int64(time(nil))]
        )
        return database.lastInsertedRowID
    }
}
