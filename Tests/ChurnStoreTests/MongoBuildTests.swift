import ChurnFeatures
import ChurnStore
import Foundation
import ServerTestSupport
import Synchronization
import TestSupport
import Testing

/// Builds that take over from the one before what is the same in them: always the build that is made anew, and the one
/// of another kind of store.
@Suite struct MongoBuildTests {
    /// The build of these lines in a store that has nothing else.
    private func truth(_ lines: some Sequence<OwnedLine>, asOfDay: Int64?) throws -> FeatureBuild {
        try withTemporaryDirectory { directory in
            let store = try SQLiteStore(path: directory + "/churn.sqlite", access: .create)
            try store.ingest(Array(lines))
            return try store.buildFeatures(asOfDay: asOfDay).build
        }
    }

    private func expect(_ report: FeatureBuildReport, equals build: FeatureBuild, _ step: String) {
        #expect(report.build.hash == build.hash, "\(step)")
        #expect(report.build.customers == build.customers, "\(step)")
        #expect(report.build.context == build.context, "\(step)")
    }

    private struct Stop: Error {}

    private func randomLine(_ number: Int, customer: Int64? = nil, _ random: inout SplitMix64) -> OwnedLine {
        let product = Int.random(in: 0...9, using: &random)
        return OwnedLine(
            "\(number / 2)",
            product == 0 ? "" : "\(product)",
            customer: customer ?? Int64.random(in: 1...40, using: &random),
            minute: Int64.random(in: 0...60_000, using: &random),
            quantity: Int64.random(in: -2...5, using: &random),
            price: Int64.random(in: 0...9_000, using: &random),
            copy: Int64(number)
        )
    }

