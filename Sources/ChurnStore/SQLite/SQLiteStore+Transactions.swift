package import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func transactionCounts() throws(StoreError) -> TransactionCounts {
        try reading { database in
            var counts = TransactionCounts()
            let sums = try statement(
                """
                SELECT count(*), count(*) FILTER (WHERE quantity_milli >= 0),
                    min(minute), max(minute), count(DISTINCT customer),
                    count(DISTINCT customer) FILTER (WHERE quantity_milli >= 0)
                FROM transactions
                """,
                database
            )
            defer { sums.reset() }
            guard try sums.step() else { return counts }
            counts.lines = sums.integer(0)
            guard counts.lines > 0 else { return counts }
            counts.purchaseLines = sums.integer(1)
            counts.cancelLines = counts.lines - counts.purchaseLines
            counts.firstMinute = sums.integer(2)
            counts.lastMinute = sums.integer(3)
            counts.customers = sums.integer(4)
            counts.purchasers = sums.integer(5)
            try countInvoices(into: &counts, database)
            return counts
        }
    }

    /// Invoices lie together in the order of the key, so that counting distinct ones needs no set of them. Money is
    /// added up here because SQLite's sum fails when it overflows.
    private func countInvoices(into counts: inout TransactionCounts, _ database: Database) throws {
        let lines = try statement(
            "SELECT invoice, quantity_milli, amount_milli FROM transactions ORDER BY invoice",
            database
        )
        defer { lines.reset() }
        var invoice: [UInt8] = []
        var isFirst = true
        var hasPurchase = false
        var hasCancellation = false
        while try lines.step() {
            let text = lines.text(0)
            if isFirst || !text.elementsEqual(invoice) {
                isFirst = false
                invoice.removeAll(keepingCapacity: true)
                invoice.append(contentsOf: text)
                hasPurchase = false
                hasCancellation = false
            }
            let quantity = lines.integer(1)
            if quantity < 0 {
                if !hasCancellation { counts.cancelInvoices += 1 }
                hasCancellation = true
                continue
            }
            if !hasPurchase { counts.purchaseInvoices += 1 }
            hasPurchase = true
            let (revenue, overflows) = counts.revenueMilli.addingReportingOverflow(lines.integer(2))
            counts.revenueMilli = overflows ? .max : revenue
        }
    }

    package func forEachLineByCustomer(before minute: Int64, _ body: (TransactionLine) throws -> Void) throws {
        try readingWithForeignErrors { database in
            var customers = try SQLiteCustomerReader(database, store: self)
            let lines = try linesByCustomer(before: minute, database)
            defer { lines.reset() }
            while try lines.step() {
                var line = lines.transactionLine()
                try customers.read(line.customer)
                line.customerCheck = customers.check
                try body(line)
            }
        }
    }

    /// The key of every line before the minute, and its run; customers ascending.
    func linesByCustomer(before minute: Int64, _ database: Database) throws -> SQLiteStatement {
        let lines = try statement(
            """
            SELECT invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, run
            FROM transactions WHERE minute < ? ORDER BY customer
            """,
            database
        )
        try lines.bind(minute, at: 1)
        return lines
    }

    package func forEachLine(_ body: (TransactionLine) throws -> Void) throws {
        try readingWithForeignErrors { database in
            let lines = try statement(
                """
                SELECT invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy, description, country
                FROM transactions
                ORDER BY invoice, customer, minute, stock_code, quantity_milli, amount_milli, copy
                """,
                database
            )
            defer { lines.reset() }
            var customers = try SQLiteCustomerReader(database, store: self)
            while try lines.step() {
                var line = lines.transactionLine(payloadAt: 7)
                try customers.read(line.customer)
                line.customerCheck = customers.check
                try customers.text.withUnsafeBufferPointer { text in
                    if !text.isEmpty { line.customerText = text }
                    try body(line)
                }
            }
        }
    }
}

extension SQLiteStatement {
    /// The row as a line, whose texts are valid until the next `step` or `reset`. It begins with the columns of the key.
    ///
    /// - Parameter payload: the position of `description`, before `country`; nil when the query has neither.
    func transactionLine(payloadAt payload: Int32? = nil) -> TransactionLine {
        let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        return TransactionLine(
            invoice: text(0),
            stockCode: text(3),
            description: payload.map { text($0) } ?? none,
            country: payload.map { text($0 + 1) } ?? none,
            customer: integer(1),
            minute: integer(2),
            quantityMilli: integer(4),
            amountMilli: integer(5),
            copy: integer(6)
        )
    }
}
