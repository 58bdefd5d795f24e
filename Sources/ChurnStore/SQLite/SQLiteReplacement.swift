internal import ChurnBase
internal import ChurnFeatures
internal import GRDB

/// Replaces days, within the one transaction of a run.
final class SQLiteReplacement {
    let days: Set<Int64>
    /// The days as SQL takes them.
    private let list: String
    private var linesBefore: Int64 = 0

    init(_ replacement: DayReplacement) {
        days = replacement.days
        list = SQLiteStore.list(of: replacement.days.sorted())
    }

    /// Before the first line.
    func begin(_ database: Database) throws {
        linesBefore =
            try Int64.fetchOne(
                database,
                sql: "SELECT coalesce(sum(lines), 0) FROM run_days WHERE day IN (SELECT value FROM json_each(?))",
                arguments: [list]
            ) ?? 0
    }

    /// After the last line: removes the lines that the run does not have.
    ///
    /// - Parameter counts: of the run, with every line as added that was not the run's. Put right.
    func end(run: Int64, _ counts: inout IngestCounts, _ database: Database) throws {
        guard let first = days.min(), let last = days.max() else { return }
        try database.execute(
            sql: """
                DELETE FROM transactions WHERE run <> ? AND minute >= ? AND minute < ?
                    AND \(SQLiteStore.dayOfMinute) IN (SELECT value FROM json_each(?))
                """,
            arguments: [run, first * CivilTime.minutesPerDay, (last + 1) * CivilTime.minutesPerDay, list]
        )
        counts.replaced = Int64(database.changesCount)
        let takenOver = max(0, min(counts.added, linesBefore - counts.replaced))
        counts.added -= takenOver
        counts.alreadyThere += takenOver
        try database.execute(
            sql: "DELETE FROM run_days WHERE run <> ? AND day IN (SELECT value FROM json_each(?))",
            arguments: [run, list]
        )
        try SQLiteStore.removeCustomersWithoutAnything(database)
    }
}

extension SQLiteStore {
    /// Integers as a text for `json_each`.
    static func list(of integers: [Int64]) -> String { JSON.array(integers.map(JSON.integer)).text }

    /// The day of `minute` in SQL, rounded towards the past as by `CivilTime.split`.
    static let dayOfMinute = "((minute - ((minute % 1440) + 1440) % 1440) / 1440)"

    /// A text stays as long as a line, a record or a prediction names its customer.
    static func removeCustomersWithoutAnything(_ database: Database) throws {
        guard try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM customers)") == true else { return }
        try database.execute(
            sql: """
                DELETE FROM customers WHERE number NOT IN (
                    SELECT customer FROM transactions WHERE customer < 0
                    UNION SELECT customer FROM features WHERE customer < 0
                    UNION SELECT customer FROM predictions WHERE customer < 0
                )
                """
        )
    }
}
