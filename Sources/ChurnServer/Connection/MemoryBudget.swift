internal import Synchronization

/// What all large frames of a server together may hold. A frame reserves its size when its header has been read, and
/// gives it back when it has been answered or its connection is gone.
package final class MemoryBudget: Sendable {
    private let limitBytes: Int
    private let used = Atomic<Int>(0)

    package init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// What is reserved now.
    package var usedBytes: Int { used.load(ordering: .relaxed) }

    /// - Returns: `nil` when the budget does not have the bytes.
    package func reserve(_ bytes: Int) -> Reservation? {
        let usedBytes = used.add(bytes, ordering: .relaxed).newValue
        guard usedBytes <= limitBytes else {
            used.subtract(bytes, ordering: .relaxed)
            return nil
        }
        return Reservation(budget: self, bytes: bytes)
    }

    /// A part of the budget; it goes back when the last reference to it goes.
    package final class Reservation: Sendable {
        private let budget: MemoryBudget
        private let bytes: Int

        fileprivate init(budget: MemoryBudget, bytes: Int) {
            self.budget = budget
            self.bytes = bytes
        }

        deinit {
            budget.used.subtract(bytes, ordering: .relaxed)
        }
    }
}
