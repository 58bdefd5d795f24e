import ChurnFeatures
import ChurnTraining
import Foundation
import TestSupport

/// The reference figures of `Tests/Fixtures`.
enum Reference {
    static let seed = Result { try AnyJSON.fixture("seed_reference.json") }
    static let temporal = Result { try AnyJSON.fixture("temporal_reference.json") }
}

func day(_ date: String) -> Int64 { CivilTime.parseDay(date) ?? .min }

/// The real data: snapshots of every cutoff of the reference and of the whole history, made once for all tests.
enum RealData {
    static let snapshots = Result {
        let reference = try Reference.temporal.get()
        var collector = try SnapshotCollector(
            cutoffs: reference.cutoffs.fields.keys.map(day),
            sharedRecency: SeedProtocol.recencyLimit
        )
        try forEachLineByCustomer { try collector.add($0) }
        return try collector.finish()
    }

    static func shared() throws -> Snapshot {
        guard let snapshot = try snapshots.get().shared else { throw TrainingError.noRows(of: "shared snapshot") }
        return snapshot
    }

    struct Line: Sendable {
        var invoice: [UInt8]
        var stockCode: [UInt8]
        var minute: Int64
        var quantityMilli: Int64
        var amountMilli: Int64
    }

    /// Customers ascending, a customer's lines in the order of the file.
    static let lines = Result {
        var lines: [Int64: [Line]] = [:]
        for path in try Surroundings.transactions() {
            var reader = try TransactionReader(path: path)
            while try reader.readBatch(
                maxLines: 100_000,
                { line in
                    lines[line.customer, default: []].append(
                        Line(
                            invoice: Array(line.invoice),
                            stockCode: Array(line.stockCode),
                            minute: line.minute,
                            quantityMilli: line.quantityMilli,
                            amountMilli: line.amountMilli
                        )
                    )
                }
            ) {}
        }
        return lines.sorted { $0.key < $1.key }
    }

    static func forEachLineByCustomer(_ body: (TransactionLine) throws -> Void) throws {
        for (customer, lines) in try lines.get() {
            for line in lines { try line.withView(customer: customer, body) }
        }
    }
}

extension RealData.Line {
    func withView<Value>(customer: Int64, _ body: (TransactionLine) throws -> Value) throws -> Value {
        try invoice.withUnsafeBufferPointer { invoice in
            try stockCode.withUnsafeBufferPointer { stockCode in
                try body(
                    TransactionLine(
                        invoice: invoice,
                        stockCode: stockCode,
                        customer: customer,
                        minute: minute,
                        quantityMilli: quantityMilli,
                        amountMilli: amountMilli
                    )
                )
            }
        }
    }
}

/// What of `figures` is not within `tolerance` of the reference's numbers of the same names; all names must be there.
func differences(
    _ figures: [String: Double],
    _ reference: AnyJSON,
    names: [String],
    within tolerance: Double = 1e-9
) -> [String] {
    names.compactMap { name in
        guard let value = figures[name], abs(value - reference[name].number) <= tolerance else {
            return "\(name): \(figures[name] ?? .nan), expected \(reference[name].number)"
        }
        return nil
    }
}

let metricNames = [
    "n", "positives", "base_rate", "roc_auc", "average_precision", "pr_auc_trapezoid", "log_loss", "brier",
    "ece_10_equal_width", "ece_10_equal_mass", "mean_p", "lift_at_10pct", "distinct_scores",
]

/// Everything the reference says of scored rows that is not met.
func differences(_ scored: ScoredRows, _ reference: AnyJSON) -> [String] {
    var found = differences(Metrics(scored).figures, reference, names: metricNames)
    let curve = ROCCurve(scored)
    let counts = [
        "roc_points_sklearn_default": Double(curve.corners.count),
        "roc_points_all_thresholds": Double(curve.points.count),
    ]
    found += differences(counts, reference, names: Array(counts.keys))
    for (threshold, expected) in reference.confusion.fields {
        let confusion = Confusion(scored, threshold: Double(threshold) ?? .nan).figures
        found += differences(confusion, expected, names: Array(confusion.keys)).map { "at \(threshold): \($0)" }
    }
    return found
}

func largestDifference(_ values: some Sequence<Double>, _ expected: some Sequence<Double>) -> Double {
    let (values, expected) = (Array(values), Array(expected))
    guard values.count == expected.count, !values.isEmpty else { return .infinity }
    return zip(values, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
}

/// Rows of a logistic world: correlated inputs with different means and spreads.
func syntheticRows(seed: UInt64, rows: Int, inputs: Int) throws -> Dataset {
    var random = SplitMix64(seed: seed)
    var columns = [[Double]](repeating: [], count: inputs)
    var labels: [Bool] = []
    for _ in 0..<rows {
        var logOdds = -0.3
        let common = Double.random(in: -1...1, using: &random)
        for column in 0..<inputs {
            let x = common + Double.random(in: -1...1, using: &random)
            logOdds += (column % 2 == 0 ? 0.7 : -0.5) * x
            columns[column].append(x * Double(column + 1) + 10)
        }
        labels.append(Double.random(in: 0..<1, using: &random) < 1 / (1 + exp(-logOdds)))
    }
    return try Dataset(inputs: (0..<inputs).map { "x\($0)" }, columns: columns, labels: labels)
}
