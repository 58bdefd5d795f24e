internal import CEpoll
internal import ChurnBase
internal import NIOCore

/// Carries a session's bytes over a non-blocking socket. Confined to its loop's thread.
final class EpollConnection: ConnectionTransport {
    let descriptor: CInt
    /// What epoll reports of this connection with.
    let token: UInt64
    private let loop: EpollLoop
    private unowned let context: EpollContext
    private var session: (any ConnectionSession)?
    /// Answers of this turn of the loop, and what the socket has not taken of earlier ones, in order.
    private var unsent: CircularBuffer<ByteBuffer> {
        @inline(__always) _read { yield queue.value }
        @inline(__always) _modify { yield &queue.value }
    }
    private let queue = UncheckedValue(CircularBuffer<ByteBuffer>())
    private var unsentBytes = 0
    /// It has been so since `unsent` was last empty.
    private var wasBackedUp = false
    /// The session adds to what was just sent.
    private var isRefilling = false
    private var isWaitingToSend = false
    private var inputHasEnded = false
    /// What ends when all is sent.
    private var end = End.none
    private var isOpen = true

    private enum End {
        case none, output, connection
    }

    init(_ descriptor: CInt, token: UInt64, loop: EpollLoop, context: EpollContext) {
        self.descriptor = descriptor
        self.token = token
        self.loop = loop
        self.context = context
    }

    func begin(at endpoint: Endpoint) {
        let loop = context.context
        let session = endpoint.dialect.makeSession(on: loop, over: self, peer: Peer(endpoint: endpoint))
        `continue`(with: session)
    }

    func `continue`(with session: any ConnectionSession) {
        if isOpen { self.session = session } else { session.closed() }
    }

    func serve(_ events: UInt32, readBuffer: UnsafeMutableRawBufferPointer) {
        if events & CEPOLL_OUT != 0 { sendUnsent() }
        if events & CEPOLL_IN != 0 { read(readBuffer) }
        // What came before a reset has been read by now, if it was wanted at all.
        if events & CEPOLL_GONE != 0, events & CEPOLL_IN == 0 { close() }
    }

    private func read(_ buffer: UnsafeMutableRawBufferPointer) {
        guard isOpen, let session else { return }
        let room = session.payloadRoom
        let target = room ?? buffer
        // One piece a turn of a large frame, here and in sending: small calls of other connections come between.
        let count = recv(descriptor, target.baseAddress, min(target.count, ServerLimits.pieceBytes), 0)
        if count > 0 {
            if room != nil {
                session.receivedPayload(count)
            } else {
                session.receive(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            }
        } else if count == 0 {
            inputHasEnded = true
            watch()
            session.inputClosed()
        } else if errno != EAGAIN && errno != EINTR {
            close()
        }
    }

    // MARK: ConnectionTransport

    func send(_ frames: inout ByteBuffer) {
        guard isOpen else { return }
        if unsent.isEmpty, !isRefilling { context.sendAtEndOfTurn(self) }
        unsentBytes += frames.readableBytes
        unsent.append(frames)
        if isBackedUp { wasBackedUp = true }
        frames = context.takeSpareBuffer()
    }

    /// One piece is what a turn of the loop sends.
    var isBackedUp: Bool { unsentBytes >= ServerLimits.pieceBytes }

    func closeOutput() {
        guard isOpen else { return }
        end = .output
        if unsent.isEmpty { shutdown(descriptor, CInt(SHUT_WR)) }
    }

    func finish() {
        guard isOpen else { return }
        end = .connection
        if unsent.isEmpty { close() }
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        // Closing takes it off the epoll too.
        Glibc.close(descriptor)
        context.remove(self)
        session?.closed()
        session = nil
    }

    // MARK: Output

    /// Sends what the socket takes of `unsent`; the rest when it takes more.
    func sendUnsent() {
        guard isOpen else { return }
        var piece = ServerLimits.pieceBytes
        while !unsent.isEmpty {
            guard piece > 0 else { return watch() }
            guard let sent = sendNow(atMost: piece) else { return close() }
            piece -= sent
            unsentBytes -= sent
            unsent[unsent.startIndex].moveReaderIndex(forwardBy: sent)
            guard unsent[unsent.startIndex].readableBytes == 0 else { return watch() }
            // Cleared while nothing else refers to its memory: otherwise clearing allocates.
            var sentBuffer = unsent.removeFirst()
            sentBuffer.clear()
            context.keepSpare(sentBuffer)
        }
        if wasBackedUp {
            wasBackedUp = false
            isRefilling = true
            session?.outputTaken()
            isRefilling = false
            guard isOpen else { return }
            // The next piece is the next turn's: small calls of other connections come between.
            if !unsent.isEmpty { return watch() }
        }
        if isWaitingToSend { watch() }
        switch end {
        case .none: break
        case .output: shutdown(descriptor, CInt(SHUT_WR))
        case .connection: close()
        }
    }

    /// Sends from the first of `unsent`.
    ///
    /// - Returns: how many bytes the socket took; `nil` when it is broken.
    private func sendNow(atMost limit: Int) -> Int? {
        unsent[unsent.startIndex].withUnsafeReadableBytes { bytes in
            let count = min(bytes.count, limit)
            while true {
                let sent = Glibc.send(descriptor, bytes.baseAddress, count, CInt(MSG_NOSIGNAL))
                if sent >= 0 { return sent }
                if errno == EAGAIN { return 0 }
                if errno != EINTR { return nil }
            }
        }
    }

    /// Waits for what matters now: for the peer to take its answers, if it has some to take, and else for its input.
    private func watch() {
        isWaitingToSend = !unsent.isEmpty
        loop.watch(descriptor, token: token, input: !isWaitingToSend && !inputHasEnded, output: isWaitingToSend)
    }
}
