internal import ChurnFeatures

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

extension MongoStore {
    package func buildFeatures(asOfDay: Int64?) throws(StoreError) -> FeatureBuildReport {
        precondition(access != .read, "a store opened for reading")
        do {
            let asOfMinute = try asOfMinute(day: asOfDay)
            for _ in 0..<Self.buildAttempts {
                if let report = try attemptBuild(asOfMinute) {
                    try dropStaleFeatures(newest: report.build.generation)
                    return report
                }
            }
            // Somebody is ingesting old lines all the while.
            throw StoreError.busy(store: name)
        } catch {
            throw storeError(error)
        }
    }

    private static let buildAttempts = 3

    /// 00:00 of the day, or of the day after the last purchase of the store.
    private func asOfMinute(day: Int64?) throws -> Int64 {
        var last: Int64?
        try forEachGroup(
            """
            {"pipeline": [
                {"$match": {"quantity": {"$gte": 0}}}, {"$group": {"_id": null, "last": {"$max": "$minute"}}}
            ]}
            """
        ) { last = $0["last"] }
        guard let last else { throw StoreError.noTransactions(store: name) }
        // Clamped to the days that facts can have, so that the product cannot overflow.
        return day.map { Int64(Int32(clamping: $0)) * CivilTime.minutesPerDay } ?? BuildContext.midnight(after: last)
    }

    /// Builds into a collection that nobody else knows, and makes it the last build.
    ///
    /// - Returns: nil when lines of the history were added meanwhile, or the servers changed roles: it may be tried
    ///   again, in another collection, which a pipeline still running for this one cannot disturb.
    private func attemptBuild(_ asOfMinute: Int64) throws -> FeatureBuildReport? {
        let generation = (try latestBuild()?.generation ?? 0) + 1
        let pipelines = FactsPipelines(asOfMinute: asOfMinute, collection: Self.newFeatures(generation))
        do {
            guard var report = try fill(pipelines) else {
                try drop(pipelines.collection)
                return nil
            }
            report.build.generation = generation
            report.build.builtAtSeconds = Int64(time(nil))
            report.build.place = FeaturePlace(records: pipelines.collection)
            try publish(report.build)
            return report
        } catch {
            // What led here is what is to be told. A collection that stays goes with a later build.
            do { try drop(pipelines.collection) } catch {}
            if let failure = error as? MongoFailure, failure.isRetryable { return nil }
            throw error
        }
    }

    /// The generation, by which it is found again when it is no longer wanted; chance, so that two builds at a time do
    /// not meet.
    private static func newFeatures(_ generation: Int64) -> String {
        MongoSchema.featurePrefix + "\(generation)_" + String(UInt64.random(in: 0 ... .max), radix: 16)
    }

    private func fill(_ pipelines: FactsPipelines) throws -> FeatureBuildReport? {
        for pipeline in pipelines.all {
            try pool.withLease { lease throws(MongoFailure) in
                try lease.collection(MongoSchema.transactions).aggregate(
                    BSONDocument(pipeline),
                    BSONDocument("{\"allowDiskUse\": true, \(MongoSchema.durably)}")
                ) { _ in true }
            }
        }
        // The pipelines are not of one moment. But lines are only ever added: when the first pipeline's customers have as
        // many lines as there are now, nothing was added while the pipelines ran.
        let purchases = try count(pipelines.count("$gte"))
        let cancellations = try count(pipelines.count("$lt"))
        var report = try check(pipelines, cancellations)
        guard report.purchaseLines == purchases.lines else { return nil }
        report.cancelLines = cancellations.lines
        return report
    }

    private func count(_ pipeline: String) throws -> (customers: Int64, lines: Int64) {
        var result: (customers: Int64, lines: Int64) = (0, 0)
        try forEachGroup(pipeline) { result = ($0["customers"] ?? 0, $0["lines"] ?? 0) }
        return result
    }

    /// Reads every document that the pipelines made, and adds up the report.
    private func check(
        _ pipelines: FactsPipelines,
        _ cancellations: (customers: Int64, lines: Int64)
    ) throws -> FeatureBuildReport {
        var hash = UnorderedFactsHash()
        var lastPurchaseMinute: Int64?
        var report = FeatureBuildReport(
            build: FeatureBuild(
                generation: 0,
                context: BuildContext(asOfMinute: pipelines.asOfMinute, lastPurchaseMinute: 0),
                customers: 0,
                hash: 0,
                builtAtSeconds: 0
            ),
            purchaseLines: 0,
            cancelLines: 0,
            purchaseInvoices: 0,
            revenueMilli: 0,
            cancelOnlyCustomers: 0
        )
        var cancelling: Int64 = 0
        try forEachFacts(FeaturePlace(records: pipelines.collection)) { facts, _ in
            let (revenue, overflows) = report.revenueMilli.addingReportingOverflow(facts.amountMilli)
            guard !overflows else { throw FactsError.overflow(customer: facts.customer) }
            report.revenueMilli = revenue
            report.purchaseLines += facts.purchaseLines
            report.purchaseInvoices += facts.purchaseInvoices
            if facts.cancelLines > 0 { cancelling += 1 }
            lastPurchaseMinute = max(lastPurchaseMinute ?? facts.lastMinute, facts.lastMinute)
            hash.add(facts)
        }
        guard let lastPurchaseMinute else {
            throw StoreError.emptyHistory(store: name, asOfMinute: pipelines.asOfMinute)
        }
        report.build.context.lastPurchaseMinute = lastPurchaseMinute
        report.build.customers = hash.count
        report.build.hash = hash.value
        report.cancelOnlyCustomers = cancellations.customers - cancelling
        return report
    }

    /// The moment from which the build is the last one. Of two that built at a time, one finds its number taken.
    private func publish(_ build: FeatureBuild) throws(MongoFailure) {
        let document = BSONDocument()
        document.append("_id", build.generation)
        document.append("generation", build.generation)
        document.append("as_of_minute", build.context.asOfMinute)
        document.append("last_purchase_minute", build.context.lastPurchaseMinute)
        document.append("customers", build.customers)
        document.append("hash", StableHash.hexadecimal(build.hash))
        document.append("built_at", build.builtAtSeconds)
        document.append("records", build.place.records)
        document.append("segmentation", build.segmentation)
        let outcome = try pool.withLease { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.builds).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in try bulk.insert(document.pointer)
            }
        }
        guard outcome.inserted == 1 else { throw MongoFailure(serverCode: MongoFailure.duplicateKey) }
    }

    private func drop(_ collection: String) throws(StoreError) {
        try leasing { lease throws(MongoFailure) in try lease.collection(collection).drop() }
    }

    /// Drops the features of builds before the last but one, and of builds that were not finished. A reader that has
    /// just begun with the build before the last one can end.
    private func dropStaleFeatures(newest: Int64) throws(StoreError) {
        var kept: Set<String> = []
        try leasing { lease throws(MongoFailure) in
            let last = BSONDocument("{\"sort\": {\"generation\": -1}, \"limit\": 2}")
            try lease.collection(MongoSchema.builds).find(BSONDocument("{}"), last) { reader in
                while reader.next() {
                    if "records" ~= reader.key, let records = reader.string { kept.insert(records) }
                }
                return true
            }
            for collection in try lease.collectionNames(prefix: MongoSchema.featurePrefix)
            where !kept.contains(collection) {
                // A higher number is a build that is under way.
                let number = collection.dropFirst(MongoSchema.featurePrefix.count).prefix { $0 != "_" }
                if let generation = Int64(number), generation <= newest { try lease.collection(collection).drop() }
            }
        }
    }
}
