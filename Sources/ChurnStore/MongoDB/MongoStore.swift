internal import CMongo
internal import ChurnBase
internal import ChurnFeatures

/// A store in a MongoDB database. docs/mongodb.md shows its collections and indexes, and says why they are so.
///
/// Any number of processes may read and ingest at a time. Nothing is ever changed in place that a reader relies on: a
/// line is inserted or it is there already, a feature build is a new collection, and the document in `builds` that makes
/// it the last one is written when it is whole.
package final class MongoStore: Store {
    package let location: StoreLocation
    let access: StoreAccess
    /// What messages call this store; without user and password.
    let name: String
    let pool: MongoPool

    /// What the commands of this store did.
    package var counters: MongoCounters { pool.counters }

    /// Connects to the store, and creates or completes it as `access` allows.
    ///
    /// - Parameters:
    ///   - uri: passed to libmongoc whole.
    ///   - stallLimit: how long a server may be silent within one command, unless `uri` says so itself.
    /// - Throws: `unusableAddress`, `unreachable`, `refused`; `notFound`, `notAStore`, `newerSchema`.
    package init(
        uri: String,
        access: StoreAccess,
        stallLimit: Duration = StoreLocation.defaultStallLimit
    ) throws(StoreError) {
        let location = StoreLocation.mongodb(uri: uri)
        let name = location.description
        self.location = location
        self.access = access
        self.name = name
        let address = try MongoAddress(uri, name: name, stallLimit: stallLimit)
        do {
            pool = try MongoPool(address)
        } catch {
            throw StoreError(error, store: name)
        }
        try prepare()
    }

    /// Closes every connection. Nothing may be called afterwards, and nothing may be running.
    package func close() {
        pool.close()
    }

    /// Looks at what is there, and creates what `access` allows.
    private func prepare() throws(StoreError) {
        let (version, hasLines) = try leasing { lease throws(MongoFailure) in
            (try MongoSchema.version(lease), try MongoSchema.hasTransactions(lease))
        }
        if let version {
            guard version <= MongoSchema.currentVersion else { throw .newerSchema(store: name) }
            let isMigrating = try leasing { lease throws(MongoFailure) in try MongoSchema.isMigrating(lease) }
            if version < MongoSchema.currentVersion || isMigrating {
                guard access != .read else { throw .olderSchema(store: name) }
                try migrate()
            }
        } else {
            // Lines without our mark are another program's.
            if hasLines { throw .notAStore(store: name, .otherApplication) }
            guard access == .create else { throw .notFound(store: name) }
        }
        guard access != .read else { return }
        try retrying { lease throws(MongoFailure) in try MongoSchema.create(lease) }
    }

    /// Runs `body` with a client, once.
    func leasing<Value>(
        _ body: (borrowing MongoLease) throws(MongoFailure) -> Value
    ) throws(StoreError) -> Value {
        do {
            return try pool.withLease(body)
        } catch {
            throw StoreError(error, store: name)
        }
    }

    /// Runs `body`, which may be run any number of times to the same effect, until it succeeds or there is no hope:
    /// again after failures of the network, of an election, of a restart, with pauses of 0.1 s that double up to 3 s.
    /// A server that is gone is waited for about a minute.
    func retrying<Value>(
        _ body: (borrowing MongoLease) throws(MongoFailure) -> Value
    ) throws(StoreError) -> Value {
        var pause = Duration.milliseconds(100)
        for _ in 1..<Self.attempts {
            do {
                return try pool.withLease(body)
            } catch {
                guard error.isRetryable else { throw StoreError(error, store: name) }
                // Half of it by chance, so that many clients do not come back at the same moment.
                usleep(UInt32(pause * Double.random(in: 0.5...1) / .microseconds(1)))
                pause = min(pause * 2, .seconds(3))
            }
        }
        return try leasing(body)
    }

    private static let attempts = 10

    /// An error of the wrapper, of the facts, or of the table.
    func storeError(_ error: any Error) -> StoreError {
        switch error {
        case let error as StoreError: error
        case let error as MongoFailure: StoreError(error, store: name)
        case let error as FactsError: .facts(store: name, error)
        case let error as FeatureTableError: .refused(store: name, code: 0, explanation: error.description)
        default: .refused(store: name, code: 0, explanation: "\(type(of: error))")
        }
    }
}
