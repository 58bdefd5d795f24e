import ChurnFeatures
import ChurnModel
import ChurnServer
import ChurnServing
import ChurnStore
import Foundation
import Logging
import ServiceLifecycle
import TestSupport
import Testing

/// A real server in this process, on a port of its own, over a SQLite store in a directory of its own.
struct TestServer: Sendable {
    let port: Int
    let directory: TemporaryDirectory
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    var storeLocation: StoreLocation { .sqlite(path: directory.path + "/store.sqlite") }

    /// Runs `body` beside a server, then stops the server as SIGTERM would, and waits for its end.
    @discardableResult
    static func with<T: Sendable>(
        configuration change: (inout ServerConfiguration) -> Void = { _ in },
        models: [LogisticModel]? = nil,
        hasFeatures: Bool = true,
        _ body: (TestServer) async throws -> T
    ) async throws -> T {
        let server = try await start(change, models: models, hasFeatures: hasFeatures)
        do {
            let value = try await body(server)
            try await server.stop()
            return value
        } catch {
            try? await server.stop()
            throw error
        }
    }

    private static func start(
        _ change: (inout ServerConfiguration) -> Void,
        models: [LogisticModel]?,
        hasFeatures: Bool
    ) async throws -> TestServer {
        let directory = try TemporaryDirectory()
        let location = StoreLocation.sqlite(path: directory.path + "/store.sqlite")
        try await blocking {
            let store = try location.open(.create)
            try Shop.ingest(into: store)
            if hasFeatures { _ = try store.buildFeatures(asOfDay: nil) }
        }
        let catalog = try ModelCatalog(directory: Shop.repository + "/models")
        var configuration = try ServerConfiguration(
            endpoints: [Endpoint(port: 0)],
            transport: try #require(TransportKind(rawValue: Surroundings.transport)),
            eventLoops: 2,
            drainTimeout: .milliseconds(300),
            storePollInterval: .milliseconds(20)
        )
        change(&configuration)
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = try ChurnServer(
            configuration: configuration,
            models: try ModelSet(models ?? [try catalog.model("seed-logistic")]),
            store: try location.open(.read),
            logger: logger
        ) { _, port in
            listening.yield(port)
            listening.finish()
        }
        // A server that another one has succeeded ends by itself.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: server, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: logger
            )
        )
        let running = Task {
            defer { listening.finish() }
            try await group.run()
        }
        for await port in ports {
            return TestServer(port: port, directory: directory, group: group, running: running)
        }
        try await running.value
        throw CancellationError()
    }

    /// Begins the graceful shutdown, and returns at once.
    func beginStopping() async {
        await group.triggerGracefulShutdown()
    }

    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await running.value
    }

    func waitForEnd() async throws {
        try await running.value
    }

    func connect() async throws -> RawPeer {
        try await blocking { [port] in try RawPeer(port: port) }
    }
}

/// A small shop: customer 12347 has the features of the real one, by other purchases; 200 more have a purchase each.
enum Shop {
    static let repository = URL(filePath: #filePath).appending(path: "../../..").standardized.path

    /// What the prototype documents for customer 12347.
    static let probabilityOf12347 = 0.07052281746741611

    static func ingest(into store: any Store) throws {
        try store.ingest { session in
            for invoice in 0..<7 {
                // 6 x 600 + 710 = 4310.
                try add(customer: 12347, invoice: invoice, milli: invoice == 0 ? 710_000 : 600_000, to: session)
            }
            for customer in 1...200 {
                try add(customer: Int64(customer), invoice: 100 + customer, milli: 1000, to: session)
            }
            _ = try session.commit()
        }
    }

    static func add(customer: Int64, invoice: Int, milli: Int64, to session: any IngestSession) throws {
        let text = Array("\(536_000 + invoice)".utf8)
        try text.withUnsafeBufferPointer { bytes in
            let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            try session.add(
                TransactionLine(
                    invoice: bytes,
                    stockCode: bytes,
                    description: none,
                    country: none,
                    customer: customer,
                    minute: 21_500_000 + Int64(invoice) * 1440,
                    quantity: 1,
                    priceMilli: milli,
                    copy: 0
                )
            )
        }
    }
}
