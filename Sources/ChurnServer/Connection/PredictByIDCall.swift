internal import ChurnProtocol
internal import NIOCore

extension RequestView {
    /// The customers whose features a call needs from the server.
    enum Customers {
        case one(PredictByIDCall.Wish)
        case many(UnsafeBufferPointer<Int64>)
    }

    /// `nil` when it needs none.
    var customers: Customers? {
        switch method {
        case .predictByID(let customer, let contributions, let names):
            .one(PredictByIDCall.Wish(customer: customer, contributions: contributions, names: names))
        case .predictBatchByIDs(let ids):
            .many(ids)
        case .predictBatchByColumns, .predictBatchEmpty, .health, .unknown:
            nil
        }
    }
}

/// A PredictById by itself: all that its answer needs besides the customer's numbers, which may come later.
struct PredictByIDCall: Sendable {
    /// What is asked for.
    struct Wish: Sendable {
        let customer: Int64
        let contributions: Bool
        let names: Bool
    }

    let callID: UInt64
    let wish: Wish
    let served: ServedModel
    /// The caller's own; `nil` when it has none.
    let deadline: NIODeadline?

    /// - Parameter arrival: what the deadline is counted from.
    /// - Throws: when the model is not served.
    init(
        _ request: RequestView,
        _ wish: Wish,
        snapshot: ServingSnapshot,
        arrival: NIODeadline
    ) throws(CallFailure) {
        callID = request.callID
        self.wish = wish
        served = snapshot.models[try snapshot.requireModel(request.model)]
        deadline = arrival.deadline(timeoutMilliseconds: request.timeoutMilliseconds)
    }
}
