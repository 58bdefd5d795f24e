internal import ChurnCalls
package import ChurnServing
package import ChurnStore
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle

/// The prediction server: listens, answers, follows the store, and stops without dropping a call.
///
/// `run` serves until its service group shuts down gracefully, its task is cancelled, or another server has taken over
/// its listening sockets. It then announces in Health and on every connection that it drains, finishes the calls in
/// flight, refuses new ones as not processed, and waits for its clients to close, at most for
/// `ServerConfiguration.drainTimeout`.
package struct ChurnServer: Service, CustomStringConvertible {
    private let configuration: ServerConfiguration
    private let models: ModelSet
    private let store: (any Store)?
    private let logger: Logger
    private let onListening: @Sendable ([ListeningAddress]) -> Void

    /// For the service group, which would else make a text of everything in here: a fifth of what starting costs.
    package var description: String { "churn server" }

    /// - Parameters:
    ///   - store: where features come from; `nil` serves PredictBatch by columns only.
    ///   - onListening: called once, when connections are accepted and the store's newest build is loaded, with the
    ///     address of every endpoint, in their order.
    package init(
        configuration: ServerConfiguration,
        models: ModelSet,
        store: (any Store)?,
        logger: Logger,
        onListening: @escaping @Sendable ([ListeningAddress]) -> Void = { _ in }
    ) throws(ServerError) {
        guard store != nil || configuration.lookup == .resident else {
            throw .configuration("without a store there is nothing to look customers up in")
        }
        self.configuration = configuration
        self.models = models
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
            logger: logger
        )
        let readThrough = readThrough(workers)
        let result: Result<Void, any Error>
        do {
            let transport = try await makeTransport(services, readThrough)
            do {
                result = .success(try await serve(over: transport, services, readThrough))
            } catch {
                result = .failure(error)
            }
            // Stop the producers of answers before the transport that sends them.
            await readThrough?.stop(logger)
            try? await workers.shutdownGracefully()
            await transport.shutDown()
        } catch {
            result = .failure(error)
            await readThrough?.stop(logger)
            try? await workers.shutdownGracefully()
        }
        try result.get()
    }

    private func readThrough(_ workers: NIOThreadPool) -> ReadThroughFeatures? {
        guard let store, case .readThrough(let cachedCustomers, let freshFor) = configuration.lookup else { return nil }
        var settings = FeatureLookup.Configuration()
        settings.cachedCustomers = cachedCustomers
        settings.freshFor = freshFor
        settings.buildInterval = configuration.storePollInterval
        return ReadThroughFeatures(
            lookup: FeatureLookup(store: store, configuration: settings),
            models: models,
            workers: workers,
            logger: logger
        )
    }

    private func makeTransport(
        _ services: ServerServices,
        _ readThrough: ReadThroughFeatures?
    ) async throws -> any Transport {
        let threads = configuration.eventLoops == 0 ? System.coreCount : configuration.eventLoops
        let first = PreparedSnapshot(ServingSnapshot(models: models, features: readThrough), for: dialects)
        return switch configuration.transport {
        case .epoll: try EpollTransport(threads: threads, services: services, snapshot: first)
        case .nio: try await NIOTransport(threads: threads, services: services, snapshot: first)
        }
    }

    private var dialects: [any Dialect] { configuration.endpoints.flatMap(\.dialect.dialects) }

    /// How a server comes to its end.
    private enum Ending {
        case told
        /// Another server accepts connections on the same sockets, and waits to be the only one.
        case succeeded(HandoverPoint.Successor)
        /// The server that was to be succeeded goes on, and this one must not.
        case dismissed
    }

    private func serve(
        over transport: any Transport,
        _ services: ServerServices,
        _ readThrough: ReadThroughFeatures?
    ) async throws {
        let publisher = SnapshotPublisher(loops: transport.loops, dialects: dialects)
        let keeper = store.map {
            SnapshotKeeper(
                store: $0,
                models: models,
                readThrough: readThrough,
                health: services.health,
                pollInterval: configuration.storePollInterval,
                workers: services.workers,
                logger: logger,
                publish: publisher.publish
            )
        }
        let predecessor = try await findPredecessor(services)
        // Before listening, so that the first call finds the features that are there.
        await keeper?.check()
        if let predecessor, let keeper {
            await becomeHealthy(keeper, transport, services, before: predecessor)
        }
        // Told to stop while it loaded: then the one that is there goes on.
        if predecessor != nil, Task.isShuttingDownGracefully || Task.isCancelled { return }
        // All that can fail comes before the server before is told that it may go.
        let endpoints = try openEndpoints(predecessor)
        let handover = try configuration.handover.map { path throws(ServerError) in try HandoverPoint(path: path) }
        try await transport.accept(at: endpoints)
        let isAlone = if let predecessor { try await takeOver(from: predecessor, services) } else { true }

        let (endings, ending) = AsyncStream.makeStream(of: Ending.self)
        if isAlone {
            handover?.open(endpoints.map(\.listener), logger) { ending.yield(.succeeded($0)) }
            announce(endpoints)
        } else {
            ending.yield(.dismissed)
        }
        await withTaskGroup { tasks in
            if let keeper { tasks.addTask { await keeper.run() } }
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

// MARK: The listening sockets, and who has them before and after

extension ChurnServer {
    /// The server that listens now, if there is one that hands over.
    private func findPredecessor(_ services: ServerServices) async throws -> Predecessor? {
        guard let path = configuration.handover, configuration.manager.listeners.isEmpty else { return nil }
        let endpoints = configuration.endpoints
        return try await services.workers.runIfActive {
            guard let found = try Predecessor.find(at: path) else { return nil }
            guard try found.listeners(for: endpoints).contains(where: { $0 != nil }) else {
                let wanted = endpoints.map { "\($0.host):\($0.port)" }.joined(separator: ", ")
                throw ServerError.handover(
                    "\(path): the server there listens on \(found.listeners.map(\.text).joined(separator: ", ")), not on "
                        + "\(wanted); stop it, or listen where it does"
                )
            }
            return found
        }
    }

    /// The sockets that are there already, from a service manager or the server before; the others are made.
    private func openEndpoints(_ predecessor: Predecessor?) throws(ServerError) -> [OpenEndpoint] {
        let endpoints = configuration.endpoints
        let passed = configuration.manager.listeners
        guard passed.isEmpty || endpoints.count <= passed.count else {
            throw .configuration(
                "LISTEN_FDS: \(passed.count) sockets are passed for \(endpoints.count) addresses to listen on; "
                    + "pass one for each, in their order"
            )
        }
        var open: [OpenEndpoint] = []
        for (index, descriptor) in passed.enumerated() {
            guard let listener = ListeningSocket.adopt(descriptor) else {
                throw .configuration("LISTEN_FDS: descriptor \(descriptor) is not a TCP socket that listens")
            }
            // In the order of the endpoints; more sockets than these are like the last.
            let endpoint = endpoints[min(index, endpoints.count - 1)]
            open.append(OpenEndpoint(endpoint: endpoint, listener: listener))
        }
        if !open.isEmpty { return open }
        let taken = try predecessor?.listeners(for: endpoints) ?? endpoints.map { _ in nil }
        for (endpoint, taken) in zip(endpoints, taken) {
            let listener = if let taken { taken } else { try bind(endpoint, beside: open) }
            open.append(OpenEndpoint(endpoint: endpoint, listener: listener))
        }
        return open
    }

    /// - Parameter open: endpoints of this server that listen already.
    private func bind(_ endpoint: Endpoint, beside open: [OpenEndpoint]) throws(ServerError) -> ListeningSocket {
        do {
            return try ListeningSocket.bind(host: endpoint.host, port: endpoint.port)
        } catch .portInUse(let host, let port) {
            // A name and its number, or one address and all of them.
            guard let other = open.first(where: { $0.listener.address.port == port }) else {
                throw .portInUse(host: host, port: port)
            }
            throw .configuration(
                "\(host):\(port) is taken by this server's own address \(other.listener.text); give each a port of its own"
            )
        }
    }

    /// Waits until a new server would call itself healthy, or is told to stop. Until then the one that is there goes on.
    private func becomeHealthy(
        _ keeper: SnapshotKeeper,
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
                await keeper.check()
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

    private func announce(_ endpoints: [OpenEndpoint]) {
        let addresses = endpoints.map {
            ListeningAddress(
                host: $0.listener.address.ipAddress ?? $0.endpoint.host,
                port: $0.listener.address.port ?? 0,
                schemes: EndpointScheme.spoken(by: $0.endpoint.dialect)
            )
        }
        for (endpoint, address) in zip(endpoints, addresses) {
            let spoken = address.schemes.map(\.rawValue).joined(separator: ",")
            logger.notice("listening on \(endpoint.listener.text)", metadata: ["speaks": "\(spoken)"])
        }
        configuration.manager.notify("READY=1")
        onListening(addresses)
    }

    /// Serves the connections that are open. New ones are served by the successor, or wait in the socket's queue for it.
    /// Where there is none, all are served for a while yet, in which only Health reports that the server drains: a
    /// balancer that follows Health has time to send its calls elsewhere. Then new connections are refused.
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
            case .told: !configuration.manager.listeners.isEmpty || handover?.hasSharedSockets ?? false
            }
        // Before the notice: a client that follows it must not come back here.
        if isShared { await transport.stopAccepting(leavingQueue: true) }
        services.health.beginDraining()
        publisher.healthChanged()
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
