internal import ChurnKernelBaseline

/// A table to fit or to score: `R` rows of `C` inputs, a label each, and whose rows they are.
///
/// Whoever holds one may rely on what `init` checks: equal lengths, at least one row and one input, names that differ,
/// and values that are finite and of magnitude at most `TrainingLimits.magnitude`.
package struct Dataset: Equatable, Sendable {
    /// Names of the columns.
    package let inputs: [String]
    package let rowCount: Int
    /// Column by column: value of row r in column c at `c * rowCount + r`. Transformed, not standardised.
    package let values: [Double]
    /// True: churned.
    package let labels: [Bool]
    /// Whose row it is. Several rows of one customer belong together: into one fold, and into one resample.
    package let customers: [Int64]

    /// - Parameters:
    ///   - values: `[C * R]`, column by column.
    ///   - customers: `[R]`; the row numbers when nil.
    /// - Throws: `TrainingError`: `wrongShape`, `noRows`, `tooManyRows`, `tooManyInputs`, `duplicateInput`,
    ///   `unusableValue` (the first one, by column).
    package init(
        inputs: [String],
        values: [Double],
        labels: [Bool],
        customers: [Int64]? = nil
    ) throws(TrainingError) {
        let rows = labels.count
        guard rows > 0 else { throw .noRows(of: "data set") }
        guard rows <= TrainingLimits.rows else { throw .tooManyRows(found: rows) }
        guard !inputs.isEmpty else { throw .noRows(of: "list of inputs") }
        guard inputs.count <= TrainingLimits.inputs else { throw .tooManyInputs(found: inputs.count) }
        var seen: Set<String> = []
        for name in inputs where !seen.insert(name).inserted { throw .duplicateInput(name) }
        guard values.count == inputs.count * rows else {
            throw .wrongShape(what: "values", expected: inputs.count * rows, found: values.count)
        }
        if let customers, customers.count != rows {
            throw .wrongShape(what: "customers", expected: rows, found: customers.count)
        }
        let position = values.withUnsafeBufferPointer { values in
            values.baseAddress.map {
                firstBeyond(limit: TrainingLimits.magnitude, in: $0, count: values.count)
            } ?? -1
        }
        guard position < 0 else {
            throw .unusableValue(
                row: position % rows,
                input: inputs[position / rows],
                found: "\(values[position])"
            )
        }
        self.inputs = inputs
        rowCount = rows
        self.values = values
        self.labels = labels
        self.customers = customers ?? (0..<rows).map(Int64.init)
    }

    /// - Parameter columns: `[C][R]`.
    /// - Throws: as above; `wrongShape` names the first column that has another number of rows than `labels`.
    package init(
        inputs: [String],
        columns: [[Double]],
        labels: [Bool],
        customers: [Int64]? = nil
    ) throws(TrainingError) {
        guard columns.count == inputs.count else {
            throw .wrongShape(what: "columns", expected: inputs.count, found: columns.count)
        }
        for (name, column) in zip(inputs, columns) where column.count != labels.count {
            throw .wrongShape(what: "input \"\(name)\"", expected: labels.count, found: column.count)
        }
        try self.init(inputs: inputs, values: Array(columns.joined()), labels: labels, customers: customers)
    }

    package var positiveCount: Int { labels.count { $0 } }

    package func column(_ index: Int) -> ArraySlice<Double> {
        values[(index * rowCount)..<((index + 1) * rowCount)]
    }

    /// The rows of the given numbers, in their order.
    ///
    /// - Throws: `noRows` when there is none.
    package func selecting(rows: [Int]) throws(TrainingError) -> Dataset {
        var selected: [Double] = []
        selected.reserveCapacity(rows.count * inputs.count)
        for column in inputs.indices {
            let start = column * rowCount
            for row in rows { selected.append(values[start + row]) }
        }
        return try Dataset(
            inputs: inputs,
            values: selected,
            labels: rows.map { labels[$0] },
            customers: rows.map { customers[$0] }
        )
    }

    /// The same rows without one input.
    package func dropping(input index: Int) throws(TrainingError) -> Dataset {
        var kept = inputs
        kept.remove(at: index)
        var values = values
        values.removeSubrange((index * rowCount)..<((index + 1) * rowCount))
        return try Dataset(inputs: kept, values: values, labels: labels, customers: customers)
    }
}
