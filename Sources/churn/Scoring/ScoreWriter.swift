internal import ChurnClient

/// Writes scored rows as CSV or JSON lines, and counts them.
final class ScoreWriter {
    private var target: OutputTarget
    private let label: String
    private let json: Bool
    private var hasBegun = false
    private var rows: Int64 = 0
    private var churners: Int64 = 0
    private var unknown: Int64 = 0
    private var model = ""
    private var progress = ProgressLine()

    init(to target: consuming OutputTarget, labelledBy label: String, json: Bool) {
        self.target = target
        self.label = label
        self.json = json
    }

    deinit {
        progress.clear()
    }

    /// - Precondition: `answer` has a row for each label, as the client has checked.
    func write(_ labels: [Int64], _ answer: BatchPrediction) throws {
        try begin()
        for (row, name) in labels.enumerated() {
            let status = answer.status(row: row)
            let isOK = status == .ok
            let isChurn = answer.isChurn(row: row)
            if isOK { churners += isChurn ? 1 : 0 } else { unknown += 1 }
            if json {
                let object = JSON.object([
                    (label, .integer(name)), ("churn_probability", isOK ? .number(answer.probabilities[row]) : .null),
                    ("churn_prediction", isOK ? .integer(isChurn ? 1 : 0) : .null),
                    ("status", .string(status.description)),
                ])
                try target.write(object.text + "\n")
            } else {
                let scores = isOK ? "\(shortText(answer.probabilities[row])),\(isChurn ? 1 : 0)" : ","
                try target.write("\(name),\(scores),\(status)\n")
            }
        }
        rows += Int64(labels.count)
        model = "\(answer.model.name)@\(answer.model.version)".oneLine
        progress.show { "\(groupedText(rows)) rows  \(groupedText(Int64(Double(rows) / max($0, 0.001)))) rows/s" }
    }

    /// Completes the output.
    ///
    /// - Returns: what was done, in one line.
    func finish() throws -> String {
        try begin()
        try target.finish()
        progress.clear()
        let known = rows - unknown
        let share = known > 0 ? " (\(roundedText(100 * Double(churners) / Double(known), decimals: 1)) %)" : ""
        let rest = unknown > 0 ? ", \(groupedText(unknown)) without a prediction" : ""
        return "scored \(groupedText(rows)) rows by \(model): \(groupedText(churners)) likely to leave\(share)\(rest)"
    }

    private func begin() throws {
        guard !hasBegun else { return }
        hasBegun = true
        if !json { try target.write("\(label),churn_probability,churn_prediction,status\n") }
    }
}
