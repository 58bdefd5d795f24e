internal import ChurnBase
internal import ChurnFeatures
internal import GRDB

/// Decides, within the transaction of a batch, whether lines of a customer are taken.
struct SQLiteCustomers {
    enum Verdict {
        case taken
        /// The store has another customer under the number.
        case collision
        case forgotten
    }

    private let find: SQLiteStatement
    private let register: SQLiteStatement
    private let forgotten: SQLiteForgotten?
    /// The lines of an invoice share their customer.
    private var last: (id: CustomerID, verdict: Verdict)?

    init(_ database: Database, store: SQLiteStore) throws {
        find = try store.statement("SELECT check_bits FROM customers WHERE number = ?", database)
        register = try store.statement("INSERT INTO customers (number, check_bits, text) VALUES (?, ?, ?)", database)
        forgotten = try SQLiteForgotten(ifAny: database, store: store)
    }

    /// Registers a text that is new.
    @inline(__always)
    mutating func verdict(on line: TransactionLine) throws -> Verdict {
        // Most shops have numbers, and nobody who is forgotten.
        if line.customer > 0, forgotten == nil { return .taken }
        if let last, last.id == line.customerID { return last.verdict }
        let verdict = try decide(line)
        last = (line.customerID, verdict)
        return verdict
    }

    private func decide(_ line: TransactionLine) throws -> Verdict {
        if let forgotten, try forgotten.contains(line.customerID) { return .forgotten }
        guard line.customer < 0 else { return .taken }
        try find.bind(line.customer, at: 1)
        defer { find.reset() }
        if try find.step() {
            return UInt64(bitPattern: find.integer(0)) == line.customerCheck ? .taken : .collision
        }
        defer { register.reset() }
        try register.bind(line.customer, at: 1)
        try register.bind(Int64(bitPattern: line.customerCheck), at: 2)
        try register.bind(line.customerText, at: 3)
        _ = try register.step()
        return .taken
    }
}

/// The keyed hashes of forgotten customers.
struct SQLiteForgotten {
    private let hash: KeyedHash
    private let find: SQLiteStatement
    private let insertion: SQLiteStatement
    private let removal: SQLiteStatement

    /// - Returns: nil where nobody is forgotten.
    init?(ifAny database: Database, store: SQLiteStore) throws {
        guard try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM forgotten)") == true else { return nil }
        try self.init(database, store: store)
    }

    /// - Returns: nil where the store has no key.
    init?(_ database: Database, store: SQLiteStore) throws {
        let key = try store.statement("SELECT value FROM secrets WHERE name = 'forgotten'", database)
        defer { key.reset() }
        guard try key.step(), let hash = KeyedHash(key: Array(key.blob(0))) else { return nil }
        self.hash = hash
        find = try store.statement("SELECT 1 FROM forgotten WHERE hash = ?", database)
        insertion = try store.statement("INSERT INTO forgotten (hash) VALUES (?) ON CONFLICT DO NOTHING", database)
        removal = try store.statement("DELETE FROM forgotten WHERE hash = ?", database)
    }

    /// Makes a key where the store has none.
    static func make(_ database: Database, store: SQLiteStore) throws {
        let insert = try store.statement(
            "INSERT INTO secrets (name, value) VALUES ('forgotten', ?) ON CONFLICT DO NOTHING",
            database
        )
        defer { insert.reset() }
        try KeyedHash.randomKey().withUnsafeBytes { key in
            try insert.bind(blob: key, at: 1)
            // Inside, because the blob is not copied.
            _ = try insert.step()
        }
    }

    func contains(_ customer: CustomerID) throws -> Bool {
        defer { find.reset() }
        return try hash.hash(of: customer).withUnsafeBytes { hash in
            try find.bind(blob: hash, at: 1)
            return try find.step()
        }
    }

    /// - Returns: whether it was not among them.
    func insert(_ customer: CustomerID) throws -> Bool { try run(insertion, customer) }

    /// - Returns: whether it was among them.
    func remove(_ customer: CustomerID) throws -> Bool { try run(removal, customer) }

    private func run(_ statement: SQLiteStatement, _ customer: CustomerID) throws -> Bool {
        defer { statement.reset() }
        try hash.hash(of: customer).withUnsafeBytes { hash in
            try statement.bind(blob: hash, at: 1)
            _ = try statement.step()
        }
        return statement.changesCount > 0
    }
}

/// Reads the checks and texts of customers while their lines go by.
struct SQLiteCustomerReader {
    private let find: SQLiteStatement
    private let store: String
    private var number: Int64 = 0
    private(set) var check: UInt64 = 0
    /// Empty of a number.
    private(set) var text: [UInt8] = []

    init(_ database: Database, store: SQLiteStore) throws {
        find = try store.statement("SELECT check_bits, text FROM customers WHERE number = ?", database)
        self.store = store.name
    }

    /// - Throws: `damaged(.transactions)` where the customer is a text that is not there.
    @inline(__always)
    mutating func read(_ number: Int64) throws(StoreError) {
        if number != self.number { try look(up: number) }
    }

    private mutating func look(up number: Int64) throws(StoreError) {
        self.number = number
        check = 0
        text.removeAll(keepingCapacity: true)
        guard number < 0 else { return }
        try find.bind(number, at: 1)
        defer { find.reset() }
        guard try find.step() else { throw .damaged(store: store, .transactions) }
        check = UInt64(bitPattern: find.integer(0))
        text.append(contentsOf: find.text(1))
    }
}
