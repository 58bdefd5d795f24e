internal import CMongo

/// Collections, indexes, and the mark that says that a database is ours.
enum MongoSchema {
    static let currentVersion: Int64 = 2

    static let meta = "meta"
    static let transactions = "transactions"
    static let builds = "builds"
    static let predictions = "predictions"
    static let runs = "runs"
    static let customers = "customers"
    static let forgotten = "forgotten"
    static let featurePrefix = "features_"

    /// Has all that a feature build needs to know to find out whose lines are new.
    static let linesIndex = "customer_lines"

    /// Durable: on the disks of most of the servers.
    static let durably = "\"writeConcern\": {\"w\": \"majority\", \"j\": true}"

    /// The version of the store; nil when the database has no mark of ours.
    static func version(_ lease: borrowing MongoLease) throws(MongoFailure) -> Int64? {
        var version: Int64?
        try lease.collection(meta).find(BSONDocument("{\"_id\": \"schema\"}"), BSONDocument("{\"limit\": 1}")) {
            reader in
            while reader.next() {
                if "version" ~= reader.key { version = reader.integer }
            }
            return false
        }
        return version
    }

    /// Whether a migration to this version is under way, or was interrupted.
    static func isMigrating(_ lease: borrowing MongoLease) throws(MongoFailure) -> Bool {
        var isMigrating = false
        let mark = BSONDocument("{\"_id\": \"schema\"}")
        try lease.collection(meta, fromPrimary: true).find(mark, BSONDocument("{\"limit\": 1}")) { reader in
            while reader.next() {
                if "migrating" ~= reader.key { isMigrating = reader.integer != 0 }
            }
            return false
        }
        return isMigrating
    }

    static func hasTransactions(_ lease: borrowing MongoLease) throws(MongoFailure) -> Bool {
        var isThere = false
        let options = BSONDocument("{\"limit\": 1, \"projection\": {\"_id\": 1}}")
        try lease.collection(transactions).find(BSONDocument("{}"), options) { _ in
            isThere = true
            return false
        }
        return isThere
    }

    /// Writes the mark of a new store, and makes the indexes; what is there already stays as it is.
    static func create(_ lease: borrowing MongoLease) throws(MongoFailure) {
        let mark = BSONDocument("{\"_id\": \"schema\", \"version\": \(currentVersion)}")
        _ = try lease.collection(meta).bulk(BSONDocument("{\(durably)}")) { bulk throws(MongoFailure) in
            try bulk.insert(mark.pointer)
        }
        for (collection, name, key) in [
            (transactions, linesIndex, "{\"customer\": 1, \"minute\": 1, \"quantity_milli\": 1, \"mark\": 1}"),
            (predictions, "run_customer", "{\"model\": 1, \"version\": 1, \"as_of_minute\": 1, \"customer\": 1}"),
        ] {
            try lease.command(
                BSONDocument(
                    """
                    {"createIndexes": "\(collection)", "indexes": [{"key": \(key), "name": "\(name)"}]}
                    """
                )
            )
        }
    }
}
