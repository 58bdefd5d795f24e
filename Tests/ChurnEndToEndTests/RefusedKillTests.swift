import ChurnStore
import Foundation
import Glibc
import TestSupport
import Testing

/// SIGKILL of a command that would end in a refusal: the store is as before it, without a command that mends it.
///
/// Moments are spread evenly over the time that the command takes when nobody kills it. Here they are 5; with
/// CHURN_TEST_SLOW=1 they are 25.
@Suite(.serialized) struct RefusedKillTests {
    private static let moments = IngestRun.isSlow ? 25 : 5

    enum Ending: String, CaseIterable, Sendable {
        /// The last line has the day first, and every other one the month.
        case contradiction = "cannot have"
        /// A ninth of the lines is broken.
        case rejects = "nothing was kept"

        func write(lines: Int, to path: String) throws {
            let directory = try TemporaryDirectory()
            var text = try String(contentsOfFile: IngestRun.data(in: directory, lines: lines), encoding: .utf8)
            switch self {
            case .contradiction: text += "999999,85123A,HEART,6,31/12/2011 8:26,2.55,17850,United Kingdom\r\n"
            case .rejects:
                for index in 0..<(lines / 8) {
                    text += "\(900_000 + index),85123A,HEART,many,12/1/2010 8:26,2.55,17850,United Kingdom\r\n"
                }
            }
            try text.write(toFile: path, atomically: false, encoding: .utf8)
        }
    }

    @Test("a killed command that was to be refused", .timeLimit(.minutes(20)), arguments: Ending.allCases)
    func killed(ending: Ending) async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = directory.path + "/refused.csv"
            try ending.write(lines: 60_000, to: data)
            let full = "sqlite:\(directory.path)/full.sqlite"
            let before = try IngestRun.whole(try IngestRun.data(in: directory, lines: 5_000), into: full)
            let none = directory.path + "/none.sqlite"

            let clock = ContinuousClock()
            let (status, output) = try IngestRun.start(data, into: full, flags: []).waitForEnd()
            #expect(status == 65 && output.contains(ending.rawValue) && output.contains(data), "\(output)")
            #expect(try Self.hash(of: full) == before.hash)
            // Once more, now that the file is in the cache: how long it takes.
            let begun = clock.now
            let (again, _) = try IngestRun.start(data, into: "sqlite:\(none)", flags: []).waitForEnd()
            let microseconds = Int((clock.now - begun) / .microseconds(1))
            #expect(again == 65)
            #expect(!FileManager.default.fileExists(atPath: none))

            var random = SplitMix64(seed: 12)
            for moment in 0..<Self.moments {
                let uri = moment.isMultiple(of: 2) ? full : "sqlite:\(none)"
                let child = try IngestRun.start(data, into: uri, flags: [])
                let slot = microseconds / Self.moments
                IngestRun.waitABit(moment * slot + Int.random(in: 0...slot, using: &random))
                kill(child.identifier, SIGKILL)
                let (status, output) = child.waitForEnd()
                // It may have been faster than before.
                #expect(status == 128 + SIGKILL || status == 65, "\(output)")
                #expect(!output.contains("\"event\""), "moment \(moment): \(output)")
                #expect(try Self.hash(of: full) == before.hash, "moment \(moment)")
                #expect(!FileManager.default.fileExists(atPath: none), "moment \(moment)")
            }
        }
    }

    private static func hash(of uri: String) throws -> UInt64 {
        try StoreLocation(parsing: uri).open(.read).transactionsHash()
    }
}
