internal import TestSupport

/// Makes inputs of seeds by chance: what libFuzzer does, without its guide. A seed gives the same inputs everywhere.
package struct FuzzMutator {
    private let seeds: [[UInt8]]
    private let tokens: [[UInt8]]
    private var random: SplitMix64
    static let longest = 16 * 1024

    package init(_ target: FuzzTarget, seed: UInt64) throws {
        seeds = try target.seeds()
        tokens = target.tokens
        random = SplitMix64(seed: seed)
    }

    package mutating func next() -> [UInt8] {
        var input = pick(seeds)
        // How it arrives is drawn anew for most of them.
        if Int.random(in: 0..<4, using: &random) > 0, input.count >= 2 {
            input[0] = input[0] & FuzzOptions.records.rawValue | UInt8.random(in: 0...255, using: &random) & 111
            input[1] = UInt8.random(in: 0...255, using: &random)
        }
        for _ in 0..<Int.random(in: 0...5, using: &random) { mutate(&input) }
        return Array(input.prefix(Self.longest))
    }

    private mutating func pick<T>(_ choices: [T]) -> T {
        choices[Int.random(in: choices.indices, using: &random)]
    }

    private mutating func mutate(_ input: inout [UInt8]) {
        guard input.count > 2 else { return input += pick(tokens) }
        let place = Int.random(in: 2..<input.count, using: &random)
        let end = min(input.count, place + Int.random(in: 1...32, using: &random))
        switch Int.random(in: 0..<9, using: &random) {
        case 0: input[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        case 1: input[place] = UInt8.random(in: 0...255, using: &random)
        case 2: input[place] = pick([0, 1, 10, 13, 32, 48, 127, 128, 255])
        case 3, 4: input.insert(contentsOf: pick(tokens), at: place)
        case 5: input.removeSubrange(place..<end)
        case 6: input.insert(contentsOf: input[place..<end], at: place)
        case 7: input.insert(contentsOf: pick(seeds).dropFirst(2).prefix(600), at: place)
        default: input.replaceSubrange(place..<min(input.count, place + 4), with: pick(tokens))
        }
    }
}
