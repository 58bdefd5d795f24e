import ChurnBase
import ChurnFeatures
import ChurnServing
import ChurnStore
import NIOCore
import TestSupport
import Testing

@Suite struct LookupQueueTests {
    @Test("a customer is taken once, however many ask, and those that come meanwhile are answered, too")
    func coalescing() {
        var queue = LookupQueue<String>()
        for caller in ["a", "b"] { queue.add(caller, for: id(7), until: .distantFuture) }
        queue.add("c", for: id(8), until: .distantFuture)
        #expect(queue.take(10) == [id(7), id(8)])
        queue.add("d", for: id(7), until: .distantFuture)
        queue.refresh(id(7))
        #expect(!queue.hasWork)
        #expect(queue.take(10).isEmpty)
        #expect(queue.finish(id(7)).sorted() == ["a", "b", "d"])
        #expect(queue.finish(id(7)).isEmpty)
        #expect(queue.callerCount == 1)
    }

    @Test("callers are late in the order of their deadlines, and nobody is looked up for them any more")
    func deadlines() {
        var queue = LookupQueue<Int>()
        let start = NIODeadline.now()
        for index in [5, 3, 9, 1, 7, 2] {
            queue.add(index, for: id(Int64(index)), until: start + .seconds(Int64(index)))
        }
        #expect(queue.nextDeadline == start + .seconds(1))
        #expect(queue.expire(start + .seconds(3)) == [1, 2, 3])
        #expect(queue.take(10) == [id(5), id(9), id(7)])
        // Answered before its time: not late afterwards.
        #expect(queue.finish(id(5)) == [5])
        #expect(queue.expire(.distantFuture) == [7, 9])
        #expect(queue.callerCount == 0)
    }

    @Test("takes at most as many as it is told, the first first")
    func limit() {
        var queue = LookupQueue<Int>()
        for index in 0..<10_000 { queue.add(index, for: id(Int64(index)), until: .distantFuture) }
        var taken: [CustomerID] = []
        while queue.hasWork { taken += queue.take(512) }
        #expect(taken.map(\.number) == Array(0..<10_000))
    }
}

@Suite struct LookupCacheTests {
    @Test("what was used stays, what was not goes, and there are never more than fit")
    func eviction() {
        var cache = LookupCache(capacity: 4)
        for customer in Int64(1)...4 { cache.put(id(customer), nil, readAt: .now()) }
        _ = cache.entry(of: id(1))
        _ = cache.entry(of: id(3))
        for customer in Int64(5)...6 { cache.put(id(customer), nil, readAt: .now()) }
        #expect(cache.count == 4)
        #expect(cache.entry(of: id(1)) != nil && cache.entry(of: id(3)) != nil)
        #expect(cache.entry(of: id(2)) == nil && cache.entry(of: id(4)) == nil)
        for customer in Int64(0)..<1_000 { cache.put(id(customer), nil, readAt: .now()) }
        #expect(cache.count == 4)
        #expect(cache.entry(of: id(999)) != nil)
    }
}

/// Over an SQLite store; the suite MongoLookupTests does so over MongoDB, with its faults.
@Suite struct FeatureLookupTests {
    @Test("many callers at once each get their customer, and what is not there", .timeLimit(.minutes(2)))
    func manyCallers() async throws {
        let directory = try TemporaryDirectory()
        let store = try SQLiteStore(path: directory.path + "/s", access: .create)
        try store.ingest { session in
            for customer in Int64(1)...500 { try add(customer, to: session) }
        }
        _ = try store.buildFeatures(asOfDay: nil)
        var configuration = FeatureLookup.Configuration()
        // Smaller than what is asked for, so that places are given away all the while.
        configuration.cachedCustomers = 100
        configuration.customersPerQuery = 16
        let lookup = FeatureLookup(store: store, configuration: configuration)
        await withTaskGroup(of: Void.self) { group in
            for caller in Int64(0)..<32 {
                group.addTask {
                    for step in Int64(0)..<100 {
                        let customer = (caller * 17 + step * 13) % 600 + 1
                        let answer = await find(customer, in: lookup)
                        if customer > 500 {
                            #expect(answer == .unknown)
                        } else if case .found(let record) = answer {
                            #expect(record.facts.customer == customer)
                        } else {
                            Issue.record("customer \(customer): \(answer)")
                        }
                    }
                }
            }
        }
        #expect(lookup.load.cached == 100 && lookup.load.waiting == 0)
        await lookup.stop()
        #expect(await find(601, in: lookup) == .stopping)
    }

    private func find(_ customer: Int64, in lookup: FeatureLookup) async -> FeatureLookup.Answer {
        await withCheckedContinuation { continuation in
            let answer = lookup.find(id(customer), until: .now() + .seconds(60)) { continuation.resume(returning: $0) }
            if let answer { continuation.resume(returning: answer) }
        }
    }

    private func add(_ customer: Int64, to session: any IngestSession) throws {
        let line = OwnedLine("\(customer)", "\(customer)", customer: customer, minute: customer)
        try line.withLine { try session.add($0) }
    }
}

private func id(_ number: Int64) -> CustomerID { CustomerID(number: number) }
