internal import ChurnFeatures
internal import ChurnStore
internal import Dispatch
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOConcurrencyHelpers

/// Follows the store: a newer feature build is loaded whole, on a thread of its own, and then published. A store that
/// fails changes nothing but Health: what is resident goes on being served.
struct StoreWatcher: Sendable {
    let store: any Store
    let models: [ServedModel]
    /// What the models expect in a row of the table.
    let rowLayout: RowLayout
    let services: ServerServices
    let publisher: SnapshotPublisher
    /// What is being served. Written by one look at a time.
    private let served = NIOLockedValueBox<Version?>(nil)
    /// 1 when nothing is to be published any more.
    private let ending = ConditionLock<Int>(value: 0)

    /// Tells two states of a store's features apart.
    private struct Version: Equatable, Sendable {
        var generation: Int64
        var segmentation: Int64
    }

    init(
        store: any Store,
        models: [ServedModel],
        rowLayout: RowLayout,
        services: ServerServices,
        publisher: SnapshotPublisher
    ) {
        self.store = store
        self.models = models
        self.rowLayout = rowLayout
        self.services = services
        self.publisher = publisher
    }

    /// Looks whenever the store tells of a change, where it can, and at every poll interval, until its task is cancelled.
    ///
    /// The thread may then be inside a store that is silent. It is given a second to end; later it changes nothing.
    func run() async {
        let thread = NIOThreadPool(numberOfThreads: 1)
        thread.start()
        thread.submit { _ in follow() }
        // Nothing ever comes; it ends when this task is cancelled.
        let (nothing, source) = AsyncStream.makeStream(of: Never.self)
        for await _ in nothing {}
        withExtendedLifetime(source) {}
        ending.lock()
        ending.unlock(withValue: 1)
        await withCheckedContinuation { continuation in
            let waiting = NIOLockedValueBox<CheckedContinuation<Void, Never>?>(continuation)
            let proceed: @Sendable () -> Void = { waiting.withLockedValue { $0.take() }?.resume() }
            thread.shutdownGracefully { _ in proceed() }
            DispatchQueue.global().asyncAfter(deadline: .now() + .seconds(1), execute: proceed)
        }
    }

    /// Looks once, and loads what is new. Before there are calls to answer: a silent store holds up a worker.
    func check() async {
        try? await services.workers.runIfActive { look() }
    }

    /// Blocks until it is told to end.
    private func follow() {
        let interval = services.configuration.storePollInterval
        var isTold = true
        var nextLook = ContinuousClock.now
        repeat {
            guard isTold else {
                look()
                continue
            }
            do {
                // Not for long at a time: it has to end within a second.
                isTold = try store.followBuilds(callingEvery: min(interval, .milliseconds(500))) { hasChange in
                    if hasChange || .now >= nextLook {
                        look()
                        nextLook = .now + interval
                    }
                    return ending.value == 0
                }
                if !isTold { services.logger.info("the store does not tell of new features, and is asked for them") }
            } catch {
                // The look says what is wrong; then it is tried again.
                look()
            }
        } while pause(interval)
    }

    /// - Returns: false as soon as it is time to end.
    private func pause(_ duration: Duration) -> Bool {
        guard ending.lock(whenValue: 1, timeoutSeconds: duration / .seconds(1)) else { return true }
        ending.unlock()
        return false
    }

    /// Blocks.
    private func look() {
        do {
            let loaded = try loadNewer()
            services.health.storeIsFresh()
            if let loaded { publish(loaded) }
        } catch {
            let problem = (error as? StoreError)?.description ?? "\(error)"
            if services.health.storeFailed(problem) {
                services.logger.warning("the store failed", metadata: ["reason": "\(problem)"])
            }
        }
    }

    private func publish(_ loaded: Loaded) {
        // Held, so that nothing reaches loops that have ended.
        guard ending.lock(whenValue: 0, timeoutSeconds: 0) else { return }
        defer { ending.unlock() }
        publisher.publish(loaded.snapshot)
        served.withLockedValue { $0 = loaded.version }
        services.logger.notice(
            "features loaded",
            metadata: [
                "generation": "\(loaded.version.generation)",
                "customers": "\(loaded.snapshot.build?.customers ?? 0)",
            ]
        )
    }

    private struct Loaded: Sendable {
        let snapshot: ServingSnapshot
        let version: Version
    }

    private func loadNewer() throws -> Loaded? {
        guard let newest = try store.latestBuild() else { return nil }
        let version = Version(generation: newest.generation, segmentation: newest.segmentation)
        guard version != served.withLockedValue({ $0 }) else { return nil }
        let snapshot =
            services.readThrough == nil
            ? try ServingSnapshot(models: models, table: store.loadFeatures(rowLayout))
            : try ServingSnapshot(models: models, inStore: newest)
        return Loaded(snapshot: snapshot, version: version)
    }
}

extension StoreLocation {
    /// The kind of store, as Health names it.
    var kind: String {
        switch self {
        case .sqlite: "sqlite"
        case .mongodb: "mongodb"
        }
    }
}
