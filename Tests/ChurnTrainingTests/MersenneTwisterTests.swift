import ChurnTraining
import Testing

/// Expected values: NumPy 2.4.6, `numpy.random.RandomState`.
@Suite struct MersenneTwisterTests {
    @Test("words are those of the reference implementation")
    func words() {
        var generator = MersenneTwister(seed: 42)
        #expect(
            (0..<5).map { _ in generator.next() } == [
                1_608_637_542, 3_421_126_067, 4_083_286_876, 787_846_414, 3_143_890_026,
            ]
        )
        // Beyond one refill of 624 words.
        var last: UInt32 = 0
        for _ in 5..<1_000 { last = generator.next() }
        #expect(last == 1_946_654_618)
    }

    @Test(
        "permutations are NumPy's",
        arguments: [
            (UInt32(42), [8, 1, 5, 0, 7, 2, 9, 4, 3, 6]), (UInt32(7), [2, 1, 0]), (UInt32(0), [0]),
            (UInt32(1), []),
            (UInt32.max, [11, 8, 5, 9, 1, 10, 6, 0, 4, 7, 2, 3]),
        ]
    )
    func permutations(seed: UInt32, expected: [Int]) {
        var generator = MersenneTwister(seed: seed)
        #expect(generator.permutation(expected.count) == expected)
    }

    @Test("the split of the prototype")
    func split() {
        var generator = MersenneTwister(seed: 42)
        let permutation = generator.permutation(4_332)
        #expect(permutation.prefix(5) == [2_439, 1_213, 2_659, 17, 3_801])
        #expect(permutation.sorted() == Array(0..<4_332))
    }
}
