internal import ChurnServing
internal import Logging
internal import NIOPosix

/// What all connections of a server share, whatever their event loop.
struct ServerServices: Sendable {
    let configuration: ServerConfiguration
    let health: HealthMonitor
    let budget: MemoryBudget
    /// Large requests are answered here, one thread per core.
    let workers: NIOThreadPool
    let largeCallMemory = LargeCallMemory.Pool()
    let logger: Logger
}
