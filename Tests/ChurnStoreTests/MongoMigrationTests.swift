import ChurnBase
import ChurnFeatures
import ChurnStore
import Foundation
import ServerTestSupport
import TestSupport
import Testing

/// A store that a program of schema version 1 has written (Tests/Fixtures/stores/mongodb_version1.json: 129 lines of 12
/// customers, made by `churn generate`, with features and segments).
@Suite struct MongoMigrationTests {
    private func fill(_ uri: String) throws {
        let path = Surroundings.path("Tests/Fixtures/stores/mongodb_version1.json")
        try edit(
            mongodb: uri,
            "from bson import json_util; data = json_util.loads(open('\(path)').read());"
                + " [db[name].insert_many(rows) for name, rows in data.items() if rows]"
        )
    }

    private func expectMigrated(_ store: any Store) throws {
        let counts = try store.transactionCounts()
        #expect(counts.lines == 129 && counts.purchaseLines == 115 && counts.cancelLines == 14)
        #expect(counts.purchaseInvoices == 46 && counts.revenueMilli == 3_563_920 && counts.customers == 12)
        let runs = try store.runs()
        #expect(runs.map(\.id) == [1] && runs.first?.lines == 129 && runs.first?.description.kind == .migrated)
        // The same lines come again as those that are there.
        var lines: [OwnedLine] = []
        try store.forEachLine { lines.append(OwnedLine($0)) }
        try withTemporaryDirectory { directory in
            let other = try SQLiteStore(path: directory + "/other.sqlite", access: .create)
            try other.ingest(lines)
            #expect(try other.transactionsHash() == (try store.transactionsHash()))
            let build = try store.buildFeatures(asOfDay: nil).build
            #expect(build.hash == (try other.buildFeatures(asOfDay: nil).build.hash) && build.customers == 12)
        }
        #expect(try store.ingest(lines) == IngestCounts(added: 0, alreadyThere: 129))
    }

    @Test("a writer migrates a store in place, a reader refuses it before")
    func migration() throws {
        let uri = try MongoDatabase().uri
        try fill(uri)
        let error = StoreError.olderSchema(store: StoreLocation.mongodb(uri: uri).description)
        #expect(throws: error) { try MongoStore(uri: uri, access: .read) }
        let store = try MongoStore(uri: uri, access: .update)
        #expect(try store.latestBuild() == nil)
        try expectMigrated(store)
        try edit(
            mongodb: uri,
            "assert db.meta.find_one({'_id': 'schema'}) == {'_id': 'schema', 'version': 2}",
            "assert db.transactions.count_documents({'price_milli': {'$exists': True}}) == 0",
            "assert db.transactions.count_documents({}) == 129",
            "assert 'features_1_1d12343a4a42c8f4' not in db.list_collection_names()"
        )
        _ = try MongoStore(uri: uri, access: .read)
    }

    @Test("a migration that stopped anywhere goes on with the next writer", arguments: 0..<4)
    func interrupted(stage: Int) throws {
        let uri = try MongoDatabase().uri
        try fill(uri)
        let whole = try MongoDatabase().uri
        try fill(whole)
        let expected = try MongoStore(uri: whole, access: .update).transactionsHash()
        // What a kill leaves: the note; some lines written twice; some of them written and removed.
        try edit(mongodb: uri, "db.meta.update_one({'_id': 'schema'}, {'$set': {'version': 2, 'migrating': 1}})")
        if stage >= 1 { try edit(mongodb: uri, "db.builds.delete_many({})") }
        if stage >= 2 {
            try edit(
                mongodb: uri,
                "import pymongo; new = pymongo.MongoClient('\(whole)').get_default_database();"
                    + " db.transactions.insert_many(list(new.transactions.find().limit(60)))"
            )
        }
        if stage >= 3 {
            try edit(
                mongodb: uri,
                "new = [(d['invoice'], d['stock_code'], d['copy']) for d in"
                    + " db.transactions.find({'amount_milli': {'$exists': True}})][:30];"
                    + " [db.transactions.delete_one({'invoice': i, 'stock_code': s, 'copy': c, 'price_milli':"
                    + " {'$exists': True}}) for i, s, c in new]"
            )
        }
        let error = StoreError.olderSchema(store: StoreLocation.mongodb(uri: uri).description)
        #expect(throws: error) { try MongoStore(uri: uri, access: .read) }
        let store = try MongoStore(uri: uri, access: .update)
        #expect(try store.transactionsHash() == expected)
        try expectMigrated(store)
    }

    @Test("a line of before that cannot be one is refused, and nothing is lost")
    func damaged() throws {
        let uri = try MongoDatabase().uri
        try fill(uri)
        try edit(mongodb: uri, "db.transactions.update_one({'customer': 12354}, {'$set': {'price_milli': 'dear'}})")
        let error = StoreError.damaged(store: StoreLocation.mongodb(uri: uri).description, .transactions)
        #expect(throws: error) { try MongoStore(uri: uri, access: .update) }
        try edit(mongodb: uri, "assert db.transactions.count_documents({}) == 129")
    }
}
