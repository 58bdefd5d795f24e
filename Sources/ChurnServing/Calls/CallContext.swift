package import ChurnCalls
package import NIOCore
internal import Synchronization

/// What a call comes with besides its arguments: until when, from whom, and whether anybody still waits.
package struct CallContext: Sendable {
    /// What the deadline is counted from.
    package let arrival: NIODeadline
    /// The caller's own; `nil` when it has none.
    package let deadline: NIODeadline?
    package let principal: Principal
    package let liveness: ConnectionLiveness

    package init(
        arrival: NIODeadline,
        deadline: NIODeadline?,
        principal: Principal = .anonymous,
        liveness: ConnectionLiveness
    ) {
        self.arrival = arrival
        self.deadline = deadline
        self.principal = principal
        self.liveness = liveness
    }

    /// - Throws: when nobody waits for the answer any more, or it would come too late.
    package func check() throws(CallFailure) {
        if let deadline, NIODeadline.now() >= deadline { throw .deadlineExceeded }
        if liveness.hasEnded { throw .connectionClosed }
    }
}

/// The caller, as far as its connection identifies it. No connection does yet: there is one principal, which may make
/// every call.
package enum Principal: Sendable {
    case anonymous
}

/// Whether a connection is still open, for threads that work for it.
package final class ConnectionLiveness: Sendable {
    private let ended = Atomic<Bool>(false)

    package init() {}

    package var hasEnded: Bool { ended.load(ordering: .relaxed) }

    package func end() {
        ended.store(true, ordering: .relaxed)
    }
}

extension Call {
    /// Whether the server is to find the features that it is answered from.
    package var needsFeatures: Bool {
        switch method {
        case .predictByID, .predictBatchByIDs, .predictBatchByTexts: true
        case .predictBatchByColumns, .predictBatchEmpty, .health, .unknown, .contradictory: false
        }
    }

    /// Whether it is a batch whose features the server is to find.
    package var isBatchOfCustomers: Bool {
        switch method {
        case .predictBatchByIDs, .predictBatchByTexts: true
        case .predictByID, .predictBatchByColumns, .predictBatchEmpty, .health, .unknown, .contradictory: false
        }
    }
}
