package import ChurnBase
package import ChurnFeatures

extension MongoStore {
    package func latestBuild() throws(StoreError) -> FeatureBuild? {
        var found: FeatureBuild??
        try leasing { lease throws(MongoFailure) in
            let last = BSONDocument("{\"sort\": {\"generation\": -1}, \"limit\": 1}")
            try lease.collection(MongoSchema.builds).find(BSONDocument("{}"), last) { reader in
                found = .some(BuildDocument.read(reader))
                return false
            }
        }
        guard let found else { return nil }
        guard let build = found else { throw .damaged(store: name, .features) }
        return build
    }

    package func loadFeatures(_ layout: RowLayout) throws(StoreError) -> FeatureTable {
        do {
            for _ in 0..<Self.loadAttempts {
                guard let build = try latestBuild() else { throw StoreError.noBuild(store: name) }
                if let table = try load(build, layout) { return table }
                // Not what the build says. While newer builds come, its collection may have gone meanwhile.
                guard try latestBuild() != build else { throw StoreError.damaged(store: name, .features) }
            }
            throw StoreError.busy(store: name)
        } catch {
            throw storeError(error)
        }
    }

    private static let loadAttempts = 5

    /// - Returns: nil when the records are not the ones of the build.
    private func load(_ build: FeatureBuild, _ layout: RowLayout) throws -> FeatureTable? {
        var builder = FeatureTable.Builder(
            layout: layout,
            context: build.context,
            generation: build.generation,
            identity: build.identity,
            segmentNames: build.mongoPlace.segmentNames
        )
        var digest = FactsDigest(inAnyOrder: true)
        do {
            try forEachFacts(build.mongoPlace) { facts, document in
                digest.add(facts)
                try builder.append(facts, segment: document.segment)
            }
        } catch StoreError.damaged(_, .features) {
            return nil
        } catch is FactsError {
            return nil
        }
        guard digest.matches(build) else { return nil }
        return try builder.finish()
    }

    /// Calls `body` with every record of a build, customers ascending, and what else its document has.
    private func forEachFacts(
        _ place: MongoBuildPlace,
        _ body: (CustomerFacts, borrowing FactsDocument) throws -> Void
    ) throws {
        try forEachRecord(place) { outcome, facts, document in
            switch outcome {
            case .read: try body(facts, document)
            case .overflow: throw FactsError.overflow(customer: facts.customer)
            case .malformed: throw StoreError.damaged(store: name, .features)
            }
        }
    }

    /// Calls `body` with every record of a build, those too that cannot be. Of these only the customer is to be used,
    /// which is 0 when it cannot be either.
    func forEachRecord(
        _ place: MongoBuildPlace,
        fromPrimary: Bool = false,
        _ body: (FactsDocument.Outcome, CustomerFacts, borrowing FactsDocument) throws -> Void
    ) throws {
        var foreign: (any Error)?
        var document = FactsDocument(segmentField: place.segmentField)
        var facts = CustomerFacts(customer: 0)
        try leasing { lease throws(MongoFailure) in
            let order = BSONDocument("{\"sort\": {\"_id\": 1}, \"batchSize\": 10000}")
            try lease.collection(place.records, fromPrimary: fromPrimary).find(BSONDocument("{}"), order) { reader in
                do {
                    try body(document.read(reader, into: &facts), facts, document)
                } catch {
                    foreign = error
                }
                return foreign == nil
            }
        }
        if let foreign { throw foreign }
    }

    package func hasProducts(in build: FeatureBuild) throws(StoreError) -> Bool {
        var hasProducts = false
        try leasing { lease throws(MongoFailure) in
            hasProducts = false
            let some = BSONDocument("{\"distinct_products\": {\"$gt\": 0}}")
            let one = BSONDocument("{\"limit\": 1, \"projection\": {\"_id\": 1}}")
            try lease.collection(build.mongoPlace.records).find(some, one) { _ in
                hasProducts = true
                return false
            }
        }
        return hasProducts
    }

