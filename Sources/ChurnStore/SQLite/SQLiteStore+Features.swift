package import ChurnBase
package import ChurnFeatures
internal import GRDB

extension SQLiteStore {
    package func latestBuild() throws(StoreError) -> FeatureBuild? {
        try reading { try latestBuild($0) }
    }

    package func loadFeatures(_ layout: RowLayout) throws(StoreError) -> FeatureTable {
        try reading { database in
            guard let build = try latestBuild(database) else { throw StoreError.noBuild(store: name) }
            // Counted, not taken from `build`: a damaged number must not decide how much memory is reserved.
            let rowCount = try Int.fetchOne(database, sql: "SELECT count(*) FROM features") ?? 0
            var builder = FeatureTable.Builder(
                layout: layout,
                context: build.context,
                generation: build.generation,
                identity: build.identity,
                segmentNames: try segmentNames(database),
                reservedRows: rowCount
            )
            var digest = FactsDigest()
            try forEachFacts(database) { facts, segment in
                digest.add(facts)
                try builder.append(facts, segment: segment)
            }
            guard digest.matches(build) else { throw StoreError.damaged(store: name, .features) }
            return try builder.finish()
        }
    }

    package func hasProducts(in build: FeatureBuild) throws(StoreError) -> Bool {
        try reading { database in
            try Bool.fetchOne(database, sql: "SELECT EXISTS (SELECT 1 FROM features WHERE distinct_products > 0)")
                ?? false
        }
    }

    package func record(of customer: CustomerID) throws(StoreError) -> CustomerRecord? {
        try reading { database in
            guard let build = try latestBuild(database) else { throw StoreError.noBuild(store: name) }
            let row = try statement(FactsReader.sql + " WHERE customer = ?", database)
            defer { row.reset() }
            try row.bind(customer.number, at: 1)
            guard try row.step() else { return nil }
            var facts = CustomerFacts(customer: 0)
            guard FactsReader.read(row, into: &facts) else { throw StoreError.damaged(store: name, .features) }
            guard facts.id == customer else { return nil }
            let names = try segmentNames(database)
            let segment = FactsReader.segment(row).flatMap { names.indices.contains($0) ? names[$0] : nil }
            return CustomerRecord(build: build, facts: facts, segment: segment)
        }
    }

    package func setSegments(_ segmentation: SegmentAssignment) throws(StoreError) {
        try inTransaction { try set(segmentation, $0) }
    }

    private func set(_ segmentation: SegmentAssignment, _ database: Database) throws {
        guard let build = try latestBuild(database) else { throw StoreError.noBuild(store: name) }
        guard build.generation == segmentation.generation else { throw StoreError.busy(store: name) }
        try database.execute(sql: "DELETE FROM segments; UPDATE features SET segment = NULL")
        for (position, text) in segmentation.names.enumerated() {
            try database.execute(
                sql: "INSERT INTO segments (position, name) VALUES (?, ?)",
                arguments: [position, text]
            )
        }
        let update = try statement("UPDATE features SET segment = ? WHERE customer = ?", database)
        for (customer, segment) in segmentation.segments {
            try update.bind(Int64(segment), at: 1)
            try update.bind(customer, at: 2)
            _ = try update.step()
            update.reset()
        }
        try database.execute(
            sql: "UPDATE builds SET segmentation = segmentation + 1 WHERE generation = ?",
            arguments: [build.generation]
        )
    }

    /// Publishes the records that are left of the last build as the next one, with the same segments.
    ///
    /// - Returns: the build; nil where no record is left, and no build any more.
    func publishRemaining(_ database: Database) throws -> FeatureBuild? {
        guard var build = try latestBuild(database) else { return nil }
        var digest = FactsDigest()
        try forEachFacts(database) { facts, _ in digest.add(facts) }
        guard digest.count > 0 else {
            try database.execute(sql: "DELETE FROM builds; DELETE FROM segments")
            return nil
        }
        build.customers = digest.count
        build.hash = digest.value
        build.builtAtSeconds = Int64(time(nil))
        build.generation = try insert(build, database)
        return build
    }

    /// Calls `body` with every record, customers ascending, and its segment.
    private func forEachFacts(_ database: Database, _ body: (CustomerFacts, Int?) throws -> Void) throws {
        var facts = CustomerFacts(customer: 0)
        let rows = try statement(FactsReader.sql + " ORDER BY customer", database)
        defer { rows.reset() }
        while try rows.step() {
            guard FactsReader.read(rows, into: &facts) else { throw StoreError.damaged(store: name, .features) }
            try body(facts, FactsReader.segment(rows))
        }
    }

    private func segmentNames(_ database: Database) throws -> [String] {
        try String.fetchAll(database, sql: "SELECT name FROM segments ORDER BY position")
    }

    func latestBuild(_ database: Database) throws -> FeatureBuild? {
        let row = try statement(
            """
            SELECT generation, as_of_minute, last_purchase_minute, customers, hash, built_at, segmentation
            FROM builds ORDER BY generation DESC LIMIT 1
            """,
            database
        )
        defer { row.reset() }
        guard try row.step() else { return nil }
        let build = FeatureBuild(
            generation: row.integer(0),
            context: BuildContext(asOfMinute: row.integer(1), lastPurchaseMinute: row.integer(2)),
            customers: row.integer(3),
            hash: UInt64(String(decoding: row.text(4), as: UTF8.self), radix: 16) ?? 0,
            builtAtSeconds: row.integer(5),
            segmentation: row.integer(6)
        )
        guard build.isConsistent else { throw StoreError.damaged(store: name, .features) }
        return build
    }
}
