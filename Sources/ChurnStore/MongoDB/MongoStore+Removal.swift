package import ChurnBase
internal import ChurnFeatures

extension MongoStore {
    package func remove(_ selection: LineSelection, dryRun: Bool) throws(StoreError) -> RemovalReport {
        precondition(access != .read || dryRun, "a store opened for reading")
        let filter = BSONDocument()
        switch selection {
        case .run(let run): filter.append("run", run)
        case .days(let days):
            let range = BSONDocument()
            range.append("$gte", days.lowerBound)
            range.append("$lte", days.upperBound)
            filter.append("day", range)
        case .invoice(let invoice):
            // By the ids of lines, which begin with their invoice: no other line is read.
            let (lower, upper) = TransactionDocument.idRange(invoice: invoice)
            let range = BSONDocument()
            range.append("$gte", bytes: lower)
            range.append("$lt", bytes: upper)
            filter.append("_id", range)
        }
        let report = try removeLines(filter, dryRun: dryRun)
        if !dryRun, case .days(let days) = selection { try settle { $0.allSatisfy(days.contains) } }
        return report
    }

    /// Removes the lines of the days that are of other runs.
    func removeOthers(of replacement: DayReplacement, than run: Int64) throws(StoreError) -> Int64 {
        let filter = BSONDocument()
        let among = BSONDocument()
        among.append("$in", integers: replacement.days.sorted())
        filter.append("day", among)
        // Not those of later runs: they came after this one.
        let before = BSONDocument()
        before.append("$lt", run)
        filter.append("run", before)
        return try removeLines(filter, dryRun: false).lines
    }

    /// Removes the lines of customers, of which no other text with the same number loses any.
    func removeLines(of customers: [CustomerID]) throws(StoreError) -> Int64 {
        var lines: Int64 = 0
        for customer in customers {
            let filter = BSONDocument()
            filter.append("customer", customer.number)
            if customer.isText { filter.append("check", Int64(bitPattern: customer.check)) }
            lines += try removeLines(filter, dryRun: false).lines
        }
        return lines
    }

    /// Goes through the lines that `filter` finds and removes them in commands of a bounded size, so that none takes long
    /// whatever there is to be removed. May be interrupted at any moment and begun again.
    private func removeLines(_ filter: borrowing BSONDocument, dryRun: Bool) throws(StoreError) -> RemovalReport {
        var report = RemovalReport()
        var customers: Set<Int64> = []
        var days: Set<Int64> = []
        var removed: Int64 = 0
        var found: Int64 = 0
        let fields = BSONDocument("{\"projection\": {\"_id\": 1, \"customer\": 1, \"day\": 1}, \"batchSize\": 2000}")
        try retrying { lease throws(MongoFailure) in
            found = 0
            var ids: [String] = []
            var failure: MongoFailure?
            try lease.collection(MongoSchema.transactions, fromPrimary: true).find(filter, fields) { reader in
                while reader.next() {
                    switch reader.key {
                    case "_id": ids.append(reader.string ?? "")
                    case "customer": customers.insert(reader.integer ?? 0)
                    case "day": days.insert(reader.integer ?? 0)
                    default: break
                    }
                }
                found += 1
                guard ids.count >= 2_000, !dryRun else { return true }
                do throws(MongoFailure) { removed += try Self.remove(ids, lease) } catch { failure = error }
                ids.removeAll(keepingCapacity: true)
                return failure == nil
            }
            if let failure { throw failure }
            if !dryRun { removed += try Self.remove(ids, lease) }
        }
        report.lines = dryRun ? found : removed
        report.customers = Int64(customers.count)
        report.days = Int64(days.count)
        if let first = days.min(), let last = days.max() { report.span = first...last }
        return report
    }

