internal import ChurnBase
internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func runs() throws(StoreError) -> [StoredRun] {
        try reading { database in
            guard let runs = try SQLiteRun.all(database) else { throw StoreError.damaged(store: name, .transactions) }
            return runs
        }
    }

    package func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64] {
        try reading { database in
            var counts: [Int64: Int64] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT day, sum(lines) FROM run_days WHERE lines > 0 AND day IN (SELECT value FROM json_each(?))
                    GROUP BY day
                    """,
                arguments: [Self.list(of: days.sorted())]
            )
            while let row = try rows.next() { counts[row[0]] = row[1] }
            return counts
        }
    }

    package func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String] {
        try reading { database in
            var texts: [Int64: String] = [:]
            let find = try statement("SELECT text FROM customers WHERE number = ?", database)
            for number in numbers where number < 0 {
                try find.bind(number, at: 1)
                if try find.step() { texts[number] = String(decoding: find.text(0), as: UTF8.self) }
                find.reset()
            }
            return texts
        }
    }

    package func damagedDays() throws(StoreError) -> [RunDay] {
        try reading { database in
            var customers = try SQLiteCustomerReader(database, store: self)
            let everything = SQLiteCondition(sql: "TRUE", arguments: StatementArguments())
            let table = try sums(ofLines: everything, database) { try customers.read($0.customer) }
            return try damagedParts(table, before: .max, database) { $0 == $1 }
        }
    }

    /// The sums of the lines that meet a condition, by run and day.
    ///
    /// - Parameter body: is called with each of them, texts too, but for the customer's.
    func sums(
        ofLines condition: SQLiteCondition,
        _ database: Database,
        _ body: (TransactionLine) throws -> Void
    ) throws -> RunDayTable {
        let statement = try database.cachedStatement(
            sql: """
                SELECT invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, run, description, country
                FROM transactions WHERE \(condition.sql)
                """
        )
        try statement.setArguments(condition.arguments)
        let lines = SQLiteStatement(statement, store: name)
        defer { lines.reset() }
        var table = RunDayTable()
        while try lines.step() {
            let line = lines.transactionLine(payloadAt: 8)
            try body(line)
            table.add(LineHash(line), to: RunDay(run: lines.integer(7), day: CivilTime.split(minute: line.minute).day))
        }
        return table
    }

    /// The runs and days of which the table has not what was kept of them.
    ///
    /// - Parameters:
    ///   - day: later days are not compared.
    ///   - isEqual: compares what was found with what was kept.
    func damagedParts(
        _ table: RunDayTable,
        before day: Int64,
        _ database: Database,
        _ isEqual: (LineSums, LineSums) -> Bool
    ) throws -> [RunDay] {
        var table = table
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT lines, key_hash, text_hash, run, day FROM run_days WHERE day < ?",
            arguments: [day]
        )
        var kept: [RunDay: LineSums] = [:]
        while let row = try rows.next() {
            let part = RunDay(run: row[3], day: row[4])
            kept[part] = LineSums(row)
            // One of which no line is left.
            _ = table.position(of: part)
        }
        let damaged = zip(table.parts, table.sums).filter { !isEqual($0.1, kept[$0.0] ?? LineSums()) }.map(\.0)
        return Array(damaged.sorted().prefix(RunDay.damagedLimit))
    }
}
