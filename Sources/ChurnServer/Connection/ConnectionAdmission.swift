internal import Synchronization

/// Counts open connections, so that one above the limit is told so and closed.
final class ConnectionAdmission: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Every `true` is to be followed by one `leave`.
    func admit() -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            leave()
            return false
        }
        return true
    }

    func leave() {
        open.subtract(1, ordering: .relaxed)
    }
}
