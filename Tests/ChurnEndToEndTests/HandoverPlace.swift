import ChurnClient
import Synchronization
import TestSupport
import Testing

/// Where a line of servers meets: one store, one port, one path.
struct HandoverPlace {
    static let customer: Int64 = 12347

    let directory: TemporaryDirectory
    let store: String
    let reserved: ReservedPort

    var path: String { directory.path + "/handover.sock" }
    var emptyStore: String { directory.path + "/empty.sqlite" }
    var port: Int { reserved.port }

    init() async throws {
        directory = try TemporaryDirectory()
        store = try await RealStore.get().uri
        reserved = try ReservedPort()
    }

    /// - Parameter model: the default model, by which a caller knows who has answered.
    func serve(
        model: String = "seed-logistic",
        transport: String = "epoll",
        store: String? = nil,
        options: [String] = []
    ) throws -> ChildProcess {
        let arguments = [
            "serve", "--store", store ?? self.store, "--models", Surroundings.path("models"), "--model", model,
            "--listen", "127.0.0.1:\(port)", "--handover", path, "--transport", transport, "--poll-interval",
            "50ms",
        ]
        return try ChildProcess(Surroundings.churn(), arguments + options)
    }

    /// A server that is never healthy: its store has no features.
    func serveUnhealthy() throws -> ChildProcess {
        let ingest = try ChildProcess(
            Surroundings.churn(),
            ["generate", "--customers", "10", "-o", directory.path + "/few.csv"]
        )
        try #require(ingest.waitForEnd().status == 0)
        try ChildProcess.run(
            Surroundings.churn(),
            ["ingest", directory.path + "/few.csv", "--store", "sqlite:" + emptyStore]
        )
        return try serve(store: "sqlite:" + emptyStore)
    }

    func client() throws -> ChurnClient {
        ChurnClient(configuration: try .init(port: port))
    }

    /// Who answers a new connection.
    func answeringModel() async throws -> String {
        let client = try client()
        let prediction = await Task { try await client.predict(customerID: Self.customer).model.name }.result
        await client.shutdown()
        return try prediction.get()
    }
}

/// Calls over connections that stay and over connections that are new, until it is told to stop.
final class HandoverLoad: Sendable {
    struct Seen {
        var answers: [String: Int] = [:]
        var connections = 0
        var failures: [String] = []
    }

    private let seen = Mutex(Seen())
    private let isOver = Mutex(false)
    private let place: HandoverPlace

    init(_ place: HandoverPlace) {
        self.place = place
    }

    var total: Seen { seen.withLock { $0 } }

    func stop() { isOver.withLock { $0 = true } }

    /// - Parameter callsAConnection: `nil` for one connection for all.
    private func call(callsAConnection: Int?) async throws {
        while !isOver.withLock({ $0 }) {
            let client = try place.client()
            seen.withLock { $0.connections += 1 }
            var calls = 0
            while !isOver.withLock({ $0 }), calls < callsAConnection ?? .max {
                calls += 1
                do {
                    let model = try await client.predict(customerID: HandoverPlace.customer).model.name
                    seen.withLock { $0.answers[model, default: 0] += 1 }
                } catch {
                    seen.withLock { $0.failures.append("\(error)") }
                }
            }
            await client.shutdown()
        }
    }

    func run(_ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup { tasks in
            for calls in [nil, nil, nil, 1, 1, 3] {
                tasks.addTask { try await self.call(callsAConnection: calls) }
            }
            defer { stop() }
            try await body()
            stop()
            try await tasks.waitForAll()
        }
    }

    /// Waits for so many more answers of a model.
    func answers(of model: String, more: Int = 200) async throws {
        let wanted = (total.answers[model] ?? 0) + more
        while (total.answers[model] ?? 0) < wanted { try await Task.sleep(for: .milliseconds(2)) }
    }
}
