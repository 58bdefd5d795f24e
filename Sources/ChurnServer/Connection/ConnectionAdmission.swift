internal import ChurnProtocol
internal import NIOCore
internal import Synchronization

/// Counts open connections, so that one above the limit is told so and closed.
final class ConnectionAdmission: Sendable {
    private let limit: Int
    private let open = Atomic<Int>(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Every `true` is to be followed by one `leave`.
    func admit() -> Bool {
        guard open.add(1, ordering: .relaxed).newValue <= limit else {
            leave()
            return false
        }
        return true
    }

    func leave() {
        open.subtract(1, ordering: .relaxed)
    }
}

/// Stands where a connection handler would, on a connection above the limit: says why, and closes.
final class RefusalHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        var output = ByteBuffer()
        ResponseEncoder.write(
            status: .resourceExhausted,
            message: "the server has reached its limit of connections; close some, or try another server",
            notProcessed: true,
            callID: 0,
            to: &output
        )
        context.writeAndFlush(wrapOutboundOut(output), promise: nil)
        context.close(promise: nil)
    }
}
