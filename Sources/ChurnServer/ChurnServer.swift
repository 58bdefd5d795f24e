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
        var served: [ServedModel] = []
        for model in models { served.append(try ServedModel(model, schema: .current, level: level)) }
        self.configuration = configuration
        self.models = served
        self.store = store
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
        let cores = System.coreCount
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: configuration.eventLoops == 0 ? cores : configuration.eventLoops
        )
        let workers = NIOThreadPool(numberOfThreads: cores)
        workers.start()
        do {
            try await serve(on: group, workers: workers)
        } catch {
            try? await workers.shutdownGracefully()
            try? await group.shutdownGracefully()
            throw error
        }
        try await workers.shutdownGracefully()
        try await group.shutdownGracefully()
    }

    private func serve(on group: MultiThreadedEventLoopGroup, workers: NIOThreadPool) async throws {
        let health = HealthMonitor(storeKind: store?.location.kind)
        let services = ServerServices(
            configuration: configuration,
            health: health,
            budget: MemoryBudget(limitBytes: ServerLimits.largeFramesBytes),
            workers: workers,
            logger: logger
        )
        let empty = try ServingSnapshot(models: models, table: nil)
        var loops: [NIOLoopBound<LoopContext>] = []
        for eventLoop in group.makeIterator() {
            let loop = eventLoop.submit {
                NIOLoopBound(
                    LoopContext(eventLoop: eventLoop, services: services, snapshot: empty),
                    eventLoop: eventLoop
                )
            }
            loops.append(try await loop.get())
        }
        let publisher = SnapshotPublisher(loops)
        let watcher = store.map {
            StoreWatcher(store: $0, models: models, services: services, publisher: publisher)
        }
        // Before listening, so that the first call finds the features that are there.
        await watcher?.check()

        let listener = try await listen(on: group, services: services, publisher: publisher)
        if let address = listener.localAddress {
            let host = address.ipAddress ?? configuration.host
            let port = address.port ?? configuration.port
            logger.notice("listening on \(host):\(port)")
            onListening(host, port)
        }
        await withTaskGroup { tasks in
            if let watcher { tasks.addTask { await watcher.run() } }
            // Ends by a graceful shutdown, or by the cancellation of this task: both mean the same here.
            try? await gracefulShutdown()
            logger.notice("draining")
            health.beginDraining()
            try? await listener.close()
            await publisher.drain(timeout: TimeAmount(configuration.drainTimeout))
            tasks.cancelAll()
        }
        logger.notice("stopped")
    }

    private func listen(
        on group: MultiThreadedEventLoopGroup,
        services: ServerServices,
        publisher: SnapshotPublisher
    ) async throws(ServerError) -> any Channel {
        let admission = ConnectionAdmission(limit: configuration.maxConnections)
        do {
            return try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let loop = publisher.context(of: channel.eventLoop) else {
                            throw ChannelError.inputClosed
                        }
                        if admission.admit() {
                            channel.closeFuture.whenComplete { _ in admission.leave() }
                            try channel.pipeline.syncOperations.addHandler(ConnectionHandler(loop: loop))
                        } else {
                            try channel.pipeline.syncOperations.addHandler(RefusalHandler())
                        }
                    }
                }
                .bind(host: configuration.host, port: configuration.port)
                .get()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw .portInUse(host: configuration.host, port: configuration.port)
        } catch {
            throw .cannotListen(host: configuration.host, port: configuration.port, reason: "\(error)")
        }
    }
}
