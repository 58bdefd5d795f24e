package import ChurnModel
package import ChurnServer
internal import ChurnServing
package import ChurnStore
internal import Logging
internal import ServiceLifecycle
internal import TestSupport

/// A real server in this process, on a port of its own unless it is told another.
package struct TestServer: Sendable {
    package let port: Int
    package let storeLocation: StoreLocation
    private let group: ServiceGroup
    private let running: Task<Void, any Error>

    /// Starts a server, and returns when it listens.
    ///
    /// - Parameters:
    ///   - models: `seed-logistic` alone unless told otherwise.
    ///   - change: to a configuration with two loops and short times.
    package static func start(
        over location: StoreLocation,
        models: [LogisticModel]? = nil,
        configuration change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> TestServer {
        try await start(over: try location.open(.read), models: models, configuration: change)
    }

    package static func start(
        over store: any Store,
        models: [LogisticModel]? = nil,
        configuration change: (inout ServerConfiguration) -> Void = { _ in }
    ) async throws -> TestServer {
        guard let transport = TransportKind(rawValue: Surroundings.transport) else {
            throw Surroundings.Missing(description: "CHURN_TEST_TRANSPORT names no transport; set it to epoll or nio")
        }
        var configuration = try ServerConfiguration(
            endpoints: [Endpoint(port: 0)],
            transport: transport,
            eventLoops: 2,
            drainTimeout: .milliseconds(300),
            storePollInterval: .milliseconds(20)
        )
        change(&configuration)
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        let server = try ChurnServer(
            configuration: configuration,
            models: try ModelSet(
                models ?? [ModelCatalog(directory: Surroundings.path("models")).model("seed-logistic")]
            ),
            store: store,
            logger: logger
        ) { addresses in
            if let first = addresses.first { listening.yield(first.port) }
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
            return TestServer(port: port, storeLocation: store.location, group: group, running: running)
        }
        try await running.value
        throw CancellationError()
    }

    /// Begins the graceful shutdown, and returns at once.
    package func beginStopping() async {
        await group.triggerGracefulShutdown()
    }

    /// Stops it as SIGTERM would, and waits for its end.
    package func stop() async throws {
        await group.triggerGracefulShutdown()
        try await running.value
    }

    package func waitForEnd() async throws {
        try await running.value
    }

    /// Runs `body` beside the server, then stops it.
    @discardableResult
    package func whileRunning<Value: Sendable>(_ body: (TestServer) async throws -> Value) async throws -> Value {
        do {
            let value = try await body(self)
            try await stop()
            return value
        } catch {
            try? await stop()
            throw error
        }
    }

    /// Runs `body` beside a server over a shop of its own.
    @discardableResult
    package static func with<Value: Sendable>(
        configuration change: (inout ServerConfiguration) -> Void = { _ in },
        models: [LogisticModel]? = nil,
        hasFeatures: Bool = true,
        _ body: (TestServer) async throws -> Value
    ) async throws -> Value {
        let shop = try await Shop(isBuilt: hasFeatures)
        defer { withExtendedLifetime(shop) {} }
        return try await start(over: shop.location, models: models, configuration: change).whileRunning(body)
    }
}
