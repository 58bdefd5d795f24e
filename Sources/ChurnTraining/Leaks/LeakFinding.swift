/// Why one input is refused.
package struct LeakFinding: Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        /// Features and label share their window, and the last feature of the path reads the calendar.
        case calendar(path: [String], reads: String)
        /// The last feature of the path reads lines at or after the cutoff.
        case afterCutoff(path: [String], reads: String)
        /// The last feature of the path is made from the label.
        case label(path: [String])
        /// No lineage is declared; the figures of the column speak against it.
        case statistics([LeakStatistic])
    }

    package var input: String
    package var reason: Reason

    package init(input: String, reason: Reason) {
        self.input = input
        self.reason = reason
    }

    package var description: String {
        switch reason {
        case .calendar(let path, let reads):
            "input \"\(input)\" \(Self.way(path))\(reads), in the window that the label is made from"
        case .afterCutoff(let path, let reads):
            "input \"\(input)\" \(Self.way(path))\(reads), at or after the cutoff"
        case .label(let path):
            "input \"\(input)\" \(Self.way(path))is made from the label"
        case .statistics(let statistics):
            "input \"\(input)\" has no declared lineage, and "
                + statistics.map(\.description).joined(separator: ", and ")
        }
    }

    private static func way(_ path: [String]) -> String {
        path.count > 1 ? "descends from \(path.dropFirst().joined(separator: ", then ")), which " : ""
    }
}

/// A figure of one column that no honest input reaches.
package enum LeakStatistic: Equatable, Sendable, CustomStringConvertible {
    /// The area under the ROC curve of the column alone (or of the churn rates of its values or quantiles).
    case areaUnderROC(Double)
    /// All rows of one end of the column, so large a share of all, are of one class.
    case pureTail(share: Double, atLowEnd: Bool, isChurn: Bool)
    /// The same of an expression of the column `x` and a known input.
    case combination(expression: String, areaUnderROC: Double, pureTailShare: Double)

    package var description: String {
        switch self {
        case .areaUnderROC(let area): "alone has an AUC of \(Self.rounded(area))"
        case .pureTail(let share, let atLowEnd, let isChurn):
            "its \(atLowEnd ? "lowest" : "highest") \(Self.rounded(share * 100)) % of rows are all "
                + (isChurn ? "churned" : "not churned")
        case .combination(let expression, let area, let share):
            "\(expression) has an AUC of \(Self.rounded(area)) and a pure tail of \(Self.rounded(share * 100)) %"
        }
    }

    /// Three decimals, without a locale.
    private static func rounded(_ value: Double) -> String {
        "\((value * 1_000).rounded() / 1_000)"
    }
}

/// What the guard found and let pass.
package struct LeakReport: Equatable, Sendable {
    /// Names of the inputs looked at.
    package var inputs: [String]
    /// Names of those that do not come from the feature schema.
    package var imported: [String]
    /// Findings that were allowed by name.
    package var allowed: [LeakFinding]

    /// Sentences for the model's artefact.
    package var notes: [String] {
        let origin =
            imported.isEmpty
            ? []
            : [
                "Imported inputs: \(imported.joined(separator: ", ")). The feature builder does not make them, so no server "
                    + "can serve this model; the leak guard judged them by their figures alone."
            ]
        return origin + allowed.map { "Leak allowed by name: \($0.description)." }
    }
}
