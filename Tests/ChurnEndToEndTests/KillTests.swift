import ChurnStore
import Foundation
import Glibc
import TestSupport
import Testing

/// SIGKILL in the middle of an ingest: what was acknowledged is there, and the same command again completes the store.
///
/// A round kills at a random batch and, within it, at a random moment. Here rounds use the first 60,000 lines; with
/// CHURN_TEST_SLOW=1 they use the whole file.
@Suite(.serialized) struct KillTests {
    private static let rounds = 25

    @Test("ingest survives SIGKILL at any moment", .timeLimit(.minutes(20)))
    func killedIngest() async throws {
        let isSlow = ProcessInfo.processInfo.environment["CHURN_TEST_SLOW"] == "1"
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = try Self.data(in: directory, lines: isSlow ? .max : 60_000)
            let clean = try Self.ingest(data, into: "\(directory.path)/clean.sqlite")
            #expect(clean.added > 30_000)

            var random = SplitMix64(seed: 20_111_209)
            for round in 0..<Self.rounds {
                let path = "\(directory.path)/round-\(round).sqlite"
                let batches = Int.random(in: 0..<clean.batches, using: &random)
                let acknowledged = try Self.killedIngest(data, path, after: batches, &random)
                // Killed before its store was made: then there is nothing to be lost.
                if let counts = try? StoreLocation.sqlite(path: path).open(.read).transactionCounts() {
                    #expect(counts.lines >= acknowledged, "round \(round): an acknowledged line is gone")
                } else {
                    #expect(acknowledged == 0, "round \(round): the store cannot be opened")
                }
                let again = try Self.ingest(data, into: path)
                #expect(again.hash == clean.hash, "round \(round): not the rows of a clean ingest")
                #expect(again.factsHash == clean.factsHash, "round \(round): not its features")
                #expect(again.added + again.alreadyThere == clean.added && again.alreadyThere >= acknowledged)
            }
        }
    }

    private struct Outcome {
        var added: Int64
        var alreadyThere: Int64
        var batches: Int
        var hash: UInt64
        var factsHash: UInt64
    }

    private static func arguments(_ data: String, _ path: String) -> [String] {
        ["ingest", "--json", "--batch-lines", "2000", "--store", "sqlite:\(path)", data]
    }

    private static func ingest(_ data: String, into path: String) throws -> Outcome {
        let (status, output) = try ChildProcess(Surroundings.churn(), arguments(data, path)).waitForEnd()
        try #require(status == 0, "\(output)")
        let lines = output.split(separator: "\n")
        let done = try object(lines.last.map(String.init) ?? "")
        let store = try StoreLocation.sqlite(path: path).open(.update)
        return Outcome(
            added: Int64(done.integer("added") ?? -1),
            alreadyThere: Int64(done.integer("already_there") ?? -1),
            batches: lines.count - 1,
            hash: try store.transactionsHash(),
            factsHash: try store.buildFeatures(asOfDay: nil).build.hash
        )
    }

    /// Kills an ingest some time after it has acknowledged a number of batches.
    ///
    /// - Returns: lines acknowledged as added when it died.
    private static func killedIngest(
        _ data: String,
        _ path: String,
        after batches: Int,
        _ random: inout SplitMix64
    ) throws -> Int64 {
        let child = try ChildProcess(Surroundings.churn(), arguments(data, path))
        if batches > 0 { try child.waitForLines(batches) }
        // Anywhere within the next batch: a delay of up to 4 ms, to hit other moments than the one after a write.
        let delay = ContinuousClock.now + .microseconds(Int.random(in: 0...4000, using: &random))
        while ContinuousClock.now < delay {}
        kill(child.identifier, SIGKILL)
        let (_, output) = child.waitForEnd()
        // The last line may have been cut off with its writer.
        let whole = output.hasSuffix("\n") ? output.split(separator: "\n") : output.split(separator: "\n").dropLast()
        let events = try whole.map { try object(String($0)) }.filter { $0["event"] as? String == "batch" }
        return events.reduce(0) { $0 + Int64($1.integer("added") ?? 0) }
    }

    /// The first lines of the real data, in a file of their own.
    private static func data(in directory: TemporaryDirectory, lines: Int) throws -> String {
        let whole = try #require(try Surroundings.transactions().first)
        guard lines < .max else { return whole }
        let path = "\(directory.path)/first.csv"
        let reading = whole.hasSuffix(".gz") ? "gzip -dc" : "cat"
        try ChildProcess.run("/bin/sh", ["-c", "\(reading) '\(whole)' | head -n \(lines + 1) > '\(path)'"])
        return path
    }
}
