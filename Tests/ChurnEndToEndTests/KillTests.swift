import ChurnStore
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
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = try IngestRun.data(in: directory, lines: IngestRun.isSlow ? .max : 60_000)
            let clean = try IngestRun.whole(data, into: "sqlite:\(directory.path)/clean.sqlite")
            #expect(clean.added > 30_000)

            var random = SplitMix64(seed: 20_111_209)
            for round in 0..<Self.rounds {
                let uri = "sqlite:\(directory.path)/round-\(round).sqlite"
                let batches = Int.random(in: 0..<clean.batches, using: &random)
                let acknowledged = try IngestRun.killed(data, into: uri, after: batches, &random)
                // Killed before its store was made: then there is nothing to be lost.
                if let counts = try? StoreLocation(parsing: uri).open(.read).transactionCounts() {
                    #expect(counts.lines >= acknowledged, "round \(round): an acknowledged line is gone")
                } else {
                    #expect(acknowledged == 0, "round \(round): the store cannot be opened")
                }
                let again = try IngestRun.whole(data, into: uri)
                #expect(again.hash == clean.hash, "round \(round): not the rows of a clean ingest")
                #expect(again.factsHash == clean.factsHash, "round \(round): not its features")
                #expect(again.added + again.alreadyThere == clean.added && again.alreadyThere >= acknowledged)
            }
        }
    }
}
