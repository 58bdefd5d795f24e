internal import CEpoll
internal import ChurnBase
internal import Logging
internal import NIOPosix
internal import Synchronization

/// Where the next server asks this one for its listening sockets: a Unix socket, and a thread that waits at it.
///
/// One successor at a time. One that goes away before it is ready, or takes too long, changes nothing.
final class HandoverPoint: Sendable {
    /// A server that has said that it is ready, and waits to hear that this one accepts no more.
    final class Successor: Sendable {
        fileprivate let socket: CInt

        fileprivate init(_ socket: CInt) {
            self.socket = socket
        }

        deinit {
            close(socket)
        }

        func yield() {
            _ = HandoverMessage.yielded.send(to: socket)
        }
    }

    private let path: String
    private var nextPath: String { path + Self.suffix }
    private let listening: CInt
    private let wakeup: CInt
    private let threads = NIOThreadPool(numberOfThreads: 1)
    private let isOpen = Atomic(false)
    private let isShared = Atomic(false)

    private static let suffix = ".next"

    /// Makes the socket, beside its path: whoever is there stays there until `open`.
    ///
    /// - Throws: `ServerError.handover` when there can be no socket at this path.
    init(path: String) throws(ServerError) {
        guard (1...UnixSocket.mostPathBytes - Self.suffix.utf8.count).contains(path.utf8.count), !path.hasPrefix("@")
        else {
            throw .handover("\(path): this cannot be the path of a Unix socket; name a shorter one with --handover")
        }
        self.path = path
        listening = UnixSocket.make(SOCK_SEQPACKET)
        wakeup = cepoll_wakeup_create()
        guard listening >= 0, wakeup >= 0 else { throw .system("cannot make a Unix socket: \(SystemError.last.text)") }
        unlink(nextPath)
        guard UnixSocket.withAddress(nextPath, { bind(listening, $0, $1) }) == 0,
            chmod(nextPath, S_IRUSR | S_IWUSR) == 0,
            Glibc.listen(listening, ServerLimits.handoverBacklog) == 0
        else {
            throw .handover(
                "\(path): cannot be listened on (\(SystemError.last.text)); name another path with --handover"
            )
        }
    }

    deinit {
        for descriptor in [listening, wakeup] where descriptor >= 0 { close(descriptor) }
    }

    /// Whether a successor has the listening sockets as well, ready or not.
    var hasSharedSockets: Bool { isShared.load(ordering: .acquiring) }

    /// Takes the place at the path, from a server before or from a file that was left behind, and waits there.
    ///
    /// - Parameter onReady: called once at most, on a thread of this: the successor accepts connections now.
    func open(_ listeners: [ListeningSocket], _ logger: Logger, onReady: @escaping @Sendable (Successor) -> Void) {
        guard rename(nextPath, path) == 0 else {
            // It serves all the same, and to stop now would be worse than to hand over by a stop and a start later.
            return logger.error("no hand-over at \(path)", metadata: ["reason": "\(SystemError.last.text)"])
        }
        isOpen.store(true, ordering: .releasing)
        threads.start()
        threads.submit { [self] _ in
            let waiting = HandoverServer(listening: listening, wakeup: wakeup, listeners: listeners, logger: logger) {
                [self] in
                isShared.store($0, ordering: .releasing)
            }
            if let socket = waiting.run() { onReady(Successor(socket)) }
        }
    }

    /// Ends the thread. Once, and after it nothing.
    ///
    /// - Parameter removingFile: not when a successor has its own there.
    func shutDown(removingFile: Bool) async {
        // What is at the path is another server's until `open`.
        guard isOpen.load(ordering: .acquiring) else {
            unlink(nextPath)
            return
        }
        if removingFile { unlink(path) }
        cepoll_wake(wakeup)
        try? await threads.shutdownGracefully()
    }
}

/// What the thread of a `HandoverPoint` does.
private struct HandoverServer {
    private struct Peer {
        var socket: CInt
        /// Milliseconds of the monotonic clock; it is let go of then.
        var deadline: Int64
        var hasSockets = false
    }

    let listening: CInt
    let wakeup: CInt
    let listeners: [ListeningSocket]
    let logger: Logger
    let shares: (Bool) -> Void

    /// Waits for a successor, or for `wakeup`.
    ///
    /// - Returns: the socket of a successor that is ready.
    func run() -> CInt? {
        var peers: [Peer] = []
        defer { for peer in peers { close(peer.socket) } }
        var polls = true
        while true {
            // poll(2) passes over what is negative.
            var watched = ([wakeup, polls ? listening : -1] + peers.map(\.socket)).map {
                pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
            }
            let rest = peers.map(\.deadline).min().map { max(0, min($0 - Self.now(), 60_000)) } ?? -1
            let pause = polls ? rest : Self.pauseMilliseconds
            guard poll(&watched, nfds_t(watched.count), CInt(pause)) >= 0 else { continue }
            if watched[0].revents != 0 { return nil }
            let now = Self.now()
            for index in peers.indices.reversed() {
                if watched[2 + index].revents != 0 {
                    if handleMessage(&peers, index) == .ready { return peers.remove(at: index).socket }
                } else if peers[index].deadline <= now {
                    logger.warning("a hand-over took too long")
                    dismiss(&peers, index)
                }
            }
            // With no descriptors left, peers stay in the backlog, and the socket is not polled for a while.
            polls = watched[1].revents == 0 || admit(&peers)
        }
    }

    private static let pauseMilliseconds: Int64 = 500

    /// - Returns: `false` when the system has nothing to accept a connection with.
    private func admit(_ peers: inout [Peer]) -> Bool {
        // It does not block: a peer that says nothing cannot hold this thread.
        let socket = cepoll_accept(listening)
        guard socket >= 0 else { return !SystemError.last.isShortage }
        guard peers.count < ServerLimits.handoverPeers, UnixSocket.peerIsThisUser(socket) else {
            _ = HandoverMessage.refused.send(to: socket)
            close(socket)
            return true
        }
        peers.append(
            Peer(socket: socket, deadline: Self.now() + ServerLimits.handoverAnswerTimeout.components.seconds * 1000)
        )
        return true
    }

    private enum Outcome {
        case ready, other
    }

    private func handleMessage(_ peers: inout [Peer], _ index: Int) -> Outcome {
        let peer = peers[index]
        switch HandoverMessage.receive(from: peer.socket) {
        case .message(.take, descriptors: []) where !peers.contains { $0.hasSockets }:
            guard HandoverMessage.sockets.send(to: peer.socket, descriptors: listeners.map(\.descriptor)) else { break }
            logger.notice("another server is about to take over")
            peers[index].hasSockets = true
            shares(true)
            peers[index].deadline = Self.now() + ServerLimits.handoverReadyTimeout.components.seconds * 1000
            return .other
        case .message(.ready, descriptors: []) where peer.hasSockets:
            return .ready
        case .message(_, let descriptors):
            for descriptor in descriptors { close(descriptor) }
        case .end where peer.hasSockets:
            logger.warning("the server that was about to take over has gone; this one goes on")
        case .nothing, .end, .foreign: break
        }
        dismiss(&peers, index)
        return .other
    }

    private func dismiss(_ peers: inout [Peer], _ index: Int) {
        let peer = peers.remove(at: index)
        if peer.hasSockets { shares(false) }
        _ = HandoverMessage.refused.send(to: peer.socket)
        close(peer.socket)
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
