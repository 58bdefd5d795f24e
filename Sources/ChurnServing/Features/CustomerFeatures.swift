internal import ChurnFeatures
internal import ChurnStore

/// The features of one customer, from memory or from the store: for its reader the same.
package struct CustomerFeatures: Sendable {
    private enum Storage: Sendable {
        case resident(ResidentFeatures, row: Int)
        case stored(CustomerRecord, RowLayout)
    }

    private let storage: Storage
    /// As-of time, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    package let featureTime: Int64

    init(_ features: ResidentFeatures, row: Int) {
        storage = .resident(features, row: row)
        featureTime = features.featureTime
    }

    /// - Parameter layout: of the models that are to read it.
    init(_ record: CustomerRecord, layout: RowLayout) {
        storage = .stored(record, layout)
        featureTime = record.build.context.featureTime
    }

    /// Calls `body` with the customer's row, in the layout of the served models, and the NUL-terminated name of its
    /// segment, `nil` when it has none. Both are valid within the call only.
    func withRow<Value>(_ body: (UnsafePointer<Double>, UnsafePointer<CChar>?) -> Value) -> Value {
        switch storage {
        case .resident(let features, let row):
            return withExtendedLifetime(features) {
                body(features.table.features(row: row), features.segment(row: row))
            }
        case .stored(let record, let layout):
            return withUnsafeTemporaryAllocation(of: Double.self, capacity: layout.width) { row in
                let start = row.baseAddress.unsafelyUnwrapped
                layout.write(record.facts, record.build.context, to: start)
                guard let segment = record.segment else { return body(start, nil) }
                return segment.withCString { body(start, $0) }
            }
        }
    }
}

extension BuildContext {
    /// As-of time of the features, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    ///
    /// Wrapping: it comes from a store, and must not stop a server.
    package var featureTime: Int64 { asOfMinute &* 60 }
}
