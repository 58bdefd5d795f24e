import ChurnBase
import ChurnFeatures
import ChurnStore
import ServerTestSupport
import TestSupport
import Testing

/// Runs, removal, replacement, texts and erasure in MongoDB.
@Suite struct MongoRunTests {
    private func id(_ text: String, bits: Int = 63) throws -> CustomerID {
        var text = text
        let id = text.withUTF8 { CustomerID(text: $0, hash: CustomerHash(bits: bits)) }
        return try #require(id)
    }

    private func add(_ store: any Store, _ invoice: String, _ text: String, bits: Int = 63) throws -> IngestCounts {
        try add(store, [(invoice, text)], bits: bits)
    }

    /// A purchase of each customer, in one batch.
    @discardableResult
    private func add(_ store: any Store, _ lines: [(invoice: String, text: String)], bits: Int = 63) throws
        -> IngestCounts
    {
        try store.ingest { session in
            for (invoice, text) in lines {
                let id = try id(text, bits: bits)
                var owned = OwnedLine(invoice, customer: id.number)
                owned.customerText = text
                try owned.withLine { line in
                    var line = line
                    line.customerCheck = id.check
                    try session.add(line)
                }
            }
            return try session.commit()
        }
    }

    @Test("lines keep the run that they came with, and go with it")
    func runs() throws {
        let store = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        try store.ingest { _ in }
        #expect(try store.runs().isEmpty)
        try store.ingest([OwnedLine("1"), OwnedLine("2", minute: 2_000)])
        try store.ingest([OwnedLine("2", minute: 2_000), OwnedLine("3", customer: 2)])
        let runs = try store.runs()
        #expect(runs.map(\.id) == [1, 2] && runs.map(\.lines) == [2, 1])
        #expect(runs[0].days == 0...1 && runs[1].days == 0...0)
        #expect(runs[1].counts == IngestCounts(added: 1, alreadyThere: 1))
        #expect(try store.lineCounts(of: [0, 1, 2]) == [0: 2, 1: 1])
        let dry = try store.remove(.run(1), dryRun: true)
        #expect(dry.lines == 2 && dry.customers == 1 && dry.days == 2 && dry.span == 0...1)
        #expect(try store.transactionCounts().lines == 3)
        #expect(try store.remove(.run(1), dryRun: false) == dry)
        #expect(try store.remove(.run(1), dryRun: false) == RemovalReport())
        #expect(try store.runs().map(\.lines) == [0, 1])
        #expect(try store.transactionCounts().lines == 1)
    }

    @Test("lines go by invoice and by day, and no others do; more than one command's worth as well")
    func removal() throws {
        let store = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        let near = ["1", "11", "1 ", "1/", "", "01"]
        try store.ingest(near.map { OwnedLine($0) } + [OwnedLine("1", customer: 2, minute: 9_000)])
        #expect(try store.remove(.invoice(Array("1".utf8)), dryRun: false).lines == 2)
        #expect(try store.transactionCounts().lines == Int64(near.count - 1))
        try store.ingest((0..<4_500).map { OwnedLine("\($0)", "B", minute: 1_440 * 9 + $0 % 1_440) })
        #expect(try store.remove(.days(9...9), dryRun: false).lines == 4_500)
        #expect(try store.transactionCounts().lines == Int64(near.count - 1))
    }

