import ChurnModel
import Foundation
import Testing

@Suite struct ExponentialTests {
    /// Distance in units in the last place of `reference`, on the grid of doubles (subnormal below the normal range).
    private func distance(_ value: Double, _ reference: Double) -> Int {
        // All values are at least +0: bit patterns count the doubles.
        Int(value.bitPattern) - Int(reference.bitPattern)
    }

    @Test("agrees with the correctly rounded table, ends and subnormals included")
    func table() throws {
        let text = String(decoding: try Repository.fixture("exp_reference.txt"), as: UTF8.self)
        var points = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: " ")
            let x = Double(bitPattern: try #require(UInt64(parts[0], radix: 16)))
            let reference = Double(bitPattern: try #require(UInt64(parts[1], radix: 16)))
            #expect(abs(distance(exponential(x), reference)) <= 1, "exp(\(x))")
            points += 1
        }
        #expect(points > 1_400)
    }

    @Test("is exact at the ends")
    func ends() {
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

    @Test("gives NaN for no number, and the same bits in every lane", arguments: [UInt64(1), 2, 3])
    func lanesAndNaN(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<100_000 {
            var x = SIMD8<Double>()
            for lane in 0..<8 { x[lane] = lane < 4 ? random.anyDouble() : random.wide(-9...3) }
            let y = exponential(x)
            let p = sigmoid(x)
            for lane in 0..<8 {
                let scalar = exponential(x[lane])
                guard scalar.isNaN == x[lane].isNaN, y[lane].bitPattern == scalar.bitPattern || scalar.isNaN else {
                    Issue.record("exp(\(x[lane])): \(scalar), in lane \(lane) \(y[lane])")
                    return
                }
                let probability = sigmoid(x[lane])
                guard p[lane].bitPattern == probability.bitPattern || probability.isNaN,
                    x[lane].isNaN ? probability.isNaN : (0...1).contains(probability)
                else {
                    Issue.record("sigmoid(\(x[lane])): \(probability), in lane \(lane) \(p[lane])")
                    return
                }
            }
        }
    }

    @Test("sigmoid is right at the ends")
    func sigmoidEnds() {
        #expect(sigmoid(0) == 0.5)
        #expect(sigmoid(-0.0) == 0.5)
        #expect(sigmoid(.infinity) == 1)
        #expect(sigmoid(-.infinity).bitPattern == 0)
        #expect(sigmoid(.greatestFiniteMagnitude) == 1)
        #expect(sigmoid(-.greatestFiniteMagnitude).bitPattern == 0)
        #expect(sigmoid(40) == 1)
        #expect(sigmoid(-745) == Double.leastNonzeroMagnitude)  // 1 / (1 + exp(745)) would be 0 already at -709.8
        #expect(sigmoid(-720) == exponential(-720))
        #expect(sigmoid(.nan).isNaN)
    }

    #if arch(x86_64)
        /// Largest error in units in the last place, as a fraction.
        private func error(_ value: Double, _ reference: Float80) -> Double {
            Double(abs(Float80(value) - reference) / Float80(Double(reference).ulp))
        }

        @Test(
            "exp is within 1.25 units in the last place of the 80-bit one, sigmoid within 3",
            arguments: [
                (UInt64(11), -1e-8...1e-8), (12, -1.0...1.0), (13, -8.0...8.0), (14, -40.0...40.0),
                (15, -708.0...709.7), (16, -745.2...(-708.0)),
            ]
        )
        func accuracy(seed: UInt64, range: ClosedRange<Double>) {
            var random = SplitMix64(seed: seed)
            var worst = (exp: 0.0, sigmoid: 0.0)
            for _ in 0..<200_000 {
                let x = Double.random(in: range, using: &random)
                let e = Foundation.exp(Float80(x))
                worst.exp = max(worst.exp, error(exponential(x), e))
                worst.sigmoid = max(worst.sigmoid, error(sigmoid(x), e / (1 + e)))
            }
            print("x in \(range): exp within \(worst.exp) ulp, sigmoid within \(worst.sigmoid) ulp")
            #expect(worst.exp < 1.25)
            #expect(worst.sigmoid < 3)
        }
    #endif
}
