import ChurnClient
import Foundation
import Glibc
import TestSupport
import Testing

/// A server of predictions whose MongoDB is killed, stalled, or cut off: it goes on answering, says how it is, and is well
/// again without a restart.
@Suite(.serialized) struct MongoFaultTests {
    /// A server of predictions over a MongoDB with a few customers, behind a proxy.
    private struct Scene: Sendable {
        let mongodb: MongoServer
        let proxy: CuttingProxy
        let directory: TemporaryDirectory
        let server: ServeProcess

        /// - Parameter patience: how long the server of predictions takes a silent store for a slow one, in milliseconds.
        init(patience: Int = 500) throws {
            directory = try TemporaryDirectory()
            mongodb = try MongoServer()
            proxy = try CuttingProxy(to: mongodb.port)
            let data = "\(directory.path)/data.csv"
            try ChildProcess.run(Surroundings.churn(), ["generate", "--customers", "50", "--output", data])
            for command in [["ingest", "--dates", "mdy", data], ["features"]] {
                try ChildProcess.run(Surroundings.churn(), command + ["--store", mongodb.uri("churn")])
            }
            let options =
                "socketTimeoutMS=\(patience)&connectTimeoutMS=500&serverSelectionTimeoutMS=500"
                + "&heartbeatFrequencyMS=500&directConnection=true"
            server = try ServeProcess(
                store: "mongodb://127.0.0.1:\(proxy.port)/churn?\(options)",
                options: ["--poll-interval", "100ms"]
            )
        }

        /// Threads and resident memory (MiB) of the server of predictions.
        func resources() throws -> (threads: Int, memory: Int) {
            let status = try String(contentsOfFile: "/proc/\(server.process.identifier)/status", encoding: .utf8)
            func value(_ name: String) -> Int {
                let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
                return line.flatMap { Int($0.filter(\.isNumber)) } ?? -1
            }
            return (value("Threads:"), value("VmRSS:") / 1_024)
        }
    }

    /// Where the synthetic customers are.
    private static let customers = Array(Int64(12_300)...12_420)

    enum Fault: String, CaseIterable {
        case killed, stalled, cutOff, cutInAReply
    }

    @Test(
        "known customers are answered throughout; Health tells of it and of its end",
        .timeLimit(.minutes(5)),
        arguments: Fault.allCases
    )
    func fault(_ fault: Fault) async throws {
        let scene = try await blocking { try Scene() }
        let client = ChurnClient(configuration: try .init(port: scene.server.port, timeout: .seconds(30)))
        let expected = try await client.predictBatch(customerIDs: Self.customers)
        let known = try #require(Self.customers.indices.first { expected.status(row: $0) == .ok })
        let customer = Self.customers[known]
        #expect(try await client.health().state == .serving)
        let before = try scene.resources()

        for _ in 0..<2 {
            switch fault {
            case .killed: scene.mongodb.kill()
            case .stalled: scene.mongodb.stop()
            case .cutOff: scene.proxy.cut()
            case .cutInAReply: scene.proxy.cut(afterReplyBytes: 50)
            }
            try await wait(for: .degraded, client)
            for _ in 0..<200 {
                let prediction = try await client.predict(customerID: customer)
                #expect(prediction.probability == expected.probabilities[known])
            }
            #expect(try await client.health().state == .degraded)
            switch fault {
            case .killed: try await blocking { try scene.mongodb.start() }
            case .stalled: scene.mongodb.proceed()
            case .cutOff, .cutInAReply: scene.proxy.mend()
            }
            try await wait(for: .serving, client)
        }
        let after = try scene.resources()
        #expect(after.threads <= before.threads + 2, "\(before) became \(after)")
        #expect(after.memory <= before.memory + 32, "\(before) became \(after)")
        await client.shutdown()
    }

    @Test("a store that is silent takes no thread from large batches, and does not keep the server from stopping")
    func silent() async throws {
        let scene = try await blocking { try Scene(patience: 60_000) }
        let client = ChurnClient(configuration: try .init(port: scene.server.port, timeout: .seconds(30)))
        scene.mongodb.stop()
        // From here on the server is inside a query that does not end.
        while try await client.health().store?.checkedMillisecondsAgo ?? 0 < 1_000 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let customers = (0..<50_000).map { Self.customers[$0 % Self.customers.count] }
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { try await client.predictBatch(customerIDs: customers).probabilities.count }
            }
            for try await count in group { #expect(count == customers.count) }
        }
        await client.shutdown()
        let start = ContinuousClock.now
        kill(scene.server.process.identifier, SIGTERM)
        let (status, output) = try await blocking { scene.server.process.waitForEnd() }
        #expect(status == 0, "\(output)")
        #expect(ContinuousClock.now - start < .seconds(10))
        scene.mongodb.proceed()
    }

    /// Asks every 20 ms; the test's time limit ends what does not come.
    private func wait(for state: HealthReport.State, _ client: ChurnClient) async throws {
        while try await client.health().state != state { try await Task.sleep(for: .milliseconds(20)) }
    }
}
