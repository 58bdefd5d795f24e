internal import NIOPosix

/// The transport over epoll(7): a thread a loop, and as few system calls and allocations a request as there can be.
///
/// The first loop accepts, and deals connections out in turn, so that a listening socket serves all loops.
struct EpollTransport: Transport {
    private let epollLoops: [EpollLoop]
    private let threads: NIOThreadPool

    var loops: [any ServingLoop] { epollLoops }

    /// - Parameter snapshot: what every loop begins with.
    /// - Throws: `ServerError.system` when the process has no descriptors left.
    init(threads count: Int, services: ServerServices, snapshot: PreparedSnapshot) throws(ServerError) {
        var loops: [EpollLoop] = []
        for _ in 0..<count { loops.append(try EpollLoop()) }
        epollLoops = loops
        let admission = ConnectionAdmission(limit: services.configuration.maxConnections)
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
        for loop in loops {
            threads.submit { [loops] _ in
                loop.run(EpollContext(loop: loop, peers: loops, admission: admission, services: services, snapshot))
            }
        }
    }

    func accept(at endpoints: [OpenEndpoint]) async throws(ServerError) {
        let areWatched = await withCheckedContinuation { continuation in
            epollLoops[0].perform { continuation.resume(returning: $0.accept(at: endpoints)) }
        }
        guard areWatched else { throw .system("cannot watch the listening sockets") }
    }

    func stopAccepting(leavingQueue: Bool) async {
        await withCheckedContinuation { continuation in
            epollLoops[0].perform {
                $0.stopAccepting(leavingQueue: leavingQueue)
                continuation.resume()
            }
        }
    }

    func shutDown() async {
        for loop in epollLoops { loop.perform { $0.end() } }
        try? await threads.shutdownGracefully()
    }
}
