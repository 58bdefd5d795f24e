internal import ChurnProtocol
internal import NIOCore

/// The one answer to a call.
typealias CallResult = Result<Response, ChurnError>

/// A call as a task hands it to the event loop.
struct NewCall: Sendable {
    /// Unique in the client, and the id on the wire.
    var id: UInt64
    var request: Request
    var timeout: Duration
    /// The start of the call plus `timeout`.
    var deadline: NIODeadline
    var continuation: CheckedContinuation<CallResult, Never>
}

/// A call from its acceptance to its one answer. Confined to the client's event loop.
final class Call {
    enum Phase {
        /// In the line of calls to be sent.
        case waiting
        /// Out of the line until it may be sent again.
        case delayed(until: NIODeadline)
        /// With the server.
        ///
        /// - flush: number of the connection's flush that carried it, from 1.
        case sent(on: Connection, flush: UInt64)
        case finished
    }

    let new: NewCall
    var phase = Phase.waiting
    /// Failed attempts so far.
    var attempts = 0
    /// Its place in the `TimerQueue`, which alone writes it.
    var timerIndex = -1

    init(_ new: NewCall) {
        self.new = new
    }

    var id: UInt64 { new.id }
    var deadline: NIODeadline { new.deadline }

    /// The call as error messages name it.
    var name: String {
        switch new.request.method {
        case .predictByID(let customer, _, _): "predict of customer \(customer)"
        case .predictByText(let customer, _, _): "predict of customer \(quotedForPeer(customer))"
        case .predictBatchByTexts(let texts): "predictBatch of \(texts.count) customers"
        case .predictBatchByIDs(let ids): "predictBatch of \(ids.count) customers"
        case .predictBatchByColumns(let columns): "predictBatch of \(columns.first?.values.count ?? 0) rows"
        case .health: "health"
        }
    }
}
