package import ChurnBase
package import ChurnFeatures

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

    /// Whether any customer of `build` has a product. Where none has, what the records say of products means nothing
    /// (`ProductFeatures`). Cheap where there are products; else it may look at every record.
    ///
    /// - Parameter build: what `latestBuild` gave, not long ago, as for `records`.
    func hasProducts(in build: FeatureBuild) throws(StoreError) -> Bool

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

    /// The facts of one customer in the last build, or nil when it has none of that id: a record under the id's number
    /// with another check is another customer's.
    ///
    /// - Throws: `noBuild`; `damaged(.features)` when the record cannot be.
    func record(of customer: CustomerID) throws(StoreError) -> CustomerRecord?

    /// The facts of those of the customers that have any in `build`, in no special order: one query, where the store is
    /// a server. A store that keeps one build only gives those of a newer one, if there is one meanwhile.
    ///
    /// - Parameters:
    ///   - customers: distinct.
    ///   - build: what `latestBuild` gave, not long ago: records of a build stay until there are two newer ones.
    func records(of customers: [CustomerID], in build: FeatureBuild) throws(StoreError) -> CustomerRecords
}

extension FeatureStore {
    package func records(of customers: [CustomerID], in build: FeatureBuild) throws(StoreError) -> CustomerRecords {
        var records = CustomerRecords()
        for customer in customers {
            do throws(StoreError) {
                if let record = try record(of: customer) { records.found.append(record) }
            } catch .damaged(_, .features) {
                records.damaged.append(customer.number)
            }
        }
        return records
    }

    package func buildFeatures(asOfDay: Int64?) throws(StoreError) -> FeatureBuildReport {
        try buildFeatures(asOfDay: asOfDay, anew: false)
    }

    package func followBuilds(callingEvery interval: Duration, _ body: (Bool) -> Bool) throws(StoreError) -> Bool {
        false
    }

    /// The facts of one customer that is a number.
    package func record(of customer: Int64) throws(StoreError) -> CustomerRecord? {
        try record(of: CustomerID(number: customer))
    }

    /// The facts of customers that are numbers.
    package func records(of customers: [Int64], in build: FeatureBuild) throws(StoreError) -> CustomerRecords {
        try records(of: customers.map { CustomerID(number: $0) }, in: build)
    }

    /// The features as they are.
    package func loadFeatures() throws(StoreError) -> FeatureTable { try loadFeatures(.features) }
}
