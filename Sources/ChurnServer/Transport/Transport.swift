package import NIOCore

/// A connection's socket, as its session sees it. Used on the thread of its loop only.
package protocol ConnectionTransport: AnyObject {
    /// Sends the bytes, soon or as the peer takes them, behind what was sent before. A peer that does not take them is
    /// not read from until it does.
    ///
    /// - Parameter frames: kept by reference, or taken and replaced by another buffer; the caller clears it.
    func send(_ frames: inout ByteBuffer)

    /// So much waits for the peer to take it that a session which can hold more back does: `outputTaken` follows.
    var isBackedUp: Bool { get }

    /// Tells the peer that no more will come, behind what was sent before.
    func closeOutput()

    /// Closes the connection when all that was sent has been taken.
    func finish()

    /// Closes the connection now; `closed` of its session follows, perhaps within this call.
    func close()

    /// From here on the connection is that session's.
    func `continue`(with session: any ConnectionSession)
}

/// A thread that serves connections, as other threads see it.
package protocol ServingLoop: Sendable {
    /// Runs `task` on the loop's thread, behind the tasks before it. A loop that has ended drops it.
    func execute(_ task: @escaping @Sendable (LoopContext) -> Void)
}

/// Accepts connections and carries their bytes.
///
/// Two of them serve: `EpollTransport`, the faster, and `NIOTransport`. A session does not know which it has.
protocol Transport: Sendable {
    var loops: [any ServingLoop] { get }

    /// Begins to accept connections.
    func accept(at endpoints: [OpenEndpoint]) async throws(ServerError)

    /// Accepts no more, and closes the listening sockets; connections that are open stay. When it returns, everything
    /// that was accepted has its session.
    ///
    /// - Parameter leavingQueue: another process has the listening sockets as well: peers that wait in their queues are left
    ///   to that one. Otherwise they are accepted now.
    func stopAccepting(leavingQueue: Bool) async

    /// Closes what is still open, and ends the threads. Once, and after it nothing.
    func shutDown() async
}

extension ServingLoop {
    /// Runs `task` on the loop's thread and waits for what it returns.
    func submit<T: Sendable>(_ task: @escaping @Sendable (LoopContext) -> T) async -> T {
        await withCheckedContinuation { continuation in
            execute { continuation.resume(returning: task($0)) }
        }
    }
}
