internal import ChurnFeatures
internal import ChurnProtocol
internal import ChurnStore
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore

/// What a server needs that holds no table of all customers: each is looked up when a call asks for it.
struct ReadThrough: Sendable {
    let lookup: FeatureLookup
    /// What the served models expect in a row.
    let rowLayout: RowLayout

    /// Calls `body` with a customer's row, the same that a table would have of it.
    func withRow<Value>(of record: CustomerRecord, _ body: (UnsafePointer<Double>) -> Value) -> Value {
        withUnsafeTemporaryAllocation(of: Double.self, capacity: rowLayout.width) { row in
            let start = row.baseAddress.unsafelyUnwrapped
            rowLayout.write(record.facts, record.build.context, to: start)
            return body(start)
        }
    }

    /// Ends the look-ups under way; says what there was of them.
    func stop(_ logger: Logger) async {
        await lookup.stop()
        let totals = lookup.totals
        logger.notice(
            "look-ups ended",
            metadata: [
                "calls": "\(totals.calls)", "from the cache": "\(totals.cached)", "queries": "\(totals.queries)",
            ]
        )
    }

    /// Until when a look-up is waited for.
    ///
    /// - Parameter deadline: the caller's own; `nil` when it has none.
    static func patience(_ deadline: NIODeadline?, arrival: NIODeadline) -> NIODeadline {
        deadline ?? arrival + .seconds(ServerLimits.lookupSeconds)
    }
}

/// Look-ups that have ended, on their way back to the loop of their calls. One task of the loop takes all that are there,
/// so that a connection gets the answers of one query in one piece.
final class LookupReturns: Sendable {
    struct Item: Sendable {
        let session: Int
        let call: PredictByIDCall
        let answer: FeatureLookup.Answer
    }

    private let loop: any ServingLoop
    private let items = NIOLockedValueBox<[Item]>([])

    init(to loop: any ServingLoop) {
        self.loop = loop
    }

    func put(_ item: Item) {
        let isFirst = items.withLockedValue { items in
            items.append(item)
            return items.count == 1
        }
        if isFirst { loop.execute { $0.answerLookups() } }
    }

    func takeAll() -> [Item] {
        items.withLockedValue { items in
            defer { items = [] }
            return items
        }
    }
}

extension CustomerRecord {
    /// As-of time of the features, in seconds since 1970-01-01 00:00 on the clock of the transactions.
    var featureTime: Int64 { build.context.featureTime }
}

extension BuildContext {
    /// Wrapping: it comes from a store, and must not stop a server.
    var featureTime: Int64 { asOfMinute &* 60 }
}

extension CallFailure {
    /// What a look-up came to; `nil` when the customer was found.
    init?(_ answer: FeatureLookup.Answer, of call: PredictByIDCall) {
        switch answer {
        case .found: return nil
        case .unknown: self = .unknownCustomer(call.wish.customer)
        case .unavailable(.damaged): self = .damagedCustomer(call.wish.customer)
        case .unavailable(let error): self = CallFailure(code: .unavailable, message: error.description)
        case .late: self = call.deadline == nil ? .storeIsSilent : .deadlineExceeded
        case .overloaded: self = .tooManyLookups
        case .stopping: self = .draining
        }
    }

    private static let storeIsSilent = CallFailure(
        code: .unavailable,
        message: "the store has not answered within \(ServerLimits.lookupSeconds) s"
    )
    private static let tooManyLookups = CallFailure(
        code: .resourceExhausted,
        message: "too many calls wait for the store; try again",
        notProcessed: true
    )
}
