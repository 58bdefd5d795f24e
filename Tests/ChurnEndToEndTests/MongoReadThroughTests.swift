import ChurnClient
import ChurnFeatures
import ChurnStore
import Foundation
import Glibc
import TestSupport
import Testing

/// A server that looks its customers up in MongoDB, which is killed, stalled, or cut off meanwhile.
@Suite(.serialized) struct MongoReadThroughTests {
    private struct Scene: Sendable {
        let mongodb: MongoServer
        let proxy: CuttingProxy
        let directory: TemporaryDirectory
        let server: ServeProcess
        /// All that have features.
        let customers: [Int64]

        init(customers count: Int = 60, options: [String] = []) throws {
            directory = try TemporaryDirectory()
            mongodb = try MongoServer()
            proxy = try CuttingProxy(to: mongodb.port)
            let data = "\(directory.path)/data.csv"
            try ChildProcess.run(Surroundings.churn(), ["generate", "--customers", "\(count)", "--output", data])
            for command in [["ingest", "--dates", "mdy", data], ["features"]] {
                try ChildProcess.run(Surroundings.churn(), command + ["--store", mongodb.uri("churn")])
            }
            let store = try MongoStore(uri: mongodb.uri("churn"), access: .read)
            customers = try store.loadFeatures().customers.sorted()
            store.close()
            let timeouts =
                "socketTimeoutMS=500&connectTimeoutMS=500&serverSelectionTimeoutMS=500"
                + "&heartbeatFrequencyMS=500&directConnection=true"
            server = try ServeProcess(
                store: "mongodb://127.0.0.1:\(proxy.port)/churn?\(timeouts)",
                options: ["--poll-interval", "100ms", "--lookup", "read-through"] + options
            )
        }

        func client() throws -> ChurnClient {
            ChurnClient(configuration: try .init(port: server.port, timeout: .seconds(30)))
        }

        func cause(_ fault: MongoFaultTests.Fault) {
            switch fault {
            case .killed: mongodb.kill()
            case .stalled: mongodb.stop()
            case .cutOff: proxy.cut()
            case .cutInAReply: proxy.cut(afterReplyBytes: 50)
            }
        }

        func mend(_ fault: MongoFaultTests.Fault) throws {
            switch fault {
            case .killed: try mongodb.start()
            case .stalled: mongodb.proceed()
            case .cutOff, .cutInAReply: proxy.mend()
            }
        }
    }

    @Test(
        "what is in the cache is answered, what is not is refused in time, and all is well again by itself",
        .timeLimit(.minutes(5)),
        arguments: MongoFaultTests.Fault.allCases
    )
    func fault(_ fault: MongoFaultTests.Fault) async throws {
        let scene = try await blocking { try Scene() }
        let client = try scene.client()
        let known = Array(scene.customers.prefix(10))
        var expected: [Int64: Double] = [:]
        for customer in known { expected[customer] = try await client.predict(customerID: customer).probability }

        scene.cause(fault)
        try await wait(for: .degraded, client)
        for customer in known {
            let answer = try await client.predict(customerID: customer)
            #expect(answer.probability == expected[customer])
        }
        // Not in the cache: a caller with a short deadline, and one with more patience than the store is given.
        let unread = scene.customers[10]
        for timeout in [Duration.milliseconds(100), .seconds(30)] {
            let begun = ContinuousClock.now
            let error = await #expect(throws: ChurnError.self) {
                try await client.predict(customerID: unread, timeout: timeout)
            }
            #expect(error?.code == .deadlineExceeded || error?.code == .unavailable, "\(String(describing: error))")
            #expect(ContinuousClock.now - begun < timeout + .seconds(10))
        }
        let mixed = try await client.predictBatch(customerIDs: known + scene.customers.suffix(20))
        #expect(mixed.probabilities.prefix(10).elementsEqual(known.compactMap { expected[$0] }))
        #expect((0..<30).map(mixed.status) == (0..<30).map { $0 < 10 ? .ok : .unavailable })
        #expect(mixed.probabilities.suffix(20).allSatisfy { $0.isNaN })

        try await blocking { try scene.mend(fault) }
        try await wait(for: .serving, client)
        let all = try await client.predictBatch(customerIDs: scene.customers + [1])
        #expect(scene.customers.indices.allSatisfy { all.status(row: $0) == .ok })
        #expect(all.status(row: scene.customers.count) == .notFound)
        #expect(try await client.predict(customerID: unread).probability == all.probabilities[10])
        await client.shutdown()
    }

    @Test("a customer whose record is damaged fails alone", .timeLimit(.minutes(5)))
    func damaged() async throws {
        let scene = try await blocking { try Scene() }
        let damaged = scene.customers[3]
        let statement = "features.update_one({'_id': \(damaged)}, {'$set': {'units_milli': 'many'}})"
        try await blocking { try edit(mongodb: scene.mongodb.uri("churn"), statement) }
        let client = try scene.client()
        let batch = try await client.predictBatch(customerIDs: scene.customers)
        for row in scene.customers.indices { #expect(batch.status(row: row) == (row == 3 ? .dataLoss : .ok)) }
        let error = await #expect(throws: ChurnError.self) { try await client.predict(customerID: damaged) }
        #expect(error?.code == .dataLoss)
        await client.shutdown()
    }

    @Test(
        "a server that is stopped while calls wait for a silent store answers them, and ends",
        .timeLimit(.minutes(5))
    )
    func stopWhileWaiting() async throws {
        let scene = try await blocking { try Scene() }
        let client = try scene.client()
        _ = try await client.predict(customerID: scene.customers[0])
        scene.mongodb.stop()
        let waiting = scene.customers.dropFirst().prefix(20)
        let answers = await withTaskGroup(of: StatusCode?.self) { group in
            for customer in waiting {
                group.addTask {
                    do throws(ChurnError) {
                        _ = try await client.predict(customerID: customer)
                        return nil
                    } catch {
                        return error.code
                    }
                }
            }
            // The call of the cache is answered behind the others' arrival, so that they are all in hand.
            _ = try? await client.predict(customerID: scene.customers[0])
            kill(scene.server.process.identifier, SIGTERM)
            var answers: [StatusCode?] = []
            for await answer in group { answers.append(answer) }
            return answers
        }
        #expect(answers.allSatisfy { $0 == .unavailable || $0 == .deadlineExceeded }, "\(answers)")
        await client.shutdown()
        let (status, log) = try await blocking { scene.server.process.waitForEnd() }
        #expect(status == 0, "\(log)")
        scene.mongodb.proceed()
    }

    /// Asks every 20 ms; the test's time limit ends what does not come.
    private func wait(for state: HealthReport.State, _ client: ChurnClient) async throws {
        while try await client.health().state != state { try await Task.sleep(for: .milliseconds(20)) }
    }
}
