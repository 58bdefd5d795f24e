internal import ChurnBase
package import ChurnCalls
internal import ChurnFeatures
internal import ChurnStore
package import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
package import NIOPosix

/// Features that stay in the store: each customer is looked up when a call wants it, behind the cache of a
/// ``FeatureLookup``.
package struct ReadThroughFeatures: FeatureSource {
    package let lookup: FeatureLookup
    /// What the models expect in a row.
    private let rowLayout: RowLayout
    /// Where batches go on when a slice of their customers is there.
    let workers: NIOThreadPool
    private let failures: FailureLog
    /// Of the newest build, in seconds since 1970-01-01 00:00; 0 while none is known.
    private(set) var featureTime: Int64 = 0

    /// - Parameter models: that read the rows.
    package init(lookup: FeatureLookup, models: ModelSet, workers: NIOThreadPool, logger: Logger) {
        self.lookup = lookup
        rowLayout = models.rowLayout
        self.workers = workers
        failures = FailureLog(logger: logger)
    }

    /// The same look-ups, for a snapshot of that build.
    func of(_ build: FeatureBuild) -> ReadThroughFeatures {
        var features = self
        features.featureTime = build.context.featureTime
        return features
    }

    package var isImmediate: Bool { false }

    package func find(
        _ customer: ResolvedCustomer,
        _ context: CallContext,
        _ completion: () -> @Sendable (FeatureAnswer) -> Void
    ) -> FeatureAnswer? {
        let done = completion()
        let found = lookup.find(customer.id, until: waitDeadline(context, from: context.arrival)) { [self] in
            done(answer($0, customer, hasDeadline: context.deadline != nil))
        }
        return found.map { answer($0, customer, hasDeadline: context.deadline != nil) }
    }

    package func score(
        _ customers: BatchCustomers,
        with served: ServedModel,
        _ context: CallContext,
        scratch: BatchScratch,
        _ completion: () -> @Sendable (BatchOutcome) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer? {
        BatchLookup(customers, served: served, context: context, features: self, done: completion()).start()
        return nil
    }

    /// Until when a look-up that begins at `start` is waited for.
    func waitDeadline(_ context: CallContext, from start: NIODeadline) -> NIODeadline {
        context.deadline ?? start + .seconds(ServingLimits.lookupSeconds)
    }

    /// What a look-up came to: the one place that gives each outcome its status.
    ///
    /// Stores compare checks. A record that has another one all the same is that of a text with the same number, and nothing of
    /// it goes to a caller.
    /// - Parameter hasDeadline: whether it was the caller's own deadline that a late look-up has missed.
    func answer(_ answer: FeatureLookup.Answer, _ customer: ResolvedCustomer, hasDeadline: Bool) -> FeatureAnswer {
        switch answer {
        case .found(let record) where record.facts.id == customer.id:
            return .found(CustomerFeatures(record, layout: rowLayout))
        case .found, .unknown: return .failed(.unknownCustomer(customer))
        case .unavailable(let error):
            failures.note(error)
            if case .damaged = error { return .failed(.damagedCustomer(customer)) }
            return .failed(CallFailure(code: .unavailable, message: error.situation))
        case .late where hasDeadline: return .failed(.deadlineExceeded)
        case .late: return .failed(.storeIsSilent(seconds: ServingLimits.lookupSeconds))
        case .overloaded: return .failed(.tooManyLookups)
        case .stopping: return .failed(.draining)
        }
    }

    /// Ends the look-ups under way, and logs their totals.
    package func stop(_ logger: Logger) async {
        await lookup.stop()
        let totals = lookup.totals
        logger.notice(
            "look-ups ended",
            metadata: [
                "calls": "\(totals.calls)", "from the cache": "\(totals.cached)", "queries": "\(totals.queries)",
            ]
        )
    }
}

/// Logs why look-ups fail: callers get a fixed text only. The same failure again is logged at most once per interval.
private final class FailureLog: Sendable {
    private static let interval = TimeAmount.seconds(10)

    private let logger: Logger
    private let last = NIOLockedValueBox<(error: StoreError, at: NIODeadline)?>(nil)

    init(logger: Logger) {
        self.logger = logger
    }

    func note(_ error: StoreError) {
        let now = NIODeadline.now()
        let isNews = last.withLockedValue { last in
            if let last, last.error == error, now < last.at + Self.interval { return false }
            last = (error, now)
            return true
        }
        if isNews { logger.warning("look-ups fail", metadata: ["reason": "\(error)"]) }
    }
}
