import ChurnModel
import ChurnTraining
import Foundation
import TestSupport
import Testing

@Suite struct LogisticRegressionTests {
    /// Fourth-order central difference: `(f(x-2h) - 8 f(x-h) + 8 f(x+h) - f(x+2h)) / 12h`.
    @Test(
        "gradient and Hessian are the finite differences of loss and gradient",
        arguments: [(1, 9), (3, 256), (10, 257), (16, 2_500)],
        [0.0, 2.5]
    )
    func finiteDifferences(shape: (inputs: Int, rows: Int), l2: Double) throws {
        let dataset = try syntheticRows(seed: 7, rows: shape.rows, inputs: shape.inputs)
        let rows = try StandardisedRows(dataset, threads: 1)
        var random = SplitMix64(seed: 8)
        let weights = (0...shape.inputs).map { _ in Double.random(in: -1...1, using: &random) }
        func at(_ column: Int, _ shift: Double) -> LossDerivatives {
            var moved = weights
            moved[column] += shift
            var value = rows.evaluate(moved, threads: 1)
            value.penalise(moved, l2: l2)
            return value
        }
        let here = at(0, 0)
        let h = 1e-3
        for column in weights.indices {
            let steps = [-2 * h, -h, h, 2 * h].map { at(column, $0) }
            func difference(_ value: (LossDerivatives) -> Double) -> Double {
                (value(steps[0]) - 8 * value(steps[1]) + 8 * value(steps[2]) - value(steps[3])) / (12 * h)
            }
            let scale = Double(shape.rows)
            #expect(abs(difference(\.loss) - here.gradient[column]) < 1e-10 * scale)
            for other in 0...column {
                let slope = difference { $0.gradient[other] }
                #expect(abs(slope - here.hessian[other * weights.count + column]) < 1e-10 * scale)
            }
        }
    }

    @Test("kernels agree with the formula, whatever the number of rows and columns", arguments: 1...40)
    func kernels(rows: Int) throws {
        for inputs in [1, 2, 5] {
            let dataset = try syntheticRows(seed: UInt64(rows), rows: rows * 13, inputs: inputs)
            let standardised = try StandardisedRows(dataset, threads: 1)
            let weights = (0...inputs).map { 0.3 * Double($0) - 0.4 }
            let value = standardised.evaluate(weights, threads: 1)
            var loss = 0.0
            var gradient = [Double](repeating: 0, count: inputs + 1)
            for row in 0..<dataset.rowCount {
                let x =
                    [1.0]
                    + (0..<inputs).map {
                        (dataset.values[$0 * dataset.rowCount + row] - standardised.means[$0]) / standardised.scales[$0]
                    }
                let z = zip(x, weights).reduce(0) { $0 + $1.0 * $1.1 }
                let y = dataset.labels[row] ? 1.0 : 0
                loss += log1p(exp(z)) - y * z
                for column in x.indices { gradient[column] += (1 / (1 + exp(-z)) - y) * x[column] }
            }
            #expect(abs(value.loss - loss) < 1e-11 * loss)
            #expect(largestDifference(value.gradient, gradient) < 1e-11 * Double(dataset.rowCount))
        }
    }

