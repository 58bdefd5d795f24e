internal import ChurnBase

/// The server that listens now, as the one sees it that is to take over. Everything here blocks, for a bounded time.
///
/// When it is let go of without `takeOver`, the old server goes on as if nothing had been.
final class Predecessor: Sendable {
    enum Outcome {
        /// It accepts no more.
        case yielded
        /// It has ended without a word. Nobody else listens.
        case gone
        /// It was told, and says nothing. It will stop accepting when it comes to it.
        case silent
        /// It goes on listening, and this server must not.
        case refused
    }

    /// The sockets that it listens on, now this process's as well.
    let listeners: [ListeningSocket]
    private let socket: CInt

    private init(_ socket: CInt, _ listeners: [ListeningSocket]) {
        self.socket = socket
        self.listeners = listeners
    }

    deinit {
        close(socket)
    }

    /// Asks the server that waits at a path for its listening sockets.
    ///
    /// - Returns: `nil` when there is none: no file, or one that was left behind.
    /// - Throws: `ServerError.handover` when what is there does not hand over.
    static func find(at path: String) throws(ServerError) -> Predecessor? {
        func fail(_ what: String) -> ServerError { .handover("\(path): \(what)") }
        var file = stat()
        guard lstat(path, &file) == 0 else {
            guard errno == ENOENT else { throw fail(SystemError.last.text) }
            return nil
        }
        guard file.st_mode & S_IFMT == S_IFSOCK else {
            throw fail("is not a socket; name another path with --handover")
        }
        let socket = UnixSocket.make(SOCK_SEQPACKET)
        guard socket >= 0 else { throw .system("cannot make a Unix socket: \(SystemError.last.text)") }
        var keeps = false
        defer { if !keeps { close(socket) } }
        var timeout = timeval(tv_sec: Int(ServerLimits.handoverAnswerTimeout.components.seconds), tv_usec: 0)
        for direction in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(socket, SOL_SOCKET, direction, &timeout, socklen_t(MemoryLayout<timeval>.size))
        }
        guard UnixSocket.withAddress(path, { connect(socket, $0, $1) }) == 0 else {
            // The file of a server that was killed. Who has ended since the look at the file has left nothing at all.
            if errno == ECONNREFUSED || errno == ENOENT { return nil }
            throw fail("cannot be asked for its listening socket: \(SystemError.last.text)")
        }
        guard UnixSocket.peerIsThisUser(socket) else { throw fail("belongs to another user") }
        guard HandoverMessage.take.send(to: socket) else { throw fail(SystemError.last.text) }
        switch HandoverMessage.receive(from: socket) {
        case .message(.sockets, let descriptors):
            var listeners: [ListeningSocket] = []
            for descriptor in descriptors {
                if let listener = ListeningSocket.adopt(descriptor) {
                    listeners.append(listener)
                } else {
                    close(descriptor)
                }
            }
            guard !listeners.isEmpty, listeners.count == descriptors.count else {
                throw fail("the server there sent something that is not a listening socket")
            }
            keeps = true
            return Predecessor(socket, listeners)
        case .message(.refused, _): throw fail("another server is taking over already, or the one there is ending")
        case .message(_, let descriptors):
            for descriptor in descriptors { close(descriptor) }
            throw fail("the server there does not speak this hand-over")
        case .foreign: throw fail("the server there does not speak this hand-over")
        case .end: throw fail("the server there has just ended; try again")
        case .nothing: throw fail("the server there does not answer")
        }
    }

    /// Its socket at each endpoint's address; `nil` where it has none, and each socket once.
    func listeners(for endpoints: [Endpoint]) throws(ServerError) -> [ListeningSocket?] {
        var rest = listeners
        var found: [ListeningSocket?] = endpoints.map { _ in nil }
        // Last, those that any port is right for.
        for index in endpoints.indices.filter({ endpoints[$0].port != 0 })
            + endpoints.indices.filter({ endpoints[$0].port == 0 })
        {
            let endpoint = endpoints[index]
            for (position, listener) in rest.enumerated()
            where try listener.isAt(host: endpoint.host, port: endpoint.port) {
                found[index] = rest.remove(at: position)
                break
            }
        }
        return found
    }

    /// Whether it is still there and waits for this one.
    var isWaiting: Bool {
        var watched = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        // It says nothing before it is told something: whatever can be read is its end, or a refusal.
        return poll(&watched, 1, 0) == 0
    }

    /// Tells it that this server accepts connections, and waits until it accepts no more.
    func takeOver() -> Outcome {
        // It fails when the other end is closed, and then there is still to be read what it said last.
        _ = HandoverMessage.ready.send(to: socket)
        return switch HandoverMessage.receive(from: socket) {
        case .message(.yielded, _): .yielded
        case .message(.refused, _): .refused
        case .end: .gone
        case .message, .nothing, .foreign: .silent
        }
    }
}
