internal import Glibc

/// One connection that sends some bytes and reads what it is sent back. Blocking, with a time-out of 30 s.
package enum TCPExchange {
    package struct Failure: Error {
        package var call: String
        package var code: Int32
    }

    /// - Parameter count: ends the reading; fewer come back from a server that closes before.
    package static func answer(port: Int, to bytes: [UInt8], count: Int) throws -> [UInt8] {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard socket >= 0 else { throw Failure(call: "socket", code: errno) }
        defer { close(socket) }
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { throw Failure(call: "connect", code: errno) }
        guard send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(call: "send", code: errno)
        }
        var answer: [UInt8] = []
        while answer.count < count {
            var chunk = [UInt8](repeating: 0, count: count - answer.count)
            let read = recv(socket, &chunk, chunk.count, 0)
            if read == 0 || (read < 0 && errno == ECONNRESET) { break }
            guard read > 0 else { throw Failure(call: "recv", code: errno) }
            answer += chunk.prefix(read)
        }
        return answer
    }
}
