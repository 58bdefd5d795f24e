internal import ChurnBase
package import ChurnFeatures

/// Keeps transaction lines, each once by its key.
///
/// All calls are synchronous and may block on a disk or a network: never call them on an event loop or on the
/// cooperative thread pool. A store may be used from several threads at once.
package protocol TransactionStore: Sendable {
    var location: StoreLocation { get }

    /// Runs `body` with a session that adds lines in batches.
    ///
    /// When `body` returns, lines that it added and did not commit are committed; when it throws, they are dropped (but
    /// for those of a batch so large that a store that is a server had to send a part of it before), and every committed
    /// batch stays. Ingesting the same lines again adds nothing, so the way on from any failure is to
    /// run the same ingest again. The session is valid only inside `body`, on its thread.
    /// - Throws: `StoreError` of the store, or what `body` throws.
    func ingest<Value>(_ body: (any IngestSession) throws -> Value) throws -> Value

    /// Counts over all lines. One scan: meant for reports, not for a health check.
    func transactionCounts() throws(StoreError) -> TransactionCounts

    /// Calls `body` with every line before `minute`, customers ascending, each customer's lines together in no special
    /// order. `description` and `country` are empty: no feature needs them, and they would double the work of sorting.
    ///
    /// Bounded memory whatever the number of lines. In an SQLite store the lines are of one moment, whatever is ingested
    /// meanwhile; in MongoDB a line that comes meanwhile may be among them or not.
    /// - Throws: `StoreError` of the store, or what `body` throws, which ends the reading.
    func forEachLineByCustomer(before minute: Int64, _ body: (TransactionLine) throws -> Void) throws

    /// What is wrong with the store itself, beyond what it holds: for each problem a short text that says what to do. Few
    /// queries, no scan.
    func problems() throws(StoreError) -> [String]

    /// Calls `body` with every line, payload too, ordered by key: the same lines in the same order from every kind of
    /// store. Sorts them all; meant for copies and comparisons.
    /// - Throws: `StoreError` of the store, or what `body` throws, which ends the reading.
    func forEachLine(_ body: (TransactionLine) throws -> Void) throws
}

extension TransactionStore {
    package func problems() throws(StoreError) -> [String] { [] }

    /// Hash of all lines, payload too, ordered by key: two stores with the same hash hold the same lines, row for row.
    /// - Throws: `StoreError` of the store.
    package func transactionsHash() throws -> UInt64 {
        var hash = StableHash()
        try forEachLine { line in
            for text in [line.invoice, line.stockCode, line.description, line.country] { hash.combine(text: text) }
            for integer in [line.customer, line.minute, line.quantityMilli, line.amountMilli, line.copy] {
                hash.combine(integer)
            }
        }
        return hash.value
    }
}

/// One run of adding lines. Not `Sendable`: it belongs to the thread that runs `ingest`.
package protocol IngestSession: AnyObject {
    /// Adds the line to the open batch, unless the store has its key already. The line's text is not kept.
    ///
    /// After an error the session is of no use: its batch is gone, and every later call throws the same error.
    func add(_ line: TransactionLine) throws(StoreError)

    /// Ends the batch and returns when it is durable: it survives a kill of this process and a loss of power.
    ///
    /// - Returns: what the batch did; all 0 when it was empty.
    func commit() throws(StoreError) -> IngestCounts

    /// What the batches committed so far did, added up.
    var committed: IngestCounts { get }
}

/// Lines that were ingested, in one batch or in all.
package struct IngestCounts: Equatable, Sendable {
    /// Lines that are in the store only now.
    package var added: Int64 = 0
    /// Lines whose key was in the store already.
    package var alreadyThere: Int64 = 0

    package init() {}

    package init(added: Int64, alreadyThere: Int64) {
        self.added = added
        self.alreadyThere = alreadyThere
    }

    package var lines: Int64 { added + alreadyThere }

    package static func += (left: inout IngestCounts, right: IngestCounts) {
        left.added += right.added
        left.alreadyThere += right.alreadyThere
    }
}

/// Counts over all lines of a store.
package struct TransactionCounts: Equatable, Sendable {
    package var lines: Int64 = 0
    package var purchaseLines: Int64 = 0
    package var cancelLines: Int64 = 0
    /// Customers with any line.
    package var customers: Int64 = 0
    /// Customers with a purchase.
    package var purchasers: Int64 = 0
    /// Distinct invoice numbers among the purchases.
    package var purchaseInvoices: Int64 = 0
    /// Distinct invoice numbers among the cancellations.
    package var cancelInvoices: Int64 = 0
    /// Sum of the amounts of the purchases, in thousandths of the currency; the largest integer when it is
    /// more.
    package var revenueMilli: Int64 = 0
    /// Times of the first and the last line, in minutes since 1970-01-01; nil in an empty store.
    package var firstMinute: Int64?
    package var lastMinute: Int64?

    package init() {}
}
