internal import ChurnFeatures
package import ChurnModel
internal import ChurnProtocol
package import ChurnStore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// The prediction server: listens, answers, follows the store, and stops without dropping a call.
///
/// `run` serves until its service group shuts down gracefully (or its task is cancelled). It then stops accepting,
/// announces on every connection that it drains, finishes the calls in flight, refuses new ones as not processed, and
/// waits for its clients to close, at most for `ServerConfiguration.drainTimeout`.
package struct ChurnServer: Service {
    private let configuration: ServerConfiguration
    private let models: [ServedModel]
    private let rowLayout: RowLayout
    private let store: (any Store)?
    private let logger: Logger
    private let onListening: @Sendable (_ host: String, _ port: Int) -> Void

    /// - Parameters:
    ///   - models: the first is the default.
    ///   - level: whose kernels score; one that this processor has.
    ///   - store: where features come from; `nil` serves PredictBatch by columns only.
    ///   - onListening: called once, when connections are accepted and the store's newest build is loaded.
    package init(
        configuration: ServerConfiguration,
        models: [LogisticModel],
        level: CPULevel = .best,
        store: (any Store)?,
        logger: Logger,
        onListening: @escaping @Sendable (_ host: String, _ port: Int) -> Void = { _, _ in }
    ) throws(ServerError) {
        guard !models.isEmpty else { throw .noModel }
        guard store != nil || configuration.lookup == .resident else {
            throw .configuration("without a store there is nothing to look customers up in")
        }
        var served: [ServedModel] = []
        let layout = try ResidentLayout(models: models, schema: .current)
        for (model, columns) in zip(models, layout.columns) {
            served.append(ServedModel(model, columns: columns, level: level))
        }
        rowLayout = layout.rows
        self.configuration = configuration
        self.models = served
        self.store = store
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let workers = NIOThreadPool(numberOfThreads: System.coreCount)
        workers.start()
        let services = ServerServices(
            configuration: configuration,
            health: HealthMonitor(storeKind: store?.location.kind),
            budget: MemoryBudget(limitBytes: ServerLimits.largeFramesBytes),
            workers: workers,
            readThrough: readThrough(),
            logger: logger
        )
        let result: Result<Void, any Error>
        do {
            let transport = try await makeTransport(services)
            do {
                result = .success(try await serve(over: transport, services))
            } catch {
                result = .failure(error)
            }
            // Who hands answers on goes before whom they are handed to.
            await services.readThrough?.stop(logger)
            try? await workers.shutdownGracefully()
            await transport.shutDown()
        } catch {
            result = .failure(error)
            await services.readThrough?.stop(logger)
            try? await workers.shutdownGracefully()
        }
        try result.get()
    }

    private func readThrough() -> ReadThrough? {
        guard let store, case .readThrough(let cachedCustomers, let freshFor) = configuration.lookup else { return nil }
        var settings = FeatureLookup.Configuration()
        settings.cachedCustomers = cachedCustomers
        settings.freshFor = TimeAmount(freshFor)
        settings.buildInterval = TimeAmount(configuration.storePollInterval)
        return ReadThrough(lookup: FeatureLookup(store: store, configuration: settings), rowLayout: rowLayout)
    }

    private func makeTransport(_ services: ServerServices) async throws -> any Transport {
        let threads = configuration.eventLoops == 0 ? System.coreCount : configuration.eventLoops
        let empty = try ServingSnapshot(models: models)
        return switch configuration.transport {
        case .epoll: try EpollTransport(threads: threads, services: services, snapshot: empty)
        case .nio: try await NIOTransport(threads: threads, services: services, snapshot: empty)
        }
    }

    private func serve(over transport: any Transport, _ services: ServerServices) async throws {
        let publisher = SnapshotPublisher(transport.loops)
        let watcher = store.map {
            StoreWatcher(store: $0, models: models, rowLayout: rowLayout, services: services, publisher: publisher)
        }
        // Before listening, so that the first call finds the features that are there.
        await watcher?.check()

        let (host, port) = try await transport.listen(host: configuration.host, port: configuration.port)
        logger.notice("listening on \(host):\(port)")
        onListening(host, port)
        await withTaskGroup { tasks in
            if let watcher { tasks.addTask { await watcher.run() } }
            // Ends by a graceful shutdown, or by the cancellation of this task: both mean the same here.
            try? await gracefulShutdown()
            logger.notice("draining")
            services.health.beginDraining()
            publisher.announceDraining()
            await publisher.drain(timeout: configuration.drainTimeout) { await transport.stopListening() }
            tasks.cancelAll()
        }
        logger.notice("stopped")
    }
}