    @Test("any number of threads gives the same bits", arguments: [1_000, 20_001])
    func threads(rows: Int) throws {
        let dataset = try syntheticRows(seed: 3, rows: rows, inputs: 5)
        let one = try LogisticRegression(l2: 1, threads: 1).fit(dataset)
        for threads in [2, 3, 8] { #expect(try LogisticRegression(l2: 1, threads: threads).fit(dataset) == one) }
        #expect(one.gradientNorm <= 1e-10)
    }

    @Test("the start of a path does not change where it ends")
    func path() throws {
        let dataset = try syntheticRows(seed: 5, rows: 9_000, inputs: 4)
        let penalties = [100.0, 1, 0.01, 0]
        let path = try LogisticRegression().fitPath(dataset, l2: penalties)
        for (fit, l2) in zip(path, penalties) {
            let alone = try LogisticRegression(l2: l2).fit(dataset)
            #expect(largestDifference(fit.coefficients, alone.coefficients) < 1e-11)
            #expect(fit.l2 == l2)
        }
    }

    @Test("a constant input gets the weight 0 and the scale 1", arguments: [0.0, 1])
    func constant(l2: Double) throws {
        let plain = try syntheticRows(seed: 6, rows: 500, inputs: 2)
        let with = try Dataset(
            inputs: plain.inputs + ["constant"],
            values: plain.values + [Double](repeating: 0.1, count: 500),
            labels: plain.labels
        )
        let fit = try LogisticRegression(l2: l2).fit(with)
        let other = try LogisticRegression(l2: l2).fit(plain)
        #expect(fit.coefficients.last == 0)
        #expect(fit.scales.last == 1)
        #expect(fit.means.last == 0.1)
        #expect(largestDifference(fit.coefficients.dropLast(), other.coefficients) < 1e-12)
        let table = try CoefficientTable(fit, training: with)
        #expect((table.rows.last?.standardError == nil) == (l2 == 0))
    }

    @Test("standardises with the population deviation, far from 0 too")
    func standardisation() throws {
        let base = 1e9
        let column = (0..<1_000).map { base + Double($0 % 2) }
        let labels = (0..<1_000).map { $0 % 3 == 0 }
        let fit = try LogisticRegression().fit(Dataset(inputs: ["x"], columns: [column], labels: labels))
        #expect(fit.means == [base + 0.5])
        #expect(abs(fit.scales[0] - 0.5) < 1e-12)
    }

    @Test("converges where a few values dwarf the others", arguments: [0.0, 1e-6, 1])
    func heavyTails(l2: Double) throws {
        var random = SplitMix64(seed: 12)
        let tail = (0..<20_000).map { _ in pow(Double.random(in: 1e-6..<1, using: &random), -2.0) }
        let plain = (0..<20_000).map { _ in Double.random(in: -1...1, using: &random) }
        let labels = zip(tail, plain).map { tail, plain in
            Double.random(in: 0..<1, using: &random) < 1 / (1 + exp(plain - log(tail) / 4))
        }
        let fit = try LogisticRegression(l2: l2).fit(
            Dataset(inputs: ["tail", "plain"], columns: [tail, plain], labels: labels)
        )
        #expect(fit.gradientNorm < 1e-8)
        #expect(fit.iterations < 60)
    }

    @Test("scores come from the scorer that serves, on the baseline, bit for bit")
    func scorer() throws {
        let dataset = try syntheticRows(seed: 9, rows: 333, inputs: 3)
        let fit = try LogisticRegression().fit(dataset)
        let scorer = Scorer(try fit.model(), level: .baseline)
        let probabilities = try fit.probabilities(dataset)
        for row in 0..<dataset.rowCount {
            let inputs = (0..<3).map { dataset.values[$0 * dataset.rowCount + row] }
            #expect(scorer.score(inputs: inputs).probability == probabilities[row])
        }
    }
}

@Suite struct RefusalTests {
    @Test("names row and column of a value that is no number", arguments: [Double.nan, .infinity, -.infinity, 1e101])
    func unusable(value: Double) throws {
        var columns = [[Double]](repeating: [1, 2, 3, 4], count: 2)
        columns[1][2] = value
        #expect(throws: TrainingError.unusableValue(row: 2, input: "b", found: "\(value)")) {
            try Dataset(inputs: ["a", "b"], columns: columns, labels: [true, false, true, false])
        }
    }

