internal import CHandover
internal import ChurnBase

/// Unix sockets, unix(7).
enum UnixSocket {
    /// What fits into a `sockaddr_un` beside its final zero.
    static let mostPathBytes = 107

    /// - Parameter kind: `SOCK_SEQPACKET` for packets on a connection, `SOCK_DGRAM` for packets without one.
    /// - Returns: -1 when the system refuses.
    static func make(_ kind: __socket_type) -> CInt {
        socket(AF_UNIX, CInt(kind.rawValue | SOCK_CLOEXEC.rawValue), 0)
    }

    /// - Parameter path: one that begins with `@` is an abstract address, which no file stands for.
    static func withAddress<T>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8.prefix(mostPathBytes))
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            room.copyBytes(from: bytes)
            if bytes.first == UInt8(ascii: "@") { room[0] = 0 }
        }
        // An abstract address ends where its length says, a path at its zero, which is there already.
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }

    /// Whether the other end is a process of the same user.
    static func peerIsThisUser(_ descriptor: CInt) -> Bool {
        var user = uid_t()
        return chandover_peer_user(descriptor, &user) == 0 && user == geteuid()
    }
}
