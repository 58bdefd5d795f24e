import CHandover
import Glibc

/// A Unix socket of packets that says whatever a test wants. Blocking; nothing within 30 s is a failure.
final class Packets: Sendable {
    struct Failure: Error {
        var call: String
        var code: Int32
    }

    private let socket: Int32

    private init(_ socket: Int32) {
        self.socket = socket
    }

    private convenience init(
        _ path: String,
        _ call: String,
        _ kind: __socket_type,
        _ use: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws {
        self.init(Glibc.socket(AF_UNIX, Int32(kind.rawValue | SOCK_CLOEXEC.rawValue), 0))
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                use(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Failure(call: call, code: errno) }
    }

    convenience init(connectingTo path: String) throws {
        try self.init(path, "connect", SOCK_SEQPACKET, connect)
    }

    convenience init(listeningAt path: String) throws {
        try self.init(path, "bind", SOCK_SEQPACKET, bind)
        guard listen(socket, 4) == 0 else { throw Failure(call: "listen", code: errno) }
    }

    /// For packets without a connection, as a service manager takes them.
    convenience init(receivingAt path: String) throws {
        try self.init(path, "bind", SOCK_DGRAM, bind)
    }

    deinit {
        close(socket)
    }

    func accept() throws -> Packets {
        let peer = Glibc.accept(socket, nil, nil)
        guard peer >= 0 else { throw Failure(call: "accept", code: errno) }
        return Packets(peer)
    }

    /// A peer that has closed meanwhile is no failure.
    func send(_ bytes: [UInt8], descriptors: [Int32] = []) {
        _ = chandover_send(socket, bytes, bytes.count, descriptors, Int32(descriptors.count))
    }

    /// The next packet; empty at the end.
    func receive() throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4096)
        var descriptors = [Int32](repeating: -1, count: CHANDOVER_DESCRIPTORS)
        var passed: Int32 = 0
        let count = chandover_receive(socket, &bytes, bytes.count, &descriptors, &passed)
        for descriptor in descriptors.prefix(Int(passed)) { close(descriptor) }
        guard count >= 0 || errno == ECONNRESET else { throw Failure(call: "recvmsg", code: errno) }
        return Array(bytes.prefix(max(0, count)))
    }
}
