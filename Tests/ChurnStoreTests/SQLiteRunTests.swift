import ChurnBase
import ChurnFeatures
import ChurnStore
import Foundation
import GRDB
import TestSupport
import Testing

/// Runs, replaced days, removal, and customers that are texts or forgotten.
@Suite struct SQLiteRunTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func path(_ name: String) -> String { directory.path + "/" + name }

    private func store(_ name: String = "a.sqlite") throws -> SQLiteStore {
        try SQLiteStore(path: path(name), access: .create)
    }

    private func line(_ invoice: String, customer: Int64 = 1, day: Int64 = 0, description: String = "thing")
        -> OwnedLine
    {
        OwnedLine(invoice, description: description, customer: customer, minute: day * 1_440 + 60)
    }

    private func line(_ invoice: String, text: String, hash: CustomerHash = .standard) throws -> OwnedLine {
        let id = try Array(text.utf8).withUnsafeBufferPointer { try #require(CustomerID(text: $0, hash: hash)) }
        var line = OwnedLine(invoice, customer: id.number)
        line.customerCheck = id.check
        line.customerText = text
        return line
    }

    @discardableResult
    private func ingest(_ lines: [OwnedLine], into store: SQLiteStore, replacing: Set<Int64>? = nil) throws
        -> IngestCounts
    {
        let run = RunDescription(kind: .ingest, files: ["a.csv", "b \"c\".csv"], layout: "{}", program: "1.0")
        return try store.ingest(run, replacing: replacing.map { DayReplacement(days: $0) }) { session in
            for line in lines { try line.withLine { try session.add($0) } }
            return try session.finish()
        }
    }

    @Test("a run knows its files, its counts and its lines; one that throws never ends")
    func runs() throws {
        let store = try store()
        try ingest([line("1"), line("2", day: 3)], into: store)
        #expect(throws: CancellationError.self) {
            try store.ingest(RunDescription(kind: .ingest), replacing: nil) { session in
                try line("3").withLine { try session.add($0) }
                _ = try session.commit()
                throw CancellationError()
            }
        }
        try ingest([line("1"), line("2", day: 3), line("4")], into: store)
        let runs = try store.runs()
        #expect(runs.map(\.id) == [1, 2, 3])
        #expect(runs.map(\.lines) == [2, 1, 1])
        #expect(runs.map(\.days) == [0...3, 0...0, 0...0])
        #expect(runs.map { $0.finishedAtSeconds == nil } == [false, true, false])
        #expect(runs[0].description.files == ["a.csv", "b \"c\".csv"])
        #expect(runs[2].counts == IngestCounts(added: 1, alreadyThere: 2))
        #expect(try store.lineCounts(of: [0, 1, 3]) == [0: 3, 3: 1])
        #expect(try store.damagedDays() == [])
    }

    @Test("removal by run, days and invoice; a dry run counts the same and removes nothing")
    func removal() throws {
        let store = try store()
        try ingest([line("1"), line("2", customer: 2, day: 3), line("9", day: -1)], into: store)
        try ingest([line("1", customer: 3), line("5", day: 4)], into: store)
        let before = try store.transactionsHash()
        for (selection, lines): (LineSelection, Int64) in [
            (.invoice(Array("1".utf8)), 2), (.days(3...4), 2), (.run(1), 1), (.run(7), 0),
        ] {
            #expect(try store.remove(selection, dryRun: true).lines >= lines)
        }
        #expect(try store.transactionsHash() == before)
        for (selection, lines): (LineSelection, Int64) in [
            (.invoice(Array("1".utf8)), 2), (.days(3...4), 2), (.run(1), 1),
        ] {
            #expect(try store.remove(selection, dryRun: false).lines == lines)
            #expect(try store.damagedDays() == [])
            #expect(try store.remove(selection, dryRun: false).lines == 0)
        }
        #expect(try store.transactionCounts().lines == 0)
        #expect(try store.runs().map(\.lines) == [0, 0])
    }

    @Test("replaced days hold the lines of the run and no others, and doing it again changes nothing")
    func replacement() throws {
        let store = try store()
        try ingest([line("1"), line("2"), line("3", day: 1), line("4", day: -1)], into: store)
        let new = [line("2", description: "better"), line("5"), line("6", day: -1)]
        var counts = try ingest(new, into: store, replacing: [0, -1])
        #expect(counts.added == 2 && counts.alreadyThere == 1 && counts.replaced == 2)
        let hash = try store.transactionsHash()
        #expect(try store.damagedDays() == [])
        #expect(try store.runs().map(\.lines) == [1, 3])
        counts = try ingest(new, into: store, replacing: [0, -1])
        #expect(counts.added == 0 && counts.alreadyThere == 3 && counts.replaced == 0)
        #expect(try store.transactionsHash() == hash)
        let other = try self.store("b.sqlite")
        try ingest(new + [line("3", day: 1)], into: other)
        #expect(try other.transactionsHash() == hash)
        #expect(throws: CancellationError.self) {
            try store.ingest(RunDescription(kind: .replace), replacing: DayReplacement(days: [0])) { session in
                try line("8").withLine { try session.add($0) }
                _ = try session.commit()
                throw CancellationError()
            }
        }
        #expect(try store.transactionsHash() == hash)
    }

    @Test("of two texts with one number, the lines of the later one are left out and named")
    func collisions() throws {
        let store = try store()
        let hash = CustomerHash(bits: 1)
        var lines: [OwnedLine] = []
        for index in 0..<6 { lines.append(try line("\(index)", text: "customer \(index)", hash: hash)) }
        let counts = try ingest(lines, into: store)
        let kept = try store.linesByCustomer()
        let owners = Set(kept.map(\.customerCheck))
        #expect(Int64(kept.count) == counts.added && counts.collisions == 6 - counts.added && counts.collisions >= 4)
        #expect(Int64(counts.colliding.count) == counts.collisions)
        _ = try store.buildFeatures(asOfDay: nil)
        for line in lines {
            let record = try store.record(of: CustomerID(number: line.customer, check: line.customerCheck))
            #expect((record != nil) == owners.contains(line.customerCheck))
            #expect(record?.facts.check ?? line.customerCheck == line.customerCheck)
            #expect(try store.record(of: CustomerID(number: line.customer)) == nil)
        }
        let first = lines[0]
        #expect(try store.customerTexts(of: [first.customer, 5]) == [first.customer: "customer 0"])
    }

    @Test(
        "of a forgotten customer no byte is left, the build is without it, and its lines are left out until it is unforgotten"
    )
    func forgetting() throws {
        let store = try store()
        let secret = "zenobia.underhill@example.org"
        var lines: [OwnedLine] = []
        for index in 0..<3_000 {
            lines.append(try line("a\(index)", text: "somebody-number-\(index % 700)@example.com"))
            if index % 3 == 0 { lines.append(try line("s\(index)", text: secret)) }
        }
        lines.append(line("n", customer: 77))
        try ingest(lines, into: store)
        let build = try store.buildFeatures(asOfDay: nil).build
        let gone = try #require(lines.first { $0.customerText == secret })
        let id = CustomerID(number: gone.customer, check: gone.customerCheck)
        try store.write(
            [StoredPrediction(customer: id.number, probability: 0.5, isChurn: true)],
            of: PredictionRun(model: "m", version: "1", asOfMinute: build.context.asOfMinute)
        )
        #expect(try bytesLeft(of: secret) > 0)
        let report = try store.forget([id, CustomerID(number: 77), CustomerID(number: 78)])
        #expect(report.lines == 1_001 && report.found == 2 && report.added == 3 && report.predictions == 1)
        #expect(report.remaining == [])
        #expect(report.build?.generation == build.generation + 1)
        #expect(report.build?.customers == build.customers - 2)
        #expect(try store.loadFeatures().rowCount == 700)
        #expect(try bytesLeft(of: secret) == 0)
        #expect(try bytesLeft(of: "somebody-number-1@example.com") > 0)
        #expect(try store.damagedDays() == [])
        #expect(try store.forgottenCount() == 3)
        #expect(try ingest(lines, into: store).forgotten == 1_001)
        #expect(try bytesLeft(of: secret) == 0)
        #expect(try store.buildFeatures(asOfDay: nil).build.hash == report.build?.hash)
        #expect(try store.unforget([id]) == 1)
        #expect(try ingest(lines, into: store).added == 1_000)
    }

    /// How often the text is in any file of the stores.
    private func bytesLeft(of text: String) throws -> Int {
        let needle = Data(text.utf8)
        var count = 0
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            let bytes = try Data(contentsOf: URL(filePath: path(name)))
            var start = bytes.startIndex
            while let range = bytes.range(of: needle, in: start..<bytes.endIndex) {
                count += 1
                start = range.upperBound
            }
        }
        return count
    }

    @Test("a build finds a line that is not what was ingested, and names its run and day")
    func damage() throws {
        let path = path("a.sqlite")
        try ingest([line("1"), line("2", day: 3)], into: try store())
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "UPDATE transactions SET amount_milli = 7 WHERE invoice = '2'") }
        try queue.close()
        let store = try store()
        #expect(try store.damagedDays() == [RunDay(run: 1, day: 3)])
        #expect(throws: StoreError.damagedLines(store: "sqlite:" + path, RunDay(run: 1, day: 3))) {
            try store.buildFeatures(asOfDay: nil)
        }
        #expect(try store.buildFeatures(asOfDay: 3).build.customers == 1)
    }
}
