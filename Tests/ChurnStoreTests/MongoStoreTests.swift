import ChurnFeatures
import ChurnStore
import Foundation
import ServerTestSupport
import TestSupport
import Testing

@Suite struct MongoOpeningTests {
    @Test("reading and updating create nothing; creating does, once")
    func missing() throws {
        let uri = try MongoDatabase().uri
        for _ in 0..<2 {
            for access in [StoreAccess.read, .update] {
                let error = StoreError.notFound(store: StoreLocation.mongodb(uri: uri).description)
                #expect(throws: error) { try MongoStore(uri: uri, access: access) }
            }
        }
        for access in [StoreAccess.create, .create, .update, .read] {
            let store = try MongoStore(uri: uri, access: access)
            #expect(try store.transactionCounts() == TransactionCounts())
            store.close()
        }
    }

    @Test("a database of another program, or of a later version, is left alone")
    func foreign() throws {
        let other = try MongoDatabase().uri
        try edit(mongodb: other, "db.transactions.insert_one({'theirs': 1})")
        let newer = try MongoDatabase().uri
        try MongoStore(uri: newer, access: .create).ingest([OwnedLine("1")])
        try edit(mongodb: newer, "db.meta.update_one({'_id': 'schema'}, {'$set': {'version': 3}})")
        for access in [StoreAccess.read, .update, .create] {
            let otherName = StoreLocation.mongodb(uri: other).description
            #expect(throws: StoreError.notAStore(store: otherName, .otherApplication)) {
                try MongoStore(uri: other, access: access)
            }
            let newerName = StoreLocation.mongodb(uri: newer).description
            #expect(throws: StoreError.newerSchema(store: newerName)) { try MongoStore(uri: newer, access: access) }
        }
    }

    @Test("a server that is not there is an error that says so, without the password")
    func unreachable() throws {
        let port = try ReservedPort()
        let uri = "mongodb://me:secret@127.0.0.1:\(port.port)/churn?serverSelectionTimeoutMS=200"
        let error = try #require(throws: StoreError.self) { try MongoStore(uri: uri, access: .read) }
        guard case .unreachable(let store, _) = error else {
            Issue.record(error)
            return
        }
        #expect(store == "mongodb://127.0.0.1:\(port.port)/churn?serverSelectionTimeoutMS=200")
        #expect(!error.description.contains("secret"))
    }

    @Test(
        "an address that libmongoc cannot read is refused, without the password",
        arguments: ["mongodb://me:secret@/x", "mongodb://me:se%zzcret@h/x", "mongodb://h:99999/x", "mongodb://h/x?tls"]
    )
    func unusable(uri: String) throws {
        let error = try #require(throws: StoreError.self) { try MongoStore(uri: uri, access: .read) }
        #expect(error == .unusableAddress(store: StoreLocation.mongodb(uri: uri).description))
        #expect(!error.description.contains("cret"))
    }

    @Test("commands are counted, failures too")
    func counters() throws {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        try store.ingest([OwnedLine("1"), OwnedLine("2", customer: 2)])
        let build = try store.buildFeatures(asOfDay: nil).build
        let before = store.counters.values
        #expect(before.commands > 0 && before.microseconds > 0)
        #expect(try store.records(of: [1, 2, 3], in: build).found.count == 2)
        let after = store.counters.values
        #expect(after.commands == before.commands + 1)
        #expect(after.reads == before.reads + 1)
        #expect(after.failures == before.failures)
    }
}

@Suite struct MongoDocumentTests {
    /// The stand-in cannot store NaN.
    private static func ofNaN(_ statements: [String]) -> [String] { MongoDatabase.isStandIn ? [] : statements }

    /// Three customers, built.
    private func built() throws -> (uri: String, store: MongoStore) {
        let uri = try MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        try store.ingest((1...3).map { OwnedLine("\($0)", customer: $0, minute: $0 * 1_440) })
        _ = try store.buildFeatures(asOfDay: nil)
        return (uri, store)
    }

