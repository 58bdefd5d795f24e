import ChurnClient
import ChurnServer
import NIOConcurrencyHelpers
import ServerTestSupport
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RealServerTests {
    private static let others: Int64 = 500

    /// With the times of a server that nobody configured.
    private static func start(over shop: Shop, port: Int = 0) async throws -> TestServer {
        let usual = try ServerConfiguration()
        return try await TestServer.start(over: shop.location) {
            $0.endpoints = [Endpoint(port: port)]
            $0.eventLoops = 1
            $0.drainTimeout = usual.drainTimeout
            $0.storePollInterval = usual.storePollInterval
        }
    }

    @Test("every method, its results and its errors")
    func methods() async throws {
        let shop = try await Shop(others: Self.others)
        let server = try await Self.start(over: shop)
        try await withClient(port: server.port) { client in
            let health = try await client.health(names: true)
            #expect(health.state == .serving)
            #expect(health.features?.customers == UInt64(shop.customers))
            #expect(health.models.map(\.features) == [["Frequency", "Monetary", "AvgOrderValue"]])

            let prediction = try await client.predict(customerID: 7, contributions: true, names: true)
            #expect(prediction.customerID == 7)
            #expect(prediction.features == [1, 7, 7])
            #expect(prediction.featureNames == ["Frequency", "Monetary", "AvgOrderValue"])
            #expect(prediction.model.name == "seed-logistic")
            let sum = prediction.contributions.reduce(prediction.baseline, +)
            #expect(abs(sum - prediction.logOdds) < 1e-12)

            let byIDs = try await client.predictBatch(customerIDs: [7, -1, 9], model: "seed-logistic@1")
            #expect(byIDs.probabilities[0].bitPattern == prediction.probability.bitPattern)
            #expect(byIDs.probabilities[1].isNaN)
            #expect((0..<3).map { byIDs.status(row: $0) } == [.ok, .notFound, .ok])

            let columns = zip(prediction.featureNames, prediction.features).map {
                FeatureColumn(name: $0, values: [$1, $1])
            }
            let byColumns = try await client.predictBatch(columns: columns.reversed())
            #expect(
                byColumns.probabilities.map(\.bitPattern) == [prediction, prediction].map(\.probability.bitPattern)
            )

            let unknown = try await failure(of: client.begin(-1))
            #expect(unknown.code == .notFound)
            #expect(unknown.message.contains("-1"))
            let noModel = try await failure(of: Task { try await client.predict(customerID: 7, model: "no-such") })
            #expect(noModel.code == .notFound)
            let missing = try await failure(of: Task { try await client.predictBatch(columns: [columns[0]]) })
            #expect(missing.code == .invalidArgument)
            let empty = try await failure(of: Task { try await client.predictBatch(customerIDs: []) })
            #expect(empty.code == .invalidArgument)
        }
        try await server.stop()
    }

    @Test("10,000 calls at once and batches of a megabyte beside them")
    func load() async throws {
        let shop = try await Shop(others: Self.others)
        let server = try await Self.start(over: shop)
        try await withClient(port: server.port) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<10_000 {
                    let customer = Int64(index) % Self.others + 1
                    group.addTask {
                        let answer = try await client.predict(customerID: customer)
                        #expect(answer.features == [1, Double(customer), Double(customer)])
                    }
                }
                for _ in 0..<8 {
                    group.addTask {
                        let ids = (0..<131_072).map { Int64($0) % Self.others + 1 }
                        let answer = try await client.predictBatch(customerIDs: ids)
                        #expect(answer.probabilities.count == ids.count)
                        #expect(answer.statuses.isEmpty)
                    }
                }
                try await group.waitForAll()
            }
        }
        try await server.stop()
    }

    @Test("a server is replaced under load and no call fails")
    func replaced() async throws {
        let shop = try await Shop(others: Self.others)
        let reserved = try ReservedPort()
        defer { withExtendedLifetime(reserved) {} }
        let port = reserved.port
        var server = try await Self.start(over: shop, port: port)
        let done = NIOLockedValueBox(0)
        try await withClient(port: port, maximumAttempts: 10_000) { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isOver = NIOLockedValueBox(false)
                for _ in 0..<8 {
                    group.addTask {
                        while !isOver.withLockedValue({ $0 }) {
                            let prediction = try await client.predict(customerID: 7)
                            #expect(prediction.customerID == 7)
                            done.withLockedValue { $0 += 1 }
                        }
                    }
                }
                for _ in 0..<3 {
                    let before = done.withLockedValue { $0 }
                    while done.withLockedValue({ $0 }) < before + 100 { _ = try await client.health() }
                    try await server.stop()
                    server = try await Self.start(over: shop, port: port)
                }
                isOver.withLockedValue { $0 = true }
                try await group.waitForAll()
            }
            _ = try await client.health()
        }
        try await server.stop()
    }
}
