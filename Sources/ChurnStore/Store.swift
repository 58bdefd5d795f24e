internal import ChurnBase
package import ChurnFeatures

/// What a store is opened for.
package enum StoreAccess: Equatable, Sendable {
    /// To read. Never creates or migrates anything.
    case read
    /// To write to a store that must be there already.
    case update
    /// To write; creates the store, and the directory it lies in, when there is none.
    case create
}

/// A store of all, as this program opens them.
package typealias Store = TransactionStore & FeatureStore & PredictionStore

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

    /// Calls `body` with every line, payload too, ordered by key: the same lines in the same order from every kind of
    /// store. Sorts them all; meant for copies and comparisons.
    /// - Throws: `StoreError` of the store, or what `body` throws, which ends the reading.
    func forEachLine(_ body: (TransactionLine) throws -> Void) throws
}

extension TransactionStore {
    /// Hash of all lines, payload too, ordered by key: two stores with the same hash hold the same lines, row for row.
    /// - Throws: `StoreError` of the store.
    package func transactionsHash() throws -> UInt64 {
        var hash = StableHash()
        try forEachLine { line in
            for text in [line.invoice, line.stockCode, line.description, line.country] { hash.combine(text: text) }
            for integer in [line.customer, line.minute, line.quantity, line.priceMilli, line.copy] {
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
    /// Sum of quantity times price over the purchases, in thousandths of the currency.
    package var revenueMilli: Int64 = 0
    /// Times of the first and the last line, in minutes since 1970-01-01; nil in an empty store.
    package var firstMinute: Int64?
    package var lastMinute: Int64?

    package init() {}
}

/// Keeps one record of facts a customer, of one build at a time. Blocking, like `TransactionStore`.
package protocol FeatureStore: Sendable {
    /// Makes the facts of every customer from the store's own transactions and puts them in the place of the ones
    /// before.
    ///
    /// Readers see the build before or this one, never a mixture. On any error the build before stays.
    /// - Parameters:
    ///   - asOfDay: the history is every line before 00:00 of this day (days since 1970-01-01); nil is the day after the
    ///     last purchase.
    ///   - anew: not to take over from the build before what is the same in this one, as a store that is a server does.
    /// - Throws: `noTransactions`, `emptyHistory`, `facts`, or an error of the store.
    func buildFeatures(asOfDay: Int64?, anew: Bool) throws(StoreError) -> FeatureBuildReport

    /// The last finished build, or nil when there is none. Cheap, for polling.
    func latestBuild() throws(StoreError) -> FeatureBuild?

    /// Calls `body` at once, when a build or its segments changed, and otherwise every `interval` or more often, until it
    /// returns false. Blocks.
    ///
    /// - Parameter body: is told whether there was a change.
    /// - Returns: whether the store tells of changes; where it does not, look at times of your own.
    /// - Throws: `unreachable` and the like. It may be tried again.
    func followBuilds(callingEvery interval: Duration, _ body: (Bool) -> Bool) throws(StoreError) -> Bool

    /// Reads the last build whole, into rows of that layout.
    ///
    /// - Throws: `noBuild`; `damaged(.features)` when the records are not the ones of the build, by count and hash.
    func loadFeatures(_ layout: RowLayout) throws(StoreError) -> FeatureTable

    /// Puts the customers of the last build into segments, all at once; the ones before go. A new build has none.
    ///
    /// - Throws: `noBuild`; `busy` when the segments are those of another build than the last.
    func setSegments(_ segmentation: SegmentAssignment) throws(StoreError)

    /// The facts of one customer in the last build, or nil when it has none of that id.
    ///
    /// - Throws: `noBuild`; `damaged(.features)` when the record cannot be.
    func record(of customer: Int64) throws(StoreError) -> CustomerRecord?

    /// The facts of those of the customers that have any in `build`, in no special order: one query, where the store is
    /// a server. A store that keeps one build only gives those of a newer one, if there is one meanwhile.
    ///
    /// - Parameters:
    ///   - customers: distinct.
    ///   - build: what `latestBuild` gave, not long ago: records of a build stay until there are two newer ones.
    func records(of customers: [Int64], in build: FeatureBuild) throws(StoreError) -> CustomerRecords
}

extension FeatureStore {
    package func records(of customers: [Int64], in build: FeatureBuild) throws(StoreError) -> CustomerRecords {
        var records = CustomerRecords()
        for customer in customers {
            do throws(StoreError) {
                if let record = try record(of: customer) { records.found.append(record) }
            } catch .damaged(_, .features) {
                records.damaged.append(customer)
            }
        }
        return records
    }
}

extension FeatureStore {
    package func buildFeatures(asOfDay: Int64?) throws(StoreError) -> FeatureBuildReport {
        try buildFeatures(asOfDay: asOfDay, anew: false)
    }

    package func followBuilds(callingEvery interval: Duration, _ body: (Bool) -> Bool) throws(StoreError) -> Bool {
        false
    }

    /// The features as they are.
    package func loadFeatures() throws(StoreError) -> FeatureTable { try loadFeatures(.features) }
}

/// A finished feature build.
package struct FeatureBuild: Equatable, Sendable {
    /// 1 for the first build of a store, then one more each.
    package var generation: Int64
    package var context: BuildContext
    /// Customers with a purchase in the history.
    package var customers: Int64
    /// `FactsHash` of the records.
    package var hash: UInt64
    /// Seconds since 1970-01-01 00:00 UTC by the clock of the machine that built.
    package var builtAtSeconds: Int64
    /// How often the build was segmented: with the generation it says whether a reader has what is newest.
    package var segmentation: Int64
    /// Where the store keeps the records; of use to the store only.
    package var place: FeaturePlace

    package init(
        generation: Int64,
        context: BuildContext,
        customers: Int64,
        hash: UInt64,
        builtAtSeconds: Int64,
        segmentation: Int64 = 0,
        place: FeaturePlace = FeaturePlace()
    ) {
        self.place = place
        self.segmentation = segmentation
        self.generation = generation
        self.context = context
        self.customers = customers
        self.hash = hash
        self.builtAtSeconds = builtAtSeconds
    }
}

/// Where a store that is a server keeps the records of a build. Empty in a store that has one place for all.
package struct FeaturePlace: Equatable, Sendable {
    /// A collection.
    package var records: String
    /// The field with a customer's segment, and what its values stand for.
    package var segmentField: String
    package var segmentNames: [String]

    package init(records: String = "", segmentField: String = "", segmentNames: [String] = []) {
        self.records = records
        self.segmentField = segmentField
        self.segmentNames = segmentNames
    }
}

/// One customer's facts and the build they belong to.
package struct CustomerRecord: Equatable, Sendable {
    package var build: FeatureBuild
    package var facts: CustomerFacts
    /// The name of the customer's segment; nil when it has none.
    package var segment: String?

    package init(build: FeatureBuild, facts: CustomerFacts, segment: String? = nil) {
        self.build = build
        self.facts = facts
        self.segment = segment
    }
}

/// What a store has of some customers.
package struct CustomerRecords: Equatable, Sendable {
    package var found: [CustomerRecord] = []
    /// Those whose record cannot be: the others are none the worse for it.
    package var damaged: [Int64] = []

    package init() {}
}

/// A segment for each customer of a build.
package struct SegmentAssignment: Equatable, Sendable {
    /// The build that was segmented.
    package var generation: Int64
    /// Distinct, not empty; at most `FeatureTable.segmentLimit`.
    package var names: [String]
    /// Of each customer, a position in `names`.
    package var segments: [(customer: Int64, segment: Int)]

    package init(generation: Int64, names: [String], segments: [(customer: Int64, segment: Int)]) {
        self.generation = generation
        self.names = names
        self.segments = segments
    }

    package static func == (left: SegmentAssignment, right: SegmentAssignment) -> Bool {
        left.generation == right.generation && left.names == right.names
            && left.segments.elementsEqual(right.segments, by: ==)
    }
}

/// What a feature build found.
package struct FeatureBuildReport: Equatable, Sendable {
    package var build: FeatureBuild
    package var purchaseLines: Int64
    package var cancelLines: Int64
    /// Distinct purchase invoices, counted customer by customer.
    package var purchaseInvoices: Int64
    /// In thousandths of the currency.
    package var revenueMilli: Int64
    /// Customers left out because their history has cancellations only.
    package var cancelOnlyCustomers: Int64
    /// Customers whose facts were taken over from the build before, since their lines were the same; 0 when everybody's
    /// had to be made, nil when that was not to be tried.
    package var takenOver: Int64?

    package init(
        build: FeatureBuild,
        purchaseLines: Int64,
        cancelLines: Int64,
        purchaseInvoices: Int64,
        revenueMilli: Int64,
        cancelOnlyCustomers: Int64
    ) {
        self.build = build
        self.purchaseLines = purchaseLines
        self.cancelLines = cancelLines
        self.purchaseInvoices = purchaseInvoices
        self.revenueMilli = revenueMilli
        self.cancelOnlyCustomers = cancelOnlyCustomers
    }
}
