internal import ChurnBase
internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnModel
internal import ChurnServer
internal import ChurnServing
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOPosix
internal import TestSupport

/// A loop whose tasks run when `FuzzServer.settle` is called, on the caller's thread; and what workers have to do.
final class FuzzLoop: ServingLoop {
    typealias Task = @Sendable (LoopContext) -> Void

    private let tasks = NIOLockedValueBox<[Task]>([])
    private let work = NIOLockedValueBox<[@Sendable () -> Void]>([])

    func later(_ body: @escaping @Sendable () -> Void) {
        work.withLockedValue { $0.append(body) }
    }

    /// - Returns: whether there was any.
    func doWork() -> Bool {
        let bodies = work.withLockedValue { work in
            defer { work = [] }
            return work
        }
        for body in bodies { body() }
        return !bodies.isEmpty
    }

    func execute(_ task: @escaping Task) {
        tasks.withLockedValue { $0.append(task) }
    }

    func takeTasks() -> [Task] {
        tasks.withLockedValue { tasks in
            defer { tasks = [] }
            return tasks
        }
    }
}

/// The resident features, as a store behind a cache would have them: some customers at once, the others late.
final class LateFeatures: FeatureSource {
    private let resident: ResidentFeatures
    private let late = NIOLockedValueBox<[@Sendable () -> Void]>([])

    init(_ resident: ResidentFeatures) {
        self.resident = resident
    }

    var isImmediate: Bool { false }

    func find(
        _ customer: ResolvedCustomer,
        _ context: CallContext,
        _ completion: () -> @Sendable (FeatureAnswer) -> Void
    ) -> FeatureAnswer? {
        guard customer.id.number % 3 != 0, let answer = resident.find(customer, context, completion) else {
            return resident.find(customer, context, completion)
        }
        let done = completion()
        late.withLockedValue { $0.append { done(answer) } }
        return nil
    }

    func score(
        _ customers: BatchCustomers,
        with served: ServedModel,
        _ context: CallContext,
        scratch: BatchScratch,
        _ completion: () -> @Sendable (BatchOutcome) -> Void
    ) throws(CallFailure) -> PredictBatchAnswer? {
        try resident.score(customers, with: served, context, scratch: scratch, completion)
    }

    /// - Returns: whether there were any.
    func deliver() -> Bool {
        let answers = late.withLockedValue { late in
            defer { late = [] }
            return late
        }
        for answer in answers { answer() }
        return !answers.isEmpty
    }
}

/// What a session needs of a server: a loop, workers, a model and customers. All in memory and on one thread, and new for each
/// input but for the model and the customers.
struct FuzzServer {
    /// Small, so that an input can exhaust it.
    static let budgetBytes = 1024 * 1024

    let context: LoopContext
    let budget = MemoryBudget(limitBytes: budgetBytes)
    private let loop = FuzzLoop()
    private let health = HealthMonitor(storeKind: "memory")
    private let late: LateFeatures?

    /// - Parameter isLate: whether customers have to be waited for.
    init(isLate: Bool) throws {
        let shop = try FuzzShop.shared.get()
        health.storeIsFresh()
        let services = ServerServices(
            configuration: try ServerConfiguration(endpoints: [Endpoint(port: 0)]),
            health: health,
            budget: budget,
            workers: shop.workers,
            logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }),
            queue: { [loop] in loop.later($0) }
        )
        late = isLate ? LateFeatures(shop.resident) : nil
        let snapshot = late.map { late in
            PreparedSnapshot(ServingSnapshot(models: shop.models, features: late), for: FuzzShop.dialects)
        }
        context = LoopContext(handle: loop, services: services, snapshot: snapshot ?? shop.snapshot)
    }

    /// Health reports the end, and every connection is told.
    func beginDraining() {
        health.beginDraining()
        context.healthChanged()
        context.beginDraining()
    }

    /// Does what other threads and late customers have to do, and what comes of it, until there is nothing.
    ///
    /// - Parameter turn: ends each turn of the loop.
    func settle(_ turn: () -> Void) {
        while true {
            let wasLate = late?.deliver() ?? false
            let wasBusy = loop.doWork()
            let tasks = loop.takeTasks()
            if tasks.isEmpty, !wasLate, !wasBusy { return }
            for task in tasks { task(context) }
            turn()
        }
    }
}

/// Customers 1 to 40 and `KnownCustomer`, and the model that scores them.
private struct FuzzShop: Sendable {
    let models: ModelSet
    let snapshot: PreparedSnapshot
    let resident: ResidentFeatures
    /// Never started: nothing is given to them.
    let workers = NIOThreadPool(numberOfThreads: 1)

    static let dialects: [any Dialect] = [HTTP2Dialect(), HTTP1Dialect(), FrameDialect()]
    static let shared = Result { try FuzzShop() }

    private init() throws {
        models = try ModelSet([ModelCatalog(directory: Surroundings.path("models")).model("seed-logistic")])
        let context = BuildContext(asOfMinute: 1_440 * 1_000, lastPurchaseMinute: 1_440 * 999)
        var builder = FeatureTable.Builder(layout: models.rowLayout, context: context, generation: 1)
        for customer in Array(1...40) + [KnownCustomer.id] {
            var facts = CustomerFacts(customer: customer)
            facts.purchaseLines = customer % 7 + 1
            facts.purchaseInvoices = 1
            facts.unitsMilli = (customer % 11 + 1) * 1_000
            facts.maxQuantityMilli = 1_000
            facts.amountMilli = customer * 1_000
            facts.distinctProducts = 1
            facts.lastDayProducts = 1
            facts.days = [0]
            try builder.append(facts)
        }
        let serving = ServingSnapshot(models: models, table: try builder.finish())
        guard let resident = serving.resident else {
            throw Surroundings.Missing(description: "a snapshot of a table has no resident features")
        }
        self.resident = resident
        snapshot = PreparedSnapshot(serving, for: Self.dialects)
    }
}
