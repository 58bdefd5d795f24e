package import ChurnBase

/// What is known of one customer before a moment, in integers only.
///
/// Stores keep this record, one a customer. Sums of integers are exact and do not depend on the order of the lines, so
/// a build in a database and one in this process agree to the last bit; every float is made from it by `FeatureSchema`.
///
/// A purchase is a line with quantity 0 or more, a cancellation one with a negative quantity.
package struct CustomerFacts: Equatable, Sendable {
    /// The number of a `CustomerID`.
    package var customer: Int64
    /// The check of a `CustomerID`.
    package var check: UInt64 = 0
    package var purchaseLines: Int64 = 0
    /// Distinct invoice numbers among the purchases.
    package var purchaseInvoices: Int64 = 0
    package var cancelLines: Int64 = 0
    /// Distinct invoice numbers among the cancellations.
    package var cancelInvoices: Int64 = 0
    /// Sum of the quantities of the purchases, in thousandths of a piece.
    package var unitsMilli: Int64 = 0
    /// Sum of the amounts of the purchases, in thousandths of the currency.
    package var amountMilli: Int64 = 0
    /// Sum of the quantities of the cancellations, in thousandths of a piece; not negative. They count from the day on
    /// which they were booked.
    package var cancelUnitsMilli: Int64 = 0
    /// Sum of the amounts of the cancellations, in thousandths of the currency; not negative.
    package var cancelAmountMilli: Int64 = 0
    /// The first purchase, in minutes since 1970-01-01 00:00 on the shop's clock.
    package var firstMinute: Int64 = 0
    /// The last purchase, in minutes since 1970-01-01 00:00 on the shop's clock.
    package var lastMinute: Int64 = 0
    /// Distinct stock codes among the purchases. An empty one is no product: its file has no column with the product.
    package var distinctProducts: Int64 = 0
    /// Distinct stock codes among the purchases of the last purchase day, as above.
    package var lastDayProducts: Int64 = 0
    /// The largest quantity of one purchase line, in thousandths of a piece.
    package var maxQuantityMilli: Int64 = 0
    /// Sum over the purchase invoices of the minute of the day, 0 to 1,439, of the invoice's earliest purchase line.
    package var invoiceMinutesOfDay: Int64 = 0
    /// The distinct days with a purchase, in days since 1970-01-01, ascending.
    package var days: [Int32] = []

    /// A record to be filled: every count 0, no day.
    package init(customer: Int64, check: UInt64 = 0) {
        self.customer = customer
        self.check = check
    }

    package var id: CustomerID { CustomerID(number: customer, check: check) }

    /// Whether one customer's lines can have led to this record. Stores check what they read with it, so that the
    /// arithmetic of the features never meets a record that cannot be.
    package var isConsistent: Bool {
        guard let firstDay = days.first, let lastDay = days.last else { return false }
        guard customer != 0, customer < 0 || check == 0, purchaseInvoices >= 1, purchaseLines >= purchaseInvoices else {
            return false
        }
        guard cancelInvoices >= 0, cancelLines >= cancelInvoices, (cancelLines == 0) == (cancelInvoices == 0) else {
            return false
        }
        guard unitsMilli >= 0, amountMilli >= 0, maxQuantityMilli >= 0, maxQuantityMilli <= unitsMilli else {
            return false
        }
        guard cancelUnitsMilli >= 0, cancelAmountMilli >= 0,
            cancelLines > 0 || (cancelUnitsMilli == 0 && cancelAmountMilli == 0)
        else { return false }
        guard distinctProducts >= 0, distinctProducts <= purchaseLines else { return false }
        guard lastDayProducts >= 0, lastDayProducts <= distinctProducts else { return false }
        guard invoiceMinutesOfDay >= 0, purchaseInvoices < Int64.max / CivilTime.minutesPerDay,
            invoiceMinutesOfDay < purchaseInvoices * CivilTime.minutesPerDay
        else { return false }
        guard firstMinute <= lastMinute, Int64(days.count) <= purchaseLines,
            CivilTime.split(minute: firstMinute).day == Int64(firstDay),
            CivilTime.split(minute: lastMinute).day == Int64(lastDay)
        else { return false }
        return zip(days, days.dropFirst()).allSatisfy { $0 < $1 }
    }

    /// Adds the record to `hash`: the fields in the order of their declaration as little-endian `Int64`, the number of
    /// days as one more, then each day as little-endian `Int32`.
    package func combine(into hash: inout StableHash) {
        for field in [
            customer, Int64(bitPattern: check), purchaseLines, purchaseInvoices, cancelLines, cancelInvoices,
            unitsMilli,
            amountMilli, cancelUnitsMilli, cancelAmountMilli, firstMinute, lastMinute, distinctProducts,
            lastDayProducts,
            maxQuantityMilli, invoiceMinutesOfDay, Int64(days.count),
        ] {
            hash.combine(field)
        }
        for day in days { hash.combine(day) }
    }

    /// FNV-1a 64 of the record in its canonical bytes (see `combine(into:)`).
    package var stableHash: UInt64 {
        var hash = StableHash()
        combine(into: &hash)
        return hash.value
    }
}

/// The hash of a whole build: each customer's `stableHash`, customers ascending, as little-endian 64-bit integers.
///
/// It covers the facts only, so the same facts as of another moment have the same hash.
package struct FactsHash: Sendable {
    private var hash = StableHash()

    package init() {}

    /// Adds the next customer. The caller adds them in ascending order of their ids.
    package mutating func add(_ facts: CustomerFacts) {
        add(stableHash: facts.stableHash)
    }

    /// Adds the next customer, whose record's hash is known.
    package mutating func add(stableHash: UInt64) {
        hash.combine(stableHash)
    }

    package var value: UInt64 { hash.value }
}
