/// The generator behind NumPy's `RandomState`, so that splits made with it can be made again.
///
/// - Source: Matsumoto, Nishimura, "Mersenne Twister" (1998, doi 10.1145/272991.272995), `mt19937ar.c`: `init_genrand` and
///   `genrand_int32`; `permutation` as in NumPy's legacy `RandomState` (`shuffle` and `random_interval`).
package struct MersenneTwister {
    private static let size = 624
    private static let middle = 397
    private var state: [UInt32]
    private var index = MersenneTwister.size

    /// As `RandomState(seed)`.
    package init(seed: UInt32) {
        state = [UInt32](repeating: 0, count: Self.size)
        state[0] = seed
        for i in 1..<Self.size {
            let before = state[i - 1]
            state[i] = 1_812_433_253 &* (before ^ (before >> 30)) &+ UInt32(i)
        }
    }

    package mutating func next() -> UInt32 {
        if index == Self.size { refill() }
        var word = state[index]
        index += 1
        word ^= word >> 11
        word ^= (word << 7) & 0x9d2c_5680
        word ^= (word << 15) & 0xefc6_0000
        word ^= word >> 18
        return word
    }

    private mutating func refill() {
        for i in 0..<Self.size {
            let joined = (state[i] & 0x8000_0000) | (state[(i + 1) % Self.size] & 0x7fff_ffff)
            let odd: UInt32 = joined & 1 == 1 ? 0x9908_b0df : 0
            state[i] = state[(i + Self.middle) % Self.size] ^ (joined >> 1) ^ odd
        }
        index = 0
    }

    /// In 0 ... `limit`: the lowest bits that can hold `limit`, drawn again while they are beyond it.
    private mutating func integer(upTo limit: UInt32) -> UInt32 {
        guard limit > 0 else { return 0 }
        let mask = UInt32.max >> UInt32(limit.leadingZeroBitCount)
        while true {
            let value = next() & mask
            if value <= limit { return value }
        }
    }

    /// As `RandomState.permutation(count)`: Fisher and Yates from the end.
    ///
    /// - Precondition: `count` is below 2^32.
    package mutating func permutation(_ count: Int) -> [Int] {
        var order = Array(0..<count)
        guard count > 1 else { return order }
        for i in (1..<count).reversed() { order.swapAt(i, Int(integer(upTo: UInt32(i)))) }
        return order
    }
}
