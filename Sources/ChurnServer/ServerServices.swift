internal import ChurnServing
internal import Logging
internal import NIOPosix

/// What all connections of a server share, whatever their event loop.
struct ServerServices: Sendable {
    let configuration: ServerConfiguration
    let health: HealthMonitor
    let budget: MemoryBudget
    /// Large frames are answered here, one thread per core.
    let workers: NIOThreadPool
    let largeFrameMemory = LargeFrameMemory.Pool()
    let logger: Logger
}