    @Test(
        "features that contradict their build are refused, not served",
        arguments: ofNaN(["features.update_one({'_id': 2}, {'$set': {'units_milli': float('nan')}})"]) + [
            "features.update_one({'_id': 2}, {'$inc': {'units_milli': 1}})",
            "features.update_one({'_id': 2}, {'$unset': {'units_milli': 1}})",
            "features.update_one({'_id': 2}, {'$set': {'units_milli': 'many'}})",
            "features.update_one({'_id': 2}, {'$set': {'units_milli': 1.5}})",
            "features.update_one({'_id': 2}, {'$set': {'days': []}})",
            "features.update_one({'_id': 2}, {'$set': {'days': ['x']}})",
            "features.update_one({'_id': 2}, {'$set': {'days': Int64(2)}})",
            "features.update_one({'_id': 2}, {'$set': {'last_minute': Int64(-2**63)}})",
            "features.delete_one({'_id': 2})",
            "features.drop()",
            "db.builds.update_one({'_id': 1}, {'$inc': {'customers': 1}})",
            "db.builds.update_one({'_id': 1}, {'$set': {'as_of_minute': Int64(2**63 - 1)}})",
            "db.builds.update_one({'_id': 1}, {'$inc': {'as_of_minute': 1}})",
            "db.builds.update_one({'_id': 1}, {'$set': {'hash': 'xxxxxxxxxxxxxxxx'}})",
            "db.builds.update_one({'_id': 1}, {'$unset': {'records': 1}})",
        ]
    )
    func damaged(statement: String) throws {
        let (uri, store) = try built()
        try edit(mongodb: uri, statement)
        let error = StoreError.damaged(store: store.location.description, .features)
        #expect(throws: error) { try store.loadFeatures() }
    }

    @Test("a record that cannot be fails its customer, and none of those who are asked for with it")
    func damagedRecord() throws {
        let (uri, store) = try built()
        try edit(mongodb: uri, "features.update_one({'_id': 2}, {'$set': {'units_milli': 'many'}})")
        let build = try #require(try store.latestBuild())
        let records = try store.records(of: [1, 2, 3], in: build)
        #expect(records.found.map(\.facts.customer).sorted() == [1, 3])
        #expect(records.damaged == [2])
        #expect(throws: StoreError.damaged(store: store.location.description, .features)) {
            try store.record(of: 2)
        }
    }

    @Test(
        "a transaction that is none of ours is refused",
        arguments: ofNaN([
            "db.transactions.update_one({'customer': 2}, {'$set': {'amount_milli': float('nan')}})",
            "db.transactions.update_one({'customer': 2}, {'$set': {'minute': float('nan')}})",
        ]) + [
            "db.transactions.insert_one({'_id': 'x', 'customer': 1, 'minute': 5})",
            "db.transactions.update_one({'customer': 2}, {'$set': {'amount_milli': 'dear'}})",
            "db.transactions.update_one({'customer': 2}, {'$set': {'minute': 1.5}})",
        ]
    )
    func foreignTransaction(statement: String) throws {
        let (uri, store) = try built()
        try edit(mongodb: uri, statement)
        let error = StoreError.damaged(store: store.location.description, .transactions)
        #expect(throws: error) { try store.linesByCustomer() }
        #expect(throws: error) { try store.transactionsHash() }
    }

    @Test("segments are seen all at once, and a new build has none")
    func segments() throws {
        let (uri, store) = try built()
        let reader = try MongoStore(uri: uri, access: .read)
        for (names, segments) in [(["low", "high"], [0, 1, 1]), (["few"], [0, 0])] {
            let build = try #require(try store.latestBuild())
            let assigned = zip(Int64(1)..., segments).map { (customer: $0, segment: $1) }
            try store.setSegments(SegmentAssignment(generation: 1, names: names, segments: assigned))
            let table = try reader.loadFeatures()
            #expect(table.segmentNames == names)
            for (customer, segment) in assigned {
                let row = try #require(table.row(of: customer))
                #expect(table.segment(row: row) == segment)
                #expect(try reader.record(of: customer)?.segment == names[segment])
            }
            if segments.count < 3 { #expect(try reader.record(of: 3)?.segment == nil) }
            #expect(try reader.latestBuild()?.segmentation == build.segmentation + 1)
        }
        let stale = SegmentAssignment(generation: 9, names: ["x"], segments: [])
        #expect(throws: StoreError.busy(store: store.location.description)) { try store.setSegments(stale) }
        _ = try store.buildFeatures(asOfDay: nil)
        #expect(try reader.record(of: 1)?.segment == nil)
        #expect(try reader.loadFeatures().segmentNames.isEmpty)
    }

    @Test("a server that stands alone is to be asked for builds")
    func standalone() throws {
        guard MongoDatabase.isStandIn else { return }
        let (_, store) = try built()
        #expect(try !store.followBuilds(callingEvery: .seconds(1)) { _ in true })
    }

    @Test("a replica set tells of builds and segments", .timeLimit(.minutes(2)))
    func following() async throws {
        let server = MongoDatabase.isStandIn ? try MongoServer(asReplicaSet: true) : nil
        let uri = try server?.uri("churn") ?? MongoDatabase().uri
        let store = try MongoStore(uri: uri, access: .create)
        try store.ingest([OwnedLine("1")])
        if server == nil {
            // The server that was given may stand alone.
            guard (try? edit(mongodb: uri, "assert 'setName' in db.command('hello')")) != nil else { return }
        }
        let (calls, news) = AsyncStream.makeStream(of: Bool.self)
        async let isTold = onOwnThread {
            defer { news.finish() }
            var changes = 0
            return try store.followBuilds(callingEvery: .seconds(2)) { hasChange in
                news.yield(hasChange)
                changes += hasChange ? 1 : 0
                return changes < 2
            }
        }
        var changes = 0
        var isFirst = true
        for await hasChange in calls {
            // The first call comes before there is anything to tell.
            #expect(!(isFirst && hasChange))
            if isFirst { _ = try store.buildFeatures(asOfDay: nil) }
            isFirst = false
            guard hasChange else { continue }
            changes += 1
            if changes == 1 {
                try store.setSegments(SegmentAssignment(generation: 1, names: ["x"], segments: [(1, 0)]))
            }
        }
        #expect(try await isTold)
        #expect(changes == 2)
        withExtendedLifetime(server) {}
    }

    @Test("only the features of the last two builds are kept")
    func stale() throws {
        let (uri, store) = try built()
        let first = try #require(try store.latestBuild())
        try edit(mongodb: uri, "db.features_1_dead.insert_one({'_id': Int64(1)})")
        let second = try store.buildFeatures(asOfDay: nil).build
        // A reader that had begun with the first can still end.
        #expect(try store.records(of: [1, 2], in: first).found.count == 2)
        _ = try store.buildFeatures(asOfDay: nil)
        #expect(try store.records(of: [1, 2], in: first).found.isEmpty)
        #expect(try store.records(of: [1, 2], in: second).found.count == 2)
        try edit(mongodb: uri, "assert not [name for name in db.list_collection_names() if 'dead' in name]")
    }
}

