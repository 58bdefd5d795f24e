internal import Glibc

/// A port that no other test is given while this lives, whether or not a server of this test listens on it.
///
/// The socket is bound and does not listen, so connections are refused; with SO_REUSEADDR on both, a listener may be
/// bound beside it (socket(7)), and a bind to port 0 passes it over.
package final class ReservedPort: Sendable {
    package struct Failure: Error {
        package var code: Int32
    }

    package let port: Int
    private let descriptor: Int32

    package init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(code: errno) }
        var yes: Int32 = 1
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes -> Int32 in
            let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self)
            guard setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0,
                bind(descriptor, pointer, length) == 0
            else { return -1 }
            return getsockname(descriptor, pointer, &length)
        }
        guard result == 0 else {
            let code = errno
            _ = close(descriptor)
            throw Failure(code: code)
        }
        self.descriptor = descriptor
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    deinit {
        _ = close(descriptor)
    }
}
