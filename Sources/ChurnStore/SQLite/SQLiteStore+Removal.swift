internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport {
        if dryRun {
            return try reading { database in try SelectedLines(selection.condition, database, store: self).report }
        }
        return try inTransaction { try remove(selection, $0) }
    }

    private func remove(_ selection: LineSelection, _ database: Database) throws -> RemovalReport {
        let condition = selection.condition
        let selected = try SelectedLines(condition, database, store: self)
        try database.execute(sql: "DELETE FROM transactions WHERE \(condition.sql)", arguments: condition.arguments)
        switch selection {
        // What is kept of whole runs and days goes with them, also where it is not what their lines are.
        case .run(let run): try database.execute(sql: "DELETE FROM run_days WHERE run = ?", arguments: [run])
        case .days(let days):
            try database.execute(
                sql: "DELETE FROM run_days WHERE day BETWEEN ? AND ?",
                arguments: [days.lowerBound, days.upperBound]
            )
        case .invoice: try SQLiteRun.subtract(selected.sums, database)
        }
        try Self.removeCustomersWithoutAnything(database)
        return selected.report
    }
}

/// Lines that meet a condition: how many, whose, of which days, and their hashes.
struct SelectedLines {
    let customers: Set<Int64>
    let sums: RunDayTable
    let lineCount: Int64

    init(_ condition: SQLiteCondition, _ database: Database, store: SQLiteStore) throws {
        var customers: Set<Int64> = []
        sums = try store.sums(ofLines: condition, database) { customers.insert($0.customer) }
        self.customers = customers
        lineCount = sums.sums.reduce(0) { $0 + $1.lines }
    }

    var report: RemovalReport {
        var report = RemovalReport()
        report.lines = lineCount
        report.customers = Int64(customers.count)
        let days = Set(sums.parts.map(\.day))
        report.days = Int64(days.count)
        if let first = days.min(), let last = days.max() { report.span = first...last }
        return report
    }
}

/// A condition on lines, and what its question marks stand for.
struct SQLiteCondition {
    var sql: String
    var arguments: StatementArguments
}

extension LineSelection {
    fileprivate var condition: SQLiteCondition {
        switch self {
        case .run(let run): return SQLiteCondition(sql: "run = ?", arguments: [run])
        case .invoice(let bytes):
            return SQLiteCondition(sql: "invoice = ?", arguments: [String(decoding: bytes, as: UTF8.self)])
        case .days(let days):
            // Within the days that lines can have, so that no product overflows.
            let first = Int64(Int32(clamping: days.lowerBound))
            let last = Int64(Int32(clamping: days.upperBound))
            return SQLiteCondition(
                sql: "minute >= ? AND minute < ?",
                arguments: [first * CivilTime.minutesPerDay, (last + 1) * CivilTime.minutesPerDay]
            )
        }
    }
}