/// Run under the address sanitizer, too, which looks for leaks; then `CHURN_TEST_LEASES` is 10,000.
@Suite struct MongoLeakTests {
    private struct Stop: Error {}

    @Test("thousands of leases, with errors and cursors that are left early, keep nothing")
    func leases() throws {
        let store = try MongoStore(uri: try MongoDatabase().uri, access: .create)
        try store.ingest((1...300).map { OwnedLine("\($0)", customer: $0) })
        // A build whose records went with the second after it.
        let gone = try store.buildFeatures(asOfDay: nil).build
        _ = try store.buildFeatures(asOfDay: nil)
        let build = try store.buildFeatures(asOfDay: nil).build
        let leases = ProcessInfo.processInfo.environment["CHURN_TEST_LEASES"].flatMap { Int($0) } ?? 800
        for round in 0..<leases / 4 {
            #expect(try store.records(of: [Int64(round % 300) + 1], in: build).found.count == 1)
            #expect(try store.records(of: [1], in: gone).found.isEmpty)
            #expect(throws: Stop.self) { try store.forEachLineByCustomer(before: .max) { _ in throw Stop() } }
            // A bulk whose every write fails.
            #expect(try store.ingest([OwnedLine("1")]).alreadyThere == 1)
        }
        let port = try ReservedPort()
        let dead = "mongodb://127.0.0.1:\(port.port)/churn?serverSelectionTimeoutMS=20"
        for _ in 0..<20 { #expect(throws: StoreError.self) { try MongoStore(uri: dead, access: .read) } }
        store.close()
        let closed = StoreError.unreachable(
            store: store.location.description,
            explanation: "no connection became free"
        )
        #expect(throws: closed) { try store.latestBuild() }
    }
}
