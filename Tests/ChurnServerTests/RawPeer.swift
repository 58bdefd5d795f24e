import ChurnProtocol
import Glibc
import NIOCore
import ServerTestSupport
import TestSupport

/// A peer on a real socket that sends whatever bytes a test wants. Blocking, with a time-out on every read, so that a
/// server that hangs fails the test.
final class RawPeer: @unchecked Sendable {  // used by one test at a time
    struct Failure: Error {
        var call: String
        var code: Int32
    }

    private let socket: Int32
    private var received: [UInt8] = []

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw Failure(call: "socket", code: errno) }
        var timeout = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(socket)
            throw Failure(call: "connect", code: code)
        }
    }

    deinit {
        close(socket)
    }

    /// Sends all bytes. A peer that has closed meanwhile is no failure: what it said before is still to be read.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(socket, $0.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    func send(_ request: Request, callID: UInt64, timeout: UInt32 = 0) {
        send(Self.frame(request, callID: callID, timeout: timeout))
    }

    static func frame(_ request: Request, callID: UInt64, timeout: UInt32 = 0) -> [UInt8] {
        var buffer = ByteBuffer()
        precondition(RequestEncoder.write(request, callID: callID, timeoutMilliseconds: timeout, to: &buffer))
        return Array(buffer.readableBytesView)
    }

    /// Says that nothing more will be sent.
    func endOutput() {
        shutdown(socket, Int32(SHUT_WR))
    }

    /// The next response; `nil` when the server has closed the connection.
    ///
    /// - Throws: `Failure` when nothing comes within 30 s; `DecodeError` for a frame that is not a response.
    func receive() throws -> Response? {
        while true {
            if received.count >= 4 {
                let length = received.withUnsafeBytes { FrameHeader.payloadBytes($0.baseAddress.unsafelyUnwrapped) }
                if received.count >= 4 + length {
                    let arena = DecodeArena()
                    let response = try received.withUnsafeBytes {
                        try Response.decode(UnsafeRawBufferPointer(rebasing: $0[4..<(4 + length)]), arena: arena)
                    }
                    received.removeFirst(4 + length)
                    return response
                }
            }
            guard try receiveBytes() else { return nil }
        }
    }

    /// The next line of text, without its end; `nil` when the server has closed the connection.
    func receiveLine() throws -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            guard try receiveBytes() else { return nil }
        }
    }

    /// The next bytes, as many as that; fewer when the server has closed the connection.
    func receive(_ count: Int) throws -> [UInt8] {
        while received.count < count, try receiveBytes() {}
        defer { received.removeFirst(min(count, received.count)) }
        return Array(received.prefix(count))
    }

    /// Whatever comes next; `nil` when the server has closed the connection.
    func receiveSome() throws -> [UInt8]? {
        guard try !received.isEmpty || receiveBytes() else { return nil }
        defer { received = [] }
        return received
    }

    /// - Returns: `false` when the server has closed the connection.
    private func receiveBytes() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1 << 18)
        let count = chunk.withUnsafeMutableBytes { recv(socket, $0.baseAddress, $0.count, 0) }
        // The server may answer a fault and then reset a connection that went on sending.
        if count == 0 || (count < 0 && errno == ECONNRESET) { return false }
        guard count > 0 else { throw Failure(call: "recv", code: errno) }
        received.append(contentsOf: chunk.prefix(count))
        return true
    }

    /// One call, alone on the connection.
    func call(_ request: Request, callID: UInt64 = 7, timeout: UInt32 = 0) throws -> Response {
        send(request, callID: callID, timeout: timeout)
        guard let response = try receive() else { throw Failure(call: "receive: the connection was closed", code: 0) }
        return response
    }
}

extension TestServer {
    func connect() async throws -> RawPeer {
        try await blocking { [port] in try RawPeer(port: port) }
    }
}
