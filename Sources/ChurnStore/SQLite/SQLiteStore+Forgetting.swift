package import ChurnBase
internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport {
        if customers.isEmpty { return ForgetReport() }
        do {
            return try writing { database in
                // Overwrites what is deleted. That leaves what SQLite copied when it balanced a page: see `rewrite`.
                try database.execute(sql: "PRAGMA secure_delete = ON")
                var report = ForgetReport()
                try database.inTransaction(.immediate) {
                    report = try forget(customers, database)
                    return .commit
                }
                report.remaining = rewrite(database)
                return report
            }
        } catch {
            throw StoreError(error, store: name)
        }
    }

    package func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64 {
        try inTransaction { database in
            guard let forgotten = try SQLiteForgotten(database, store: self) else { return 0 }
            return Int64(try customers.count { try forgotten.remove($0) })
        }
    }

    package func forgottenCount() throws(StoreError) -> Int64 {
        try reading { try Int64.fetchOne($0, sql: "SELECT count(*) FROM forgotten") ?? 0 }
    }

    private func forget(_ customers: [CustomerID], _ database: Database) throws -> ForgetReport {
        var report = ForgetReport()
        try SQLiteForgotten.make(database, store: self)
        guard let forgotten = try SQLiteForgotten(database, store: self) else {
            throw StoreError.damaged(store: name, .file)
        }
        for customer in customers where try forgotten.insert(customer) { report.added += 1 }
        let numbers = try numbersHere(of: customers, database)
        let list = Self.list(of: numbers)
        let condition = SQLiteCondition(sql: "customer IN (SELECT value FROM json_each(?))", arguments: [list])
        let selected = try SelectedLines(condition, database, store: self)
        var found = selected.customers
        for table in ["features", "predictions"] {
            found.formUnion(
                try Int64.fetchAll(
                    database,
                    sql: "SELECT DISTINCT customer FROM \(table) WHERE \(condition.sql)",
                    arguments: [list]
                )
            )
        }
        found.formUnion(numbers.filter { $0 < 0 })
        report.found = Int64(found.count)
        report.lines = selected.lineCount
        try database.execute(sql: "DELETE FROM transactions WHERE \(condition.sql)", arguments: [list])
        try SQLiteRun.subtract(selected.sums, database)
        try database.execute(sql: "DELETE FROM predictions WHERE \(condition.sql)", arguments: [list])
        report.predictions = Int64(database.changesCount)
        try database.execute(
            sql: "DELETE FROM customers WHERE number IN (SELECT value FROM json_each(?))",
            arguments: [list]
        )
        try database.execute(sql: "DELETE FROM features WHERE \(condition.sql)", arguments: [list])
        if database.changesCount > 0 { report.build = try publishRemaining(database) }
        return report
    }

    /// The numbers under which the store has these customers and no others: a text may have the number of another one.
    private func numbersHere(of customers: [CustomerID], _ database: Database) throws -> [Int64] {
        try customers.filter { customer in
            guard customer.isText else { return true }
            let check = try Int64.fetchOne(
                database,
                sql: "SELECT check_bits FROM customers WHERE number = ?",
                arguments: [customer.number]
            )
            return check == Int64(bitPattern: customer.check)
        }
        .map(\.number)
    }

    /// Rewrites the file without what was deleted, and empties the write-ahead log.
    ///
    /// - Returns: what could not be done.
    private func rewrite(_ database: Database) -> [String] {
        let again = "then run the same `churn store forget` again"
        do {
            try database.execute(sql: "VACUUM")
        } catch {
            return [
                "the file could not be rewritten and may still have bytes of what was forgotten "
                    + "(\(StoreError(error, store: name))); make room on the disk, \(again)"
            ]
        }
        do {
            let isBusy = try Int.fetchOne(database, sql: "PRAGMA wal_checkpoint(TRUNCATE)") ?? 1
            if isBusy == 0 { return [] }
        } catch {
            return ["the write-ahead log could not be emptied (\(StoreError(error, store: name))); \(again)"]
        }
        return [
            "a program that is reading the store keeps its write-ahead log, which still has bytes of what was forgotten; "
                + "end long reads such as `churn score --all`, \(again)"
        ]
    }
}
