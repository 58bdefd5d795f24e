package import ChurnBase
internal import ChurnFeatures
package import ChurnStore
internal import NIOConcurrencyHelpers
package import NIOCore
internal import NIOPosix

/// Looks customers up in the store, for a server that does not hold them all.
///
/// What was read is kept for a while, that there is nothing too. Callers that miss wait, and while a query is under way
/// those that come after are collected: the next query is for all of them, so that the more calls there are, the less
/// each one costs the store. A few threads of its own block in the store, never a caller; one more keeps the deadlines.
///
/// Entries hold facts, not features: any model can be scored from them, as of the build that they belong to.
package final class FeatureLookup: Sendable {
    package struct Configuration: Sendable {
        /// Customers kept, 1 or more. One takes about half a kilobyte.
        package var cachedCustomers = 100_000
        /// How long a record is used without another look, and how long that there is none.
        package var freshFor = Duration.seconds(30)
        package var unknownFreshFor = Duration.seconds(5)
        /// For how long after that a record is still used while it is being read anew, or while the store is gone.
        package var staleFor = Duration.seconds(3600)
        /// Queries on their way at a time: threads that may block.
        package var queries = 2
        /// Customers of one query.
        package var customersPerQuery = 512
        /// Callers that may wait at a time.
        package var callerLimit = 65_536
        /// How often the store is asked for a newer build.
        package var buildInterval = Duration.seconds(2)

        package init() {}
    }

    package enum Answer: Equatable, Sendable {
        case found(CustomerRecord)
        /// The store has no features of this customer.
        case unknown
        /// The store could not be asked.
        case unavailable(StoreError)
        /// The caller's deadline has passed.
        case late
        /// Too many wait already.
        case overloaded
        /// Nobody is looked up any more.
        case stopping
    }

    package typealias Completion = @Sendable (Answer) -> Void

    private struct State: Sendable {
        var cache: LookupCache
        var queue = LookupQueue<Completion>()
        var build: FeatureBuild?
        var buildReadAt: NIODeadline?
        var runningQueries = 0
        var isStopped = false
        var totals = Totals()
    }

    /// What there was since the start.
    package struct Totals: Equatable, Sendable {
        package var calls = 0
        /// Of these, the ones that were answered without a query of their own.
        package var cached = 0
        package var queries = 0
    }

    private let store: any Store
    private let configuration: Configuration
    private let state: NIOLockedValueBox<State>
    private let threads: NIOThreadPool
    private let clockThread = NIOThreadPool(numberOfThreads: 1)
    /// 1 when the clock has something to look at: an earlier deadline, or the end.
    private let clock = ConditionLock<Int>(value: 0)

    /// Starts the threads.
    ///
    /// - Parameter store: opened for reading.
    package init(store: any Store, configuration: Configuration = Configuration()) {
        precondition(configuration.queries > 0 && configuration.customersPerQuery > 0)
        self.store = store
        self.configuration = configuration
        state = NIOLockedValueBox(State(cache: LookupCache(capacity: configuration.cachedCustomers)))
        threads = NIOThreadPool(numberOfThreads: configuration.queries)
        threads.start()
        clockThread.start()
        clockThread.submit { [self] _ in keepDeadlines() }
    }

    /// Answers every caller that waits, and ends the threads when the queries under way have ended. Must be called.
    package func stop() async {
        let callers = state.withLockedValue { state in
            state.isStopped = true
            return state.queue.removeAll()
        }
        for complete in callers { complete(.stopping) }
        wakeClock()
        // It throws for a pool that was not started, or that is stopped already.
        try? await clockThread.shutdownGracefully()
        try? await threads.shutdownGracefully()
    }

    /// What is known of a customer.
    ///
    /// - Parameter completion: called once, on a thread of this object, unless the answer is returned. Must not block.
    /// - Returns: the answer, when it needs no query.
    package func find(_ customer: CustomerID, until deadline: NIODeadline, completion: @escaping Completion) -> Answer?
    {
        let now = NIODeadline.now()
        var startsQuery = false
        var isEarliest = false
        let answer = state.withLockedValue { state -> Answer? in
            state.totals.calls += 1
            if let entry = state.cache.entry(of: customer) {
                let freshUntil = entry.readAt + freshness(entry)
                if now >= freshUntil || isOutdated(entry.record, state.build) {
                    state.queue.refresh(customer)
                    startsQuery = takesThread(&state)
                }
                // That there is nothing is not said for longer than it is fresh.
                if entry.record == nil, now < freshUntil {
                    state.totals.cached += 1
                    return .unknown
                }
                if let record = entry.record, now < freshUntil + TimeAmount(configuration.staleFor) {
                    state.totals.cached += 1
                    return .found(record)
                }
            }
            guard !state.isStopped else { return .stopping }
            guard deadline > now else { return .late }
            guard state.queue.callerCount < configuration.callerLimit else { return .overloaded }
            isEarliest = state.queue.nextDeadline.map { deadline < $0 } ?? true
            state.queue.add(completion, for: customer, until: deadline)
            startsQuery = takesThread(&state) || startsQuery
            return nil
        }
        if startsQuery { threads.submit { [self] state in if state == .active { runQueries() } } }
        if isEarliest { wakeClock() }
        return answer
    }

    /// Customers kept, and callers that wait.
    package var load: (cached: Int, waiting: Int) { state.withLockedValue { ($0.cache.count, $0.queue.callerCount) } }

    package var totals: Totals { state.withLockedValue { $0.totals } }

    private func freshness(_ entry: LookupCache.Entry) -> TimeAmount {
        TimeAmount(entry.record == nil ? configuration.unknownFreshFor : configuration.freshFor)
    }

    private func isOutdated(_ record: CustomerRecord?, _ newest: FeatureBuild?) -> Bool {
        guard let record, let newest else { return false }
        return (record.build.generation, record.build.segmentation) < (newest.generation, newest.segmentation)
    }

    /// Whether one more thread is to run queries; counts it.
    private func takesThread(_ state: inout State) -> Bool {
        guard state.runningQueries < configuration.queries, state.queue.hasWork else { return false }
        state.runningQueries += 1
        return true
    }

    /// Runs on a thread that may block, until nobody waits to be looked up.
    private func runQueries() {
        while true {
            let customers = state.withLockedValue { state in
                let customers = state.queue.take(configuration.customersPerQuery)
                if customers.isEmpty { state.runningQueries -= 1 } else { state.totals.queries += 1 }
                return customers
            }
            if customers.isEmpty { return }
            runQuery(customers)
        }
    }

    private func runQuery(_ customers: [CustomerID]) {
        let result = Result { () throws(StoreError) -> CustomerRecords in
            try store.records(of: customers, in: try build())
        }
        let now = NIODeadline.now()
        var answers: [(callers: [Completion], answer: Answer)] = []
        state.withLockedValue { state in
            switch result {
            case .success(let records):
                let found = Dictionary(records.found.map { ($0.facts.id, $0) }) { first, _ in first }
                let damaged = Set(records.damaged)
                for customer in customers {
                    if damaged.contains(customer.number) {
                        let error = StoreError.damaged(store: store.location.description, .features)
                        answers.append((state.queue.finish(customer), .unavailable(error)))
                        continue
                    }
                    let record = found[customer]
                    state.cache.put(customer, record, readAt: now)
                    answers.append((state.queue.finish(customer), record.map(Answer.found) ?? .unknown))
                }
            case .failure(let error):
                for customer in customers { answers.append((state.queue.finish(customer), .unavailable(error))) }
            }
        }
        for (callers, answer) in answers {
            for complete in callers { complete(answer) }
        }
    }

    /// The build that look-ups are of, not older than the interval. Blocks.
    private func build() throws(StoreError) -> FeatureBuild {
        let now = NIODeadline.now()
        let known = state.withLockedValue { state in
            state.buildReadAt.map { now < $0 + TimeAmount(configuration.buildInterval) } ?? false ? state.build : nil
        }
        if let known { return known }
        guard let newest = try store.latestBuild() else { throw .noBuild(store: store.location.description) }
        state.withLockedValue {
            $0.build = newest
            $0.buildReadAt = now
        }
        return newest
    }

    private func wakeClock() {
        clock.lock()
        clock.unlock(withValue: 1)
    }

    /// Tells callers that they are late, when they are: the threads may be blocked in a store that is silent.
    private func keepDeadlines() {
        while true {
            let (late, next, isStopped) = state.withLockedValue { state in
                (state.queue.expire(.now()), state.queue.nextDeadline, state.isStopped)
            }
            for complete in late { complete(.late) }
            if isStopped { return }
            let wait = next.map { Double(($0 - .now()).nanoseconds) / 1e9 } ?? 3_600
            if clock.lock(whenValue: 1, timeoutSeconds: max(0, wait)) { clock.unlock(withValue: 0) }
        }
    }
}
