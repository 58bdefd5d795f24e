/// Probabilities beside what came true, in order: what every measure of a model is made from.
///
/// Whoever holds one may rely on what `init` checks: equal lengths, probabilities in [0, 1], both classes.
package struct ScoredRows: Equatable, Sendable {
    /// `[R]`, in [0, 1].
    package let probabilities: [Double]
    /// `[R]`, true: churned.
    package let labels: [Bool]
    /// `[R]`. Breaks ties of the lift, and says which rows are resampled together.
    package let customers: [Int64]
    /// Churners among the rows.
    package let positiveCount: Int
    /// Row numbers by probability, highest first; ties by ascending customer, then by row.
    let descending: [Int32]
    /// Row numbers by probability, lowest first; ties by row.
    let ascending: [Int32]

    /// - Parameter customers: the row numbers when nil.
    /// - Throws: `wrongShape`, `noRows`, `tooManyRows`, `unusableScore`, `oneClass`.
    package init(
        probabilities: [Double],
        labels: [Bool],
        customers: [Int64]? = nil
    ) throws(TrainingError) {
        let rows = labels.count
        guard rows > 0 else { throw .noRows(of: "scored rows") }
        guard rows <= TrainingLimits.rows else { throw .tooManyRows(found: rows) }
        guard probabilities.count == rows else {
            throw .wrongShape(what: "probabilities", expected: rows, found: probabilities.count)
        }
        if let customers, customers.count != rows {
            throw .wrongShape(what: "customers", expected: rows, found: customers.count)
        }
        if let row = probabilities.firstIndex(where: { !(0...1).contains($0) }) {
            throw .unusableScore(row: row, found: "\(probabilities[row])")
        }
        let positives = labels.count { $0 }
        guard positives > 0, positives < rows else { throw .oneClass(isChurn: positives > 0, rows: rows) }
        let customers = customers ?? (0..<rows).map(Int64.init)
        self.probabilities = probabilities
        self.labels = labels
        self.customers = customers
        positiveCount = positives
        // 0.0 and -0.0 are one score.
        descending = (0..<Int32(rows)).sorted { first, second in
            let (a, b) = (Int(first), Int(second))
            if probabilities[a] != probabilities[b] { return probabilities[a] > probabilities[b] }
            return (customers[a], a) < (customers[b], b)
        }
        ascending = (0..<Int32(rows)).sorted { first, second in
            let (a, b) = (Int(first), Int(second))
            return (probabilities[a], a) < (probabilities[b], b)
        }
    }

    package var rowCount: Int { labels.count }

    /// Share of churners.
    package var baseRate: Double { Double(positiveCount) / Double(rowCount) }

    /// Rows with one score, and how many of them churned.
    struct ScoreGroup: Equatable {
        var score: Double
        var rows: Int
        var positives: Int
    }

    /// The distinct scores, highest first.
    ///
    /// - Parameter counts: `[R]`, how often each row counts; once when nil. Groups that then are empty are left out.
    func groups(counts: [Int32]? = nil) -> [ScoreGroup] {
        var groups: [ScoreGroup] = []
        forEachGroup(counts: counts) { groups.append($0) }
        return groups
    }

    /// As ``groups(counts:)``, without making a list.
    @inline(__always)
    func forEachGroup(counts: [Int32]?, _ body: (ScoreGroup) -> Void) {
        var group = ScoreGroup(score: .nan, rows: 0, positives: 0)
        for row in descending {
            let row = Int(row)
            let count = counts.map { Int($0[row]) } ?? 1
            if count == 0 { continue }
            if probabilities[row] != group.score {
                if group.rows > 0 { body(group) }
                group = ScoreGroup(score: probabilities[row], rows: 0, positives: 0)
            }
            group.rows += count
            if labels[row] { group.positives += count }
        }
        if group.rows > 0 { body(group) }
    }
}
