internal import ChurnFeatures
package import ChurnStore
internal import Dispatch
package import Logging
internal import NIOConcurrencyHelpers
package import NIOPosix

/// Follows the store: a newer feature build is loaded whole, on a thread of its own, and then published. A store that
/// fails changes nothing but Health: what is resident goes on being served.
package struct SnapshotKeeper: Sendable {
    private let store: any Store
    private let models: ModelSet
    /// Made for `models`; `nil` to have the features of all customers in memory.
    private let readThrough: ReadThroughFeatures?
    private let health: HealthMonitor
    private let pollInterval: Duration
    private let workers: NIOThreadPool
    private let logger: Logger
    private let publish: @Sendable (ServingSnapshot) -> Void
    /// What is being served. Written by one refresh at a time.
    private let served = NIOLockedValueBox<Version?>(nil)
    /// 1 when nothing is to be published any more.
    private let ending = ConditionLock<Int>(value: 0)

    /// Tells two states of a store's features apart.
    private struct Version: Equatable, Sendable {
        var generation: Int64
        var segmentation: Int64
    }

    /// - Parameters:
    ///   - readThrough: made for `models`; `nil` to have the features of all customers in memory.
    ///   - workers: where `check` blocks.
    ///   - publish: called with each newer snapshot, on a thread of this object.
    package init(
        store: any Store,
        models: ModelSet,
        readThrough: ReadThroughFeatures?,
        health: HealthMonitor,
        pollInterval: Duration,
        workers: NIOThreadPool,
        logger: Logger,
        publish: @escaping @Sendable (ServingSnapshot) -> Void
    ) {
        self.store = store
        self.models = models
        self.readThrough = readThrough
        self.health = health
        self.pollInterval = pollInterval
        self.workers = workers
        self.logger = logger
        self.publish = publish
    }

    /// Refreshes whenever the store tells of a change, where it can, and at every poll interval, until its task is cancelled.
    ///
    /// The thread may then be inside a store that is silent. It is given a second to end; later it changes nothing.
    package func run() async {
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

    /// Refreshes once: loads what is new. Before there are calls to answer: a silent store holds up a worker.
    package func check() async {
        try? await workers.runIfActive { refresh() }
    }

    /// Blocks until it is told to end.
    private func follow() {
        let interval = pollInterval
        var isTold = true
        var nextRefresh = ContinuousClock.now
        repeat {
            guard isTold else {
                refresh()
                continue
            }
            do {
                // Not for long at a time: it has to end within a second.
                isTold = try store.followBuilds(callingEvery: min(interval, .milliseconds(500))) { hasChange in
                    if hasChange || .now >= nextRefresh {
                        refresh()
                        nextRefresh = .now + interval
                    }
                    return ending.value == 0
                }
                if !isTold { logger.info("the store does not tell of new features, and is asked for them") }
            } catch {
                // The refresh reports what is wrong; then it is tried again.
                refresh()
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
    private func refresh() {
        do throws(StoreError) {
            let loaded = try loadNewer()
            health.storeIsFresh()
            if let loaded { finish(loaded) }
        } catch {
            if health.storeFailed(error.situation) {
                logger.warning("the store failed", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func finish(_ loaded: Loaded) {
        // Held, so that nothing reaches loops that have ended.
        guard ending.lock(whenValue: 0, timeoutSeconds: 0) else { return }
        defer { ending.unlock() }
        publish(loaded.snapshot)
        served.withLockedValue { $0 = loaded.version }
        logger.notice(
            "features loaded",
            metadata: [
                "generation": "\(loaded.version.generation)",
                "customers": "\(loaded.snapshot.build?.customers ?? 0)",
            ]
        )
        for withheld in loaded.snapshot.withheld {
            logger.warning("a model is not served from these features", metadata: ["reason": "\(withheld.reason)"])
        }
    }

    private struct Loaded: Sendable {
        let snapshot: ServingSnapshot
        let version: Version
    }

    private func loadNewer() throws(StoreError) -> Loaded? {
        guard let newest = try store.latestBuild() else { return nil }
        let version = Version(generation: newest.generation, segmentation: newest.segmentation)
        guard version != served.withLockedValue({ $0 }) else { return nil }
        let snapshot =
            if let readThrough {
                ServingSnapshot(
                    models: models,
                    features: readThrough.of(newest),
                    of: newest,
                    hasProducts: try store.hasProducts(in: newest)
                )
            } else {
                ServingSnapshot(models: models, table: try store.loadFeatures(models.rowLayout))
            }
        return Loaded(snapshot: snapshot, version: version)
    }
}
