package import ChurnBase
package import ChurnCalls

/// The customers of a batch, one per row.
package struct BatchCustomers {
    /// In memory of the call, or of `storage`.
    package let numbers: UnsafeBufferPointer<Int64>
    /// Of each text; `nil` for a batch of numbers, in which a negative number is no customer.
    package let checks: UnsafeBufferPointer<UInt64>?
    /// Rows whose text is no customer's id, ascending; their number is 0, which nobody has.
    package let invalidRows: [Int]
    private let storage: Storage?

    /// Frees what the views point into.
    private final class Storage {
        let numbers: UnsafeMutableBufferPointer<Int64>
        let checks: UnsafeMutableBufferPointer<UInt64>

        init(rows: Int) {
            numbers = .allocate(capacity: rows)
            checks = .allocate(capacity: rows)
        }

        deinit {
            numbers.deallocate()
            checks.deallocate()
        }
    }

    package init(_ numbers: UnsafeBufferPointer<Int64>) {
        self.numbers = numbers
        checks = nil
        invalidRows = []
        storage = nil
    }

    /// - Complexity: a hash for each text, of half a microsecond.
    package init(_ texts: CustomerTexts, _ hash: CustomerHash, _ context: CallContext) throws(CallFailure) {
        let storage = Storage(rows: texts.count)
        var invalidRows: [Int] = []
        var iterator = texts.makeIterator()
        try forEachSlice(of: texts.count, context) { first, count in
            for row in first..<(first + count) {
                var id = CustomerID(number: 0)
                switch iterator.next().map({ CustomerTextMeaning($0, hash) }) {
                case .customer(let found): id = found
                case .noCustomer: break
                case .invalid, nil: invalidRows.append(row)
                }
                storage.numbers.initializeElement(at: row, to: id.number)
                storage.checks.initializeElement(at: row, to: id.check)
            }
        }
        numbers = UnsafeBufferPointer(storage.numbers)
        checks = UnsafeBufferPointer(storage.checks)
        self.invalidRows = invalidRows
        self.storage = storage
    }
}
