package import ChurnFeatures
package import ChurnModel

/// All customers as of one moment: their features, and whether they churned.
///
/// Rows are in ascending order of the customers.
package struct Snapshot: Equatable, Sendable {
    /// What the label is made from.
    package enum Window: Equatable, Sendable {
        /// Churned: no purchase from the as-of day until so many days later. Features and label share no line.
        case after(horizonDays: Int)
        /// Churned: a `recency_24h` above so many days, at the end of the history that the features are made from (the
        /// prototype's definition). Features and label share their lines.
        case shared(recencyAbove: Int)
    }

    package let window: Window
    package let context: BuildContext
    package let customers: [Int64]
    package let labels: [Bool]
    /// Raw features, column by column: feature f of row r at `f * customers.count + r`, in the order of the schema.
    let features: [Double]
    package let schema: FeatureSchema
    /// False when no purchase of the whole history has a product: then there are no `ProductFeatures`.
    var hasProducts = true
    /// Columns from elsewhere, of the same rows.
    var imported: [ImportedColumn] = []

    package static func == (left: Snapshot, right: Snapshot) -> Bool {
        left.window == right.window && left.context == right.context && left.customers == right.customers
            && left.labels == right.labels && left.features == right.features && left.schema.id == right.schema.id
            && left.imported == right.imported && left.hasProducts == right.hasProducts
    }

    /// Days since 1970-01-01 of the as-of day, the cutoff.
    package var day: Int64 { CivilTime.split(minute: context.asOfMinute).day }
    /// `yyyy-MM-dd`.
    package var date: String { CivilTime.format(day: day) }
    package var rowCount: Int { customers.count }
    package var positiveCount: Int { labels.count { $0 } }

    /// A feature of the schema or an imported column; nil when there is neither.
    package func feature(_ name: String) -> ArraySlice<Double>? {
        if !hasProducts, ProductFeatures.names.contains(name) { return nil }
        if let index = schema.index(of: name) { return features[(index * rowCount)..<((index + 1) * rowCount)] }
        return imported.first { $0.name == name }.map { $0.values[...] }
    }
}

/// Which customers of a snapshot take part.
package enum Population: Equatable, Sendable {
    case all
    /// With a purchase in the last so many days before the cutoff.
    case active(days: Int)

    package var description: String {
        switch self {
        case .all: "all customers"
        case .active(let days): "customers with a purchase in the last \(days) days"
        }
    }
}

extension Dataset {
    /// The rows of several snapshots, one after the other, with the inputs of a set.
    ///
    /// - Throws: `unknownFeature`, `duplicateInput`, `noRows`, and `unusableValue` where a transform is outside its domain.
    package init(
        _ snapshots: [Snapshot],
        inputs set: InputSet,
        population: Population = .all
    ) throws(TrainingError) {
        guard let first = snapshots.first else { throw .noRows(of: "list of snapshots") }
        try set.check(first)
        let rows = snapshots.map { snapshot in snapshot.rows(of: population) }
        let rowCount = rows.reduce(0) { $0 + $1.count }
        var values: [Double] = []
        values.reserveCapacity(rowCount * set.inputs.count)
        for input in set.inputs {
            for (snapshot, rows) in zip(snapshots, rows) {
                guard let feature = snapshot.feature(input.feature) else { throw .unknownFeature(input.feature) }
                for row in rows { values.append(input.transform(feature[feature.startIndex + row])) }
            }
        }
        try self.init(
            inputs: set.features,
            values: values,
            labels: zip(snapshots, rows).flatMap { snapshot, rows in rows.map { snapshot.labels[$0] } },
            customers: zip(snapshots, rows).flatMap { snapshot, rows in rows.map { snapshot.customers[$0] } }
        )
    }
}

extension Snapshot {
    /// Numbers of the rows that take part.
    func rows(of population: Population) -> [Int] {
        guard case .active(let days) = population, let recency = feature("recency_days") else {
            return Array(0..<rowCount)
        }
        return (0..<rowCount).filter { recency[recency.startIndex + $0] <= Double(days) }
    }

    /// The rows scored by any model whose inputs are features of the schema, by the scorer that serves.
    ///
    /// - Parameter level: the baseline for all that is kept, so that it does not depend on the machine; a server's level
    ///   for the bits that the server gives.
    /// - Throws: `unknownFeature`, `unusableValue`, `noRows`; `oneClass` when nobody or everybody churned.
    package func scored(
        by model: Model,
        population: Population = .all,
        level: CPULevel = .baseline
    ) throws(TrainingError) -> ScoredRows {
        let inputs = InputSet(name: model.selector, inputs: model.row.inputs)
        let rows = try Dataset([self], inputs: inputs, population: population)
        return try ScoredRows(
            probabilities: Scorer(model, level: level).probabilities(rows),
            labels: rows.labels,
            customers: rows.customers
        )
    }
}