    private static func remove(_ ids: [String], _ lease: borrowing MongoLease) throws(MongoFailure) -> Int64 {
        guard !ids.isEmpty else { return 0 }
        let among = BSONDocument()
        among.append("$in", strings: ids)
        let filter = BSONDocument()
        filter.append("_id", among)
        return try lease.collection(MongoSchema.transactions).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
            bulk throws(MongoFailure) in try bulk.remove(filter)
        }.removed
    }

    package func forget(_ customers: [CustomerID]) throws(StoreError) -> ForgetReport {
        precondition(access != .read, "a store opened for reading")
        let customers = Array(Set(customers))
        var report = ForgetReport()
        // First of all, so that an ingest that is under way leaves them out or takes them out again.
        report.added = try addForgotten(customers)
        var found: Set<CustomerID> = []
        for customer in customers {
            let lines = try removeLines(of: [customer])
            let predictions = try removeAll(of: customer, from: MongoSchema.predictions, field: "customer")
            let texts = customer.isText ? try removeAll(of: customer, from: MongoSchema.customers, field: "_id") : 0
            report.lines += lines
            report.predictions += predictions
            if lines + predictions + texts > 0 { found.insert(customer) }
        }
        do {
            found.formUnion(try publishWithout(customers, &report))
        } catch {
            throw storeError(error)
        }
        report.found = Int64(found.count)
        return report
    }

    /// Removes the documents of a customer. Those of a text have its check, but for predictions, which are the ones of the
    /// text that has the number.
    private func removeAll(of customer: CustomerID, from collection: String, field: String) throws(StoreError) -> Int64
    {
        let filter = BSONDocument()
        filter.append(field, customer.number)
        if customer.isText {
            if collection == MongoSchema.predictions {
                guard try hasText(customer) else { return 0 }
            } else {
                filter.append("check", Int64(bitPattern: customer.check))
            }
        }
        return try retrying { lease throws(MongoFailure) in
            try lease.collection(collection).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in try bulk.remove(filter)
            }.removed
        }
    }

    /// Publishes the last build without these customers, and takes them out of all records that are left.
    ///
    /// - Returns: those who had a record.
    private func publishWithout(_ customers: [CustomerID], _ report: inout ForgetReport) throws -> Set<CustomerID> {
        guard let last = try latestBuild() else { return [] }
        let found = Set(try records(of: customers, in: last).found.map(\.facts.id))
        if !found.isEmpty { report.build = try publish(last, without: found) }
        let names = try retrying { lease throws(MongoFailure) in
            try lease.collectionNames(prefix: MongoSchema.featurePrefix)
        }
        for collection in names {
            for customer in customers { _ = try removeAll(of: customer, from: collection, field: "_id") }
        }
        return found
    }

    /// - Returns: nil when nobody is left: then there is no build any more.
    private func publish(_ last: FeatureBuild, without customers: Set<CustomerID>) throws -> FeatureBuild? {
        let place = last.mongoPlace
        let collection = Self.newFeatures(last.generation + 1)
        let without = customers.map { "{\"$numberLong\": \"\($0.number)\"}" }.joined(separator: ", ")
        try run(
            """
            {"pipeline": [
                {"$match": {"_id": {"$nin": [\(without)]}}},
                {"$merge": {"into": "\(collection)", "on": "_id", "whenMatched": "replace", "whenNotMatched": "insert"}}
            ]}
            """,
            on: place.records
        )
        var build = last
        build.mongoPlace.records = collection
        var digest = FactsDigest(inAnyOrder: true)
        var lastPurchase = Int64.min
        try forEachRecord(build.mongoPlace, fromPrimary: true) { outcome, facts, _ in
            guard outcome == .read else { throw StoreError.damaged(store: name, .features) }
            digest.add(facts)
            lastPurchase = max(lastPurchase, facts.lastMinute)
        }
        guard digest.count > 0 else {
            try retrying { lease throws(MongoFailure) in
                try lease.collection(MongoSchema.builds).delete(
                    BSONDocument("{}"),
                    BSONDocument("{\(MongoSchema.durably)}")
                )
            }
            return nil
        }
        guard digest.count == last.customers - Int64(customers.count) else {
            try drop(collection)
            throw StoreError.damaged(store: name, .features)
        }
        build.generation = last.generation + 1
        build.customers = digest.count
        build.hash = digest.value
        build.context.lastPurchaseMinute = lastPurchase
        build.builtAtSeconds = Int64(time(nil))
        guard try publish(build) else {
            try drop(collection)
            throw StoreError.busy(store: name)
        }
        try dropStaleFeatures(newest: build.generation)
        return build
    }
}
