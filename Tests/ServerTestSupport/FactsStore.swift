package import ChurnBase
package import ChurnFeatures
package import ChurnStore
internal import TestSupport

/// A store in memory that has one build: of whatever customers a test wants.
package struct FactsStore: Store {
    package let location = StoreLocation.sqlite(path: "facts")
    private let build: FeatureBuild
    private let facts: [Int64: CustomerFacts]

    /// - Parameter facts: of 1 customer or more, each with another number.
    package init(_ facts: [CustomerFacts]) {
        let asOf = 1_440 * (Int64(facts.flatMap(\.days).max() ?? 0) + 1)
        let context = BuildContext(asOfMinute: asOf, lastPurchaseMinute: asOf - 1)
        build = FeatureBuild(
            generation: 1,
            context: context,
            customers: Int64(facts.count),
            hash: 1,
            builtAtSeconds: 1
        )
        self.facts = Dictionary(facts.map { ($0.customer, $0) }) { first, _ in first }
    }

    /// A customer with that many purchases of 1, one a day.
    package static func facts(_ id: CustomerID, purchases: Int64) -> CustomerFacts {
        var facts = CustomerFacts(customer: id.number, check: id.check)
        facts.purchaseLines = purchases
        facts.purchaseInvoices = purchases
        facts.amountMilli = 1_000 * purchases
        facts.distinctProducts = 1
        facts.lastDayProducts = 1
        facts.days = (0..<Int32(purchases)).map { 15_000 + $0 }
        facts.firstMinute = 1_440 * 15_000
        facts.lastMinute = 1_440 * (15_000 + purchases - 1)
        return facts
    }

    private var hasNoLines: StoreError { .noTransactions(store: location.description) }

    // MARK: FeatureStore

    package func latestBuild() throws(StoreError) -> FeatureBuild? { build }
    package func hasProducts(in build: FeatureBuild) throws(StoreError) -> Bool { true }

    package func loadFeatures(_ layout: RowLayout) throws(StoreError) -> FeatureTable {
        var builder = FeatureTable.Builder(layout: layout, context: build.context, generation: 1, identity: 7)
        do throws(FeatureTableError) {
            for facts in facts.values { try builder.append(facts) }
            return try builder.finish()
        } catch {
            throw .damaged(store: location.description, .features)
        }
    }

    package func record(of customer: CustomerID) throws(StoreError) -> CustomerRecord? {
        guard let facts = facts[customer.number], facts.id == customer else { return nil }
        return CustomerRecord(build: build, facts: facts)
    }

    package func buildFeatures(asOfDay: Int64?, anew: Bool) throws(StoreError) -> FeatureBuildReport {
        throw hasNoLines
    }
    package func setSegments(_ segmentation: SegmentAssignment) throws(StoreError) { throw hasNoLines }

    // MARK: TransactionStore

    package func ingest<Value>(
        _ run: RunDescription,
        replacing: DayReplacement?,
        _ body: (any IngestSession) throws -> Value
    ) throws -> Value {
        throw hasNoLines
    }

    package func runs() throws(StoreError) -> [StoredRun] { [] }
    package func lineCounts(of days: Set<Int64>) throws(StoreError) -> [Int64: Int64] { [:] }
    package func damagedDays() throws(StoreError) -> [RunDay] { [] }
    package func forgottenCount() throws(StoreError) -> Int64 { 0 }
    package func customerTexts(of numbers: [Int64]) throws(StoreError) -> [Int64: String] { [:] }
    package func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport { throw hasNoLines }
    package func unforget(_ customers: [CustomerID]) throws(StoreError) -> Int64 { throw hasNoLines }

    package func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport {
        throw hasNoLines
    }

    package func transactionCounts() throws(StoreError) -> TransactionCounts { throw hasNoLines }
    package func forEachLine(_ body: (TransactionLine) throws -> Void) throws { throw hasNoLines }

    package func forEachLineByCustomer(before minute: Int64, _ body: (TransactionLine) throws -> Void) throws {
        throw hasNoLines
    }

    // MARK: PredictionStore

    package func write(_ predictions: [StoredPrediction], of run: PredictionRun) throws(StoreError) { throw hasNoLines }
    package func lastPredicted(in run: PredictionRun) throws(StoreError) -> Int64? { nil }

    package func forEachPrediction(of run: PredictionRun, _ body: (StoredPrediction) throws -> Void) throws {}
}
