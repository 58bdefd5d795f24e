internal import NIOCore

/// A connection's socket, as its session sees it. Used on the thread of its loop only.
protocol ConnectionTransport: AnyObject {
    /// Sends the bytes, soon or as the peer takes them, behind what was sent before. A peer that does not take them is
    /// not read from until it does.
    ///
    /// - Parameter frames: kept by reference, or taken and replaced by another buffer; the caller clears it.
    func send(_ frames: inout ByteBuffer)

    /// Tells the peer that no more will come, behind what was sent before.
    func closeOutput()

    /// Closes the connection when all that was sent has been taken.
    func finish()

    /// Closes the connection now; `Session.closed` follows, perhaps within this call.
    func close()
}

/// A thread that serves connections, as other threads see it.
protocol ServingLoop: Sendable {
    /// Runs `task` on the loop's thread, behind the tasks before it. A loop that has ended drops it.
    func execute(_ task: @escaping @Sendable (LoopContext) -> Void)
}

/// Accepts connections and carries their bytes.
///
/// Two of them serve: `EpollTransport`, the faster, and `NIOTransport`. A session does not know which it has.
protocol Transport: Sendable {
    var loops: [any ServingLoop] { get }

    /// Begins to accept connections.
    ///
    /// - Returns: the address that is listened on, with the port that was chosen for port 0.
    func listen(host: String, port: Int) async throws(ServerError) -> (host: String, port: Int)

    /// Accepts no more; those that are open stay.
    func stopListening() async

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
