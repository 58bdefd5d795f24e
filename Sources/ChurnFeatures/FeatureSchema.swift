internal import ChurnBase

/// What a feature build is "as of": its history is every line with `minute < asOfMinute`.
package struct BuildContext: Equatable, Sendable {
    /// Minutes since 1970-01-01 00:00 on the shop's clock; a 00:00, so that the age of a day is a whole number.
    package var asOfMinute: Int64
    /// The last purchase of all customers in the history, in minutes.
    package var lastPurchaseMinute: Int64

    package init(asOfMinute: Int64, lastPurchaseMinute: Int64) {
        self.asOfMinute = asOfMinute
        self.lastPurchaseMinute = lastPurchaseMinute
    }

    /// The usual moment: 00:00 after the day of the last purchase.
    package init(afterLastPurchase minute: Int64) {
        self.init(asOfMinute: Self.midnight(after: minute), lastPurchaseMinute: minute)
    }

    /// 00:00 of the day after the day of `minute`.
    package static func midnight(after minute: Int64) -> Int64 {
        minute &- Int64(CivilTime.split(minute: minute).minuteOfDay) &+ CivilTime.minutesPerDay
    }
}

/// The versioned list of features of a customer, in raw units; models apply their own transforms.
///
/// Every float is made from the integer facts here and nowhere else, by the same instructions for training, batch and
/// online. (`(milli / 1000) / n` and `milli / (1000 n)` already differ for 399 of the 4,339 real customers.)
///
/// | name | unit | definition |
/// |---|---|---|
/// | Frequency | invoices | distinct invoices among the purchases |
/// | Monetary | currency | sum of the amounts of the purchases |
/// | AvgOrderValue | currency | Monetary / Frequency |
/// | recency_24h | days | whole 24 hours from the last purchase to the last purchase of all customers + 1 day |
/// | recency_days | days | calendar days from the last purchase day to the as-of day |
/// | tenure_days | days | calendar days from the first purchase day to the as-of day |
/// | purchase_days | days | distinct days with a purchase |
/// | purchase_days_60d | days | of these, the ones at most 60 days before the as-of day |
/// | decayed_purchase_days_180d | days | sum over the purchase days of exp(-age / 180 days) |
/// | units | pieces | sum of the quantities |
/// | max_quantity | pieces | largest quantity of one line |
/// | distinct_products | products | distinct stock codes that are not empty (see `ProductFeatures`) |
/// | last_day_products | products | these on the last purchase day |
/// | mean_hour | hours, 0 to 24 | mean over the invoices of the hour of the earliest line |
/// | gap_days | days | mean gap of successive purchase days; tenure_days when there is only one |
/// | gap_std_days | days | standard deviation (n - 1) of these gaps; gap_days when there are fewer than two gaps |
/// | recency_gap_ratio | none | recency_days / max(1, gap_days) |
/// | cancel_rate | none, 0 to 1 | cancelled invoices / (cancelled + purchase invoices) |
/// | net_monetary | currency | Monetary less the amounts of the cancellations; may be negative |
/// | net_units | pieces | units less those of the cancellations; may be negative |
package struct FeatureSchema: Sendable {
    package static let current = FeatureSchema()

    /// Raised whenever a name, its place or its definition changes.
    package let version = 2
    package let names: [String]
    /// Hash of version and names: two sides with the same id mean the same columns.
    package let id: UInt64

    private init() {
        names = [
            "Frequency", "Monetary", "AvgOrderValue", "recency_24h", "recency_days", "tenure_days", "purchase_days",
            "purchase_days_60d", "decayed_purchase_days_180d", "units", "max_quantity", "distinct_products",
            "last_day_products", "mean_hour", "gap_days", "gap_std_days", "recency_gap_ratio", "cancel_rate",
            "net_monetary", "net_units",
        ]
        var hash = StableHash()
        hash.combine(Int64(version))
        for name in names { hash.combine(text: name) }
        id = hash.value
    }

    /// The column of a feature, or nil when the schema has none of that name.
    package func index(of name: String) -> Int? {
        names.firstIndex(of: name)
    }

    /// Writes a customer's features, one double a name, in the order of `names`.
    ///
    /// Every value is finite for facts that are consistent. Equal facts and contexts give equal bits: sums run over the
    /// days in ascending order.
    /// - Parameters:
    ///   - facts: of a customer with at least one purchase (`CustomerFacts.isConsistent`).
    ///   - row: `names.count` doubles, overwritten.
    /// - Complexity: O(purchase days); allocates nothing.
    package func write(
        _ facts: CustomerFacts,
        _ context: BuildContext,
        to row: UnsafeMutableBufferPointer<Double>
    ) {
        precondition(row.count == names.count, "a feature row of another schema")
        let rhythm = Rhythm(days: facts.days, asOfDay: CivilTime.split(minute: context.asOfMinute).day)
        let invoices = Double(facts.purchaseInvoices)
        let monetary = Double(facts.amountMilli) / 1_000
        // Wrapping: minutes come from a store, and 2^63 of them must not stop a server.
        let sinceLast = context.lastPurchaseMinute &+ CivilTime.minutesPerDay &- facts.lastMinute
        row[0] = invoices
        row[1] = monetary
        row[2] = monetary / invoices
        row[3] = Double(CivilTime.split(minute: sinceLast).day)
        row[4] = rhythm.recency
        row[5] = rhythm.tenure
        row[6] = Double(facts.days.count)
        row[7] = rhythm.recentDays
        row[8] = rhythm.decayedDays
        row[9] = Double(facts.unitsMilli) / 1_000
        row[10] = Double(facts.maxQuantityMilli) / 1_000
        row[11] = Double(facts.distinctProducts)
        row[12] = Double(facts.lastDayProducts)
        row[13] = Double(facts.invoiceMinutesOfDay) / (60 * invoices)
        row[14] = rhythm.gap
        row[15] = rhythm.gapDeviation
        row[16] = rhythm.recency / max(1, rhythm.gap)
        row[17] = Double(facts.cancelInvoices) / (Double(facts.cancelInvoices) + invoices)
        // No overflow: neither is negative.
        row[18] = Double(facts.amountMilli - facts.cancelAmountMilli) / 1_000
        row[19] = Double(facts.unitsMilli - facts.cancelUnitsMilli) / 1_000
    }
}

