package import ChurnFeatures
internal import ChurnModel

/// Recency, Frequency and Monetary of customers: what segmentation looks at. Checked: finite and above -1, so that
/// `ln(1 + x)` is finite; one row a customer, at least one.
package struct CustomerValues: Equatable, Sendable {
    /// Names of the columns in `FeatureSchema`, in the order used everywhere here.
    package static let features = ["recency_24h", "Frequency", "Monetary"]

    /// Whole 24 hours since the last purchase.
    package let recency: [Double]
    /// Invoices.
    package let frequency: [Double]
    /// Currency.
    package let monetary: [Double]

    package var count: Int { recency.count }

    /// - Throws: `noPoints`, `wrongShape`, `invalidValue` with the column's place in ``features``.
    package init(recency: [Double], frequency: [Double], monetary: [Double]) throws(SegmentationError) {
        guard !recency.isEmpty else { throw .noPoints }
        for (column, values) in [recency, frequency, monetary].enumerated() {
            guard values.count == recency.count else {
                throw .wrongShape("column \(column) has \(values.count) values, column 0 has \(recency.count)")
            }
            for (row, value) in values.enumerated() where !Self.isValid(value) {
                throw .invalidValue(row: row, column: column, found: "\(value)")
            }
        }
        self.recency = recency
        self.frequency = frequency
        self.monetary = monetary
    }

    /// The customers of a feature table, in its order.
    ///
    /// - Throws: `wrongShape` when the table's schema lacks one of ``features``; else as the other initialiser.
    package init(_ table: FeatureTable) throws(SegmentationError) {
        var columns: [[Double]] = []
        for name in Self.features {
            guard let column = table.schema.index(of: name) else {
                throw .wrongShape("the feature table has no column \(name)")
            }
            columns.append((0..<table.rowCount).map { table.features(row: $0)[column] })
        }
        try self.init(recency: columns[0], frequency: columns[1], monetary: columns[2])
    }

    /// Also false for NaN.
    static func isValid(_ value: Double) -> Bool {
        value > -1 && value.isFinite
    }

    /// `ln(1 + x)` by the one definition that models use.
    static func transformed(_ value: Double) -> Double {
        Transform.log1p(value)
    }
}
