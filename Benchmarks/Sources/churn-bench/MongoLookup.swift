internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnServing
internal import ChurnStore
internal import Dispatch
internal import NIOCore

/// Customers that are not resident, looked up in MongoDB from many callers at a time: gathered into few queries, and one
/// query a call, in turns.
struct MongoLookup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks up distinct customers of a MongoDB store, gathered and one by one."
    )

    @Option(help: "A store with features.")
    var store: String

    @Option(help: "Distinct customers a run, at most those of the store.")
    var calls = 10_000

    @Option(help: "Calls at a time.")
    var callers = 256

    @Option(help: "Runs of each way.")
    var runs = 5

    func run() async throws {
        guard case .mongodb(let uri) = try StoreLocation(parsing: store) else {
            throw ValidationError("\(store) is no MongoDB store")
        }
        let store = try MongoStore(uri: uri, access: .read)
        let table = try store.loadFeatures()
        let customers = withExtendedLifetime(table) { Array(table.customers.sorted().prefix(calls)) }
        guard let build = try store.latestBuild(), customers.count == calls else {
            throw ValidationError("the store has fewer than \(calls) customers with features")
        }
        for _ in 0..<runs {
            let before = store.counters.values.reads
            let gathered = try await Self.seconds { try await gather(customers, store) }
            let queries = store.counters.values.reads - before
            let single = try await Self.seconds { try oneByOne(customers, store, build) }
            print(
                "{\"calls\":\(calls),\"callers\":\(callers),\"queries\":\(queries),"
                    + "\"gathered_calls_per_s\":\(Double(calls) / gathered),"
                    + "\"one_by_one_calls_per_s\":\(Double(calls) / single)}"
            )
        }
    }

    private static func seconds(_ body: () async throws -> Void) async throws -> Double {
        let clock = ContinuousClock()
        return try await clock.measure(body) / .seconds(1)
    }

    private struct WrongAnswer: Error {}

    private func gather(_ customers: [Int64], _ store: MongoStore) async throws {
        let lookup = FeatureLookup(store: store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    for index in stride(from: caller, to: customers.count, by: callers) {
                        let answer = await withCheckedContinuation { continuation in
                            let known = lookup.find(CustomerID(number: customers[index]), until: .now() + .seconds(60))
                            {
                                continuation.resume(returning: $0)
                            }
                            if let known { continuation.resume(returning: known) }
                        }
                        guard case .found(let record) = answer, record.facts.customer == customers[index] else {
                            throw WrongAnswer()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        await lookup.stop()
    }

    /// As many threads as the other way has, each with a query a call: what a thread pool in front of the driver does.
    private func oneByOne(_ customers: [Int64], _ store: MongoStore, _ build: FeatureBuild) throws {
        let lanes = FeatureLookup.Configuration().queries
        DispatchQueue.concurrentPerform(iterations: lanes) { lane in
            for index in stride(from: lane, to: customers.count, by: lanes) {
                let records = try? store.records(of: [customers[index]], in: build)
                precondition(records?.found.first?.facts.customer == customers[index], "a wrong answer")
            }
        }
    }
}
