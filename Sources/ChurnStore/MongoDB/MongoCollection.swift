internal import CMongo

/// A collection, seen through one lease. Must not outlive it.
struct MongoCollection: ~Copyable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        mongoc_collection_destroy(handle)
    }

    /// Calls `body` at each document that a filter finds, with a reader that stands before its first field, until `body`
    /// returns false. Texts are valid inside `body` only.
    func find(
        _ filter: borrowing BSONDocument,
        _ options: borrowing BSONDocument,
        _ body: (borrowing BSONReader) -> Bool
    ) throws(MongoFailure) {
        try MongoCursor(mongoc_collection_find_with_opts(handle, filter.pointer, options.pointer, nil)).forEach(body)
    }

    /// Runs a pipeline and calls `body` as `find` does; one that ends with `$merge` gives no documents.
    ///
    /// - Parameter pipeline: a document with the one field `pipeline`.
    func aggregate(
        _ pipeline: borrowing BSONDocument,
        _ options: borrowing BSONDocument,
        _ body: (borrowing BSONReader) -> Bool
    ) throws(MongoFailure) {
        try MongoCursor(
            mongoc_collection_aggregate(handle, MONGOC_QUERY_NONE, pipeline.pointer, options.pointer, nil)
        ).forEach(body)
    }

    /// Opens a stream of the collection's changes from now on.
    ///
    /// - Parameter limit: how long the server may wait for a change before it says that there is none.
    func watch(waiting limit: Duration) -> MongoChangeStream {
        let options = BSONDocument()
        options.append("maxAwaitTimeMS", limit.wholeMilliseconds)
        let everything = BSONDocument()
        return MongoChangeStream(mongoc_collection_watch(handle, everything.pointer, options.pointer))
    }

    /// Sends the writes that `fill` puts together, in as few commands as fit.
    ///
    /// A write that finds its key taken is counted, and is no failure.
    func bulk(
        _ options: borrowing BSONDocument,
        _ fill: (borrowing MongoBulk) throws(MongoFailure) -> Void
    ) throws(MongoFailure) -> MongoBulk.Outcome {
        let bulk = MongoBulk(mongoc_collection_create_bulk_operation_with_opts(handle, options.pointer))
        try fill(bulk)
        return try bulk.execute()
    }

    /// Removes the documents that a filter finds.
    func delete(_ filter: borrowing BSONDocument, _ options: borrowing BSONDocument) throws(MongoFailure) {
        var error = bson_error_t()
        let reply = BSONSlot()
        guard mongoc_collection_delete_many(handle, filter.pointer, options.pointer, reply.pointer, &error) else {
            throw MongoFailure(error, reply: reply.pointer)
        }
    }

    /// Whether there is an index whose first field is `field`.
    func hasIndex(beginningWith field: String) throws(MongoFailure) -> Bool {
        var isThere = false
        let fields = BSONReader()
        try MongoCursor(mongoc_collection_find_indexes_with_opts(handle, nil)).forEach { index in
            while index.next() {
                guard "key" ~= index.key else { continue }
                var isFirst = true
                _ = index.forEach(with: fields) { key in
                    if isFirst, key.key == field { isThere = true }
                    isFirst = false
                }
            }
            return !isThere
        }
        return isThere
    }

    /// Ends well when there is no such collection.
    func drop() throws(MongoFailure) {
        var error = bson_error_t()
        guard !mongoc_collection_drop(handle, &error) else { return }
        let failure = MongoFailure(error)
        // NamespaceNotFound, of servers before 7.0.
        guard failure.isServer, failure.code == 26 else { throw failure }
    }
}

/// A cursor and its documents, one at a time. `deinit` ends it on the server, too.
private struct MongoCursor: ~Copyable {
    private let handle: OpaquePointer?

    init(_ handle: OpaquePointer?) {
        self.handle = handle
    }

    deinit {
        if let handle { mongoc_cursor_destroy(handle) }
    }

    func forEach(_ body: (borrowing BSONReader) -> Bool) throws(MongoFailure) {
        guard let handle else { throw .noClient }
        let reader = BSONReader()
        var document: OpaquePointer?
        while mongoc_cursor_next(handle, &document) {
            guard let document, reader.start(document) else { continue }
            guard body(reader) else { return }
        }
        var error = bson_error_t()
        var reply: OpaquePointer?
        if mongoc_cursor_error_document(handle, &error, &reply) { throw MongoFailure(error, reply: reply) }
    }
}

