/// A column that does not come from the feature schema.
package struct ImportedColumn: Equatable, Sendable {
    package var name: String
    /// `[R]`, in the order of the rows.
    package var values: [Double]

    package init(name: String, values: [Double]) {
        self.name = name
        self.values = values
    }
}

/// Stops a fit whose inputs know the label.
///
/// By lineage, whatever the figures say: where features and label share a window, an input that reads where on the
/// calendar events lie, or descends from one that does; in any protocol an input that reads lines at or after the cutoff,
/// or descends from the label. Columns without a lineage are judged by their figures (`LeakStatistics`), which find gross
/// leaks only: declare the lineage of what you import.
package struct LeakGuard: Sendable {
    package let window: Snapshot.Window
    package let lineages: FeatureLineages
    /// Inputs that are let through and written down.
    package let allowed: Set<String>

    package init(window: Snapshot.Window, lineages: FeatureLineages = .schema, allowed: Set<String> = []) {
        self.window = window
        self.lineages = lineages
        self.allowed = allowed
    }

    /// What speaks against an input with a lineage; nil when nothing does, or when it has none.
    package func finding(_ input: String) -> LeakFinding? {
        if let path = lineages.path(from: input, to: { $0.parents.contains(FeatureLineages.label) }) {
            return LeakFinding(input: input, reason: .label(path: path))
        }
        if let path = lineages.path(from: input, to: \.readsAfterCutoff) {
            return LeakFinding(input: input, reason: .afterCutoff(path: path, reads: reads(path)))
        }
        if case .shared = window, let path = lineages.path(from: input, to: \.readsCalendar) {
            return LeakFinding(input: input, reason: .calendar(path: path, reads: reads(path)))
        }
        return nil
    }

    private func reads(_ path: [String]) -> String {
        path.last.flatMap { lineages.lineage(of: $0)?.reads } ?? ""
    }

    /// What speaks against an imported column: its lineage if there is one, else its figures.
    ///
    /// - Parameters:
    ///   - labels: `[R]`.
    ///   - known: inputs to combine it with; those that are refused themselves are left out.
    /// - Throws: `wrongShape`, `oneClass`.
    package func finding(
        _ column: ImportedColumn,
        labels: [Bool],
        known: Dataset?
    ) throws(TrainingError) -> LeakFinding? {
        guard lineages.lineage(of: column.name) == nil else { return finding(column.name) }
        guard column.values.count == labels.count else {
            throw .wrongShape(what: "column \"\(column.name)\"", expected: labels.count, found: column.values.count)
        }
        if let known, known.rowCount != labels.count {
            throw .wrongShape(what: "known inputs", expected: labels.count, found: known.rowCount)
        }
        var others: [(name: String, values: ArraySlice<Double>)] = []
        if let known {
            for (index, name) in known.inputs.enumerated() where name != column.name && finding(name) == nil {
                others.append((name, known.column(index)))
            }
        }
        let statistics = try LeakStatistics.suspicious(column.values, labels: labels, known: others)
        return statistics.isEmpty ? nil : LeakFinding(input: column.name, reason: .statistics(statistics))
    }

    /// Stops unless every input is clean or allowed by name.
    ///
    /// - Parameters:
    ///   - inputs: of the schema, or declared.
    ///   - imported: more columns of the rows of `known`.
    ///   - known: raw features to combine columns without lineage with, and their labels.
    /// - Throws: `leaks` with every finding that is not allowed; `unknownFeature` for an input that has neither a lineage nor
    ///   a column; `invalidSetting` when a name is allowed that is no input.
    package func check(
        _ inputs: [String],
        imported: [ImportedColumn] = [],
        known: Dataset? = nil
    ) throws(TrainingError) -> LeakReport {
        let names = inputs + imported.map(\.name)
        if let stray = allowed.sorted().first(where: { !names.contains($0) }) {
            throw .invalidSetting(name: "an allowed leak", expected: "one of the inputs", found: "\"\(stray)\"")
        }
        var findings: [LeakFinding] = []
        for input in inputs {
            guard lineages.lineage(of: input) != nil else { throw .unknownFeature(input) }
            if let finding = finding(input) { findings.append(finding) }
        }
        for column in imported {
            guard let known else { throw .noRows(of: "known inputs") }
            if let finding = try finding(column, labels: known.labels, known: known) { findings.append(finding) }
        }
        let refused = findings.filter { !allowed.contains($0.input) }
        guard refused.isEmpty else { throw .leaks(refused) }
        return LeakReport(inputs: names, imported: imported.map(\.name), allowed: findings)
    }
}
