package import ChurnBase
package import ChurnFeatures

/// Keeps transaction lines, each once by its key.
///
/// All calls are synchronous and may block on a disk or a network: never call them on an event loop or on the
/// cooperative thread pool. A store may be used from several threads at once.
package protocol TransactionStore: Sendable {
    var location: StoreLocation { get }

    /// Runs `body` with a session that adds lines in batches, as one run.
    ///
    /// The run begins, and gets its id, with its first line: an ingest without one leaves none. It ends when `body`
    /// returns. Lines that are there already keep the run that they have.
    ///
    /// When `body` returns, lines that it added and did not commit are committed; when it throws, they are dropped (but
    /// for those of a batch so large that a store that is a server had to send a part of it before), and every committed
    /// batch stays, with a run that never ends. Ingesting the same lines again adds nothing, so the way on from any
    /// failure is to run the same ingest again. The session is valid only inside `body`, on its thread.
    /// - Parameter replacing: days that shall have the lines of this run and no others when it ends. Lines that are there
    ///   already then become this run's, and the rest is removed. In an SQLite store all of that is one transaction; in
    ///   MongoDB the removal comes last, and an interrupted run is completed by running it again.
    /// - Throws: `StoreError` of the store, or what `body` throws.
    func ingest<Value>(
        _ run: RunDescription,
        replacing: DayReplacement?,
        _ body: (any IngestSession) throws -> Value
    ) throws -> Value

    /// All runs, in the order of their ids. One query over what is kept of each run and day, no scan of the lines.
    func runs() throws(StoreError) -> [StoredRun]

    /// How many lines each of the days has, of all runs; days without a line are left out. No scan of the lines.
    func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64]

    /// Takes lines out, for good. The features stay those of their build until the next one.
    ///
    /// Doing it again removes nothing more; where it was interrupted, doing it again removes the rest.
    /// - Parameter dryRun: to count only.
    func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport

    /// Takes everything out that the store has of customers: their lines, their texts, their records in the last build,
    /// their predictions; and keeps a keyed hash of each, by which lines of theirs that come later are left out.
    ///
    /// When a record went, a build without it takes the place of the last one: of the same moment, with the same records
    /// and segments of all others, so that servers load it and drop theirs. Where no record is left there is no build any
    /// more. It may be repeated, and after an interruption has to be.
    func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport

    /// Takes lines of these customers again from now on. What was forgotten stays away until it is ingested again.
    ///
    /// - Returns: how many of them were among the forgotten.
    func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64

    /// How many customers are forgotten.
    func forgottenCount() throws(StoreError) -> Int64

    /// What customers are called that are texts.
    ///
    /// - Parameter numbers: those of `CustomerID`, distinct; those that the store does not have are left out.
    func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String]

    /// Compares all lines, their texts too, with the hashes that are kept of each run and day. One scan. MongoDB keeps none:
    /// there nothing is compared.
    ///
    /// - Returns: the runs and days that differ, in ascending order; at most `RunDay.damagedLimit` of them.
    func damagedDays() throws(StoreError) -> [RunDay]

    /// Counts over all lines. One scan: meant for reports, not for a health check.
    func transactionCounts() throws(StoreError) -> TransactionCounts

    /// Calls `body` with every line before `minute`, customers ascending, each customer's lines together in no special
    /// order. `description`, `country` and `customerText` are empty: no feature needs them, and they would double the work
    /// of sorting.
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

    /// Adds lines as a run of the kind `ingest` of which nothing else is known.
    package func ingest<Value>(_ body: (any IngestSession) throws -> Value) throws -> Value {
        try ingest(RunDescription(kind: .ingest), replacing: nil, body)
    }

    /// Hash of all lines, payload too, ordered by key: two stores with the same hash hold the same lines, row for row.
    /// - Throws: `StoreError` of the store.
    package func transactionsHash() throws -> UInt64 {
        var hash = StableHash()
        try forEachLine { line in
            for text in [line.invoice, line.stockCode, line.description, line.country, line.customerText] {
                hash.combine(text: text)
            }
            for integer in [line.customer, line.minute, line.quantityMilli, line.amountMilli, line.copy] {
                hash.combine(integer)
            }
        }
        return hash.value
    }
}

/// One run of adding lines. Not `Sendable`: it belongs to the thread that runs `ingest`.
package protocol IngestSession: AnyObject {
    /// Adds the line to the open batch, unless the store has its key already. The memory of the line's texts is free again
    /// when this returns.
    ///
    /// A line is left out and counted when its customer was forgotten, and when the store has another customer under its
    /// customer's number: the text that came first has it, whatever became of its lines since.
    /// After an error the session is of no use: its batch is gone, and every later call throws the same error.
    func add(_ line: TransactionLine) throws(StoreError)

    /// Ends the batch and returns when it is durable: it survives a kill of this process and a loss of power. In an SQLite
    /// store that replaces days nothing is durable before the run ends; until then lines that become the run's count as
    /// added.
    ///
    /// - Returns: what the batch did; all 0 when it was empty.
    func commit() throws(StoreError) -> IngestCounts

    /// Ends the batch as `commit` does, and the run; no line may be added after it. `ingest` does it, too, where its body has
    /// not.
    ///
    /// - Returns: what the run did.
    func finish() throws(StoreError) -> IngestCounts

    /// What the batches committed so far did, added up.
    var committed: IngestCounts { get }
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
