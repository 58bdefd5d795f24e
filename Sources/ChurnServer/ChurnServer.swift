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
/// `run` serves until its service group shuts down gracefully, its task is cancelled, or another server has taken over
/// its listening socket. It then announces in Health and on every connection that it drains, finishes the calls in
/// flight, refuses new ones as not processed, and waits for its clients to close, at most for
/// `ServerConfiguration.drainTimeout`.
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

    /// How a server comes to its end.
    private enum Ending {
        case told
        /// Another server accepts connections on the same socket, and waits to be the only one.
        case succeeded(HandoverPoint.Successor)
        /// The server that was to be succeeded goes on, and this one must not.
        case dismissed
    }

    private func serve(over transport: any Transport, _ services: ServerServices) async throws {
        let publisher = SnapshotPublisher(transport.loops)
        let watcher = store.map {
            StoreWatcher(store: $0, models: models, rowLayout: rowLayout, services: services, publisher: publisher)
        }
        let predecessor = try await findPredecessor(services)
        // Before listening, so that the first call finds the features that are there.
        await watcher?.check()
        if let predecessor, let watcher {
            await becomeHealthy(watcher, transport, services, before: predecessor)
        }
        // Told to stop while it loaded: then the one that is there goes on.
        if predecessor != nil, Task.isShuttingDownGracefully || Task.isCancelled { return }
        // All that can fail comes before the server before is told that it may go.
        let listener = try predecessor?.listener ?? openListener()
        let handover = try configuration.handover.map { path throws(ServerError) in try HandoverPoint(path: path) }
        try await transport.accept(from: listener)
        let isAlone = if let predecessor { try await takeOver(from: predecessor, services) } else { true }

        let (endings, ending) = AsyncStream.makeStream(of: Ending.self)
        if isAlone {
            handover?.open(listener, logger) { ending.yield(.succeeded($0)) }
            announce(listener)
        } else {
            ending.yield(.dismissed)
        }
        await withTaskGroup { tasks in
            if let watcher { tasks.addTask { await watcher.run() } }
            tasks.addTask {
                // Ends by a graceful shutdown, or by the cancellation of this task: both mean the same here.
                try? await gracefulShutdown()
                ending.yield(.told)
            }
            var first = endings.makeAsyncIterator()
            await drain(await first.next() ?? .told, transport, publisher, services, handover)
            tasks.cancelAll()
        }
        guard isAlone else {
            throw ServerError.handover("the server that was to be replaced has not waited for this one, and goes on")
        }
        logger.notice("stopped")
    }
}

// MARK: The listening socket, and who has it before and after

extension ChurnServer {
    /// The server that listens now, if there is one that hands over.
    private func findPredecessor(_ services: ServerServices) async throws -> Predecessor? {
        guard let path = configuration.handover, configuration.manager.listener == nil else { return nil }
        let (host, port) = (configuration.host, configuration.port)
        return try await services.workers.runIfActive {
            guard let found = try Predecessor.find(at: path) else { return nil }
            guard try found.listener.isAt(host: host, port: port) else {
                throw ServerError.handover(
                    "\(path): the server there listens on \(found.listener.text), not on \(host):\(port); "
                        + "stop it, or listen where it does"
                )
            }
            return found
        }
    }

    private func openListener() throws(ServerError) -> ListeningSocket {
        guard let descriptor = configuration.manager.listener else {
            return try .bind(host: configuration.host, port: configuration.port)
        }
        guard let listener = ListeningSocket.adopt(descriptor) else {
            throw .configuration("LISTEN_FDS: descriptor \(descriptor) is not a TCP socket that listens")
        }
        return listener
    }

    /// Waits until a new server would call itself healthy, or is told to stop. Until then the one that is there goes on.
    private func becomeHealthy(
        _ watcher: StoreWatcher,
        _ transport: any Transport,
        _ services: ServerServices,
        before predecessor: Predecessor
    ) async {
        try? await cancelWhenGracefulShutdown {
            var lastReason = ""
            // Nobody is left to go on once the other has ended: then anyone is better than none.
            while predecessor.isWaiting {
                let report = await transport.loops[0].submit { services.health.report($0.snapshot, names: false) }
                guard report.state == .notServing else { return }
                if report.reason != lastReason {
                    lastReason = report.reason
                    logger.warning("not healthy, so it does not take over yet", metadata: ["reason": "\(lastReason)"])
                }
                try await Task.sleep(for: configuration.storePollInterval)
                await watcher.check()
            }
        }
    }

    /// - Returns: whether this server is to go on.
    private func takeOver(from predecessor: Predecessor, _ services: ServerServices) async throws -> Bool {
        switch try await services.workers.runIfActive(predecessor.takeOver) {
        case .yielded: logger.notice("taken over from the server before")
        case .gone: logger.warning("the server before has gone; its connections are lost")
        case .silent: logger.warning("the server before was told to go, and does not answer")
        case .refused: return false
        }
        return true
    }

    private func announce(_ listener: ListeningSocket) {
        let (host, port) = (listener.address.ipAddress ?? configuration.host, listener.address.port ?? 0)
        logger.notice("listening on \(listener.text)")
        configuration.manager.notify("READY=1")
        onListening(host, port)
    }

    /// Serves out what is open. Who comes meanwhile is served by the successor, or waits in the socket's queue for it.
    /// Where there is none, everybody is served for a while yet in which only Health says what is coming: who sends
    /// calls here by what Health says has time to go elsewhere. Then new connections are refused.
    private func drain(
        _ ending: Ending,
        _ transport: any Transport,
        _ publisher: SnapshotPublisher,
        _ services: ServerServices,
        _ handover: HandoverPoint?
    ) async {
        logger.notice("draining")
        configuration.manager.notify("STOPPING=1")
        let isShared =
            switch ending {
            case .succeeded, .dismissed: true
            case .told: configuration.manager.listener != nil || handover?.hasSharedTheSocket ?? false
            }
        // Before the notice: who follows it must not come back here.
        if isShared { await transport.stopAccepting(leavingQueue: true) }
        services.health.beginDraining()
        if case .succeeded(let successor) = ending {
            successor.yield()
            await handover?.shutDown(removingFile: false)
        } else {
            await handover?.shutDown(removingFile: true)
        }
        if !isShared {
            // Cut short when this task was cancelled, which is not how a server is told to stop.
            try? await Task.sleep(for: configuration.drainDelay)
            await transport.stopAccepting(leavingQueue: false)
        }
        await publisher.drain(timeout: configuration.drainTimeout)
    }
}