    @Test("lines come and go, the day moves, builds fail: the same build as one made anew", arguments: UInt64(0)..<4)
    func increments(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        // By `copy`, a number that only this line has.
        var lines: [Int64: OwnedLine] = [:]
        var count = 0
        var takenOver: Int64 = 0
        func add(_ added: [OwnedLine]) throws {
            try store.ingest(added)
            for line in added { lines[line.copy] = line }
        }
        try add(
            (0..<400).map { number in
                count += 1
                return randomLine(number, &random)
            }
        )
        for step in 0..<12 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0:
                // As many lines of a customer go as come.
                let gone = try #require(lines.values.sorted { $0.copy < $1.copy }.randomElement(using: &random))
                try edit(mongodb: uri, "db.transactions.delete_one({'copy': \(gone.copy)})")
                lines[gone.copy] = nil
                count += 1
                try add([randomLine(count, customer: gone.customer, &random)])
            case 1:
                let customer = Int64.random(in: 1...40, using: &random)
                try edit(mongodb: uri, "db.transactions.delete_many({'customer': \(customer)})")
                lines = lines.filter { $0.value.customer != customer }
            case 2:
                // A build that somebody changed is nothing to go on from.
                try edit(mongodb: uri, "if features is not None: features.update_one({}, {'$inc': {'units_milli': 1}})")
            case 3:
                try edit(mongodb: uri, "if features is not None: features.drop()")
            default: break
            }
            let added = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                count += 1
                return randomLine(count, &random)
            }
            // Some that are there already, too.
            try add(added + (step % 3 == 0 ? [] : Array(lines.values.prefix(20))))
            #expect(throws: Stop.self) {
                try store.ingest { session in
                    try randomLine(count + 1, &random).withLine { try session.add($0) }
                    throw Stop()
                }
            }
            let asOfDay = Bool.random(using: &random) ? nil : Int64.random(in: 15...45, using: &random)
            let truth = try truth(lines.values, asOfDay: asOfDay)
            let report = try store.buildFeatures(asOfDay: asOfDay)
            expect(report, equals: truth, "seed \(seed), step \(step)")
            takenOver += report.takenOver ?? 0
            let table = try MongoStore(uri: uri, access: .read).loadFeatures()
            #expect(Int64(table.rowCount) == truth.customers)
            if step % 4 == 3 {
                let anew = try store.buildFeatures(asOfDay: asOfDay, anew: true)
                expect(anew, equals: truth, "seed \(seed), step \(step), anew")
                #expect(anew.takenOver == nil)
                // Everything else of the report comes the one way or the other.
                let again = try store.buildFeatures(asOfDay: asOfDay)
                #expect(again.takenOver == truth.customers)
                expectSameTotals(again, anew)
            }
        }
        #expect(takenOver > 0)
    }

    private func expectSameTotals(_ left: FeatureBuildReport, _ right: FeatureBuildReport) {
        #expect(left.linesWithoutProduct == right.linesWithoutProduct)
        #expect(left.purchaseLines == right.purchaseLines && left.cancelLines == right.cancelLines)
        #expect(left.purchaseInvoices == right.purchaseInvoices && left.revenueMilli == right.revenueMilli)
        #expect(left.cancelOnlyCustomers == right.cancelOnlyCustomers)
    }

    @Test("only customers with a line that is new, or that the day has passed, are made")
    func takenOver() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        try store.ingest((1...50).map { OwnedLine("\($0)", customer: $0, minute: $0 * 1_440) })
        #expect(try store.buildFeatures(asOfDay: 30).takenOver == nil)
        #expect(try store.buildFeatures(asOfDay: 30).takenOver == 29)
        // Days 30 to 32 are history now.
        let later = try store.buildFeatures(asOfDay: 33)
        #expect(later.takenOver == 29 && later.build.customers == 32)
        // And now they are not.
        let earlier = try store.buildFeatures(asOfDay: 30)
        #expect(earlier.takenOver == 29 && earlier.build.customers == 29)
        try store.setSegments(
            SegmentAssignment(generation: 4, names: ["all"], segments: (1...29).map { ($0, 0) })
        )
        try store.ingest([
            OwnedLine("new", customer: 7, minute: 3), OwnedLine("C1", customer: 8, quantity: -1),
            OwnedLine("late", customer: 9, minute: 100 * 1_440),
        ])
        let report = try store.buildFeatures(asOfDay: 30)
        #expect(report.takenOver == 27 && report.cancelLines == 1)
        #expect(try store.record(of: 7)?.facts.purchaseLines == 2)
        #expect(try store.record(of: 8)?.facts.cancelLines == 1)
        #expect(try store.record(of: 9)?.facts.purchaseLines == 1)
        // Segments are of one build, and do not pile up in the records.
        #expect(try store.record(of: 1)?.segment == nil)
        try edit(mongodb: uri, "assert not [key for key in features.find_one({'_id': 1}) if 'segment' in key]")
        #expect(try store.buildFeatures(asOfDay: 30, anew: true).takenOver == nil)
        // A third of all, and more, is not worth telling apart.
        try store.ingest((1...20).map { OwnedLine("more \($0)", customer: $0) })
        #expect(try store.buildFeatures(asOfDay: 30).takenOver == 0)
    }

    @Test("builds of a store without marks are not gone on from, and lines without one are counted")
    func withoutMarks() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        let lines = (1...9).map { OwnedLine("\($0)", customer: $0) }
        try store.ingest(lines)
        _ = try store.buildFeatures(asOfDay: nil)
        try edit(
            mongodb: uri,
            "db.transactions.update_many({}, {'$unset': {'mark': 1}})",
            "features.update_many({}, {'$unset': {'mark': 1, 'cancel_mark': 1}})"
        )
        #expect(try store.buildFeatures(asOfDay: nil).takenOver == 0)
        let more = OwnedLine("10", customer: 3)
        try store.ingest([more])
        let report = try store.buildFeatures(asOfDay: nil)
        #expect(report.takenOver == 8)
        expect(report, equals: try truth(lines + [more], asOfDay: nil), "without marks")
    }

    @Test("records of before products were told from empty stock codes are made again")
    func withoutProductCounts() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        let lines = (1...9).map { OwnedLine("\($0)", $0 == 3 ? "" : "A", customer: $0) }
        try store.ingest(lines)
        _ = try store.buildFeatures(asOfDay: nil)
        try edit(mongodb: uri, "features.update_one({'_id': 3}, {'$unset': {'lines_without_product': 1}})")
        let report = try store.buildFeatures(asOfDay: nil)
        #expect(report.takenOver == 8 && report.linesWithoutProduct == 1)
        expect(report, equals: try truth(lines, asOfDay: nil), "without counts")
        #expect(try store.buildFeatures(asOfDay: nil).takenOver == 9)
    }

    @Test("lines that come while builds run are in the next one at the latest", .timeLimit(.minutes(5)))
    func concurrentIngest() async throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        var random = SplitMix64(seed: 9)
        let lines = (0..<600).map { randomLine($0, &random) }
        try store.ingest(Array(lines[..<200]))
        let hasEnded = Mutex(false)
        async let ingested: Void = onOwnThread {
            defer { hasEnded.withLock { $0 = true } }
            let writer = try MongoStore(uri: uri, access: .update)
            for start in stride(from: 200, to: 600, by: 20) { try writer.ingest(Array(lines[start..<start + 20])) }
        }
        var builds = 0
        while !hasEnded.withLock({ $0 }) {
            let report = try store.buildFeatures(asOfDay: 50)
            builds += 1
            // Whole in itself, whatever came meanwhile.
            #expect(Int64(try store.loadFeatures().rowCount) == report.build.customers)
        }
        try await ingested
        #expect(builds > 1)
        let report = try store.buildFeatures(asOfDay: 50)
        expect(report, equals: try truth(lines, asOfDay: 50), "after \(builds) builds")
    }
}
