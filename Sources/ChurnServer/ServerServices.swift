internal import Logging
internal import NIOPosix

/// What all connections of a server share, whatever their event loop.
struct ServerServices: Sendable {
    let configuration: ServerConfiguration
    let health: HealthMonitor
    let budget: MemoryBudget
    /// Large frames are answered here, one thread a core.
    let workers: NIOThreadPool
    let largeFrameMemory = LargeFrameMemory.Pool()
    /// For a server that holds no table of all customers.
    let readThrough: ReadThrough?
    let logger: Logger
}
