import ChurnFeatures
import Foundation
import TestSupport
import Testing

@Suite struct SchemaTests {
    @Test("names, their order and the id are those of version 2")
    func golden() {
        let schema = FeatureSchema.current
        #expect(schema.version == 2)
        #expect(
            schema.names == [
                "Frequency", "Monetary", "AvgOrderValue", "recency_24h", "recency_days", "tenure_days",
                "purchase_days", "purchase_days_60d", "decayed_purchase_days_180d", "units", "max_quantity",
                "distinct_products", "last_day_products", "mean_hour", "gap_days", "gap_std_days",
                "recency_gap_ratio", "cancel_rate", "net_monetary", "net_units",
            ]
        )
        // FNV-1a 64 over the version and each name with its length before it, computed in Python.
        #expect(schema.id == 0xd0a0_f91c_433d_5df3)
        #expect(schema.index(of: "AvgOrderValue") == 2)
        #expect(schema.index(of: "cancel_rate") == 17)
        #expect(schema.index(of: "frequency") == nil)
    }

    /// Facts with purchases on the given days at 10:30, one invoice a day, one piece at 1.00 each.
    private func facts(days: [Int64]) throws -> CustomerFacts {
        try #require(
            try accumulated(
                days.map { OwnedLine("\($0)", "A", minute: $0 * 1_440 + 630, quantity: 1, price: 1_000) }
            )
        )
    }

    @Test("one purchase day: gap and its deviation are the tenure")
    func oneDay() throws {
        let row = features(
            of: try facts(days: [100]),
            BuildContext(asOfMinute: 130 * 1_440, lastPurchaseMinute: 129 * 1_440)
        )
        #expect(row["recency_days"] == 30)
        #expect(row["tenure_days"] == 30)
        #expect(row["gap_days"] == 30)
        #expect(row["gap_std_days"] == 30)
        #expect(row["recency_gap_ratio"] == 1)
        #expect(row["decayed_purchase_days_180d"] == exp(-30.0 / 180))
        #expect(row["mean_hour"] == 10.5)
        // From day 100, 10:30, to day 130, 0:00: 29 whole periods of 24 hours.
        #expect(row["recency_24h"] == 29)
        #expect(row["cancel_rate"] == 0)
        #expect(row["net_monetary"] == 1 && row["net_units"] == 1)
    }

    @Test("two and three purchase days; the day of age 60 counts, that of age 61 does not")
    func gaps() throws {
        let context = BuildContext(asOfMinute: 200 * 1_440, lastPurchaseMinute: 200 * 1_440 - 1)
        let two = features(of: try facts(days: [139, 140]), context)
        #expect(two["gap_days"] == 1)
        #expect(two["gap_std_days"] == 1)
        #expect(two["purchase_days_60d"] == 1)
        #expect(two["recency_gap_ratio"] == 60)
        let three = features(of: try facts(days: [100, 104, 110]), context)
        #expect(three["gap_days"] == 5)
        #expect(three["gap_std_days"] == 2.0.squareRoot())
        #expect(three["purchase_days_60d"] == 0)
    }

    @Test("the usual moment is 00:00 after the day of the last purchase")
    func contextOfLastPurchase() {
        #expect(BuildContext(afterLastPurchase: 1_439).asOfMinute == 1_440)
        #expect(BuildContext(afterLastPurchase: 1_440).asOfMinute == 2_880)
        #expect(BuildContext(afterLastPurchase: -1).asOfMinute == 0)
    }

    @Test("consistent facts with extreme numbers give finite features")
    func extremes() {
        var facts = CustomerFacts(customer: .max)
        facts.purchaseLines = .max
        facts.purchaseInvoices = 1
        facts.cancelLines = .max
        facts.cancelInvoices = .max
        facts.unitsMilli = .max
        facts.amountMilli = .max
        facts.maxQuantityMilli = .max
        facts.cancelUnitsMilli = .max
        facts.cancelAmountMilli = .max
        facts.distinctProducts = .max
        facts.lastDayProducts = .max
        facts.firstMinute = Int64(Int32.min) * 1_440
        facts.lastMinute = Int64(Int32.max) * 1_440
        facts.days = [.min, 0, .max]
        #expect(facts.isConsistent)
        let far = (Int64(Int32.max) + 1) * 1_440
        let row = features(of: facts, BuildContext(asOfMinute: far, lastPurchaseMinute: far - 1))
        #expect(row.values.allSatisfy { $0.isFinite })
    }
}

@Suite struct SchemaReferenceTests {
    @Test("counts of the real data")
    func counts() throws {
        let history = try FactsHistory.real.get()
        let reference = try SeedReference.load().counts
        let facts = try history.facts()
        #expect(Int64(facts.count) == reference.cleaned_customers)
        #expect(history.linesByCustomer.count - facts.count == reference.customers_with_only_cancellations)
        #expect(facts.map(\.purchaseLines).reduce(0, +) == reference.cleaned_rows)
        #expect(facts.map(\.purchaseInvoices).reduce(0, +) == reference.cleaned_invoices)
        #expect(facts.map(\.unitsMilli).reduce(0, +) == reference.total_quantity * 1_000)
        #expect(facts.map(\.amountMilli).reduce(0, +) == reference.total_amount_milli)
        #expect(facts.allSatisfy { $0.isConsistent })
    }

