/// A random sequence that is named by what it is for, not by what was drawn before it.
///
/// Every customer and every invoice has its own sequence, so that an invoice can be made again later (for its
/// cancellation) without having been kept. The generator is SplitMix64 (Steele, Lea, Flood 2014, doi
/// 10.1145/2660193.2660195). The distributions use only +, -, *, / and square root, which IEEE 754 fixes to the last
/// bit; libm's `exp` and `log` differ between processors, and with them the file would.
struct SyntheticRandom: RandomNumberGenerator {
    /// What a sequence is for; keeps sequences of the same customer apart.
    enum Purpose: UInt64 {
        case catalogue = 1
        case customer
        case gap
        case invoice
        case lines
        case cancellation
        case anonymous
    }

    private var state: UInt64

    init(seed: UInt64, _ purpose: Purpose, _ first: UInt64 = 0, _ second: UInt64 = 0) {
        state = Self.mix(Self.mix(Self.mix(seed &+ purpose.rawValue &* Self.increment) ^ first) ^ second)
    }

    private static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    private static func mix(_ word: UInt64) -> UInt64 {
        var bits = word &+ increment
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    mutating func next() -> UInt64 {
        let result = Self.mix(state)
        state &+= Self.increment
        return result
    }

    /// Uniform in (0, 1): 53 bits, never an end.
    mutating func uniform() -> Double {
        (Double(next() >> 11) + 0.5) * 0x1p-53
    }

    /// Uniform in 0 ..< `bound`, for bounds far below 2^53.
    mutating func integer(below bound: Int) -> Int {
        Int(uniform() * Double(bound))
    }

    mutating func happens(withProbability probability: Double) -> Bool {
        uniform() < probability
    }

    /// Mean 1.
    mutating func exponential() -> Double {
        -Self.log(uniform())
    }

    /// Mean 0, standard deviation 1. Polar method (Marsaglia, Bray 1964, doi 10.1137/1006063); its second value is
    /// left.
    mutating func normal() -> Double {
        while true {
            let x = 2 * uniform() - 1
            let y = 2 * uniform() - 1
            let square = x * x + y * y
            if square < 1, square > 0 { return x * (-2 * Self.log(square) / square).squareRoot() }
        }
    }

    /// exp of a normal variable with mean ln(`median`) and standard deviation `sigma`.
    mutating func logNormal(median: Double, sigma: Double) -> Double {
        median * Self.exp(sigma * normal())
    }

    /// Scale 1. Marsaglia, Tsang 2000, doi 10.1145/358407.358414, with its step for shapes below 1.
    mutating func gamma(shape: Double) -> Double {
        if shape < 1 { return gamma(shape: shape + 1) * Self.exp(Self.log(uniform()) / shape) }
        let d = shape - 1 / 3.0
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let root = 1 + c * x
            guard root > 0 else { continue }
            let cube = root * root * root
            if Self.log(uniform()) < 0.5 * x * x + d - d * cube + d * Self.log(cube) { return d * cube }
        }
    }

    mutating func beta(_ a: Double, _ b: Double) -> Double {
        let x = gamma(shape: a)
        let y = gamma(shape: b)
        return x / (x + y)
    }

    /// Natural logarithm of a positive, finite number; a few ulp.
    static func log(_ x: Double) -> Double {
        var mantissa = x.significand
        var exponent = Double(x.exponent)
        if mantissa > 1.414_213_562_373_095_1 {
            mantissa *= 0.5
            exponent += 1
        }
        // ln m = 2 artanh((m - 1) / (m + 1)), and |s| < 0.172.
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = 0.0
        for odd in stride(from: 21.0, through: 1, by: -2) { sum = sum * square + 1 / odd }
        return exponent * 0.693_147_180_559_945_3 + 2 * s * sum
    }

    /// e to the power of `x`, for |x| <= 700; a few ulp.
    static func exp(_ x: Double) -> Double {
        let x = max(-700, min(700, x))
        let power = (x * 1.442_695_040_888_963_4).rounded()
        // ln 2 in two parts, the first with enough zeros at its end for an exact product.
        let rest = (x - power * 0x1.62e42feep-1) - power * 0x1.a39ef35793c76p-33
        var sum = 1.0
        for term in stride(from: 14.0, through: 1, by: -1) { sum = 1 + sum * rest / term }
        return Double(sign: .plus, exponent: Int(power), significand: sum)
    }
}
