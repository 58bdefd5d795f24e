internal import ChurnBase
internal import GRDB

/// Runs, as they lie in the tables `runs` and `run_days`.
enum SQLiteRun {
    /// - Returns: the id of the new run.
    static func begin(_ run: RunDescription, _ database: Database) throws -> Int64 {
        try database.execute(
            sql: "INSERT INTO runs (started_at, kind, files, layout, program) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                Int64(time(nil)), run.kind.rawValue, JSON.array(run.files.map(JSON.string)).text, run.layout,
                run.program,
            ]
        )
        return database.lastInsertedRowID
    }

    static func end(_ run: Int64, _ counts: IngestCounts, _ database: Database) throws {
        try database.execute(
            sql: """
                UPDATE runs SET finished_at = ?, added = ?, already_there = ?, collisions = ?, forgotten = ?, replaced = ?
                WHERE id = ?
                """,
            arguments: [
                Int64(time(nil)), counts.added, counts.alreadyThere, counts.collisions, counts.forgotten,
                counts.replaced,
                run,
            ]
        )
    }

    /// Adds to the sums of runs and days. Not in SQL, where a sum that overflows becomes a fraction.
    static func add(_ table: RunDayTable, _ database: Database) throws {
        try change(table, database) { $0 += $1 }
    }

    /// Takes lines out of the sums. A part without lines goes, unless a hash is left of it: that one has damage.
    static func subtract(_ table: RunDayTable, _ database: Database) throws {
        try change(table, database) { $0 -= $1 }
        try database.execute(sql: "DELETE FROM run_days WHERE lines = 0 AND key_hash = 0 AND text_hash = 0")
    }

    private static func change(
        _ table: RunDayTable,
        _ database: Database,
        _ change: (inout LineSums, LineSums) -> Void
    ) throws {
        let find = try database.cachedStatement(
            sql: "SELECT lines, key_hash, text_hash FROM run_days WHERE run = ? AND day = ?"
        )
        let write = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO run_days (run, day, lines, key_hash, text_hash) VALUES (?, ?, ?, ?, ?)"
        )
        for (part, sums) in zip(table.parts, table.sums) {
            var total = LineSums()
            if let row = try Row.fetchOne(find, arguments: [part.run, part.day]) { total = LineSums(row) }
            change(&total, sums)
            // More lines taken out than there were, of a part that has damage.
            total.lines = max(0, total.lines)
            try write.execute(
                arguments: [
                    part.run, part.day, total.lines, Int64(bitPattern: total.keyHash),
                    Int64(bitPattern: total.textHash),
                ]
            )
        }
    }

    /// - Returns: nil when a row cannot be.
    static func all(_ database: Database) throws -> [StoredRun]? {
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT coalesce(sum(lines), 0), min(day) FILTER (WHERE lines > 0), max(day) FILTER (WHERE lines > 0),
                    id, kind, files, layout, program, started_at, finished_at,
                    added, already_there, collisions, forgotten, replaced
                FROM runs LEFT JOIN run_days ON run = id GROUP BY id ORDER BY id
                """
        )
        var runs: [StoredRun] = []
        while let row = try rows.next() {
            guard let run = StoredRun(row) else { return nil }
            runs.append(run)
        }
        return runs
    }
}

extension LineSums {
    /// - Parameter row: lines, key_hash, text_hash.
    init(_ row: Row) {
        self.init(
            lines: row[0],
            keyHash: UInt64(bitPattern: row[1]),
            textHash: UInt64(bitPattern: row[2])
        )
    }
}

extension StoredRun {
    fileprivate init?(_ row: Row) {
        guard let kind = RunDescription.Kind(rawValue: row[4]), let files = Self.files(row[5]) else { return nil }
        let first: Int64? = row[1]
        let last: Int64? = row[2]
        var counts: IngestCounts?
        let finished: Int64? = row[9]
        if finished != nil {
            var found = IngestCounts(added: row[10], alreadyThere: row[11])
            found.collisions = row[12]
            found.forgotten = row[13]
            found.replaced = row[14]
            counts = found
        }
        self.init(
            id: row[3],
            description: RunDescription(kind: kind, files: files, layout: row[6], program: row[7]),
            startedAtSeconds: row[8],
            finishedAtSeconds: finished,
            counts: counts,
            lines: row[0],
            days: first.flatMap { first in last.flatMap { first <= $0 ? first...$0 : nil } }
        )
    }

    private static func files(_ text: String) -> [String]? {
        var copy = text
        let value = copy.withUTF8 { bytes -> JSONValue? in
            do throws(JSONFault) { return try JSONValue(UnsafeRawBufferPointer(bytes), depthLimit: 2) } catch {
                return nil
            }
        }
        guard case .array(let names) = value else { return nil }
        return names.map { if case .string(let name) = $0 { name } else { "?" } }
    }
}
