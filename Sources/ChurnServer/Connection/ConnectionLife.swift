internal import Synchronization

/// Whether a connection is still open, for threads that work for it.
final class ConnectionLife: Sendable {
    private let ended = Atomic<Bool>(false)

    var hasEnded: Bool { ended.load(ordering: .relaxed) }

    func end() {
        ended.store(true, ordering: .relaxed)
    }
}
