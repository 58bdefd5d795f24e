/// How well probabilities agree with rates.
package enum Calibration {
    /// Bins of the calibration errors.
    package static let binCount = 10

    /// One row of a reliability table.
    package struct Bin: Equatable, Sendable {
        /// The scores from `lower` (included) to `upper` (excluded, but for the last bin), or the lowest and highest score
        /// of a bin of equal mass.
        package var lower: Double
        package var upper: Double
        package var rowCount = 0
        package var positiveCount = 0
        /// Sum of the probabilities.
        package var probabilitySum = 0.0

        /// Nil in an empty bin.
        package var meanProbability: Double? { rowCount > 0 ? probabilitySum / Double(rowCount) : nil }
        /// Share of churners; nil in an empty bin.
        package var rate: Double? { rowCount > 0 ? Double(positiveCount) / Double(rowCount) : nil }

        mutating func add(_ probability: Double, isChurn: Bool, times count: Int) {
            rowCount += count
            if isChurn { positiveCount += count }
            probabilitySum += Double(count) * probability
        }
    }

    /// `count` bins of equal width over [0, 1], the empty ones too.
    package static func equalWidthBins(_ rows: ScoredRows, count: Int = binCount) -> [Bin] {
        equalWidthBins(rows, count: count, counts: nil)
    }

    /// `count` bins of equal numbers of rows, up to one: rank r, by ascending score, in bin ⌊count r / n⌋.
    package static func equalMassBins(_ rows: ScoredRows, count: Int = binCount) -> [Bin] {
        equalMassBins(rows, count: count, counts: nil)
    }

    /// Expected calibration error: `Σ_b n_b / n |rate_b - mean p_b|`.
    package static func error(_ bins: [Bin]) -> Double {
        let total = Double(bins.reduce(0) { $0 + $1.rowCount })
        return bins.reduce(0) { sum, bin in
            guard let mean = bin.meanProbability, let rate = bin.rate else { return sum }
            return sum + Double(bin.rowCount) / total * (rate - mean).magnitude
        }
    }

    static func equalWidthBins(_ rows: ScoredRows, count: Int, counts: [Int32]?) -> [Bin] {
        precondition(count > 0)
        var bins = (0..<count).map {
            Bin(lower: Double($0) / Double(count), upper: Double($0 + 1) / Double(count))
        }
        for row in 0..<rows.rowCount {
            let times = counts.map { Int($0[row]) } ?? 1
            if times == 0 { continue }
            let p = rows.probabilities[row]
            // The product may round over a border; the borders themselves decide.
            var bin = min(count - 1, Int(p * Double(count)))
            if bin + 1 < count, p >= bins[bin + 1].lower { bin += 1 }
            if p < bins[bin].lower { bin -= 1 }
            bins[bin].add(p, isChurn: rows.labels[row], times: times)
        }
        return bins
    }

    static func equalMassBins(_ rows: ScoredRows, count: Int, counts: [Int32]?) -> [Bin] {
        precondition(count > 0)
        let total = counts.map { $0.reduce(0) { $0 + Int($1) } } ?? rows.rowCount
        var bins = [Bin](repeating: Bin(lower: .nan, upper: .nan), count: count)
        var rank = 0
        for row in rows.ascending {
            let row = Int(row)
            var left = counts.map { Int($0[row]) } ?? 1
            let p = rows.probabilities[row]
            while left > 0 {
                let bin = rank * count / total
                // Ranks of this bin that are left: r is in it while count r < (bin + 1) total.
                let room = ((bin + 1) * total + count - 1) / count - rank
                let times = min(left, room)
                if bins[bin].rowCount == 0 { bins[bin].lower = p }
                bins[bin].upper = p
                bins[bin].add(p, isChurn: rows.labels[row], times: times)
                rank += times
                left -= times
            }
        }
        return bins.filter { $0.rowCount > 0 }
    }
}
