/// What a fit says of each input, with 95 % intervals.
package struct CoefficientTable: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var input: String
        /// Log-odds per standard deviation.
        package var coefficient: Double
        /// With the rows of a customer taken together; nil for a constant input.
        package var standardError: Double?
        /// From the Hessian alone, as if all rows were independent: too small where customers have several rows. Nil for a
        /// constant input.
        package var independentError: Double?

        /// Factor by which the odds of churn grow with one standard deviation more, `exp(w ± 1.96 standardError)`.
        package var oddsRatio: Interval? {
            standardError.map { error in
                Interval(
                    estimate: exponentialFunction(coefficient),
                    lower: exponentialFunction(coefficient - CoefficientTable.normalQuantile * error),
                    upper: exponentialFunction(coefficient + CoefficientTable.normalQuantile * error)
                )
            }
        }
    }

    /// The intercept first, named `(intercept)`.
    package let rows: [Row]

    /// 97.5 % of the standard normal distribution lie below it.
    static let normalQuantile = 1.959963984540054

    /// Errors are the roots of the diagonals of `H⁻¹ (Σ_c s_c s_cᵀ C / (C - 1)) H⁻¹`, the sandwich by customer, and of `H⁻¹`,
    /// Wald's for independent rows; `H` is the objective's Hessian at the optimum, penalty included, and `s_c` the gradient
    /// of the loss of customer c's rows. With a penalty these are errors about the penalised optimum, which is drawn
    /// towards 0.
    ///
    /// - Source: Wald (1943); the sandwich: Liang, Zeger, "Longitudinal data analysis using generalized linear models"
    ///   (1986, doi 10.1093/biomet/73.1.13).
    /// - Parameter training: the rows of the fit.
    /// - Throws: `wrongShape` when they are not; `collinear` when the Hessian has no inverse.
    package init(_ fit: FittedLogistic, training: Dataset) throws(TrainingError) {
        guard training.inputs == fit.inputs, training.rowCount == fit.rowCount else {
            throw .wrongShape(what: "training rows", expected: fit.rowCount, found: training.rowCount)
        }
        let order = fit.weights.count
        var hessian = fit.hessian
        // A constant input without penalty has no curvature; its own errors are left out below.
        let isFlat = (0..<order).map { hessian[$0 * order + $0] == 0 }
        for index in 0..<order where isFlat[index] { hessian[index * order + index] = 1 }
        let inverse: [Double]
        do throws(Cholesky.Singular) {
            inverse = try Cholesky(upper: hessian, order: order).inverse()
        } catch {
            throw .collinear(input: error.row == 0 ? "(intercept)" : fit.inputs[error.row - 1])
        }
        let scores = try Self.scoreProducts(fit, training)
        rows = (0..<order).map { index in
            let row = inverse[(index * order)..<((index + 1) * order)]
            var clustered = 0.0
            for (i, left) in row.enumerated() {
                for (j, right) in row.enumerated() { clustered += left * scores[i * order + j] * right }
            }
            return Row(
                input: index == 0 ? "(intercept)" : fit.inputs[index - 1],
                coefficient: fit.weights[index],
                standardError: isFlat[index] ? nil : max(0, clustered).squareRoot(),
                independentError: isFlat[index] ? nil : inverse[index * order + index].squareRoot()
            )
        }
    }

    /// `Σ_c s_c s_cᵀ C / (C - 1)`, `[n * n]`.
    private static func scoreProducts(_ fit: FittedLogistic, _ training: Dataset) throws(TrainingError) -> [Double] {
        let order = fit.weights.count
        let probabilities = try fit.probabilities(training)
        var numbers: [Int64: Int] = [:]
        for customer in training.customers where numbers[customer] == nil { numbers[customer] = numbers.count }
        var sums = [Double](repeating: 0, count: numbers.count * order)
        for row in 0..<training.rowCount {
            let start = (numbers[training.customers[row]] ?? 0) * order
            let residual = probabilities[row] - (training.labels[row] ? 1 : 0)
            sums[start] += residual
            for input in 0..<(order - 1) {
                let x = training.values[input * training.rowCount + row]
                sums[start + input + 1] += residual * (x - fit.means[input]) / fit.scales[input]
            }
        }
        var products = [Double](repeating: 0, count: order * order)
        for cluster in 0..<numbers.count {
            let start = cluster * order
            for i in 0..<order {
                for j in 0..<order { products[i * order + j] += sums[start + i] * sums[start + j] }
            }
        }
        let clusters = Double(numbers.count)
        let correction = clusters / max(1, clusters - 1)
        return products.map { $0 * correction }
    }
}