/// What the days of a customer's purchases tell, in days.
private struct Rhythm {
    var recency = 0.0
    var tenure = 0.0
    /// Purchase days at most 60 days old.
    var recentDays = 0.0
    /// Sum of exp(-age / 180).
    var decayedDays = 0.0
    /// Mean gap of successive purchase days, or the tenure.
    var gap = 0.0
    /// Sample standard deviation of the gaps, or the gap.
    var gapDeviation = 0.0

    /// - Parameter days: ascending, distinct.
    init(days: [Int32], asOfDay: Int64) {
        guard let first = days.first, let last = days.last else { return }
        recency = Double(asOfDay &- Int64(last))
        tenure = Double(asOfDay &- Int64(first))
        for day in days {
            let age = Double(asOfDay &- Int64(day))
            decayedDays += exp(-age / 180)
            if age <= 60 { recentDays += 1 }
        }
        guard days.count >= 2 else {
            gap = tenure
            gapDeviation = tenure
            return
        }
        let gaps = Double(days.count - 1)
        gap = Double(Int64(last) - Int64(first)) / gaps
        guard days.count >= 3 else {
            gapDeviation = gap
            return
        }
        var squares = 0.0
        for index in 1..<days.count {
            let difference = Double(Int64(days[index]) - Int64(days[index - 1])) - gap
            squares += difference * difference
        }
        gapDeviation = (squares / (gaps - 1)).squareRoot()
    }
}
