import ChurnStore
import Foundation
import Glibc
import TestSupport
import Testing

/// `churn ingest` into a store, run whole or killed, and what the store holds afterwards.
enum IngestRun {
    struct Outcome {
        var added: Int64
        var alreadyThere: Int64
        var batches: Int
        var hash: UInt64
        var factsHash: UInt64
    }

    /// - Parameter flags: unless others are given, that the month is first: the first lines of the real data do not prove it.
    static func start(
        _ data: String,
        into uri: String,
        batchLines: Int = 2_000,
        flags: [String] = ["--dates", "mdy"]
    ) throws -> ChildProcess {
        let arguments = ["ingest", "--json", "--batch-lines", "\(batchLines)", "--store", uri, data]
        return try ChildProcess(Surroundings.churn(), arguments + flags)
    }

    static func whole(_ data: String, into uri: String) throws -> Outcome {
        try outcome(of: try start(data, into: uri), in: uri)
    }

    /// Waits for an ingest to succeed.
    static func outcome(of child: ChildProcess, in uri: String) throws -> Outcome {
        let (status, output) = child.waitForEnd()
        try #require(status == 0, "\(output)")
        let lines = output.split(separator: "\n")
        let done = try object(lines.last.map(String.init) ?? "")
        let store = try StoreLocation(parsing: uri).open(.update)
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
    static func killed(
        _ data: String,
        into uri: String,
        after batches: Int,
        within microseconds: Int = 4_000,
        _ random: inout SplitMix64
    ) throws -> Int64 {
        let child = try start(data, into: uri)
        if batches > 0 { try child.waitForLines(batches, seconds: 300) }
        waitABit(Int.random(in: 0...microseconds, using: &random))
        kill(child.identifier, SIGKILL)
        let (_, output) = child.waitForEnd()
        // The last line may have been cut off with its writer.
        let whole = output.hasSuffix("\n") ? output.split(separator: "\n") : output.split(separator: "\n").dropLast()
        let events = try whole.map { try object(String($0)) }.filter { $0["event"] as? String == "batch" }
        return events.reduce(0) { $0 + Int64($1.integer("added") ?? 0) }
    }

    /// To hit other moments than the one after a write.
    static func waitABit(_ microseconds: Int) {
        let end = ContinuousClock.now + .microseconds(microseconds)
        while ContinuousClock.now < end {}
    }

    /// The first lines of the real data, in a file of their own.
    static func data(in directory: TemporaryDirectory, lines: Int) throws -> String {
        let whole = try #require(try Surroundings.transactions().first)
        guard lines < .max else { return whole }
        let path = "\(directory.path)/first.csv"
        let reading = whole.hasSuffix(".gz") ? "gzip -dc" : "cat"
        try ChildProcess.run("/bin/sh", ["-c", "\(reading) '\(whole)' | head -n \(lines + 1) > '\(path)'"])
        return path
    }

    /// Whether the long forms of the tests are wanted.
    static var isSlow: Bool { ProcessInfo.processInfo.environment["CHURN_TEST_SLOW"] == "1" }
}
