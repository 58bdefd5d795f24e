internal import ChurnFeatures
internal import ChurnStore
internal import Logging
internal import NIOCore
internal import NIOPosix
internal import NIOConcurrencyHelpers

/// Follows the store: a newer feature build is loaded whole, on a worker thread, and then published. A store that
/// fails changes nothing but Health: what is resident goes on being served.
struct StoreWatcher: Sendable {
    let store: any Store
    let models: [ServedModel]
    /// What the models expect in a row of the table.
    let rowLayout: RowLayout
    let services: ServerServices
    let publisher: SnapshotPublisher
    /// What is being served. Written by one check at a time.
    private let served = NIOLockedValueBox<Version?>(nil)

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

    /// Checks at every poll interval until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            do { try await Task.sleep(for: services.configuration.storePollInterval) } catch { return }
            await check()
        }
    }

    /// Looks once, and loads what is new.
    func check() async {
        do {
            let published = try await services.workers.runIfActive { try loadNewer() }
            services.health.storeIsFresh()
            if let published {
                publisher.publish(published.snapshot)
                served.withLockedValue { $0 = published.version }
                services.logger.notice(
                    "features loaded",
                    metadata: [
                        "generation": "\(published.version.generation)",
                        "customers": "\(published.snapshot.build?.customers ?? 0)",
                    ]
                )
            }
        } catch {
            let problem = (error as? StoreError)?.description ?? "\(error)"
            if services.health.storeFailed(problem) {
                services.logger.warning("the store failed", metadata: ["reason": "\(problem)"])
            }
        }
    }

    private struct Loaded: Sendable {
        let snapshot: ServingSnapshot
        let version: Version
    }

    /// Blocks; runs on a worker.
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
