import ChurnBase
import ChurnFeatures
import ChurnServing
import ChurnStore
import Foundation
import NIOCore
import ServerTestSupport
import TestSupport
import Testing

/// Over a real store of MongoDB's wire protocol.
@Suite(.serialized) struct MongoLookupTests {
    /// A server with `customers` customers, built.
    private struct BuiltServer {
        let server: MongoServer
        let uri: String

        init(customers: Int64) throws {
            server = try MongoServer()
            uri = server.uri("churn", options: "serverSelectionTimeoutMS=300&heartbeatFrequencyMS=500")
            let writer = try MongoStore(uri: uri, access: .create)
            try writer.ingest(
                (1...customers).map { OwnedLine("\($0)", "\($0)", customer: $0, minute: $0) }
            )
            _ = try writer.buildFeatures(asOfDay: nil)
            writer.close()
        }

        func reader() throws -> MongoStore {
            try MongoStore(uri: uri, access: .read, stallLimit: .seconds(2))
        }
    }

    /// Waits for the answer.
    private func find(
        _ customer: Int64,
        in lookup: FeatureLookup,
        within timeout: TimeAmount = .seconds(30)
    ) async -> FeatureLookup.Answer {
        await withCheckedContinuation { continuation in
            let answer = lookup.find(CustomerID(number: customer), until: .now() + timeout) {
                continuation.resume(returning: $0)
            }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    @Test("3,000 customers from 256 callers cost at most a twentieth of the queries", .timeLimit(.minutes(5)))
    func coalescing() async throws {
        let shop = try await blocking { try BuiltServer(customers: 3_000) }
        let store = try await blocking { try shop.reader() }
        let lookup = FeatureLookup(store: store)
        let before = store.counters.values.reads
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in Int64(0)..<256 {
                group.addTask {
                    for customer in stride(from: caller + 1, through: 3_000, by: 256) {
                        let answer = await find(customer, in: lookup)
                        guard case .found(let record) = answer else {
                            Issue.record("customer \(customer): \(answer)")
                            return
                        }
                        #expect(record.facts.customer == customer && record.facts.firstMinute == customer)
                    }
                }
            }
            try await group.waitForAll()
        }
        let queries = store.counters.values.reads - before
        #expect(queries <= 150, "\(queries) queries")
        #expect(lookup.load.cached == 3_000 && lookup.load.waiting == 0)
        // From the cache now; and those that are not there are known not to be there.
        #expect(lookup.find(CustomerID(number: 77), until: .now() + .seconds(1), completion: { _ in }) != nil)
        #expect(await find(20_000, in: lookup) == .unknown)
        #expect(lookup.find(CustomerID(number: 20_000), until: .now() + .seconds(1), completion: { _ in }) == .unknown)
        await lookup.stop()
    }

    @Test(
        "while the store is silent or gone, the cache answers and deadlines are kept; then it goes on",
        .timeLimit(.minutes(5))
    )
    func faults() async throws {
        let shop = try await blocking { try BuiltServer(customers: 100) }
        let store = try await blocking { try shop.reader() }
        let lookup = FeatureLookup(store: store)
        guard case .found = await find(1, in: lookup) else {
            Issue.record("customer 1 is not found")
            return
        }
        shop.server.stop()
        // Silent: the query hangs, the callers do not.
        #expect(await find(2, in: lookup, within: .milliseconds(200)) == .late)
        guard case .found = await find(1, in: lookup) else {
            Issue.record("customer 1 is gone from the cache")
            return
        }
        shop.server.proceed()
        try await waitUntilFound(3, in: lookup)

        shop.server.kill()
        let answer = await find(4, in: lookup)
        guard case .unavailable(.unreachable) = answer else {
            Issue.record("\(answer)")
            return
        }
        let threads = try threadCount()
        for customer in Int64(10)..<40 { _ = await find(customer, in: lookup, within: .milliseconds(20)) }
        #expect(try threadCount() <= threads + 2)
        #expect(lookup.load.waiting == 0)
        try await blocking { try shop.server.start() }
        try await waitUntilFound(5, in: lookup)
        await lookup.stop()
        #expect(await find(6, in: lookup) == .stopping)
    }

    /// Asks again until the store is back; the test's time limit ends what does not.
    private func waitUntilFound(_ customer: Int64, in lookup: FeatureLookup) async throws {
        while true {
            if case .found = await find(customer, in: lookup, within: .seconds(2)) { return }
        }
    }

    /// Threads of this process.
    private func threadCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }

    @Test("a newer build is found by itself, and answers until then are of the build before", .timeLimit(.minutes(5)))
    func newerBuild() async throws {
        let shop = try await blocking { try BuiltServer(customers: 10) }
        let store = try await blocking { try shop.reader() }
        var configuration = FeatureLookup.Configuration()
        configuration.freshFor = .milliseconds(1)
        configuration.buildInterval = .milliseconds(1)
        let lookup = FeatureLookup(store: store, configuration: configuration)
        guard case .found(let first) = await find(1, in: lookup) else {
            Issue.record("customer 1 is not found")
            return
        }
        #expect(first.build.generation == 1)
        try await blocking {
            let writer = try MongoStore(uri: shop.uri, access: .update)
            _ = try writer.buildFeatures(asOfDay: 500)
            writer.close()
        }
        while true {
            guard case .found(let record) = await find(1, in: lookup) else {
                Issue.record("customer 1 is not found any more")
                return
            }
            if record.build.generation == 2 { break }
            #expect(record == first)
        }
        await lookup.stop()
    }
}
