import ChurnModel
import Foundation
import TestSupport
import Testing

@Suite struct ScorerTests {
    /// A model like those one trains: scales within what features have, means within ten scales of 0.
    private func usual(_ random: inout SplitMix64) throws -> LogisticModel {
        let count = Int.random(in: 1...20, using: &random)
        let scales = (0..<count).map { _ in abs(random.wide(-2...5)) }
        return try model(
            coefficients: (0..<count).map { _ in random.wide(-2...0.5) },
            means: scales.map { $0 * Double.random(in: -10...10, using: &random) },
            scales: scales,
            intercept: random.wide(-2...0.5)
        )
    }

    private func inputs(of model: LogisticModel, _ random: inout SplitMix64) -> [Double] {
        model.inputs.map { input in
            switch Int.random(in: 0..<4, using: &random) {
            case 0: 0
            case 1: input.mean
            case 2: random.wide(-3...7)
            default: input.mean + input.scale * Double.random(in: -4...4, using: &random)
            }
        }
    }

    @Test(
        "baseline and contributions add up to the log-odds",
        arguments: [UInt64(101), 102, 103, 104],
        CPULevel.available
    )
    func contributions(seed: UInt64, level: CPULevel) throws {
        var random = SplitMix64(seed: seed)
        var worst = 0.0
        for _ in 0..<500 {
            let scorer = Scorer(try usual(&random), level: level)
            for _ in 0..<20 {
                let inputs = inputs(of: scorer.model, &random)
                var parts = [Double](repeating: .nan, count: inputs.count)
                scorer.contributions(inputs: inputs, into: &parts)
                let sum = parts.reduce(scorer.baseline, +)
                let share = abs(sum - scorer.score(inputs: inputs).logOdds) / scorer.tolerance(inputs: inputs)
                worst = max(worst, share)
                #expect(share <= 1)
            }
        }
        print("\(level), seed \(seed): contributions within \(worst) of the tolerance")
    }

    #if arch(x86_64)
        @Test(
            "log-odds are within the bound of the unfolded 80-bit ones",
            arguments: [UInt64(201), 202, 203, 204],
            CPULevel.available
        )
        func logOddsAccuracy(seed: UInt64, level: CPULevel) throws {
            var random = SplitMix64(seed: seed)
            var worst = 0.0
            for _ in 0..<500 {
                let scorer = Scorer(try usual(&random), level: level)
                for _ in 0..<20 {
                    let inputs = inputs(of: scorer.model, &random)
                    var exact = Float80(scorer.model.intercept)
                    for (input, x) in zip(scorer.model.inputs, inputs) {
                        exact += Float80(input.coefficient) * (Float80(x) - Float80(input.mean)) / Float80(input.scale)
                    }
                    let share =
                        Double(abs(exact - Float80(scorer.score(inputs: inputs).logOdds)))
                        / scorer.tolerance(inputs: inputs)
                    worst = max(worst, share)
                    #expect(share <= 1)
                }
            }
            print("\(level), seed \(seed): log-odds within \(worst) of the tolerance")
        }

        @Test("the folded bias is the correctly rounded one but for a hair", arguments: [UInt64(301), 302])
        func bias(seed: UInt64) throws {
            var random = SplitMix64(seed: seed)
            for _ in 0..<2_000 {
                let scorer = Scorer(try usual(&random), level: .best)
                var exact = Float80(scorer.model.intercept)
                var size = abs(exact)
                for input in scorer.model.inputs {
                    let term = Float80(input.coefficient / input.scale) * Float80(input.mean)
                    exact -= term
                    size += abs(term)
                }
                // 0.5 ulp of the bias itself, and the 80-bit sum's own rounding.
                let allowed = Float80(Double(exact).ulp) * 0.51 + size * 0x1p-58
                #expect(abs(Float80(scorer.bias) - exact) <= allowed)
            }
        }
    #endif

    @Test("a batch gives the probabilities of its rows one by one", arguments: [UInt64(401), 402], CPULevel.available)
    func batchAndRow(seed: UInt64, level: CPULevel) throws {
        var random = SplitMix64(seed: seed)
        for rows in [0, 1, 7, 8, 9, 64, 501] {
            let scorer = Scorer(try usual(&random), level: level)
            let table = (0..<rows).map { _ in inputs(of: scorer.model, &random) }
            let columns = (0..<scorer.inputCount).map { j in table.map { $0[j] } }
            let single = table.map { scorer.score(inputs: $0).probability }
            #expect(scorer.probabilities(columns: columns, rows: rows) == single)
            var byRows = [Double](repeating: .nan, count: rows)
            (Array(table.joined()) + [0]).withUnsafeBufferPointer { flat in
                guard let base = flat.baseAddress else { return }
                let starts = (0...rows).map { base + $0 * scorer.inputCount }
                scorer.score(rows: starts, rowCount: rows, probabilities: &byRows)
            }
            #expect(byRows == single)
        }
    }

