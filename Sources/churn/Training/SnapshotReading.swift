internal import ChurnFeatures
internal import ChurnStore
internal import ChurnTraining

/// Reads the lines of a store once into snapshots, customer by customer.
enum SnapshotReading {
    /// What is in the store: the counts, and the days that cutoffs are made from.
    struct Extent {
        var counts: TransactionCounts
        var firstDay: Int64
        var lastDay: Int64
    }

    /// - Throws: 65 for a store without lines.
    static func extent(of store: any Store) throws -> Extent {
        let counts = try store.transactionCounts()
        guard let first = counts.firstMinute, let last = counts.lastMinute else {
            throw Failure(.badData, "\(store.location): holds no transactions; ingest some first")
        }
        return Extent(
            counts: counts,
            firstDay: CivilTime.split(minute: first).day,
            lastDay: CivilTime.split(minute: last).day
        )
    }

    static func snapshots(
        of store: any Store,
        _ collector: consuming SnapshotCollector,
        lines total: Int64,
        _ progress: inout ProgressLine
    ) throws -> SnapshotSet {
        var lines: Int64 = 0
        try store.forEachLineByCustomer(before: .max) { line in
            try collector.add(line)
            lines += 1
            if lines.isMultiple(of: 4_096) {
                progress.show { _ in "reading  \(groupedText(lines)) of \(groupedText(total)) lines" }
            }
        }
        let snapshots = try collector.finish()
        progress.clear()
        BuildRemarks.write(snapshots.leftOut)
        return snapshots
    }
}
