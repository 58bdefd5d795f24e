internal import ChurnFeatures

/// Reads rows of the table `features`.
enum FactsReader {
    static let sql = """
        SELECT customer, check_bits, purchase_lines, purchase_invoices, cancel_lines, cancel_invoices, units_milli,
            amount_milli, cancel_units_milli, cancel_amount_milli, first_minute, last_minute, distinct_products,
            last_day_products, max_quantity_milli, invoice_minutes_of_day, days, coalesce(segment, -1)
        FROM features
        """

    /// The position of the row's segment; nil when it has none.
    static func segment(_ row: SQLiteStatement) -> Int? {
        Int(exactly: row.integer(17)).flatMap { $0 >= 0 ? $0 : nil }
    }

    /// Overwrites `facts`, whose memory for the days is used again.
    ///
    /// - Returns: whether the record can be.
    static func read(_ row: SQLiteStatement, into facts: inout CustomerFacts) -> Bool {
        facts.customer = row.integer(0)
        facts.check = UInt64(bitPattern: row.integer(1))
        facts.purchaseLines = row.integer(2)
        facts.purchaseInvoices = row.integer(3)
        facts.cancelLines = row.integer(4)
        facts.cancelInvoices = row.integer(5)
        facts.unitsMilli = row.integer(6)
        facts.amountMilli = row.integer(7)
        facts.cancelUnitsMilli = row.integer(8)
        facts.cancelAmountMilli = row.integer(9)
        facts.firstMinute = row.integer(10)
        facts.lastMinute = row.integer(11)
        facts.distinctProducts = row.integer(12)
        facts.lastDayProducts = row.integer(13)
        facts.maxQuantityMilli = row.integer(14)
        facts.invoiceMinutesOfDay = row.integer(15)
        facts.days.removeAll(keepingCapacity: true)
        let days = row.blob(16)
        guard days.count % 4 == 0 else { return false }
        for offset in stride(from: 0, to: days.count, by: 4) {
            // A blob of SQLite has no alignment.
            facts.days.append(Int32(littleEndian: days.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
        }
        return facts.isConsistent
    }
}
