internal import ChurnFeatures
internal import GRDB
internal import GRDBSQLite

/// A prepared statement stepped through SQLite's own interface: GRDB's row decoding costs three times the work itself.
///
/// GRDB's `Statement` owns the handle; this keeps it alive. Used only inside the database access that made it.
struct SQLiteStatement {
    private let owner: Statement
    private let handle: OpaquePointer
    private let store: String

    init(_ statement: Statement, store: String) {
        owner = statement
        handle = statement.sqliteStatement
        self.store = store
    }

    /// Binds a text without copying it (SQLITE_STATIC): the bytes must stay as they are until `reset`.
    func bind(_ text: UnsafeBufferPointer<UInt8>, at index: Int32) throws(StoreError) {
        // "If the third parameter to sqlite3_bind_text() is a NULL pointer then the fourth parameter is ignored and the
        // end result is the same as sqlite3_bind_null()" (sqlite3_bind_blob(3)), so an empty text needs an address.
        guard let start = text.baseAddress else {
            return try check(bindEmptyText(handle, index))
        }
        let code = start.withMemoryRebound(to: CChar.self, capacity: text.count) {
            sqlite3_bind_text64(handle, index, $0, UInt64(text.count), nil, UInt8(SQLITE_UTF8))
        }
        try check(code)
    }

    func bind(_ integer: Int64, at index: Int32) throws(StoreError) {
        try check(sqlite3_bind_int64(handle, index, integer))
    }

    /// Binds bytes without copying them, as above.
    func bind(blob bytes: UnsafeRawBufferPointer, at index: Int32) throws(StoreError) {
        try check(sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil))
    }

    /// One step of a query.
    ///
    /// - Returns: whether there is a row, whose columns may then be read until the next `step` or `reset`.
    func step() throws(StoreError) -> Bool {
        let code = sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        throw StoreError(sqliteCode: code, store: store)
    }

    /// Ends the run and lets go of everything bound. The code of sqlite3_reset repeats the one of the last step.
    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    /// Ends the run for another one. What is bound stays bound: texts are to be bound anew, numbers where they differ.
    func rewind() {
        sqlite3_reset(handle)
    }

    /// Rows that the last run inserted, updated or deleted.
    var changesCount: Int32 { sqlite3_changes(sqlite3_db_handle(handle)) }

    func integer(_ column: Int32) -> Int64 {
        sqlite3_column_int64(handle, column)
    }

    /// The text of a column, valid until the next `step` or `reset`.
    func text(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        // The manual's order: the pointer first, then the length, so that no conversion comes between them.
        let start = sqlite3_column_text(handle, column)
        return UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    /// The bytes of a column, valid until the next `step` or `reset`.
    func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: start, count: Int(sqlite3_column_bytes(handle, column)))
    }

    private func check(_ code: Int32) throws(StoreError) {
        guard code == SQLITE_OK else { throw StoreError(sqliteCode: code, store: store) }
    }
}

private func bindEmptyText(_ handle: OpaquePointer, _ index: Int32) -> Int32 {
    // A literal's bytes live as long as the process.
    let empty: StaticString = ""
    return empty.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) {
        sqlite3_bind_text64(handle, index, $0, 0, nil, UInt8(SQLITE_UTF8))
    }
}

extension StoreError {
    /// The one mapping of SQLite's result codes.
    init(sqliteCode code: Int32, store: String) {
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(store: store)
        case SQLITE_NOTADB: self = .notAStore(store: store, .notSQLite)
        case SQLITE_CORRUPT: self = .damaged(store: store, .file)
        default:
            let explanation = sqlite3_errstr(code).map { String(cString: $0) } ?? "an unknown error"
            self = .unavailable(store: store, code: code, explanation: explanation)
        }
    }

    /// An error that came out of GRDB, or of our own code through it.
    init(_ error: any Error, store: String) {
        switch error {
        case let error as StoreError: self = error
        case let error as FactsError: self = .facts(store: store, error)
        case let error as DatabaseError: self = StoreError(sqliteCode: error.extendedResultCode.rawValue, store: store)
        case let error as FeatureTableError:
            self = .unavailable(store: store, code: SQLITE_TOOBIG, explanation: error.description)
        // GRDB throws nothing else from the calls made here; what it may throw one day is still said.
        default: self = .unavailable(store: store, code: SQLITE_ERROR, explanation: "\(type(of: error))")
        }
    }
}
