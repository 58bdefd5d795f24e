internal import CMongo
internal import ChurnBase

/// What changes in a collection, as the server tells of it. libmongoc opens it again by itself after a failover, behind
/// the last change that it gave. Must not outlive the lease of its collection.
struct MongoChangeStream: ~Copyable {
    private let handle: OpaquePointer?

    init(_ handle: OpaquePointer?) {
        self.handle = handle
    }

    deinit {
        if let handle { mongoc_change_stream_destroy(handle) }
    }

    /// Returns when there is a change, or when the server has waited for one in vain.
    ///
    /// - Returns: whether there is one.
    func wait() throws(MongoFailure) -> Bool {
        guard let handle else { throw .noClient }
        var change: OpaquePointer?
        if mongoc_change_stream_next(handle, &change) { return true }
        var error = bson_error_t()
        var reply: OpaquePointer?
        if mongoc_change_stream_error_document(handle, &error, &reply) { throw MongoFailure(error, reply: reply) }
        return false
    }
}

extension MongoStore {
    package func followBuilds(callingEvery interval: Duration, _ body: (Bool) -> Bool) throws(StoreError) -> Bool {
        // The stream takes a client for as long as it runs, and `body` needs another one.
        guard pool.clientLimit == 0 || pool.clientLimit > 1 else { return false }
        do {
            return try pool.withLease { lease throws(MongoFailure) in
                guard try lease.hasChangeStreams() else { return false }
                let stream = lease.collection(MongoSchema.builds).watch(waiting: wait(interval))
                var hasChange = false
                while body(hasChange) {
                    let start = ContinuousClock.now
                    hasChange = try stream.wait()
                    // A server that does not wait is not to be asked again and again.
                    let rest = wait(interval) / 2 - (.now - start)
                    if !hasChange, rest > .zero { usleep(UInt32(rest / .microseconds(1))) }
                }
                return true
            }
        } catch {
            // Of those that it will not do for this user, or at all.
            if error.isServer, !error.isRetryable { return false }
            throw StoreError(error, store: name)
        }
    }

    /// The interval; but a server that waits for a change must not look like one that is silent.
    private func wait(_ interval: Duration) -> Duration {
        let longest = Duration.seconds(60)
        return max(.milliseconds(1), min(interval, longest, pool.stallLimit.map { $0 / 2 } ?? longest))
    }
}

extension MongoLease {
    /// Replica sets and sharded clusters have an oplog, and so they can tell of changes.
    fileprivate func hasChangeStreams() throws(MongoFailure) -> Bool {
        var isSet = false
        var isSharded = false
        try command(BSONDocument("{\"hello\": 1}")) { reader in
            switch reader.key {
            case "setName": isSet = true
            case "msg": isSharded = reader.string == "isdbgrid"
            default: break
            }
        }
        return isSet || isSharded
    }
}
