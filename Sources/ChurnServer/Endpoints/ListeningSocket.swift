internal import CEpoll
internal import ChurnBase
internal import NIOConcurrencyHelpers
internal import NIOCore

/// A TCP socket that listens, whoever made it: this process, a service manager, or the server before this one.
///
/// Where another process has it too, it goes on listening when it is closed here, and peers that connect meanwhile
/// wait in its queue.
final class ListeningSocket: Sendable {
    let address: SocketAddress
    private let open: NIOLockedValueBox<CInt>

    /// Does not block, and is closed on exec; -1 once it is closed.
    var descriptor: CInt { open.withLockedValue { $0 } }

    /// As people write it.
    var text: String {
        let host = address.ipAddress ?? ""
        return (host.contains(":") ? "[\(host)]" : host) + ":\(address.port ?? 0)"
    }

    private init(_ descriptor: CInt, _ address: SocketAddress) {
        open = NIOLockedValueBox(descriptor)
        self.address = address
    }

    deinit {
        close()
    }

    enum Accepted {
        /// One that waited in the queue; small packets are not delayed.
        case connection(CInt)
        /// None waits.
        case none
        /// The system has nothing to accept one with; `errno` has the reason.
        case noResources
    }

    /// Takes a connection from the queue. Does not block.
    func accept() -> Accepted {
        while true {
            let connection = cepoll_accept(descriptor)
            if connection >= 0 { return .connection(connection) }
            if errno == EAGAIN || errno == EBADF { return .none }
            if SystemError.last.isShortage { return .noResources }
            // Anything else is the fault of one connection that is gone already, accept(2) says.
        }
    }

    /// To be called when nobody here accepts from it any more.
    func close() {
        open.withLockedValue { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }

    /// Binds an address and listens.
    ///
    /// - Parameter port: 0 for any free one.
    static func bind(host: String, port: Int) throws(ServerError) -> ListeningSocket {
        func fail(_ reason: String) -> ServerError { .cannotListen(host: host, port: port, reason: reason) }
        let wanted = try resolve(host: host, port: port)
        let family = wanted.protocol == .inet6 ? AF_INET6 : AF_INET
        let descriptor = socket(
            family,
            CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue),
            CInt(IPPROTO_TCP)
        )
        guard descriptor >= 0 else { throw fail(SystemError.last.text) }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        let bound = wanted.withSockAddr { address, bytes in Glibc.bind(descriptor, address, socklen_t(bytes)) }
        guard bound == 0, listen(descriptor, ServerLimits.acceptBacklog) == 0, let address = localAddress(descriptor)
        else {
            let code = errno
            let reason = SystemError.last.text
            Glibc.close(descriptor)
            throw code == EADDRINUSE ? .portInUse(host: host, port: port) : fail(reason)
        }
        return ListeningSocket(descriptor, address)
    }

    /// Takes over a socket that another process made; `nil`, and it stays the caller's, when it is not one that listens on
    /// TCP.
    static func adopt(_ descriptor: CInt) -> ListeningSocket? {
        guard option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue), option(SO_ACCEPTCONN, of: descriptor) == 1,
            fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0,
            fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK) == 0,
            let address = localAddress(descriptor)
        else { return nil }
        return ListeningSocket(descriptor, address)
    }

    /// Whether it is where a server that was told this host and port would listen.
    func isAt(host: String, port: Int) throws(ServerError) -> Bool {
        let wanted = try Self.resolve(host: host, port: port)
        return wanted.ipAddress == address.ipAddress && (port == 0 || port == address.port)
    }

    private static func resolve(host: String, port: Int) throws(ServerError) -> SocketAddress {
        do {
            return try SocketAddress.makeAddressResolvingHost(host, port: port)
        } catch {
            throw .cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var bytes = socklen_t(MemoryLayout<CInt>.size)
        return getsockopt(descriptor, SOL_SOCKET, name, &value, &bytes) == 0 ? value : nil
    }

    /// `nil` unless it is an IP address.
    private static func localAddress(_ descriptor: CInt) -> SocketAddress? {
        var storage = sockaddr_storage()
        var bytes = socklen_t(MemoryLayout<sockaddr_storage>.size)
        return withUnsafeMutablePointer(to: &storage) { storage in
            storage.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> SocketAddress? in
                guard getsockname(descriptor, address, &bytes) == 0 else { return nil }
                return switch CInt(address.pointee.sa_family) {
                case AF_INET6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { SocketAddress($0.pointee) }
                case AF_INET:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { SocketAddress($0.pointee) }
                default: nil
                }
            }
        }
    }
}