    @Test("replaced days have the lines of the run and no others, and no build sees half of it")
    func replacement() throws {
        let store = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        try store.ingest([OwnedLine("1"), OwnedLine("2"), OwnedLine("3", minute: 9_000)])
        struct Stop: Error {}
        let days = DayReplacement(days: [0])
        #expect(throws: Stop.self) {
            try store.ingest(RunDescription(kind: .replace), replacing: days) { session in
                try OwnedLine("4").withLine { try session.add($0) }
                _ = try session.commit()
                throw Stop()
            }
        }
        let error = try #require(throws: StoreError.self) { try store.buildFeatures(asOfDay: nil) }
        #expect(error.description.contains("run 2"))
        let counts = try store.ingest(RunDescription(kind: .replace), replacing: days) { session in
            for invoice in ["2", "5"] { try OwnedLine(invoice).withLine { try session.add($0) } }
            return try session.commit()
        }
        #expect(counts.added == 1 && counts.alreadyThere == 1)
        #expect(try store.linesByCustomer().map(\.invoice).sorted() == ["2", "3", "5"])
        #expect(try store.runs().map(\.lines) == [1, 0, 2])
        #expect(try store.runs().last?.counts?.replaced == 2)
        #expect(try store.buildFeatures(asOfDay: nil).build.customers == 1)
    }

    @Test("texts are customers, and a look-up by another check finds nobody")
    func texts() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        try store.ingest([OwnedLine("1", customer: 7)])
        try add(store, [("2", "CUST-0001"), ("3", "CUST-0001"), ("4", "anna@example.org")])
        let build = try store.buildFeatures(asOfDay: nil).build
        #expect(build.customers == 3)
        let first = try id("CUST-0001")
        let record = try #require(try store.record(of: first))
        #expect(record.facts.id == first && record.facts.purchaseInvoices == 2)
        var other = first
        other.check ^= 1
        #expect(try store.record(of: other) == nil)
        #expect(try store.record(of: CustomerID(number: first.number)) == nil)
        #expect(try store.records(of: [first, CustomerID(number: 7), other], in: build).found.count == 2)
        #expect(try store.customerTexts(of: [first.number, 7]) == [first.number: "CUST-0001"])
        // As in another kind of store, and when a build goes on from the one before.
        #expect(try store.buildFeatures(asOfDay: nil).build.hash == build.hash)
        #expect(try store.buildFeatures(asOfDay: nil, anew: true).build.hash == build.hash)
        try edit(mongodb: uri, "assert 'check' not in db.transactions.find_one({'customer': 7})")
    }

    @Test("of texts that have the same number, the first one has it, and the others' lines are named")
    func collisions() throws {
        let store = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        let texts = (0..<1_200).map { "customer \($0)" }
        var owners: [Int64: String] = [:]
        var expected: [String] = []
        var counts = IngestCounts()
        for (index, text) in texts.enumerated() {
            let number = try id(text, bits: 16).number
            if owners[number] == nil { owners[number] = text } else { expected.append(text) }
            // Most in large batches, whose order a server need not keep; so owners go first.
            if index == texts.count - 1 {
                counts += try add(store, owners.values.map { ("i \($0)", $0) }, bits: 16)
                counts += try add(store, expected.map { ("i \($0)", $0) }, bits: 16)
            }
        }
        #expect(expected.count > 3)
        #expect(counts.added == Int64(owners.count) && counts.collisions == Int64(expected.count))
        #expect(Set(counts.colliding).isSubset(of: expected))
        _ = try store.buildFeatures(asOfDay: nil)
        for text in expected { #expect(try store.record(of: try id(text, bits: 16)) == nil) }
        for text in owners.values.prefix(20) {
            #expect(try store.record(of: try id(text, bits: 16))?.facts.purchaseLines == 1)
        }
        // Two that are new in the same batch.
        let fresh = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        let pair = try #require(expected.first)
        let owner = try #require(owners[try id(pair, bits: 16).number])
        let both = try add(fresh, [("a", pair), ("b", owner)], bits: 16)
        #expect(both.added == 1 && both.collisions == 1)
    }

    @Test("nothing of a forgotten customer is left in any collection, and its lines stay out")
    func forgetting() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        let text = "forget-me-0123456789"
        let id = try id(text)
        try store.ingest([OwnedLine("1", customer: 7_777_777), OwnedLine("2", customer: 8)])
        try add(store, [("3", text)])
        let before = try store.buildFeatures(asOfDay: 40).build
        _ = try store.buildFeatures(asOfDay: 40)
        try store.setSegments(
            SegmentAssignment(generation: 2, names: ["all"], segments: [(7_777_777, 0), (8, 0), (id.number, 0)])
        )
        let run = PredictionRun(model: "m", version: "1", asOfMinute: before.context.asOfMinute)
        try store.write(
            [7_777_777, 8, id.number].map { StoredPrediction(customer: $0, probability: 0.5, isChurn: true) },
            of: run
        )
        let report = try store.forget([id, CustomerID(number: 7_777_777), CustomerID(number: 99)])
        #expect(report.found == 2 && report.added == 3 && report.lines == 2 && report.predictions == 2)
        let build = try #require(try store.latestBuild())
        #expect(report.build == build && build.generation == 3 && build.customers == 1)
        #expect(build.context.asOfMinute == before.context.asOfMinute)
        #expect(try store.loadFeatures().rowCount == 1)
        #expect(try store.record(of: 8)?.segment == "all")
        let scan = "[repr(d) for c in db.list_collection_names() for d in db[c].find()]"
        try edit(
            mongodb: uri,
            "assert not [d for d in \(scan) if '\(text)' in d or '\(id.number)' in d or '7777777' in d]",
            "assert [d for d in \(scan) if \"'customer': 8\" in d]"
        )
        // Later lines are left out until it is taken back.
        #expect(try add(store, "4", text).forgotten == 1)
        #expect(try store.ingest([OwnedLine("5", customer: 7_777_777)]).forgotten == 1)
        #expect(try store.forgottenCount() == 3)
        #expect(try store.forget([id]).added == 0)
        #expect(try store.unforget([id, CustomerID(number: 12)]) == 1)
        #expect(try add(store, "4", text).added == 1)
        // The last ones: no build is left.
        #expect(try store.forget([id, CustomerID(number: 8)]).found == 2)
        #expect(try store.latestBuild() == nil)
    }
}