/// Writes that are sent together.
struct MongoBulk: ~Copyable {
    private let handle: OpaquePointer

    fileprivate init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        mongoc_bulk_operation_destroy(handle)
    }

    /// What a bulk did, of the server's reply.
    struct Outcome {
        var inserted: Int64 = 0
        var matched: Int64 = 0
        var upserted: Int64 = 0
        var removed: Int64 = 0
        /// Writes that found their key taken.
        var duplicates: Int64 = 0
        /// The code of another write's failure, or of too few servers that confirmed.
        var failureCode: UInt32?

        fileprivate init(_ reply: OpaquePointer) {
            let reader = BSONReader()
            guard reader.start(reply) else { return }
            let errors = BSONReader()
            let fields = BSONReader()
            while reader.next() {
                switch reader.key {
                case "nInserted": inserted = reader.integer ?? 0
                case "nMatched": matched = reader.integer ?? 0
                case "nUpserted": upserted = reader.integer ?? 0
                case "nRemoved": removed = reader.integer ?? 0
                case "writeErrors", "writeConcernErrors":
                    _ = reader.forEach(with: errors) { error in
                        _ = error.forEach(with: fields) { field in
                            guard "code" ~= field.key, let code = field.integer.map(UInt32.init(clamping:)) else {
                                return
                            }
                            if code == MongoFailure.duplicateKey { duplicates += 1 } else { failureCode = code }
                        }
                    }
                default: break
                }
            }
        }
    }

    /// The document is copied.
    func insert(_ document: OpaquePointer) throws(MongoFailure) {
        var error = bson_error_t()
        guard mongoc_bulk_operation_insert_with_opts(handle, document, nil, &error) else { throw MongoFailure(error) }
    }

    /// Puts the document in the place of the one that `filter` names, or beside the others when there is none.
    func replace(
        _ filter: borrowing BSONDocument,
        with document: borrowing BSONDocument,
        upsert: borrowing BSONDocument
    ) throws(MongoFailure) {
        var error = bson_error_t()
        guard
            mongoc_bulk_operation_replace_one_with_opts(
                handle,
                filter.pointer,
                document.pointer,
                upsert.pointer,
                &error
            )
        else { throw MongoFailure(error) }
    }

    /// Removes every document that `filter` finds.
    func remove(_ filter: borrowing BSONDocument) throws(MongoFailure) {
        var error = bson_error_t()
        guard mongoc_bulk_operation_remove_many_with_opts(handle, filter.pointer, nil, &error) else {
            throw MongoFailure(error)
        }
    }

    /// Puts the document in the place of the one with its `_id` and customer, or beside the others.
    func replaceByKey(_ document: OpaquePointer) throws(MongoFailure) {
        let reader = BSONReader()
        let filter = BSONDocument()
        guard reader.start(document) else { return }
        while reader.next() {
            switch reader.key {
            case "_id": if let id = reader.text { filter.append("_id", id) }
            // Of use where the collection is sharded by customer.
            case "customer": if let customer = reader.integer { filter.append("customer", customer) }
            default: break
            }
        }
        var error = bson_error_t()
        let upsert = BSONDocument("{\"upsert\": true}")
        guard
            mongoc_bulk_operation_replace_one_with_opts(handle, filter.pointer, document, upsert.pointer, &error)
        else { throw MongoFailure(error) }
    }

    func update(_ filter: borrowing BSONDocument, _ update: borrowing BSONDocument) throws(MongoFailure) {
        var error = bson_error_t()
        guard mongoc_bulk_operation_update_one_with_opts(handle, filter.pointer, update.pointer, nil, &error) else {
            throw MongoFailure(error)
        }
    }

    fileprivate func execute() throws(MongoFailure) -> Outcome {
        let reply = BSONSlot()
        var error = bson_error_t()
        let isDone = mongoc_bulk_operation_execute(handle, reply.pointer, &error) != 0
        let outcome = Outcome(reply.pointer)
        if let code = outcome.failureCode { throw MongoFailure(serverCode: code) }
        // With errors of writes only, libmongoc repeats the first of them: a key that was taken.
        guard isDone || (error.code == MongoFailure.duplicateKey && outcome.duplicates > 0) else {
            throw MongoFailure(error, reply: reply.pointer)
        }
        return outcome
    }
}
