/// Random numbers that are named by what they are for: the n-th number of a stream of a seed is the same whoever asks for
/// it and whenever. So a resample drawn by one thread of many has the same rows as one drawn alone.
///
/// - Source: the finaliser of SplitMix64 (Steele, Lea, Flood 2014, doi 10.1145/2660193.2660195), applied to seed, purpose
///   and stream in turn.
struct CounterRandom {
    enum Purpose: UInt64 {
        case bootstrap = 1
        case permutation
    }

    private let key: UInt64

    init(seed: UInt64, _ purpose: Purpose, stream: Int) {
        key = Self.mix(Self.mix(Self.mix(seed) ^ purpose.rawValue) ^ UInt64(truncatingIfNeeded: stream))
    }

    /// The number `counter` of this stream.
    @inline(__always)
    func word(_ counter: Int) -> UInt64 {
        Self.mix(key &+ UInt64(truncatingIfNeeded: counter) &* Self.increment)
    }

    /// In 0 ..< `bound`. For the bounds met here, below 2^31, the bias is below 2^-33.
    @inline(__always)
    func integer(_ counter: Int, below bound: Int) -> Int {
        Int(word(counter).multipliedFullWidth(by: UInt64(bound)).high)
    }

    private static let increment: UInt64 = 0x9e37_79b9_7f4a_7c15

    @inline(__always)
    private static func mix(_ word: UInt64) -> UInt64 {
        var bits = word &+ increment
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        return bits ^ (bits >> 31)
    }
}
