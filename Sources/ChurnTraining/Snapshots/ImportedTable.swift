internal import ChurnFeatures
internal import ChurnModel

/// Figures of customers that are not made from transactions, by customer and, for a forecast, by cutoff.
package struct ImportedTable: Equatable, Sendable {
    /// Of the columns.
    package let names: [String]
    /// Whether each row says as of which cutoff it was known. A forecast takes nothing else: a figure without a date may
    /// know what happened after the cutoff.
    package let isDated: Bool

    private struct Key: Hashable {
        var customer: Int64
        var day: Int64?
    }

    private var rows: [Key: Int] = [:]
    /// Row by row.
    private var values: [Double] = []

    /// - Throws: `noRows` without a name; `duplicateInput` for a name given twice, or one of the feature schema's: the schema
    ///   has one definition of each feature.
    package init(names: [String], isDated: Bool) throws(TrainingError) {
        guard !names.isEmpty else { throw .noRows(of: "list of imported columns") }
        var seen = Set(FeatureSchema.current.names)
        for name in names where !seen.insert(name).inserted { throw .duplicateInput(name) }
        self.names = names
        self.isDated = isDated
    }

    /// - Parameters:
    ///   - day: the cutoff, in days since 1970-01-01; not used unless the table is dated.
    ///   - row: one value a column, finite.
    /// - Returns: false when the customer has a row of that day already.
    package mutating func add(customer: Int64, day: Int64, _ row: [Double]) -> Bool {
        precondition(row.count == names.count)
        let key = Key(customer: customer, day: isDated ? day : nil)
        guard rows.updateValue(rows.count, forKey: key) == nil else { return false }
        values += row
        return true
    }

    /// The columns for the customers of a snapshot, in its order.
    ///
    /// - Throws: `missingImport`.
    fileprivate func columns(of snapshot: Snapshot) throws(TrainingError) -> [ImportedColumn] {
        var columns = names.map { ImportedColumn(name: $0, values: []) }
        for customer in snapshot.customers {
            guard let row = rows[Key(customer: customer, day: isDated ? snapshot.day : nil)] else {
                throw .missingImport(customer: customer, cutoff: isDated ? snapshot.date : nil)
            }
            for index in columns.indices { columns[index].values.append(values[row * names.count + index]) }
        }
        return columns
    }
}

extension SnapshotSet {
    /// The same with more columns: of a dated table at every cutoff, of another in the whole history.
    ///
    /// - Throws: `missingImport` for a customer without a row.
    package func importing(_ table: ImportedTable) throws(TrainingError) -> SnapshotSet {
        var snapshots: [Snapshot] = []
        for var snapshot in cutoffs {
            if table.isDated { snapshot.imported = try table.columns(of: snapshot) }
            snapshots.append(snapshot)
        }
        if var shared {
            if !table.isDated { shared.imported = try table.columns(of: shared) }
            snapshots.append(shared)
        }
        return SnapshotSet(snapshots, leftOut: leftOut)
    }
}

extension LeakGuard {
    /// Stops unless every input of a set is clean or allowed by name. Imported columns are judged on these rows, alone and
    /// combined with every feature of the schema.
    ///
    /// - Throws: as the other `check`, and what making the rows throws.
    package func check(
        _ set: InputSet,
        on snapshots: [Snapshot],
        population: Population = .all
    ) throws(TrainingError) -> LeakReport {
        guard let first = snapshots.first, !first.imported.isEmpty else { return try check(set.features) }
        func rows(_ features: [String]) throws(TrainingError) -> Dataset {
            let raw = InputSet(name: set.name, inputs: features.map { InputDefinition($0) })
            return try Dataset(snapshots, inputs: raw, population: population)
        }
        let names = set.features.filter { name in first.imported.contains { $0.name == name } }
        guard !names.isEmpty else { return try check(set.features) }
        let columns = try rows(names)
        return try check(
            set.features.filter { !names.contains($0) },
            imported: names.indices.map { ImportedColumn(name: names[$0], values: Array(columns.column($0))) },
            known: rows(first.schema.names)
        )
    }
}