    @Test("refuses shapes that do not fit")
    func shapes() throws {
        #expect(throws: TrainingError.wrongShape(what: "input \"b\"", expected: 2, found: 1)) {
            try Dataset(inputs: ["a", "b"], columns: [[1, 2], [1]], labels: [true, false])
        }
        #expect(throws: TrainingError.wrongShape(what: "columns", expected: 1, found: 0)) {
            try Dataset(inputs: ["a"], columns: [], labels: [true])
        }
        #expect(throws: TrainingError.wrongShape(what: "values", expected: 2, found: 3)) {
            try Dataset(inputs: ["a"], values: [1, 2, 3], labels: [true, false])
        }
        #expect(throws: TrainingError.wrongShape(what: "customers", expected: 2, found: 1)) {
            try Dataset(inputs: ["a"], values: [1, 2], labels: [true, false], customers: [1])
        }
        #expect(throws: TrainingError.duplicateInput("a")) {
            try Dataset(inputs: ["a", "a"], values: [1, 2], labels: [true])
        }
        #expect(throws: TrainingError.noRows(of: "data set")) {
            try Dataset(inputs: ["a"], values: [], labels: [])
        }
        #expect(throws: TrainingError.noRows(of: "list of inputs")) {
            try Dataset(inputs: [], values: [], labels: [true])
        }
        let many = TrainingLimits.inputs + 1
        #expect(throws: TrainingError.tooManyInputs(found: many)) {
            try Dataset(inputs: (0..<many).map(String.init), values: [], labels: [true])
        }
    }

    @Test("refuses settings out of range")
    func settings() {
        #expect(throws: TrainingError.self) { try LogisticRegression(l2: -1) }
        #expect(throws: TrainingError.self) { try LogisticRegression(l2: .nan) }
        #expect(throws: TrainingError.self) { try LogisticRegression(tolerance: 0) }
        #expect(throws: TrainingError.self) { try LogisticRegression(maxIterations: 0) }
        #expect(throws: TrainingError.self) { try LogisticRegression(threads: 0) }
        #expect(throws: TrainingError.self) { try Bootstrap(resamples: 1) }
        #expect(throws: TrainingError.self) { try Bootstrap(confidence: 1) }
        #expect(throws: TrainingError.self) { try CrossValidation(folds: 1, regression: LogisticRegression()) }
    }

    @Test("refuses rows of one class", arguments: [true, false])
    func oneClass(isChurn: Bool) throws {
        let dataset = try Dataset(inputs: ["a"], values: [1, 2, 3], labels: [isChurn, isChurn, isChurn])
        #expect(throws: TrainingError.oneClass(isChurn: isChurn, rows: 3)) {
            try LogisticRegression().fit(dataset)
        }
    }

    /// Errors carry figures that are beside the point here.
    private func isSeparable(_ dataset: Dataset, l2: Double = 0) -> Bool {
        do throws(TrainingError) {
            _ = try LogisticRegression(l2: l2).fit(dataset)
            return false
        } catch {
            if case .separable = error { return true }
            return false
        }
    }

    @Test("says when classes are separable and nothing holds the weights", arguments: [4, 200, 30_000])
    func separable(rows: Int) throws {
        let x = (0..<rows).map { Double($0) }
        let split = x.map { $0 >= Double(rows / 2) }
        #expect(isSeparable(try Dataset(inputs: ["x"], columns: [x], labels: split)))
        // Only together do these two separate.
        var random = SplitMix64(seed: 1)
        let a = x.map { _ in Double.random(in: -5...5, using: &random) }
        let b = zip(a, split).map { a, isChurn in
            a + (isChurn ? 0.1 : -0.1) * Double.random(in: 0.5...1, using: &random)
        }
        let pair = try Dataset(inputs: ["a", "b"], columns: [a, b], labels: split)
        #expect(isSeparable(pair))
        #expect(!isSeparable(pair, l2: 1e-3))
        _ = try LogisticRegression(l2: 1e-3).fit(pair)
    }

    @Test("says so when rows on the border keep it from being perfect", arguments: [8, 300])
    func quasiSeparable(rows: Int) throws {
        // x = 0 has both classes, x < 0 and x > 0 one each.
        let x = (0..<rows).map { Double($0 % 4) - 1.5 }.map { $0.magnitude < 1 ? 0 : $0 }
        let labels = (0..<rows).map { row in x[row] == 0 ? row % 8 < 4 : x[row] > 0 }
        #expect(isSeparable(try Dataset(inputs: ["x"], columns: [x], labels: labels)))
        // A value that only one class has.
        let flag = (0..<rows).map { $0 % 4 == 0 ? 1.0 : 0 }
        let flagged = (0..<rows).map { $0 % 4 == 0 || $0 % 8 == 1 }
        let other = (0..<rows).map { Double($0 % 5) }
        #expect(isSeparable(try Dataset(inputs: ["flag", "other"], columns: [flag, other], labels: flagged)))
    }

    @Test("does not call an uneven but overlapping set separable")
    func overlapping() throws {
        // One churner in a thousand, and one row on the wrong side by far.
        let x = (0..<2_000).map { Double($0) }
        let labels = x.map { $0 >= 1_999 || $0 == 0 }
        let fit = try LogisticRegression(l2: 0).fit(Dataset(inputs: ["x"], columns: [x], labels: labels))
        #expect(fit.gradientNorm <= 1e-10)
        var steep = x.map { $0 >= 1_000 }
        steep[100] = true
        _ = try LogisticRegression(l2: 0).fit(Dataset(inputs: ["x"], columns: [x], labels: steep))
    }

    @Test("names an input that others make up")
    func collinear() throws {
        let plain = try syntheticRows(seed: 2, rows: 300, inputs: 2)
        let sum = zip(plain.column(0), plain.column(1)).map { $0 + 2 * $1 }
        let dataset = try Dataset(
            inputs: ["x0", "x1", "sum"],
            values: plain.values + sum,
            labels: plain.labels
        )
        #expect(throws: TrainingError.collinear(input: "sum")) { try LogisticRegression(l2: 0).fit(dataset) }
        _ = try LogisticRegression(l2: 1).fit(dataset)
    }

    @Test("says when it may not take enough steps")
    func notConverged() throws {
        let dataset = try syntheticRows(seed: 2, rows: 300, inputs: 2)
        #expect(throws: TrainingError.self) { try LogisticRegression(maxIterations: 1).fit(dataset) }
    }

    @Test("messages are one line with a next step")
    func messages() {
        let errors: [TrainingError] = [
            .unusableValue(row: 3, input: "x", found: "nan"), .oneClass(isChurn: true, rows: 2),
            .separable(largestCoefficient: "31"), .collinear(input: "x"),
            .leaks([LeakFinding(input: "x", reason: .label(path: ["x"]))]),
            .windowBeyondData(cutoff: "2011-10-01", neededUntil: "2011-12-30", dataUntil: "2011-12-10"),
        ]
        for error in errors {
            #expect(!error.description.contains("\n"))
            #expect(error.description.contains(";"))
        }
    }
}

@Suite struct LimitTests {
    @Test("the kernels' sizes fit each other, and the models' limits")
    func relations() {
        #expect(TrainingLimits.areConsistent)
        #expect(TrainingLimits.inputs == ModelLimits.inputs)
        #expect(TrainingLimits.magnitude == ModelLimits.magnitude)
    }
}
