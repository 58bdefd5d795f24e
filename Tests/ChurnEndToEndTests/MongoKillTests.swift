import ChurnStore
import Glibc
import TestSupport
import Testing

/// SIGKILL of the ingest, and of the MongoDB server below it, at any moment.
///
/// With CHURN_TEST_SLOW=1 the rounds are 25 and 10, on the first 40,000 lines; else a few, on fewer lines.
@Suite(.serialized) struct MongoKillTests {
    private static let lines = IngestRun.isSlow ? 40_000 : 5_000

    /// The truth comes from another kind of store: the same rows, and the same features, to the last bit.
    private static func clean(_ data: String, in directory: TemporaryDirectory) throws -> IngestRun.Outcome {
        try IngestRun.whole(data, into: "sqlite:\(directory.path)/clean.sqlite")
    }

    @Test(
        "a killed ingest loses nothing that it acknowledged, and the same command completes it",
        .timeLimit(.minutes(30))
    )
    func killedIngest() async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = try IngestRun.data(in: directory, lines: Self.lines)
            let clean = try Self.clean(data, in: directory)
            let server = try MongoServer()
            var random = SplitMix64(seed: 4)
            for round in 0..<(IngestRun.isSlow ? 25 : 3) {
                let uri = server.uri("round_\(round)")
                let batches = Int.random(in: 0..<clean.batches, using: &random)
                let acknowledged = try IngestRun.killed(data, into: uri, after: batches, within: 200_000, &random)
                let again = try IngestRun.whole(data, into: uri)
                #expect(again.hash == clean.hash, "round \(round): not the rows of a clean ingest")
                #expect(again.factsHash == clean.factsHash, "round \(round): not its features")
                #expect(again.added + again.alreadyThere == clean.added && again.alreadyThere >= acknowledged)
            }
        }
    }

    @Test(
        "a build killed at any moment, between killed ingests, leaves nothing that the next one takes for good",
        .timeLimit(.minutes(30))
    )
    func killedBuild() async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = try IngestRun.data(in: directory, lines: Self.lines)
            let clean = try Self.clean(data, in: directory)
            let server = try MongoServer()
            var random = SplitMix64(seed: 6)
            for round in 0..<(IngestRun.isSlow ? 10 : 3) {
                let uri = server.uri("build_\(round)")
                for _ in 0..<3 {
                    let batches = Int.random(in: 0..<clean.batches, using: &random)
                    _ = try IngestRun.killed(data, into: uri, after: batches, within: 100_000, &random)
                    let build = try ChildProcess(Surroundings.churn(), ["features", "--store", uri])
                    IngestRun.waitABit(Int.random(in: 0...1_500_000, using: &random))
                    kill(build.identifier, SIGKILL)
                    _ = build.waitForEnd()
                }
                // Its build is one that goes on from whatever is there.
                let again = try IngestRun.whole(data, into: uri)
                #expect(again.hash == clean.hash, "round \(round): not the rows of a clean ingest")
                #expect(again.factsHash == clean.factsHash, "round \(round): not its features")
                let store = try StoreLocation(parsing: uri).open(.update)
                #expect(try store.buildFeatures(asOfDay: nil, anew: true).build.hash == clean.factsHash)
            }
        }
    }

    @Test("an ingest outlives the death of its server, and ends whole when it is back", .timeLimit(.minutes(30)))
    func killedServer() async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let data = try IngestRun.data(in: directory, lines: Self.lines)
            let clean = try Self.clean(data, in: directory)
            let server = try MongoServer()
            var random = SplitMix64(seed: 5)
            for round in 0..<(IngestRun.isSlow ? 10 : 2) {
                let uri = server.uri("round_\(round)")
                let ingest = try IngestRun.start(data, into: uri, batchLines: 1_000)
                let batches = Int.random(in: 1..<clean.batches, using: &random)
                try ingest.waitForLines(batches, seconds: 300)
                IngestRun.waitABit(Int.random(in: 0...100_000, using: &random))
                server.kill()
                try server.start()
                let outcome = try IngestRun.outcome(of: ingest, in: uri)
                #expect(outcome.hash == clean.hash, "round \(round): not the rows of a clean ingest")
                #expect(outcome.factsHash == clean.factsHash, "round \(round): not its features")
                #expect(outcome.added + outcome.alreadyThere == clean.added)
            }
        }
    }
}
