internal import Foundation
internal import Glibc
internal import Synchronization

/// Passes bytes between clients and a server on this machine, until it cuts the line.
///
/// A thread for each direction of each connection, which ends with it.
package final class CuttingProxy: Sendable {
    package struct Failure: Error {
        package var code: Int32
    }

    private struct State {
        var isCut = false
        /// Bytes of the server's that may still pass; nil when there is no limit.
        var repliesLeft: Int?
        /// Both ends of every connection.
        var sockets: Set<Int32> = []
        var accepted = 0
    }

    private let reserved: ReservedPort
    private let listener: Int32
    private let upstream: Int
    private let state = Mutex(State())

    package var port: Int { reserved.port }

    /// Connections accepted so far, those too that were closed at once because the line was cut.
    package var accepted: Int { state.withLock { $0.accepted } }

    /// - Parameter upstream: the port of the server, on 127.0.0.1.
    package init(to upstream: Int) throws {
        self.upstream = upstream
        reserved = try ReservedPort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        guard listener >= 0,
            setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0,
            Self.withAddress(reserved.port, { bind(listener, $0, $1) }) == 0, listen(listener, 128) == 0
        else { throw Failure(code: errno) }
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 && errno == EINTR { continue }
                guard client >= 0, let self else { return }
                join(client)
            }
        }
    }

    deinit {
        // Wakes the threads, which then find nobody to work for.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        state.withLock { for socket in $0.sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    /// Breaks every connection, and each new one at once, until `mend`.
    package func cut() {
        state.withLock { state in
            state.isCut = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Cuts the line when the server has sent so many more bytes: in the middle of a reply.
    package func cut(afterReplyBytes count: Int) {
        state.withLock { $0.repliesLeft = count }
    }

    package func mend() {
        state.withLock {
            $0.isCut = false
            $0.repliesLeft = nil
        }
    }

    private func join(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isOpen = state.withLock { state in
            state.accepted += 1
            guard !state.isCut, server >= 0 else { return false }
            state.sockets.formUnion([client, server])
            return true
        }
        guard isOpen, Self.withAddress(upstream, { connect(server, $0, $1) }) == 0 else {
            leave([client, server])
            return
        }
        let ends = Ends()
        for (source, sink, isReply) in [(client, server, false), (server, client, true)] {
            Thread.detachNewThread { [self] in
                pump(source, sink, isReply: isReply)
                shutdown(source, Int32(SHUT_RDWR))
                shutdown(sink, Int32(SHUT_RDWR))
                // The one that ends last closes: before, the number could go to another connection.
                if ends.end() == 2 { leave([client, server]) }
            }
        }
    }

    private final class Ends: Sendable {
        private let count = Mutex(0)

        func end() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    private func leave(_ sockets: [Int32]) {
        state.withLock { state in
            state.sockets.subtract(sockets)
            for socket in sockets where socket >= 0 { close(socket) }
        }
    }

    private func pump(_ source: Int32, _ sink: Int32, isReply: Bool) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(source, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            let passing = isReply ? allow(count) : count
            var sent = 0
            while sent < passing {
                let written = chunk[sent..<passing].withUnsafeBytes {
                    send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if written < 0 && errno == EINTR { continue }
                guard written > 0 else { return }
                sent += written
            }
            if passing < count { return cut() }
        }
    }

    private func allow(_ count: Int) -> Int {
        state.withLock { state in
            guard let left = state.repliesLeft else { return count }
            let passing = min(count, left)
            state.repliesLeft = left - passing
            return passing
        }
    }

    private static func withAddress(
        _ port: Int,
        _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            body(bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
