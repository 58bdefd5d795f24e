internal import CEpoll
internal import Glibc
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// The transport over epoll(7): a thread a loop, and as few system calls and allocations a request as there can be.
///
/// The first loop accepts, and deals connections out in turn, so that one listening socket serves all loops.
struct EpollTransport: Transport {
    private let epollLoops: [EpollLoop]
    private let threads: NIOThreadPool
    private let listener = NIOLockedValueBox<CInt?>(nil)

    var loops: [any ServingLoop] { epollLoops }

    /// - Parameter snapshot: what every loop begins with.
    /// - Throws: `ServerError.system` when the process has no descriptors left.
    init(threads count: Int, services: ServerServices, snapshot: ServingSnapshot) throws(ServerError) {
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

    func listen(host: String, port: Int) async throws(ServerError) -> (host: String, port: Int) {
        let (descriptor, address) = try Self.bind(host: host, port: port)
        listener.withLockedValue { $0 = descriptor }
        // Whoever finds the port connects at once: the system keeps the connection until the loop accepts it.
        epollLoops[0].perform { $0.accept(from: descriptor) }
        return (address.ipAddress ?? host, address.port ?? port)
    }

    func stopListening() async {
        guard listener.withLockedValue({ $0.take() }) != nil else { return }
        await withCheckedContinuation { continuation in
            epollLoops[0].perform {
                $0.stopAccepting()
                continuation.resume()
            }
        }
    }

    func shutDown() async {
        await stopListening()
        for loop in epollLoops { loop.perform { $0.end() } }
        try? await threads.shutdownGracefully()
    }

    /// - Returns: a listening socket, and the address it got.
    private static func bind(host: String, port: Int) throws(ServerError) -> (CInt, SocketAddress) {
        func fail(_ reason: String) -> ServerError { .cannotListen(host: host, port: port, reason: reason) }
        let wanted: SocketAddress
        do {
            wanted = try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw fail("\(error)")
        }
        let family = wanted.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = socket(
            family,
            CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            CInt(IPPROTO_TCP)
        )
        guard descriptor >= 0 else { throw fail(lastSystemError()) }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        let bound = wanted.withSockAddr { address, bytes in Glibc.bind(descriptor, address, socklen_t(bytes)) }
        guard bound == 0, Glibc.listen(descriptor, ServerLimits.acceptBacklog) == 0,
            let address = localAddress(descriptor)
        else {
            let code = errno
            let reason = lastSystemError()
            Glibc.close(descriptor)
            throw code == EADDRINUSE ? .portInUse(host: host, port: port) : fail(reason)
        }
        return (descriptor, address)
    }

    private static func localAddress(_ descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var bytes = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> SocketAddress? in
                guard getsockname(descriptor, address, &bytes) == 0 else { return nil }
                return switch CInt(address.pointee.sa_family) {
                case AF_INET6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
                default:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
                }
            }
        }
    }
}

/// What `errno` says, for a person.
func lastSystemError() -> String {
    String(cString: strerror(errno))
}
