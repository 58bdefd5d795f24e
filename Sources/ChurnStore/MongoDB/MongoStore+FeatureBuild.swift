internal import ChurnBase
internal import ChurnFeatures

extension MongoStore {
    package func buildFeatures(asOfDay: Int64?, anew: Bool) throws(StoreError) -> FeatureBuildReport {
        precondition(access != .read, "a store opened for reading")
        do {
            let asOfMinute = try asOfMinute(day: asOfDay)
            for _ in 0..<Self.buildAttempts {
                if let report = try attemptBuild(asOfMinute, anew: anew) {
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
                {"$match": {"quantity_milli": {"$gte": 0}}}, {"$group": {"_id": null, "last": {"$max": "$minute"}}}
            ]}
            """,
            Self.fromIndex
        ) { last = $0["last"] }
        guard let last else { throw StoreError.noTransactions(store: name) }
        // Clamped to the days that facts can have, so that the product cannot overflow.
        return day.map { Int64(Int32(clamping: $0)) * CivilTime.minutesPerDay } ?? BuildContext.midnight(after: last)
    }

    /// No document is fetched: the index has all that is asked for.
    private static let fromIndex = "{\"allowDiskUse\": true, \"hint\": \"\(MongoSchema.linesIndex)\"}"

    /// Builds into a collection that nobody else knows, and makes it the last build.
    ///
    /// - Returns: nil when too many lines of the history were added meanwhile, or the servers changed roles: it may be
    ///   tried again, in another collection, which a pipeline still running for this one cannot disturb.
    private func attemptBuild(_ asOfMinute: Int64, anew: Bool) throws -> FeatureBuildReport? {
        let last = try latestBuild()
        let generation = (last?.generation ?? 0) + 1
        let replacements = try replacements()
        let draft = FeatureDraft(
            asOfMinute: asOfMinute,
            collection: Self.newFeatures(generation),
            hasTexts: try hasTexts()
        )
        var report: FeatureBuildReport
        do {
            // A replacement of days that went on meanwhile may be in it by half.
            guard let filled = try fill(draft, from: anew ? nil : last), try self.replacements() == replacements else {
                try drop(draft.collection)
                return nil
            }
            report = filled
        } catch {
            // What led here is what is to be told. A collection that stays goes with a later build.
            do { try drop(draft.collection) } catch {}
            if let failure = error as? MongoFailure, failure.isRetryable { return nil }
            throw error
        }
        report.build.generation = generation
        report.build.builtAtSeconds = Int64(time(nil))
        report.build.mongoPlace = MongoBuildPlace(records: draft.collection)
        // From here on the collection may be the last build's, even if an error says that nothing is known.
        guard try publish(report.build) else {
            try drop(draft.collection)
            throw StoreError.busy(store: name)
        }
        return report
    }

    /// The generation, by which it is found again when it is no longer wanted; chance, so that two builds at a time do
    /// not meet.
    static func newFeatures(_ generation: Int64) -> String {
        MongoSchema.featurePrefix + "\(generation)_" + String(UInt64.random(in: 0 ... .max), radix: 16)
    }

    /// Records of which customers are to be made of their lines.
    private enum Wanted {
        case everybody
        case only([Int64])

        var customers: [Int64]? { if case .only(let customers) = self { customers } else { nil } }
    }

    /// Takes over from `base` what is as it was, makes the rest, and looks whether it fits the lines that are there now.
    ///
    /// Whose lines change while this runs is made again. So each record is of one moment; two may be of two.
    private func fill(_ draft: FeatureDraft, from base: FeatureBuild?) throws -> FeatureBuildReport? {
        var histories: [Int64: CustomerHistory] = [:]
        var wanted = Wanted.everybody
        if let base {
            histories = try self.histories(draft, of: .everybody)
            wanted = try outdated(in: base, histories)
            if wanted.customers != nil { try copy(base, into: draft) }
        }
        var made: Set<Int64> = []
        var isDamaged = false
        for _ in 0..<Self.rounds {
            try make(wanted, of: draft)
            let now = try self.histories(draft, of: wanted)
            for customer in wanted.customers ?? [] { histories[customer] = nil }
            histories.merge(now) { _, now in now }
            made.formUnion(wanted.customers ?? Array(histories.keys))

            let survey = try survey(draft.collection, histories)
            guard !survey.outdated.isEmpty else {
                try remove(survey.overflowing, from: draft)
                var report = try report(survey, draft, histories)
                report.takenOver = base.map { _ in
                    Int64(histories.lazy.filter { $0.value.purchases > 0 && !made.contains($0.key) }.count)
                }
                return report
            }
            guard survey.outdated.count <= Self.outdatedLimit else { return nil }
            wanted = .only(survey.outdated)
            isDamaged = survey.isDamaged
        }
        // However often a record is made, it cannot be: it is made of lines that are none of ours.
        if isDamaged { throw StoreError.damaged(store: name, .transactions) }
        return nil
    }

    private static let rounds = 10
    /// Customers that are made one by one: 1.5 MB in a command, which a server takes 16 MB of. For more than so many, or
    /// more than a third of all, everybody is made: that reads the lines in their order on the disk.
    private static let outdatedLimit = 100_000

    /// The customers whose record in `base` is not the one of their lines; everybody, when these are too many or when
    /// the records are not the ones of the build.
    private func outdated(in base: FeatureBuild, _ histories: [Int64: CustomerHistory]) throws -> Wanted {
        let survey: FactsSurvey
        do {
            survey = try self.survey(base.mongoPlace.records, histories)
        } catch StoreError.damaged(_, .features) {
            return .everybody
        }
        guard !survey.isDamaged, survey.overflowing.isEmpty, survey.digest.matches(base),
            survey.outdated.count <= min(Self.outdatedLimit, histories.count / 3)
        else { return .everybody }
        return .only(survey.outdated)
    }

    private func copy(_ base: FeatureBuild, into draft: FeatureDraft) throws(MongoFailure) {
        try run(FactsPipelines.copy(into: draft.collection), on: base.mongoPlace.records)
    }

    /// Makes the records of the customers of their lines. Those without a purchase have none then.
    private func make(_ wanted: Wanted, of draft: FeatureDraft) throws(MongoFailure) {
        if let customers = wanted.customers {
            guard !customers.isEmpty else { return }
            try remove(customers, from: draft)
        }
        for pipeline in draft.pipelines(of: wanted.customers).all { try run(pipeline, on: MongoSchema.transactions) }
    }

    private func remove(_ customers: [Int64], from draft: FeatureDraft) throws(MongoFailure) {
        guard !customers.isEmpty else { return }
        try pool.withLease { lease throws(MongoFailure) in
            let filter = BSONDocument()
            let among = BSONDocument()
            among.append("$in", integers: customers)
            filter.append("_id", among)
            try lease.collection(draft.collection).delete(filter, BSONDocument("{\(MongoSchema.durably)}"))
        }
    }

    /// Runs a pipeline that ends in a collection.
    func run(_ pipeline: String, on collection: String) throws(MongoFailure) {
        try pool.withLease { lease throws(MongoFailure) in
            try lease.collection(collection, fromPrimary: true).aggregate(
                BSONDocument(pipeline),
                BSONDocument("{\"allowDiskUse\": true, \(MongoSchema.durably)}")
            ) { _ in true }
        }
    }

    private func histories(_ draft: FeatureDraft, of wanted: Wanted) throws -> [Int64: CustomerHistory] {
        var histories: [Int64: CustomerHistory] = [:]
        if let customers = wanted.customers, customers.isEmpty { return histories }
        try forEachGroup(draft.pipelines(of: wanted.customers).histories, Self.fromIndex) { group in
            guard let customer = group["_id"], let history = CustomerHistory(group) else {
                throw StoreError.damaged(store: name, .transactions)
            }
            histories[customer] = history
        }
        return histories
    }

    /// Reads all records of a build, beside the histories of its customers.
    private func survey(_ collection: String, _ histories: [Int64: CustomerHistory]) throws -> FactsSurvey {
        var survey = FactsSurvey(histories)
        try forEachRecord(MongoBuildPlace(records: collection), fromPrimary: true) { outcome, facts, document in
            switch outcome {
            case .read: survey.add(facts, document, overflows: false)
            case .overflow: survey.add(facts, document, overflows: true)
            // Lines that come between two pipelines make such a record: more products than lines, say.
            case .malformed where facts.customer != 0: survey.addDamaged(facts.customer)
            case .malformed: throw StoreError.damaged(store: name, .features)
            }
        }
        survey.finish()
        return survey
    }

    private func report(
        _ survey: FactsSurvey,
        _ draft: FeatureDraft,
        _ histories: [Int64: CustomerHistory]
    ) throws -> FeatureBuildReport {
        var leftOut = LeftOutCustomers()
        for customer in survey.overflowing { leftOut.add(customer) }
        let overflowing = Set(survey.overflowing)
        let counted = histories.lazy.filter { !overflowing.contains($0.key) }
        guard let lastPurchaseMinute = survey.lastPurchaseMinute else {
            throw StoreError.emptyHistory(store: name, asOfMinute: draft.asOfMinute)
        }
        if survey.digest.count == 0 { try leftOut.requireOthers() }
        return FeatureBuildReport(
            build: FeatureBuild(
                generation: 0,
                context: BuildContext(asOfMinute: draft.asOfMinute, lastPurchaseMinute: lastPurchaseMinute),
                customers: survey.digest.count,
                hash: survey.digest.value,
                builtAtSeconds: 0
            ),
            purchaseLines: survey.purchaseLines,
            linesWithoutProduct: survey.linesWithoutProduct,
            cancelLines: counted.reduce(0) { $0 + $1.value.cancellations },
            purchaseInvoices: survey.purchaseInvoices,
            revenueMilli: survey.revenueMilli,
            cancelOnlyCustomers: Int64(histories.values.lazy.filter { $0.purchases == 0 }.count),
            leftOut: leftOut
        )
    }

    /// The moment from which the build is the last one.
    ///
    /// - Returns: false when its number was taken, by another that built at the same time.
    func publish(_ build: FeatureBuild) throws(StoreError) -> Bool {
        let document = BSONDocument()
        document.append("_id", build.generation)
        document.append("generation", build.generation)
        document.append("as_of_minute", build.context.asOfMinute)
        document.append("last_purchase_minute", build.context.lastPurchaseMinute)
        document.append("customers", build.customers)
        document.append("hash", hexadecimal(build.hash))
        document.append("built_at", build.builtAtSeconds)
        document.append("records", build.mongoPlace.records)
        document.append("segmentation", build.segmentation)
        if !build.mongoPlace.segmentField.isEmpty {
            document.append("segment_field", build.mongoPlace.segmentField)
            document.append("segment_names", strings: build.mongoPlace.segmentNames)
        }
        let outcome = try retrying { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.builds).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in try bulk.insert(document.pointer)
            }
        }
        if outcome.inserted == 1 { return true }
        // It may have been taken by this very build, whose confirmation was lost.
        var isOurs = false
        try retrying { lease throws(MongoFailure) in
            let filter = BSONDocument()
            filter.append("_id", build.generation)
            filter.append("records", build.mongoPlace.records)
            try lease.collection(MongoSchema.builds, fromPrimary: true).find(filter, BSONDocument("{}")) { _ in
                isOurs = true
                return false
            }
        }
        return isOurs
    }

    func drop(_ collection: String) throws(StoreError) {
        try leasing { lease throws(MongoFailure) in try lease.collection(collection).drop() }
    }

    /// Drops the features of builds before the last but one, and of builds that were not finished. A reader that has
    /// just begun with the build before the last one can end.
    func dropStaleFeatures(newest: Int64) throws(StoreError) {
        var kept: Set<String> = []
        try retrying { lease throws(MongoFailure) in
            let last = BSONDocument("{\"sort\": {\"generation\": -1}, \"limit\": 2}")
            try lease.collection(MongoSchema.builds, fromPrimary: true).find(BSONDocument("{}"), last) { reader in
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

/// A build that is under way.
private struct FeatureDraft {
    let asOfMinute: Int64
    let collection: String
    let hasTexts: Bool

    /// - Parameter customers: nil: everybody.
    func pipelines(of customers: [Int64]?) -> FactsPipelines {
        FactsPipelines(asOfMinute: asOfMinute, collection: collection, customers: customers, hasTexts: hasTexts)
    }
}
