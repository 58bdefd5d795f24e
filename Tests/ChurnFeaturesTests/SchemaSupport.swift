import ChurnFeatures
import Foundation

/// The parts of `Fixtures/seed_reference.json` that features are held to.
struct SeedReference: Decodable {
    struct Counts: Decodable {
        var cleaned_rows: Int64
        var cleaned_customers: Int64
        var cleaned_invoices: Int64
        var cancellation_rows_with_customer: Int64
        var customers_with_only_cancellations: Int
        var nonnull_customer_rows: Int64
        var total_quantity: Int64
        var total_amount_milli: Int64
        var customers_recency_374_ids: [Int64]
        var churn_all_4339: Int
    }

    struct Named: Decodable {
        var CustomerID: Int64
        var Recency: Double
        var Frequency: Double
        var MonetaryMilli: Int64
        var Monetary: Double
        var AvgOrderValue: Double
        var first: String
        var last: String
        var lines: Int64
        var cancel_invoices: Int64
    }

    var counts: Counts
    var rfm_named: [Named]
    var rfm_describe_4339: [String: [String: Double]]

    static func load() throws -> SeedReference {
        try JSONDecoder().decode(Self.self, from: fixture("seed_reference.json"))
    }
}

/// The parts of `Fixtures/temporal_reference.json` that features are held to.
struct TemporalReference: Decodable {
    struct Cutoff: Decodable {
        var n: Int
        var feature_means: [String: Double]
    }

    var cutoffs: [String: Cutoff]
    var test_cutoff: String
    var test_feature_values: [String: [String: Double]]

    static func load() throws -> TemporalReference {
        try JSONDecoder().decode(Self.self, from: fixture("temporal_reference.json"))
    }
}

private func fixture(_ name: String) throws -> Data {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try Data(contentsOf: tests.appendingPathComponent("Fixtures/\(name)"))
}

/// A row of features by name.
func features(of facts: CustomerFacts, _ context: BuildContext) -> [String: Double] {
    let schema = FeatureSchema.current
    var row = [Double](repeating: .nan, count: schema.names.count)
    row.withUnsafeMutableBufferPointer { schema.write(facts, context, to: $0) }
    return Dictionary(uniqueKeysWithValues: zip(schema.names, row))
}

/// The names and transforms of the reference, from our features.
func referenceInputs(_ features: [String: Double]) -> [String: Double] {
    func raw(_ name: String) -> Double { features[name] ?? .nan }
    return [
        "act180": log(0.05 + raw("decayed_purchase_days_180d")),
        "l_units": log1p(raw("units")),
        "l_mon": log1p(raw("Monetary")),
        "l_rec": log1p(raw("recency_days")),
        "l_d60": log1p(raw("purchase_days_60d")),
        "l_lastprod": log1p(raw("last_day_products")),
        "hour_mean": raw("mean_hour"),
        "ratio": log1p(raw("recency_gap_ratio")),
        "l_gapstd": log1p(raw("gap_std_days")),
        "cancel_rate": raw("cancel_rate"),
        "n_inv": raw("Frequency"),
        "monetary": raw("Monetary"),
        "aov": raw("AvgOrderValue"),
        "recency": raw("recency_days"),
        "tenure": raw("tenure_days"),
        "n_day": raw("purchase_days"),
    ]
}

/// Within 1e-12 of `expected`, relative to it.
func isClose(_ value: Double, _ expected: Double) -> Bool {
    abs(value - expected) <= 1e-12 * max(abs(expected), .leastNormalMagnitude)
}
