internal import NIOCore

/// The limits of a server that are not settings, in one place. Those of the wire are `ProtocolLimits`, those of
/// answering calls `ServingLimits`.
package enum ServerLimits {
    /// A request up to this size is decoded, scored and answered within the event loop; it costs at most some 100 us.
    /// A larger one goes to a worker thread, so that it does not delay small calls.
    package static let inlinePayloadBytes = 64 * 1024

    /// What all large frames together may hold, from the arrival of their header to their answer.
    static let largeFramesBytes = 256 * 1024 * 1024

    /// The nice value of threads that answer large frames; see setpriority(2).
    static let workerNice: CInt = 10

    /// What a worker keeps from one large frame to the next: decoded bytes, and rows of answers.
    static let keptArenaBytes = 4 * 1024 * 1024
    static let keptBatchRows = 256 * 1024

    /// A frame that has begun to arrive must be complete within this time.
    static let frameTimeout = TimeAmount.seconds(30)

    /// On a port that several dialects share, a connection must have sent its first byte within this time.
    static let firstByteTimeout = TimeAmount.seconds(30)

    /// How long a connection that is being closed for a fault still discards input, so that the peer can read why.
    static let lingerTimeout = TimeAmount.seconds(5)

    /// How often connections are checked for the time-outs above.
    static let sweepInterval = TimeAmount.milliseconds(500)

    /// An output buffer that has grown above this is given back after its flush.
    static let keptOutputBytes = 256 * 1024

    /// What is read or sent of a large frame in one turn of a loop: some 50 us.
    static let pieceBytes = 256 * 1024

    /// The beginning of a frame is kept in memory that stays with its connection up to this size.
    static let keptPartialBytes = 4 * 1024

    /// What is read from a connection at once, but for the payload of a large frame. One buffer a loop.
    static let readBytes = 32 * 1024

    /// Output buffers that a loop keeps for the next turn, and the capacity up to which one is kept.
    static let spareBuffers = 64
    static let spareBufferBytes = 32 * 1024

    /// Streams of HTTP/2 that a loop keeps for the next calls.
    static let spareStreams = 1024

    /// Connections that the system holds until they are accepted.
    static let acceptBacklog: Int32 = 1024

    /// Listening sockets of a server, and so of a hand-over.
    static let endpoints = 16

    /// How long the two servers of a hand-over wait for an answer of the other's that costs it nothing.
    static let handoverAnswerTimeout = Duration.seconds(5)

    /// How long a server that was given the listening socket may load and check before it is ready.
    static let handoverReadyTimeout = Duration.seconds(600)

    /// Connections to the socket of the hand-over: those that wait, and those that have not said what they want.
    static let handoverBacklog: Int32 = 8
    static let handoverPeers = 8
}
