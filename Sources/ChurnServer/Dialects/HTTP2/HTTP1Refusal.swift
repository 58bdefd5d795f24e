internal import NIOCore

/// Answers a peer that speaks HTTP/1.1 on an address of gRPC that this address does not, and closes.
final class HTTP1RefusalSession: ConnectionSession {
    let id: Int
    private let loop: LoopContext
    private var transport: (any ConnectionTransport)?
    private var hasAnswered = false
    private let overdueAt = NIODeadline.now() + ServerLimits.lingerTimeout

    private static let answer: String = {
        let text = "This port does not speak HTTP/1.1. A client of gRPC finds it by HTTP/2 with prior knowledge.\n"
        return "HTTP/1.1 505 HTTP Version Not Supported\r\nconnection: close\r\ncontent-type: text/plain\r\n"
            + "content-length: \(text.utf8.count)\r\n\r\n" + text
    }()

    init(loop: LoopContext, transport: any ConnectionTransport) {
        self.loop = loop
        self.transport = transport
        id = loop.nextSessionID()
        loop.add(self)
    }

    /// Answers the first bytes. What follows is thrown away: closing a socket with unread input would reset it, and the
    /// peer might never see the answer.
    func receive(_ bytes: UnsafeRawBufferPointer) {
        guard !hasAnswered else { return }
        hasAnswered = true
        var output = ByteBuffer(string: Self.answer)
        transport?.send(&output)
        transport?.closeOutput()
    }

    func inputClosed() { transport?.finish() }

    func closed() {
        guard transport != nil else { return }
        transport = nil
        loop.remove(self)
    }

    func finish(_ late: [LateAnswers.Item]) {}
    func announceDraining() {}
    func closeIfOverdue(_ now: NIODeadline) { if now >= overdueAt { close() } }
    func close() { transport?.close() }
}