    @Test("decides churn at the threshold and above")
    func decisions() throws {
        let scorer = Scorer(try model(coefficients: [1], threshold: 0.35), level: .best)
        let probabilities = [0, 0.35.nextDown, 0.35, 0.35.nextUp, 1, .nan]
        var decisions = [UInt8](repeating: 9, count: 6)
        #expect(scorer.decide(probabilities: probabilities, rows: 6, into: &decisions) == 3)
        #expect(decisions == [0, 0, 1, 1, 1, 0])
        #expect(probabilities.map { scorer.model.isChurn(probability: $0) } == decisions.map { $0 == 1 })
    }

    @Test("transforms one row and a column alike")
    func transforms() throws {
        let inputs = [
            ModelInput(feature: "a", mean: 0, scale: 1, coefficient: 1),
            ModelInput(feature: "b", transform: .log1p, mean: 0, scale: 1, coefficient: 1),
            ModelInput(feature: "c", transform: .log(offset: 0.05), mean: 0, scale: 1, coefficient: 1),
        ]
        let made = try LogisticModel(name: "t", version: 1, inputs: inputs, intercept: 0, threshold: 0.5)
        let scorer = Scorer(made, level: .best)
        #expect(!scorer.needsNoTransform)
        #expect(Scorer(try model(coefficients: [1]), level: .best).needsNoTransform)
        var random = SplitMix64(seed: 9)
        let table = (0..<100).map { _ in (0..<3).map { _ in abs(random.wide(-6...7)) } }
        var columns: [[Double]] = []
        for j in 0..<3 {
            var column = [Double](repeating: .nan, count: 100)
            scorer.transform(column: table.map { $0[j] }, ofInput: j, rows: 100, into: &column)
            columns.append(column)
        }
        for (row, features) in table.enumerated() {
            var inputs = [Double](repeating: .nan, count: 3)
            scorer.transform(features: features, into: &inputs)
            #expect(inputs == columns.map { $0[row] })
            #expect(inputs == [features[0], log1p(features[1]), log(features[2] + 0.05)])
        }
    }

    @Test("finds inputs that cannot be scored, those from outside a transform's domain included")
    func invalid() throws {
        let inputs = [
            ModelInput(feature: "a", mean: 0, scale: 1, coefficient: 1),
            ModelInput(feature: "b", transform: .log1p, mean: 0, scale: 1, coefficient: 1),
        ]
        let scorer = Scorer(
            try LogisticModel(name: "t", version: 1, inputs: inputs, intercept: 0, threshold: 0.5),
            level: .best
        )
        for bad in [-2, -1, Double.nan, .infinity, -.infinity] {
            var made = [0.0, 0]
            scorer.transform(features: [0, bad], into: &made)
            #expect(scorer.firstInvalid(inputs: made) == 1)
        }
        for bad in [Double.nan, .infinity, -.infinity, scorer.inputLimit.nextUp] {
            #expect(scorer.firstInvalid(inputs: [bad, 0]) == 0)
        }
        #expect(scorer.firstInvalid(inputs: [-scorer.inputLimit, 0]) == nil)

        let rows = 100
        var flat = [Double](repeating: 0, count: 2 * rows)
        func position() -> Scorer.Position? {
            flat.withUnsafeBufferPointer { flat in
                guard let base = flat.baseAddress else { return nil }
                return scorer.firstInvalid(columns: [base, base + rows], rows: rows)
            }
        }
        #expect(position() == nil)
        flat[rows + 3] = .infinity
        #expect(position() == Scorer.Position(row: 3, column: 1))
        flat[97] = .nan
        #expect(position() == Scorer.Position(row: 97, column: 0))
    }

    @Test("overflows nowhere within the input limit", arguments: [UInt64(501), 502], CPULevel.available)
    func extremes(seed: UInt64, level: CPULevel) throws {
        var random = SplitMix64(seed: seed)
        for _ in 0..<2_000 {
            let count = Int.random(in: 1...256, using: &random)
            let big = ModelLimits.magnitude
            let made = try model(
                coefficients: (0..<count).map { _ in random.wide(0...50) },
                means: (0..<count).map { _ in Bool.random(using: &random) ? big : -big },
                scales: (0..<count).map { _ in abs(random.wide(-50...0)) },
                intercept: big
            )
            let scorer = Scorer(made, level: level)
            let inputs = (0..<count).map { _ in
                Bool.random(using: &random) ? scorer.inputLimit : -scorer.inputLimit
            }
            #expect(scorer.firstInvalid(inputs: inputs) == nil)
            #expect(scorer.bias.isFinite)
            let (z, p) = scorer.score(inputs: inputs)
            #expect(z.isFinite)
            #expect((0...1).contains(p))
            var parts = [Double](repeating: .nan, count: count)
            scorer.contributions(inputs: inputs, into: &parts)
            #expect(parts.reduce(scorer.baseline, +).isFinite)
        }
    }
}
