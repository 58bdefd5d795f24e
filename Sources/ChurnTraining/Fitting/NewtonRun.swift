/// One minimisation: Newton steps, halved until the objective falls far enough.
struct NewtonRun {
    /// Intercept first, on the standardised inputs.
    struct Point {
        var weights: [Double]
        /// Of the penalised objective.
        var value: LossDerivatives
        /// Steps taken to get here.
        var iterations = 0
    }

    private let rows: StandardisedRows
    private let settings: LogisticRegression
    private let gradientLimit: Double

    /// Share of the fall that the slope promises, which a step must keep (Armijo's condition).
    private static let requiredShare = 1e-4
    private static let halvingLimit = 50

    init(_ rows: StandardisedRows, _ settings: LogisticRegression) {
        self.rows = rows
        self.settings = settings
        gradientLimit = max(settings.tolerance, Double(rows.rowCount) * 0x1p-52)
    }

    func run(startingAt start: [Double]?) throws(TrainingError) -> Point {
        var point = at(start ?? sampleOptimum ?? classBalance)
        while true {
            try refuseSeparation(at: point)
            let step = try newtonStep(at: point)
            if point.value.gradientNorm <= gradientLimit {
                try refuseDivergence(step, at: point)
                return point
            }
            // A sum over rows of very uneven size may round to a gradient above the limit; weights that no longer move are
            // as good as they get.
            if zip(step, point.weights).allSatisfy({ $0.magnitude <= 0x1p-46 * max(1, $1.magnitude) }) { return point }
            guard point.iterations < settings.maxIterations else {
                throw .notConverged(iterations: point.iterations, gradient: "\(point.value.gradientNorm)")
            }
            guard var next = lineSearch(from: point, along: step) else {
                // No shorter step falls either: rounding hides what is left, if anything is.
                throw .notConverged(iterations: point.iterations, gradient: "\(point.value.gradientNorm)")
            }
            next.iterations = point.iterations + 1
            point = next
        }
    }

    /// All weights 0 and the intercept that fits the share of churners.
    private var classBalance: [Double] {
        var weights = [Double](repeating: 0, count: rows.columnCount)
        let positives = Double(rows.positiveCount)
        weights[0] = naturalLogarithm(positives / (Double(rows.rowCount) - positives))
        return weights
    }

    /// About the optimum of every n-th unit of rows, where Newton's method needs half as many steps over all rows; nil when
    /// there are few rows, or when the sample leads nowhere. It decides where the fit starts, not where it ends.
    private var sampleOptimum: [Double]? {
        let unitStep = rows.sampleStep
        guard unitStep > 1 else { return nil }
        let share = Double(rows.rowCount(unitStep: unitStep)) / Double(rows.rowCount)
        // Of a row, when all weights are 0; full steps that lead far above it will not come back.
        let positives = Double(rows.positiveCount) / Double(rows.rowCount)
        let balanceLoss =
            -positives * naturalLogarithm(positives) - (1 - positives) * naturalLogarithm(1 - positives)
        var weights = classBalance
        for _ in 0..<Self.sampleSteps {
            var value = rows.evaluate(weights, unitStep: unitStep, threads: settings.threads)
            value.penalise(weights, l2: settings.l2 * share)
            guard value.loss <= balanceLoss * 1.5 * Double(rows.rowCount) * share else { return nil }
            let step: [Double]
            do throws(TrainingError) {
                step = try newtonStep(at: Point(weights: weights, value: value))
            } catch {
                // Few rows may be collinear where all of them are not; the fit itself will tell.
                return nil
            }
            weights = zip(weights, step).map { $0 + $1 }
            if !step.contains(where: { $0.magnitude > Self.sampleStepLimit }) { return weights }
        }
        return nil
    }

    /// Steps over the sample, and the size of the last one.
    private static let sampleSteps = 12
    private static let sampleStepLimit = 0.01

    private func at(_ weights: [Double]) -> Point {
        var value = rows.evaluate(weights, threads: settings.threads)
        value.penalise(weights, l2: settings.l2)
        return Point(weights: weights, value: value)
    }

    /// `-H⁻¹ g`.
    private func newtonStep(at point: Point) throws(TrainingError) -> [Double] {
        let order = rows.columnCount
        var hessian = point.value.hessian
        // A constant column is 0 everywhere: its weight stays 0, penalised or not.
        for (input, isConstant) in rows.isConstant.enumerated() where isConstant {
            hessian[(input + 1) * order + input + 1] += 1
        }
        do throws(Cholesky.Singular) {
            return try Cholesky(upper: hessian, order: order).solve(point.value.gradient).map { -$0 }
        } catch {
            // At the start every row still counts by its share of churners, so the columns themselves are to blame; later
            // it is the rows, all of whose probabilities have gone to 0 or 1.
            guard point.iterations == 0 else { throw separable(point) }
            throw .collinear(input: inputName(ofColumn: error.row))
        }
    }

    private func inputName(ofColumn column: Int) -> String {
        column == 0 ? "(intercept)" : rows.inputs[column - 1]
    }

    /// Nil when no step along `step` falls as it should.
    private func lineSearch(from point: Point, along step: [Double]) -> Point? {
        let slope = zip(point.value.gradient, step).reduce(0) { $0 + $1.0 * $1.1 }
        // Near the end the fall is smaller than the objective's rounding.
        let slack = 1e-13 * point.value.loss.magnitude
        var length = 1.0
        for _ in 0..<Self.halvingLimit {
            let candidate = at(zip(point.weights, step).map { $0 + length * $1 })
            if candidate.value.loss <= point.value.loss + Self.requiredShare * length * slope + slack {
                return candidate
            }
            length /= 2
        }
        return nil
    }

    /// A row on the wrong side of the border loses ln 2 or more. When all rows together lose less, none is there.
    private func refuseSeparation(at point: Point) throws(TrainingError) {
        guard settings.l2 == 0, point.value.loss < 0.693 else { return }
        throw separable(point)
    }

    /// At an optimum the step vanishes with the gradient. Where the classes are separable but for rows on the border, the
    /// gradient vanishes along a step that does not: the optimum is at infinity.
    private func refuseDivergence(_ step: [Double], at point: Point) throws(TrainingError) {
        let size = point.weights.reduce(1) { max($0, $1.magnitude) }
        guard settings.l2 == 0, step.contains(where: { $0.magnitude > 1e-3 * size }) else { return }
        throw separable(point)
    }

    private func separable(_ point: Point) -> TrainingError {
        let largest = point.weights.dropFirst().reduce(0) { max($0, $1.magnitude) }
        return .separable(largestCoefficient: "\(largest)")
    }
}
