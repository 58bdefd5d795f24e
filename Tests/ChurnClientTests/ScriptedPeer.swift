import ChurnProtocol
import NIOCore
import NIOPosix
import Synchronization

/// A server whose every move the test makes: real sockets, and no logic but cutting frames.
final class ScriptedPeer: Sendable {
    let port: Int
    private let listener: any Channel
    private let connections: AsyncStream<PeerConnection>

    /// - Parameters:
    ///   - port: 0 for any.
    ///   - reads: `false` for a peer that takes no byte from its sockets.
    ///   - answering: answers each request where the test does not want to.
    init(port: Int = 0, reads: Bool = true, answering: (@Sendable (PeerRequest) -> [UInt8]?)? = nil) async throws {
        let (connections, accepted) = AsyncStream<PeerConnection>.makeStream()
        listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.autoRead, value: reads)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = PeerConnection(channel)
                    let handler = PeerHandler(requests: connection.arrived, answering: answering)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    accepted.yield(connection)
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        self.port = listener.localAddress?.port ?? 0
        self.connections = connections
    }

    func nextConnection() async throws -> PeerConnection {
        var iterator = connections.makeAsyncIterator()
        guard let connection = await iterator.next() else { throw PeerError.ended }
        return connection
    }

    /// Takes no more connections. Those that are open stay open.
    func stop() async throws {
        try await listener.close()
    }
}

enum PeerError: Error {
    case ended
}

/// What the peer saw of one request.
struct PeerRequest: Sendable, Equatable {
    enum Method: Sendable, Equatable {
        case predict(Int64), predictText(String), ids([Int64]), texts([String]), columns([String]), health, other
    }

    var callID: UInt64
    var timeoutMilliseconds: UInt32
    var model: String
    var method: Method
}

struct PeerConnection: Sendable {
    private let channel: any Channel
    private let requests: AsyncStream<PeerRequest>
    fileprivate let arrived: AsyncStream<PeerRequest>.Continuation

    fileprivate init(_ channel: any Channel) {
        self.channel = channel
        (requests, arrived) = AsyncStream.makeStream()
    }

    func nextRequest() async throws -> PeerRequest {
        var iterator = requests.makeAsyncIterator()
        guard let request = await iterator.next() else { throw PeerError.ended }
        return request
    }

    func nextRequests(_ count: Int) async throws -> [PeerRequest] {
        var all: [PeerRequest] = []
        for _ in 0..<count { all.append(try await nextRequest()) }
        return all
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes))
    }

    func startReading() async throws {
        try await channel.setOption(.autoRead, value: true).get()
    }

    func close() async throws {
        try await channel.close()
    }

    /// Returns when either side has closed.
    func closed() async throws {
        try await channel.closeFuture.get()
    }
}

private final class PeerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let requests: AsyncStream<PeerRequest>.Continuation
    private let answering: (@Sendable (PeerRequest) -> [UInt8]?)?
    private var received = ByteBuffer()
    private let arena = DecodeArena()

    init(requests: AsyncStream<PeerRequest>.Continuation, answering: (@Sendable (PeerRequest) -> [UInt8]?)?) {
        self.requests = requests
        self.answering = answering
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        var output = ByteBuffer()
        while var frame = received.readLengthPrefixedSlice(as: UInt32.self) {
            guard let request = decode(&frame) else { continue }
            if let answering {
                if let answer = answering(request) { output.writeBytes(answer) }
            } else {
                requests.yield(request)
            }
        }
        received.discardReadBytes()
        if output.readableBytes > 0 { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        requests.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func decode(_ frame: inout ByteBuffer) -> PeerRequest? {
        frame.withUnsafeReadableBytes { bytes in
            guard let view = try? RequestView.decode(bytes, arena: arena) else { return nil }
            let method: PeerRequest.Method =
                switch view.call.method {
                case .predictByID(let arguments):
                    if case .text(let text) = arguments.customer {
                        .predictText(String(decoding: text, as: UTF8.self))
                    } else {
                        .predict(arguments.customer.number ?? 0)
                    }
                case .predictBatchByTexts(let texts): .texts(texts.map { String(decoding: $0, as: UTF8.self) })
                case .predictBatchByIDs(let ids): .ids(Array(ids))
                case .predictBatchByColumns(let columns):
                    .columns(columns.map { $0.name.map { String(cString: $0) } ?? "" })
                case .health: .health
                case .predictBatchEmpty, .unknown, .contradictory: .other
                }
            return PeerRequest(
                callID: view.callID,
                timeoutMilliseconds: view.timeoutMilliseconds,
                model: String(cString: view.call.model),
                method: method
            )
        }
    }
}

/// Frames written by hand from the contract, so that the tests do not lean on the encoder of the same package.
enum Frame {
    static func prediction(_ callID: UInt64, customer: Int64, probability: Double = 0.25) -> [UInt8] {
        let body = fixed64(1, UInt64(bitPattern: customer)) + fixed64(2, probability.bitPattern)
        return frame(fixed64(1, callID) + bytes(4, body))
    }

    static func batch(_ callID: UInt64, probabilities: [Double]) -> [UInt8] {
        let packed = probabilities.flatMap { littleEndian($0.bitPattern) }
        return frame(fixed64(1, callID) + bytes(5, bytes(1, packed)))
    }

    static func health(_ callID: UInt64) -> [UInt8] {
        frame(fixed64(1, callID) + bytes(6, varint(1, 1)))
    }

    static func status(_ callID: UInt64, _ code: StatusCode, _ message: String, notProcessed: Bool = false) -> [UInt8] {
        var body = varint(1, UInt64(code.rawValue)) + bytes(2, Array(message.utf8))
        if notProcessed { body += varint(3, 1) }
        return frame((callID == 0 ? [] : fixed64(1, callID)) + bytes(2, body))
    }

    static let drainingNotice = frame(bytes(7, varint(1, 1)))

    static func frame(_ payload: [UInt8]) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) } + payload
    }

    private static func littleEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func fixed64(_ field: UInt8, _ value: UInt64) -> [UInt8] { [field << 3 | 1] + littleEndian(value) }

    private static func varint(_ field: UInt8, _ value: UInt64) -> [UInt8] { [field << 3] + encoded(value) }

    private static func bytes(_ field: UInt8, _ content: [UInt8]) -> [UInt8] {
        [field << 3 | 2] + encoded(UInt64(content.count)) + content
    }

    private static func encoded(_ value: UInt64) -> [UInt8] {
        var rest = value
        var all: [UInt8] = []
        while rest >= 0x80 {
            all.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        return all + [UInt8(rest)]
    }
}
