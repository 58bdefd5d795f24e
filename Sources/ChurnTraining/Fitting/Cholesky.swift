/// The factor `L` of a symmetric positive definite matrix, `A = L Lᵀ`.
///
/// - Source: Golub, Van Loan, Matrix Computations, 4th ed., algorithm 4.2.1.
struct Cholesky {
    let order: Int
    /// `[n * n]`, row by row; zeros above the diagonal.
    private var factor: [Double]

    /// Not positive definite as far as rounding lets one tell.
    struct Singular: Error {
        /// The row at which it shows.
        var row: Int
    }

    /// - Parameter upper: `[n * n]`, row by row; only `i <= j` is read.
    /// - Throws: `Singular` where a pivot is at most 1e-13 of its diagonal element (or is no number).
    init(upper: [Double], order: Int) throws(Singular) {
        precondition(upper.count == order * order)
        self.order = order
        factor = [Double](repeating: 0, count: order * order)
        for j in 0..<order {
            var pivot = upper[j * order + j]
            for k in 0..<j { pivot -= factor[j * order + k] * factor[j * order + k] }
            guard pivot > 1e-13 * upper[j * order + j], pivot.isFinite else { throw Singular(row: j) }
            let root = pivot.squareRoot()
            factor[j * order + j] = root
            for i in (j + 1)..<max(order, j + 1) {
                var sum = upper[j * order + i]
                for k in 0..<j { sum -= factor[i * order + k] * factor[j * order + k] }
                factor[i * order + j] = sum / root
            }
        }
    }

    /// `A⁻¹ b`.
    func solve(_ b: [Double]) -> [Double] {
        var x = b
        for i in 0..<order {
            for k in 0..<i { x[i] -= factor[i * order + k] * x[k] }
            x[i] /= factor[i * order + i]
        }
        for i in (0..<order).reversed() {
            for k in (i + 1)..<max(order, i + 1) { x[i] -= factor[k * order + i] * x[k] }
            x[i] /= factor[i * order + i]
        }
        return x
    }

    /// `A⁻¹`, `[n * n]`, symmetric.
    func inverse() -> [Double] {
        var result = [Double](repeating: 0, count: order * order)
        for column in 0..<order {
            var unit = [Double](repeating: 0, count: order)
            unit[column] = 1
            let solution = solve(unit)
            for row in 0..<order { result[row * order + column] = solution[row] }
        }
        return result
    }
}
