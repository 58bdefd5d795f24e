import ChurnModel
import Foundation
import TestSupport
import Testing

@Suite struct ExponentialTests {
    private func exponentials(_ values: [Double], _ level: CPULevel) -> [Double] {
        var results = [Double](repeating: 123, count: values.count)
        level.exponentials(of: values, count: values.count, into: &results)
        return results
    }

    /// exp(x), having seen to it that all lanes of a vector and the scalar twin say the same.
    private func exponential(_ x: Double, _ level: CPULevel) -> Double {
        let results = exponentials([Double](repeating: x, count: 9), level)
        #expect(Set(results.map { $0.isNaN ? .max : $0.bitPattern }).count == 1)
        return results[8]
    }

    /// One input of weight 1 and no bias: the log-odds are the input.
    private func sigmoids(_ values: [Double], _ level: CPULevel) -> [Double] {
        var results = [Double](repeating: 123, count: values.count)
        values.withUnsafeBufferPointer { values in
            guard let base = values.baseAddress else { return }
            level.scoreRows(
                values.indices.map { base + $0 },
                weights: [1],
                count: 1,
                bias: 0,
                rowCount: values.count,
                probabilities: &results
            )
        }
        return results
    }

    private func sigmoid(_ x: Double, _ level: CPULevel) -> Double {
        let (z, p) = level.scoreRow(inputs: [x], weights: [1], count: 1, bias: 0)
        #expect(z == x || x.isNaN)
        return p
    }

    /// Distance in units in the last place of `reference`, on the grid of doubles (subnormal below the normal range).
    private func distance(_ value: Double, _ reference: Double) -> Int {
        // All values are at least +0: bit patterns count the doubles.
        Int(value.bitPattern) - Int(reference.bitPattern)
    }

    @Test("agrees with the correctly rounded table, ends and subnormals included", arguments: CPULevel.available)
    func table(level: CPULevel) throws {
        let text = String(
            decoding: try Data(contentsOf: URL(fileURLWithPath: Surroundings.path("Tests/Fixtures/exp_reference.txt"))),
            as: UTF8.self
        )
        var points: [(x: Double, reference: Double)] = []
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            points.append(
                (
                    Double(bitPattern: try #require(UInt64(parts[0], radix: 16))),
                    Double(bitPattern: try #require(UInt64(parts[1], radix: 16)))
                )
            )
        }
        #expect(points.count > 1_400)
        for (point, found) in zip(points, exponentials(points.map(\.x), level)) {
            #expect(abs(distance(found, point.reference)) <= 1, "exp(\(point.x))")
        }
    }

    @Test("is exact at the ends", arguments: CPULevel.available)
    func ends(level: CPULevel) {
        func exponential(_ x: Double) -> Double { self.exponential(x, level) }
        #expect(exponential(0) == 1)
        #expect(exponential(-0.0) == 1)
        #expect(exponential(Double.leastNonzeroMagnitude) == 1)
        #expect(exponential(-Double.leastNonzeroMagnitude) == 1)
        #expect(exponential(.infinity) == .infinity)
        #expect(exponential(.greatestFiniteMagnitude) == .infinity)
        #expect(exponential(709.7827128933841) == .infinity)
        #expect(exponential(709.782712893384).isFinite)
        #expect(exponential(-.infinity).bitPattern == 0)
        #expect(exponential(-.greatestFiniteMagnitude).bitPattern == 0)
        // ln(2^-1075) lies between these two neighbours.
        #expect(exponential(-745.1332191019411) == Double.leastNonzeroMagnitude)
        #expect(exponential(-745.1332191019412).bitPattern == 0)
        #expect(exponential(.nan).isNaN)
        #expect(exponential(-.nan).isNaN)
        #expect(exponential(.signalingNaN).isNaN)
        #expect(exponential(-708.3964185322641) >= .leastNormalMagnitude.nextDown)
    }

    @Test(
        "gives NaN for no number, and the same bits in every lane",
        arguments: [UInt64(1), 2, 3],
        CPULevel.available
    )
    func lanesAndNaN(seed: UInt64, level: CPULevel) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<50_000 {
            let x = (0..<8).map { $0 < 4 ? random.anyDouble() : random.wide(-9...3) }
            let y = exponentials(x, level)
            let p = sigmoids(x, level)
            for lane in 0..<8 {
                let scalar = exponentials([x[lane]], level)[0]
                guard scalar.isNaN == x[lane].isNaN, y[lane].bitPattern == scalar.bitPattern || scalar.isNaN else {
                    Issue.record("exp(\(x[lane])): \(scalar), in lane \(lane) \(y[lane])")
                    return
                }
                let probability = sigmoid(x[lane], level)
                guard p[lane].bitPattern == probability.bitPattern || probability.isNaN,
                    x[lane].isNaN ? probability.isNaN : (0...1).contains(probability)
                else {
                    Issue.record("sigmoid(\(x[lane])): \(probability), in lane \(lane) \(p[lane])")
                    return
                }
            }
        }
    }

    @Test("sigmoid is right at the ends", arguments: CPULevel.available)
    func sigmoidEnds(level: CPULevel) {
        func sigmoid(_ x: Double) -> Double { self.sigmoid(x, level) }
        #expect(sigmoid(0) == 0.5)
        #expect(sigmoid(-0.0) == 0.5)
        #expect(sigmoid(.infinity) == 1)
        #expect(sigmoid(-.infinity).bitPattern == 0)
        #expect(sigmoid(.greatestFiniteMagnitude) == 1)
        #expect(sigmoid(-.greatestFiniteMagnitude).bitPattern == 0)
        #expect(sigmoid(40) == 1)
        #expect(sigmoid(-745) == Double.leastNonzeroMagnitude)  // 1 / (1 + exp(745)) would be 0 already at -709.8
        #expect(sigmoid(-720) == exponential(-720, level))
        #expect(sigmoid(.nan).isNaN)
    }

    #if arch(x86_64)
        /// Largest error in units in the last place, as a fraction.
        private func error(_ value: Double, _ reference: Float80) -> Double {
            Double(abs(Float80(value) - reference) / Float80(Double(reference).ulp))
        }

        static let ranges: [(seed: UInt64, range: ClosedRange<Double>)] = [
            (11, -1e-8...1e-8), (12, -1.0...1.0), (13, -8.0...8.0), (14, -40.0...40.0), (15, -708.0...709.7),
            (16, -745.2...(-708.0)),
        ]

        @Test(
            "exp is within 1.25 units in the last place of the 80-bit one, sigmoid within 3",
            arguments: ranges,
            CPULevel.available
        )
        func accuracy(points: (seed: UInt64, range: ClosedRange<Double>), level: CPULevel) {
            var random = SplitMix64(seed: points.seed)
            let x = (0..<200_000).map { _ in Double.random(in: points.range, using: &random) }
            let found = (exp: exponentials(x, level), sigmoid: sigmoids(x, level))
            var worst = (exp: 0.0, sigmoid: 0.0)
            for row in x.indices {
                let e = Foundation.exp(Float80(x[row]))
                worst.exp = max(worst.exp, error(found.exp[row], e))
                worst.sigmoid = max(worst.sigmoid, error(found.sigmoid[row], e / (1 + e)))
            }
            print("\(level), x in \(points.range): exp within \(worst.exp) ulp, sigmoid within \(worst.sigmoid) ulp")
            #expect(worst.exp < 1.25)
            #expect(worst.sigmoid < 3)
        }
    #endif
}
