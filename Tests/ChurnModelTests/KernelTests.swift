import ChurnModel
import Foundation
import TestSupport
import Testing

@Suite struct KernelTests {
    static let rowsAtMost = 67

    /// Rows × columns of ordinary values with a few odd ones, the same row-major and by columns.
    struct Matrix {
        var rowMajor: [Double]
        var columns: [[Double]]
        let stride: Int

        init(rows: Int, count: Int, seed: UInt64) {
            var random = SplitMix64(seed: seed)
            stride = count + 3
            rowMajor = [Double](repeating: .nan, count: rows * stride + 1)
            columns = [[Double]](repeating: [Double](repeating: 0, count: rows), count: count)
            let odd: [Double] = [.nan, .infinity, -.infinity, 0, -0.0, Double.leastNonzeroMagnitude, 1e308, -1e308]
            for row in 0..<rows {
                for j in 0..<count {
                    let pick = Int.random(in: 0..<200, using: &random)
                    let value = pick < odd.count ? odd[pick] : random.wide(-3...1)
                    rowMajor[row * stride + j] = value
                    columns[j][row] = value
                }
            }
        }
    }

    private func same(_ a: Double, _ b: Double) -> Bool {
        // The sign and payload of a NaN are not a result.
        a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
    }

    @Test("one row, batch, tail and any position give the same bits", arguments: 0...67, CPULevel.available)
    func sameBits(count: Int, level: CPULevel) {
        var random = SplitMix64(seed: UInt64(count))
        let weights = (0..<max(count, 1)).map { _ in random.wide(-2...0.5) }
        let bias = random.wide(-1...0)
        let matrix = Matrix(rows: Self.rowsAtMost, count: count, seed: 1_000 + UInt64(count))

        // What every row must give wherever it stands: on its own, by the scalar twin.
        var expected = [Double](repeating: 0, count: Self.rowsAtMost)
        matrix.rowMajor.withUnsafeBufferPointer { rows in
            guard let base = rows.baseAddress else { return }
            for row in expected.indices {
                let inputs = base + row * matrix.stride
                expected[row] = level.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias).probability
            }
        }

        let canary = 123.0
        for rows in 0...Self.rowsAtMost {
            // The batch starts at every row in turn, so every row meets every lane and the tail, and columns start
            // at every alignment.
            for first in [0, Self.rowsAtMost - rows, (Self.rowsAtMost - rows) / 2] {
                var byColumns = [Double](repeating: canary, count: rows + 1)
                var byRows = byColumns
                let flat: [Double] = Array(matrix.columns.joined()) + [0]
                flat.withUnsafeBufferPointer { flat in
                    guard let base = flat.baseAddress else { return }
                    var pointers = (0..<count).map { base + $0 * Self.rowsAtMost + first }
                    pointers.append(base)
                    level.scoreColumns(
                        columns: pointers,
                        weights: weights,
                        count: count,
                        bias: bias,
                        rows: rows,
                        probabilities: &byColumns
                    )
                }
                matrix.rowMajor.withUnsafeBufferPointer { inputs in
                    guard let base = inputs.baseAddress else { return }
                    // One more, so that there is an address.
                    level.scoreRows(
                        (0...rows).map { base + (first + $0) * matrix.stride },
                        weights: weights,
                        count: count,
                        bias: bias,
                        rowCount: rows,
                        probabilities: &byRows
                    )
                }
                for row in 0..<rows where !same(byColumns[row], expected[first + row]) {
                    Issue.record("columns: \(count) inputs, row \(row) of \(rows) from \(first)")
                }
                for row in 0..<rows where !same(byRows[row], expected[first + row]) {
                    Issue.record("rows: \(count) inputs, row \(row) of \(rows) from \(first)")
                }
                #expect(byColumns[rows] == canary && byRows[rows] == canary, "wrote beyond the rows")
            }
        }
    }

    /// What the exact sum is, and how far either level may be from it, is in ScorerTests.
    @Test("log-odds of two levels agree within 4u (|b| + Σ|w x|)(terms + 1)", arguments: 1...67, CPULevel.available)
    func acrossLevels(count: Int, level: CPULevel) {
        var random = SplitMix64(seed: 2_000 + UInt64(count))
        for _ in 0..<200 {
            let weights = (0..<count).map { _ in random.wide(-6...3) }
            let inputs = (0..<count).map { _ in random.wide(-6...6) }
            let bias = random.wide(-3...3)
            let size = zip(weights, inputs).reduce(abs(bias)) { $0 + abs($1.0 * $1.1) }
            let here = level.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias).logOdds
            let base = CPULevel.baseline.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias).logOdds
            #expect(abs(here - base) <= 4 * 0x1p-53 * size * Double(count + 1))
        }
    }

    @Test(
        "finds the first value beyond a limit at every position",
        arguments: [1.0, 1e300, .greatestFiniteMagnitude],
        CPULevel.available
    )
    func beyond(limit: Double, level: CPULevel) {
        let bad = [Double.nan, -.nan, .infinity, -.infinity, limit.nextUp, -limit.nextUp]
        let good = [0, -0.0, limit, -limit, Double.leastNonzeroMagnitude, limit / 2]
        for count in 0...67 {
            var values = (0..<count).map { good[$0 % good.count] }
            #expect(level.firstBeyond(limit: limit, in: values + [.nan], count: count) == -1)
            for position in 0..<count {
                let kept = values[position]
                values[position] = bad[position % bad.count]
                #expect(level.firstBeyond(limit: limit, in: values, count: count) == position)
                let last = values[count - 1]
                values[count - 1] = .nan
                #expect(level.firstBeyond(limit: limit, in: values, count: count) == position)
                values[count - 1] = last
                values[position] = kept
            }
        }
    }
}