    @Test("RFM of the 26 named customers: integers and money exactly, other floats within 1e-12")
    func named() throws {
        let reference = try SeedReference.load()
        let (context, facts) = try seedFacts()
        #expect(reference.rfm_named.count == 26)
        for named in reference.rfm_named {
            let facts = try #require(facts.first { $0.customer == named.CustomerID })
            let row = features(of: facts, context)
            #expect(row["recency_24h"] == named.Recency)
            #expect(row["Frequency"] == named.Frequency)
            #expect(facts.amountMilli == named.MonetaryMilli)
            #expect(row["Monetary"] == named.Monetary)
            #expect(isClose(try #require(row["AvgOrderValue"]), named.AvgOrderValue))
            #expect(CivilTime.format(minute: facts.firstMinute) + ":00" == named.first)
            #expect(CivilTime.format(minute: facts.lastMinute) + ":00" == named.last)
            #expect(facts.purchaseLines == named.lines)
            #expect(facts.cancelInvoices == named.cancel_invoices)
        }
    }

    @Test("describe() of recency, frequency, money and order value over all customers")
    func describe() throws {
        let reference = try SeedReference.load()
        let (context, facts) = try seedFacts()
        let rows = facts.map { features(of: $0, context) }
        let columns = ["Recency": "recency_24h"]
        #expect(reference.rfm_describe_4339.count == 4)
        for (name, expected) in reference.rfm_describe_4339 {
            let values = rows.map { $0[columns[name] ?? name] ?? .nan }.sorted()
            let described = Self.describe(values)
            #expect(Set(described.keys) == Set(expected.keys))
            for (statistic, value) in expected {
                #expect(isClose(described[statistic] ?? .nan, value), "\(name) \(statistic)")
            }
        }
        let recency = rows.map { $0["recency_24h"] ?? .nan }
        #expect(recency.filter { $0 > 90 }.count == reference.counts.churn_all_4339)
        #expect(
            zip(facts, recency).filter { $0.1 == 374 }.map(\.0.customer) == reference.counts.customers_recency_374_ids
        )
    }

    @Test("behavioural features of the named customers as of the test cutoff")
    func temporalValues() throws {
        let reference = try TemporalReference.load()
        let (context, facts) = try facts(asOf: reference.test_cutoff)
        #expect(reference.test_feature_values.count == 24)
        for (customer, expected) in reference.test_feature_values {
            let facts = try #require(facts.first { "\($0.customer)" == customer })
            let inputs = referenceInputs(features(of: facts, context))
            for (name, value) in expected where name != "y" && name != "p_T10" {
                let ours = try #require(inputs[name])
                #expect(isClose(ours, value), "\(customer) \(name): \(ours), \(value)")
            }
        }
    }

    @Test("means of the behavioural features over every customer, at every cutoff that has them")
    func temporalMeans() throws {
        let reference = try TemporalReference.load()
        let cutoffs = reference.cutoffs.filter { !$0.value.feature_means.isEmpty }
        #expect(cutoffs.count == 16)
        for (cutoff, expected) in cutoffs {
            let (context, facts) = try facts(asOf: cutoff)
            #expect(facts.count == expected.n)
            let rows = facts.map { referenceInputs(features(of: $0, context)) }
            for (name, mean) in expected.feature_means {
                let ours = rows.map { $0[name] ?? .nan }.reduce(0, +) / Double(rows.count)
                #expect(isClose(ours, mean), "\(cutoff) \(name): \(ours), \(mean)")
            }
        }
    }

    private func seedFacts() throws -> (BuildContext, [CustomerFacts]) {
        let facts = try FactsHistory.real.get().facts()
        let last = try #require(facts.map(\.lastMinute).max())
        return (BuildContext(afterLastPurchase: last), facts)
    }

    private func facts(asOf date: String) throws -> (BuildContext, [CustomerFacts]) {
        let minute = try #require(CivilTime.parseDay(date)) * CivilTime.minutesPerDay
        let facts = try FactsHistory.real.get().facts(before: minute)
        let last = try #require(facts.map(\.lastMinute).max())
        return (BuildContext(asOfMinute: minute, lastPurchaseMinute: last), facts)
    }

    /// pandas' describe(): standard deviation with n - 1, quantiles by linear interpolation. `values` ascend.
    private static func describe(_ values: [Double]) -> [String: Double] {
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let squares = values.map { ($0 - mean) * ($0 - mean) }.reduce(0, +)
        func quantile(_ share: Double) -> Double {
            let place = share * (count - 1)
            let low = Int(place)
            let high = min(low + 1, values.count - 1)
            return values[low] + (values[high] - values[low]) * (place - Double(low))
        }
        return [
            "count": count, "mean": mean, "std": (squares / (count - 1)).squareRoot(), "min": values[0],
            "25%": quantile(0.25), "50%": quantile(0.5), "75%": quantile(0.75), "max": values[values.count - 1],
        ]
    }
}
