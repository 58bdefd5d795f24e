import ChurnFeatures
import ChurnModel
import ChurnServer
import ChurnServing
import ChurnStore
import Logging
import ServiceLifecycle
import TestSupport
import Testing

/// The real server in this process, over a store with `customers` customers of one purchase each, ids from 1.
struct RealServer: Sendable {
    static let customers: Int64 = 500

    let port: Int
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    /// Makes the store that a server is started on.
    static func makeStore(in directory: TemporaryDirectory) async throws -> StoreLocation {
        let location = StoreLocation.sqlite(path: directory.path + "/store.sqlite")
        try await blocking {
            let store = try location.open(.create)
            try store.ingest { session in
                for customer in 1...customers { try add(customer, to: session) }
            }
            _ = try store.buildFeatures(asOfDay: nil)
        }
        return location
    }

    private static func add(_ customer: Int64, to session: any IngestSession) throws {
        let text = Array("\(536_000 + customer)".utf8)
        try text.withUnsafeBufferPointer { bytes in
            let none = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
            try session.add(
                TransactionLine(
                    invoice: bytes,
                    stockCode: bytes,
                    description: none,
                    country: none,
                    customer: customer,
                    minute: 21_500_000 + customer,
                    quantity: 1,
                    priceMilli: 1_000 * customer,
                    copy: 0
                )
            )
        }
    }

    /// Starts a server and returns when it listens.
    ///
    /// - Parameter port: 0 for any.
    static func start(_ location: StoreLocation, port: Int = 0) async throws -> RealServer {
        var logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .critical
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = try ChurnServer(
            configuration: try ServerConfiguration(
                endpoints: [Endpoint(port: port)],
                transport: try #require(TransportKind(rawValue: Surroundings.transport)),
                eventLoops: 1
            ),
            models: try ModelSet([try ModelCatalog(directory: Surroundings.path("models")).model("seed-logistic")]),
            store: try location.open(.read),
            logger: logger
        ) { _, port in
            listening.yield(port)
            listening.finish()
        }
        let group = ServiceGroup(services: [server], logger: logger)
        let running = Task {
            defer { listening.finish() }
            try await group.run()
        }
        for await port in ports { return RealServer(port: port, group: group, running: running) }
        try await running.value
        throw CancellationError()
    }

    /// Stops it as SIGTERM would, and waits for its end.
    func stop() async throws {
        await group.triggerGracefulShutdown()
        try await running.value
    }
}
