import Foundation
import FuzzTargets
import TestSupport
import Testing

/// The short form of scripts/fuzz: inputs made of the same seeds by chance, the same ones every time.
@Suite struct FuzzTests {
    /// - Returns: how many inputs, unless the surroundings ask for more.
    private static func count(_ usual: Int, _ variable: String) -> Int {
        ProcessInfo.processInfo.environment[variable].flatMap { Int($0) } ?? usual
    }

    @Test("a session bears whatever comes", arguments: FuzzTarget.allCases, [UInt64(1), 2])
    func sessions(target: FuzzTarget, seed: UInt64) async throws {
        let count = Self.count(300, "CHURN_TEST_FUZZ_INPUTS")
        // Where an input traps, the last line tells which it was.
        print("fuzzing \(target.rawValue): \(count) inputs of seed \(seed)")
        let faults = try await blocking {
            var faults: [String] = []
            func check(_ input: [UInt8], _ name: String) throws {
                guard let wrong = try target.run(input) else { return }
                faults.append("\(name): \(wrong): \(Data(input).base64EncodedString())")
            }
            for (number, input) in try target.seeds().enumerated() { try check(input, "input \(number) of the corpus") }
            var mutator = try FuzzMutator(target, seed: seed)
            for number in 0..<count { try check(mutator.next(), "input \(number) of seed \(seed)") }
            return faults
        }
        #expect(faults.isEmpty, "\(faults.count) faults, of which the first: \(faults.first ?? "")")
    }

    @Test("what ours takes for a request, SwiftNIO's parser takes for the same")
    func comparison() async throws {
        let count = Self.count(20_000, "CHURN_TEST_HTTP_STREAMS")
        let seed = UInt64(1)
        let (counts, differences) = try await blocking {
            var (generator, comparison) = (HTTP1Generator(seed: seed), HTTP1Comparison())
            var differences: [String] = []
            for number in 0..<count {
                let stream = generator.next()
                guard let difference = comparison.difference(stream) else { continue }
                let text = String(decoding: stream, as: UTF8.self).debugDescription
                differences.append("stream \(number) of seed \(seed): \(difference): \(text)")
            }
            return (comparison.counts, differences)
        }
        #expect(
            differences.isEmpty,
            "\(differences.count) differences: \(differences.prefix(5).joined(separator: "\n"))"
        )
        print(
            "compared \(counts.streams) streams: \(counts.requests) requests alike, \(counts.refused) refused by both, "
                + "\(counts.stricter) by ours alone"
        )
        // The grammar makes requests, and what is none.
        #expect(counts.requests > count / 2)
        #expect(counts.refused > count / 50)
        #expect(counts.stricter > count / 50)
    }
}
