internal import ChurnBase
internal import ChurnClient
internal import ChurnFeatures
internal import ChurnStore

/// Where scored rows go.
protocol ScoreSink: AnyObject {
    /// - Precondition: `answer` has a row for each label, as the client has checked.
    func write(_ labels: [Int64], _ answer: BatchPrediction) throws
    /// Completes what was written.
    func finish() throws
}

/// Hands scored rows on, and counts them.
final class ScoreWriter {
    private let sink: any ScoreSink
    private var rows: Int64 = 0
    private var churners: Int64 = 0
    private var unknown: Int64 = 0
    private var model = ""
    private var progress = ProgressLine()
    private let customers: FeatureTable?
    /// Rows with a prediction, and those likely to leave, of each segment.
    private var segments: [(rows: Int64, churners: Int64)]

    /// - Parameter customers: of those that are scored, when they are all of a store: the summary is by their segments.
    init(to sink: any ScoreSink, customers: FeatureTable? = nil) {
        self.sink = sink
        self.customers = customers
        segments = Array(repeating: (0, 0), count: customers?.segmentNames.count ?? 0)
    }

    deinit {
        progress.clear()
    }

    /// - Precondition: `answer` has a row for each label, as the client has checked.
    func write(_ labels: [Int64], _ answer: BatchPrediction) throws {
        try sink.write(labels, answer)
        for (row, label) in labels.enumerated() {
            guard answer.status(row: row) == .ok else {
                unknown += 1
                continue
            }
            let churner: Int64 = answer.isChurn(row: row) ? 1 : 0
            churners += churner
            if let customers, let segment = customers.row(of: label).flatMap({ customers.segment(row: $0) }) {
                segments[segment].rows += 1
                segments[segment].churners += churner
            }
        }
        rows += Int64(labels.count)
        model = "\(answer.model.name)@\(answer.model.version)".oneLine
        progress.show { "\(groupedText(rows)) rows  \(rateText(rows, in: $0)) rows/s" }
    }

    /// Completes the output.
    ///
    /// - Returns: what was done, in one line, and a line a segment where there are any.
    func finish() throws -> String {
        try sink.finish()
        progress.clear()
        let share = Self.share(churners, of: rows - unknown)
        let rest = unknown > 0 ? ", \(groupedText(unknown)) without a prediction" : ""
        guard rows > 0 else { return "nothing was left to score" }
        let summary =
            "scored \(groupedText(rows)) rows by \(model): \(groupedText(churners)) likely to leave\(share)\(rest)"
        return ([summary] + segmentLines()).joined(separator: "\n")
    }

    private func segmentLines() -> [String] {
        zip(customers?.segmentNames ?? [], segments).map { name, counts in
            "  \(name.oneLine): \(groupedText(counts.rows)), \(groupedText(counts.churners)) likely to leave"
                + Self.share(counts.churners, of: counts.rows)
        }
    }

    private static func share(_ part: Int64, of whole: Int64) -> String {
        whole > 0 ? " (\(roundedText(100 * Double(part) / Double(whole), decimals: 1)) %)" : ""
    }
}

/// CSV or JSON lines, to a file or to standard output.
final class FileSink: ScoreSink {
    private var target: OutputTarget
    private let label: String
    private let json: Bool
    private var hasBegun = false

    init(to target: consuming OutputTarget, labelledBy label: String, json: Bool) {
        self.target = target
        self.label = label
        self.json = json
    }

    func write(_ labels: [Int64], _ answer: BatchPrediction) throws {
        try begin()
        for (row, name) in labels.enumerated() {
            let status = answer.status(row: row)
            let isOK = status == .ok
            let isChurn = answer.isChurn(row: row)
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
    }

    func finish() throws {
        try begin()
        try target.finish()
    }

    private func begin() throws {
        guard !hasBegun else { return }
        hasBegun = true
        if !json { try target.write("\(label),churn_probability,churn_prediction,status\n") }
    }
}

/// The store's predictions. Each batch is durable when `write` returns; customers without a prediction are left out.
final class PredictionSink: ScoreSink {
    private let store: any Store

    init(_ store: any Store) {
        self.store = store
    }

    func write(_ labels: [Int64], _ answer: BatchPrediction) throws {
        let predictions = labels.indices.filter { answer.status(row: $0) == .ok }.map { row in
            StoredPrediction(
                customer: labels[row],
                probability: answer.probabilities[row],
                isChurn: answer.isChurn(row: row)
            )
        }
        try store.write(predictions, of: PredictionRun(answer.model, featureTime: answer.featureTime))
    }

    func finish() {}
}

extension PredictionRun {
    /// - Parameter featureTime: in seconds, as answers have it.
    init(_ model: ModelIdentity, featureTime: Int64) {
        self.init(model: model.name, version: model.version, asOfMinute: featureTime / 60)
    }
}
