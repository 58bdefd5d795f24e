import ChurnStore
import Foundation
import TestSupport
import Testing

/// The real data as another shop would export it, through the whole program: the same features, by hash.
@Suite struct DisguisedDataTests {
    private static let hash = "5d7a4a781ec7ff77"

    /// A file for each day, with the day before the month: by itself, one of the 1st to the 12th proves nothing.
    private static func dailyFiles(in folder: String) throws -> [String] {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let whole = try #require(try Surroundings.transactions().first)
        let script = """
            NR == 1 { header = $0; next }
            {
                match($0, /,[0-9]+\\/[0-9]+\\/[0-9][0-9][0-9][0-9] [0-9]+:[0-9][0-9],/)
                split(substr($0, RSTART + 1, RLENGTH - 2), date, /[\\/ ]/)
                file = sprintf("%s/%s-%02d-%02d.csv", folder, date[3], date[1], date[2])
                if (!(file in seen)) { seen[file] = 1; print header > file }
                printf "%s,%02d/%02d/%s %s,%s\\n", substr($0, 1, RSTART - 1), date[2], date[1], date[3], date[4],
                    substr($0, RSTART + RLENGTH) > file
            }
            """
        let reading = whole.hasSuffix(".gz") ? "gzip -dc" : "cat"
        try ChildProcess.run(
            "/bin/sh",
            ["-c", "\(reading) '\(whole)' | awk -v folder='\(folder)' \"$0\"", script]
        )
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    private static func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        try ChildProcess(Surroundings.churn(), arguments).waitForEnd()
    }

    @Test(
        "305 daily files with the day first, in an archive: read together they are the data",
        .timeLimit(.minutes(10))
    )
    func dailyArchive() async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let folder = directory.path + "/daily"
            let files = try Self.dailyFiles(in: folder)
            #expect(files.count == 305)
            let archive = directory.path + "/daily.zip"
            try ZipFile.write(files.map { ZipFile.Member("daily/\($0)", file: "\(folder)/\($0)") }, to: archive)

            let output = directory.path + "/features.csv"
            let (status, text) = try Self.run(["features", archive, "--json", "--output", output])
            try #require(status == 0, "\(text)")
            let made = try object(String(text.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""))
            #expect(made["hash"] as? String == Self.hash)
            #expect(made.integer("customers") == 4_339 && made.integer("lines") == 541_909)
            #expect(made["revenue"] as? String == "8911407.904")

            // Into a store as well; and the folder has the same lines as the archive.
            let store = "sqlite:\(directory.path)/churn.sqlite"
            for (path, added) in [(archive, 406_829), (folder, 0)] {
                let (status, text) = try Self.run(["ingest", path, "--json", "--store", store])
                try #require(status == 0, "\(text)")
                let done = try object(String(text.split(separator: "\n").last { $0.hasPrefix("{") } ?? ""))
                #expect(done.integer("added") == added && done.integer("kept") == 406_829)
            }
            let (built, features) = try Self.run(["features", "--json", "--store", store])
            try #require(built == 0, "\(features)")
            #expect(try object(features)["hash"] as? String == Self.hash)
        }
    }

    @Test("files of days 1 to 12 only are refused, and right with the flag", .timeLimit(.minutes(10)))
    func ambiguousDays() async throws {
        try await blocking {
            let directory = try TemporaryDirectory()
            let folder = directory.path + "/daily"
            let files = try Self.dailyFiles(in: folder).filter { (Int($0.dropLast(4).suffix(2)) ?? 0) <= 12 }
            let paths = files.map { "\(folder)/\($0)" }
            let store = "\(directory.path)/churn.sqlite"
            let (status, text) = try Self.run(["ingest", "--store", "sqlite:\(store)"] + paths)
            #expect(status == 65)
            for part in [paths[0], "--dates dmy", "--dates mdy", "1 December 2010", "12 January 2010"] {
                #expect(text.contains(part), "no '\(part)' in \(text)")
            }
            #expect(!FileManager.default.fileExists(atPath: store))
            let (told, output) = try Self.run(
                ["ingest", "--json", "--dates", "dmy", "--store", "sqlite:\(store)"] + paths
            )
            try #require(told == 0, "\(output)")
            let counts = try StoreLocation(parsing: "sqlite:\(store)").open(.read).transactionCounts()
            #expect(counts.lines > 100_000)
            // 2010-12-01 08:26 and 2011-12-09 12:50: both days would have been another month's.
            #expect(counts.firstMinute == 21_519_866 && counts.lastMinute == 22_057_250)
        }
    }
}