    package func record(of customer: CustomerID) throws(StoreError) -> CustomerRecord? {
        guard let build = try latestBuild() else { throw .noBuild(store: name) }
        let records = try records(of: [customer], in: build)
        guard records.damaged.isEmpty else { throw .damaged(store: name, .features) }
        return records.found.first
    }

    package func records(of customers: [CustomerID], in build: FeatureBuild) throws(StoreError) -> CustomerRecords {
        let filter = BSONDocument()
        let among = BSONDocument()
        among.append("$in", integers: customers.map(\.number))
        filter.append("_id", among)
        let wanted = Set(customers)
        var records = CustomerRecords()
        let place = build.mongoPlace
        var document = FactsDocument(segmentField: place.segmentField)
        try leasing { lease throws(MongoFailure) in
            records = CustomerRecords()
            try lease.collection(place.records).find(filter, BSONDocument("{}")) { reader in
                var facts = CustomerFacts(customer: 0)
                guard document.read(reader, into: &facts) == .read else {
                    records.damaged.append(facts.customer)
                    return true
                }
                // Another customer, whose text has the same number.
                guard wanted.contains(facts.id) else { return true }
                let segment = document.segment.flatMap {
                    place.segmentNames.indices.contains($0) ? place.segmentNames[$0] : nil
                }
                records.found.append(CustomerRecord(build: build, facts: facts, segment: segment))
                return true
            }
        }
        // One that does not even say whose it is could be anybody's.
        if records.damaged.contains(0) { throw .damaged(store: name, .features) }
        return records
    }

    package func setSegments(_ segmentation: SegmentAssignment) throws(StoreError) {
        precondition(access != .read, "a store opened for reading")
        guard let build = try latestBuild() else { throw .noBuild(store: name) }
        guard build.generation == segmentation.generation else { throw .busy(store: name) }
        // A field that no reader knows yet; the document of the build names it once every customer has it. Chance keeps
        // two that segment at a time apart.
        let field = "segment_\(build.segmentation + 1)_" + String(UInt32.random(in: 0 ... .max), radix: 16)
        for start in stride(from: 0, to: segmentation.segments.count, by: Self.segmentsPerCommand) {
            let end = min(start + Self.segmentsPerCommand, segmentation.segments.count)
            try write(segmentation.segments[start..<end], to: field, in: build)
        }
        try publish(segmentation.names, field, of: build)
    }

    private static let segmentsPerCommand = 2_000

    private func write(
        _ segments: ArraySlice<(customer: Int64, segment: Int)>,
        to field: String,
        in build: FeatureBuild
    ) throws(StoreError) {
        let collection = build.mongoPlace.records
        _ = try retrying { lease throws(MongoFailure) in
            let options = BSONDocument("{\"ordered\": false, \(MongoSchema.durably)}")
            return try lease.collection(collection).bulk(options) { bulk throws(MongoFailure) in
                for (customer, segment) in segments {
                    let filter = BSONDocument()
                    filter.append("_id", customer)
                    let update = BSONDocument()
                    let value = BSONDocument()
                    value.append(field, Int64(segment))
                    update.append("$set", value)
                    try bulk.update(filter, update)
                }
            }
        }
    }

    private func publish(_ names: [String], _ field: String, of build: FeatureBuild) throws(StoreError) {
        let filter = BSONDocument()
        filter.append("_id", build.generation)
        filter.append("segmentation", build.segmentation)
        let values = BSONDocument()
        values.append("segmentation", build.segmentation + 1)
        values.append("segment_field", field)
        values.append("segment_names", strings: names)
        let update = BSONDocument()
        update.append("$set", values)
        let outcome = try retrying { lease throws(MongoFailure) in
            try lease.collection(MongoSchema.builds).bulk(BSONDocument("{\(MongoSchema.durably)}")) {
                bulk throws(MongoFailure) in try bulk.update(filter, update)
            }
        }
        if outcome.matched == 1 { return }
        // Somebody else's segments, or ours, whose confirmation was lost.
        guard try latestBuild()?.mongoPlace.segmentField == field else { throw .busy(store: name) }
    }
}
