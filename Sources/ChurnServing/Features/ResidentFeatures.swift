internal import ChurnBase
package import ChurnCalls
package import ChurnFeatures
internal import ChurnModel

/// A feature build in memory, in rows of a ``ModelSet``'s layout.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it; the C strings are freed by `deinit`.
package final class ResidentFeatures: @unchecked Sendable, FeatureSource {
    package let table: FeatureTable
    private let segmentNames: [UnsafeMutablePointer<CChar>]
    /// As-of time of the features, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    package let featureTime: Int64

    init(table: FeatureTable) {
        self.table = table
        featureTime = table.context.featureTime
        segmentNames = table.segmentNames.map { copyOfCString($0) }
    }

    deinit {
        for name in segmentNames { name.deallocate() }
    }

    /// NUL-terminated name of a row's segment; `nil` when it has none.
    func segment(row: Int) -> UnsafePointer<CChar>? {
        table.segment(row: row).map(segmentName)
    }

    /// NUL-terminated name of a segment, by its position in the table's names.
    package func segmentName(_ index: Int) -> UnsafePointer<CChar> {
        UnsafePointer(segmentNames[index])
    }

    // MARK: FeatureSource

    package var isImmediate: Bool { true }

    package func find(
        _ customer: ResolvedCustomer,
        _ context: CallContext,
        _ completion: () -> @Sendable (FeatureAnswer) -> Void
    ) -> FeatureAnswer? {
        guard let row = table.row(of: customer.id) else { return .failed(.unknownCustomer(customer)) }
        return .found(CustomerFeatures(self, row: row))
    }

    package func score(
        _ customers: BatchCustomers,
        with served: ServedModel,
        _ context: CallContext,
        scratch: BatchScratch,
        _ completion: () -> @Sendable (BatchOutcome) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer? {
        let rows = customers.numbers.count
        let columns = served.inputColumns
        scratch.reserve(rows: rows, inputCount: 0)
        let found = scratch.found.baseAddress.unsafelyUnwrapped
        let pointers = scratch.pointers.baseAddress.unsafelyUnwrapped
        let statuses = scratch.statuses
        let numbers = customers.numbers.baseAddress.unsafelyUnwrapped
        let checks = customers.checks?.baseAddress
        var unknown = 0
        try forEachSlice(of: rows, context) { first, count in
            // In groups whose rows are still in the first-level cache when they are scored.
            for start in stride(from: first, to: first + count, by: BatchScratch.groupRows) {
                let size = min(BatchScratch.groupRows, first + count - start)
                if let checks {
                    table.findRows(of: numbers + start, checks + start, count: size, into: found, reading: columns)
                } else {
                    table.findRows(of: numbers + start, count: size, into: found, reading: columns)
                }
                for index in 0..<size {
                    // An unknown customer is scored like row 0, which every table has, and overwritten below.
                    let isUnknown = found[index] < 0
                    pointers[index] = table.features(row: isUnknown ? 0 : Int(found[index])) + columns.lowerBound
                    statuses[start + index] = UInt8((isUnknown ? StatusCode.notFound : .ok).rawValue)
                    unknown += isUnknown ? 1 : 0
                }
                served.scorer.score(
                    rows: pointers,
                    rowCount: size,
                    probabilities: scratch.probabilities.baseAddress.unsafelyUnwrapped + start
                )
            }
        }
        withExtendedLifetime(customers) {}
        if unknown > 0 {
            for row in 0..<rows where statuses[row] != 0 { scratch.probabilities[row] = .nan }
            for row in customers.invalidRows { statuses[row] = UInt8(StatusCode.invalidArgument.rawValue) }
        }
        return served.batchAnswer(rows: rows, scratch, hasStatuses: unknown > 0, featureTime: featureTime)
    }
}
