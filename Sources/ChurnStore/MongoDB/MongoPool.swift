internal import CMongo
internal import Synchronization

/// The clients of one store. Making it resolves names, which blocks: never on an event loop.
///
/// `@unchecked Sendable`: "mongoc_client_pool_t is thread-safe" (its manual), the handle never changes, and `close`
/// checks that no client is on loan.
final class MongoPool: @unchecked Sendable {
    let database: String
    /// Of the address.
    let stallLimit: Duration?
    let clientLimit: Int32
    let counters = MongoCounters()
    private let handle: OpaquePointer
    private let leases = Atomic<Int>(0)
    private let isClosed = Atomic<Bool>(false)

    init(_ address: borrowing MongoAddress) throws(MongoFailure) {
        var error = bson_error_t()
        guard let handle = mongoc_client_pool_new_with_error(address.pointer, &error) else {
            throw MongoFailure(error)
        }
        self.handle = handle
        database = address.database
        stallLimit = address.stallLimit
        clientLimit = address.clientLimit
        // Version 2: errors of the server have a domain of their own (mongoc_errors(3)).
        mongoc_client_pool_set_error_api(handle, MONGOC_ERROR_API_VERSION_2)
        counters.watch(handle)
    }

    deinit {
        close()
    }

    /// Closes every connection and ends the threads that watch the servers. Safe to call again.
    ///
    /// - Precondition: no client is on loan.
    func close() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        precondition(leases.load(ordering: .acquiring) == 0, "a client is still on loan")
        mongoc_client_pool_destroy(handle)
    }

    /// Lends a client to `body`; waits for one, as long as the address allows (`waitQueueTimeoutMS`).
    func withLease<Value>(
        _ body: (borrowing MongoLease) throws(MongoFailure) -> Value
    ) throws(MongoFailure) -> Value {
        let lease = try MongoLease(from: self)
        return try body(lease)
    }

    fileprivate func pop() -> OpaquePointer? {
        leases.add(1, ordering: .acquiringAndReleasing)
        if !isClosed.load(ordering: .acquiring), let client = mongoc_client_pool_pop(handle) { return client }
        leases.subtract(1, ordering: .acquiringAndReleasing)
        return nil
    }

    fileprivate func push(_ client: OpaquePointer) {
        mongoc_client_pool_push(handle, client)
        leases.subtract(1, ordering: .acquiringAndReleasing)
    }
}

/// One client on loan. `deinit` gives it back, so that no error can leak it. Not `Sendable`: "mongoc_client_t is not
/// thread-safe" (its manual).
struct MongoLease: ~Copyable {
    let client: OpaquePointer
    private let pool: MongoPool

    fileprivate init(from pool: MongoPool) throws(MongoFailure) {
        guard let client = pool.pop() else { throw .noClient }
        self.client = client
        self.pool = pool
    }

    deinit {
        pool.push(client)
    }

    var database: String { pool.database }

    /// - Parameter fromPrimary: whether it is read from the primary, whatever the address prefers.
    func collection(_ name: String, fromPrimary: Bool = false) -> MongoCollection {
        let handle: OpaquePointer = mongoc_client_get_collection(client, database, name)
        if fromPrimary {
            let primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY)
            defer { mongoc_read_prefs_destroy(primary) }
            mongoc_collection_set_read_prefs(handle, primary)
        }
        return MongoCollection(handle)
    }

    /// Runs a command on the store's database.
    ///
    /// - Parameter read: is given the fields of the reply.
    func command(
        _ command: borrowing BSONDocument,
        read: (borrowing BSONReader) -> Void = { _ in }
    ) throws(MongoFailure) {
        let reply = BSONSlot()
        var error = bson_error_t()
        guard mongoc_client_command_simple(client, database, command.pointer, nil, reply.pointer, &error) else {
            throw MongoFailure(error, reply: reply.pointer)
        }
        let reader = BSONReader()
        guard reader.start(reply.pointer) else { return }
        while reader.next() { read(reader) }
    }

    /// The database's collections whose names begin with `prefix`.
    func collectionNames(prefix: String) throws(MongoFailure) -> [String] {
        let database = mongoc_client_get_database(client, database)
        defer { mongoc_database_destroy(database) }
        var error = bson_error_t()
        let options = BSONDocument("{\"nameOnly\": true}")
        guard let names = mongoc_database_get_collection_names_with_opts(database, options.pointer, &error) else {
            throw MongoFailure(error)
        }
        defer { bson_strfreev(names) }
        var found: [String] = []
        var next = names
        while let name = next.pointee {
            let text = String(cString: name)
            if text.hasPrefix(prefix) { found.append(text) }
            next += 1
        }
        return found
    }
}
