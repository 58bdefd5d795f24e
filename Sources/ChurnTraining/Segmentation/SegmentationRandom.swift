/// The random numbers of one restart, named by seed and restart: a restart draws the same ones whichever thread runs
/// it.
///
/// - Source: SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195).
struct SegmentationRandom {
    private var state: UInt64

    init(seed: UInt64, restart: Int) {
        state = Self.mix(Self.mix(seed) ^ UInt64(truncatingIfNeeded: restart))
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        var bits = word &+ 0x9e37_79b9_7f4a_7c15
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }

    mutating func next() -> UInt64 {
        let result = Self.mix(state)
        state &+= 0x9e37_79b9_7f4a_7c15
        return result
    }

    /// In [0, 1), a multiple of 2^-53.
    mutating func uniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// In 0 ..< `bound`, for bounds far below 2^53.
    mutating func integer(below bound: Int) -> Int {
        Int(uniform() * Double(bound))
    }
}
