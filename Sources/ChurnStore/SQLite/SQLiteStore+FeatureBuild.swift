internal import ChurnBase
internal import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    /// Always anew: one pass in the order of customers is all there is to it.
    package func buildFeatures(asOfDay: Int64?, anew: Bool) throws(StoreError) -> FeatureBuildReport {
        try inTransaction { try build(asOfDay: asOfDay, $0) }
    }

    private func build(asOfDay: Int64?, _ database: Database) throws -> FeatureBuildReport {
        let asOfMinute = try asOfMinute(day: asOfDay, database)
        try database.execute(sql: "DELETE FROM features")
        var writer = FactsWriter(try statement(FactsWriter.sql, database))
        var accumulator: FactsAccumulator?
        var customers = try SQLiteCustomerReader(database, store: self)
        var found = RunDayTable()
        let lines = try linesByCustomer(before: asOfMinute, database)
        defer { lines.reset() }
        while try lines.step() {
            let line = lines.transactionLine()
            found.add(
                key: LineHash.key(of: line),
                to: RunDay(run: lines.integer(7), day: CivilTime.split(minute: line.minute).day)
            )
            if accumulator?.customer != line.customer {
                if let accumulator { try writer.write(accumulator) }
                try customers.read(line.customer)
                customers.text.withUnsafeBufferPointer { text in
                    // In place: a copy would give up the memory that `reset` keeps.
                    if accumulator == nil {
                        accumulator = FactsAccumulator(customer: line.customer, check: customers.check, text: text)
                    } else {
                        accumulator?.reset(customer: line.customer, check: customers.check, text: text)
                    }
                }
            }
            try accumulator?.add(line)
        }
        // 00:00, so that a day is there whole or not at all.
        let asOfDay = CivilTime.split(minute: asOfMinute).day
        let damaged = try damagedParts(found, before: asOfDay, database) { $0.hasSameKeys(as: $1) }
        if let part = damaged.first { throw StoreError.damagedLines(store: name, part) }
        if let accumulator { try writer.write(accumulator) }
        guard var report = writer.report(asOfMinute: asOfMinute) else {
            throw StoreError.emptyHistory(store: name, asOfMinute: asOfMinute)
        }
        if report.build.customers == 0 { try report.leftOut.requireOthers() }
        report.build.builtAtSeconds = Int64(time(nil))
        report.build.generation = try insert(report.build, database)
        return report
    }

    /// 00:00 of the day, or of the day after the last purchase of the store.
    private func asOfMinute(day: Int64?, _ database: Database) throws -> Int64 {
        let last = try Int64.fetchOne(database, sql: "SELECT max(minute) FROM transactions WHERE quantity_milli >= 0")
        guard let last else { throw StoreError.noTransactions(store: name) }
        // Clamped to the days that facts can have, so that the product cannot overflow.
        return day.map { Int64(Int32(clamping: $0)) * CivilTime.minutesPerDay } ?? BuildContext.midnight(after: last)
    }

    /// - Returns: the generation it was given.
    func insert(_ build: FeatureBuild, _ database: Database) throws -> Int64 {
        try database.execute(
            sql: """
                INSERT INTO builds (
                    generation, as_of_minute, last_purchase_minute, customers, hash, built_at, segmentation
                ) VALUES ((SELECT coalesce(max(generation), 0) + 1 FROM builds), ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                build.context.asOfMinute, build.context.lastPurchaseMinute, build.customers,
                hexadecimal(build.hash), build.builtAtSeconds, build.segmentation,
            ]
        )
        return database.lastInsertedRowID
    }
}

/// Writes the customers of a build and adds up its report.
private struct FactsWriter {
    static let sql = """
        INSERT INTO features (
            customer, check_bits, purchase_lines, purchase_invoices, cancel_lines, cancel_invoices, units_milli,
            amount_milli, cancel_units_milli, cancel_amount_milli, first_minute, last_minute, distinct_products,
            last_day_products, max_quantity_milli, invoice_minutes_of_day, days
        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private let insert: SQLiteStatement
    private var totals = FactsTotals()

    init(_ insert: SQLiteStatement) {
        self.insert = insert
    }

    mutating func write(_ accumulator: FactsAccumulator) throws {
        if let facts = totals.add(accumulator) { try store(facts) }
    }

    /// The report, its generation and time still open; nil when there is no purchase.
    func report(asOfMinute: Int64) -> FeatureBuildReport? {
        guard let lastPurchaseMinute = totals.lastPurchaseMinute else { return nil }
        let context = BuildContext(asOfMinute: asOfMinute, lastPurchaseMinute: lastPurchaseMinute)
        return FeatureBuildReport(
            build: FeatureBuild(
                generation: 0,
                context: context,
                customers: totals.customers,
                hash: totals.hash,
                builtAtSeconds: 0
            ),
            purchaseLines: totals.purchaseLines,
            linesWithoutProduct: totals.linesWithoutProduct,
            cancelLines: totals.cancelLines,
            purchaseInvoices: totals.purchaseInvoices,
            revenueMilli: totals.revenueMilli,
            cancelOnlyCustomers: totals.cancelOnlyCustomers,
            leftOut: totals.leftOut
        )
    }

    private func store(_ facts: CustomerFacts) throws {
        defer { insert.reset() }
        let fields = [
            facts.customer, Int64(bitPattern: facts.check), facts.purchaseLines, facts.purchaseInvoices,
            facts.cancelLines, facts.cancelInvoices, facts.unitsMilli, facts.amountMilli, facts.cancelUnitsMilli,
            facts.cancelAmountMilli, facts.firstMinute, facts.lastMinute, facts.distinctProducts,
            facts.lastDayProducts, facts.maxQuantityMilli, facts.invoiceMinutesOfDay,
        ]
        for (index, field) in fields.enumerated() { try insert.bind(field, at: Int32(index + 1)) }
        let days = facts.days.map(\.littleEndian)
        try days.withUnsafeBytes { bytes in
            try insert.bind(blob: bytes, at: Int32(fields.count + 1))
            // Inside, because the blob is not copied.
            _ = try insert.step()
        }
    }
}
