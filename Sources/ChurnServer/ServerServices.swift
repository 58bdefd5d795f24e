package import ChurnServing
package import Logging
package import NIOPosix

/// What all connections of a server share, whatever their event loop.
package struct ServerServices: Sendable {
    let configuration: ServerConfiguration
    let health: HealthMonitor
    let budget: MemoryBudget
    /// Large requests are answered here, one thread per core.
    let workers: NIOThreadPool
    let largeCallMemory = LargeCallMemory.Pool()
    let logger: Logger
    /// Takes what else the workers do; for those who decide when it is done.
    let queue: (@Sendable (@escaping @Sendable () -> Void) -> Void)?

    /// - Parameter queue: in place of the workers, for all that sessions give to them.
    package init(
        configuration: ServerConfiguration,
        health: HealthMonitor,
        budget: MemoryBudget,
        workers: NIOThreadPool,
        logger: Logger,
        queue: (@Sendable (@escaping @Sendable () -> Void) -> Void)? = nil
    ) {
        self.configuration = configuration
        self.health = health
        self.budget = budget
        self.workers = workers
        self.logger = logger
        self.queue = queue
    }
}
