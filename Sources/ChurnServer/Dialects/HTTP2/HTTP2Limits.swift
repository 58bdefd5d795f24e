internal import NIOCore

/// The limits of HTTP/2 sessions, in one place.
enum HTTP2Limits {
    /// Bytes that begin every connection of a client.
    static let prefaceBytes = 24

    /// All header fields of a request, as HTTP/2 counts them: its metadata above all.
    static let headerBytes = 16 * 1024

    /// A header block may have a byte stand for a field of 4 KiB. A peer that makes the server read so much is sent away.
    static let mostHeaderBytes = 64 * 1024

    /// What a peer may send of a request before it is told that there is room for more: a large message does not wait
    /// for a round trip every 64 KiB.
    static let streamWindowBytes: Int32 = 1024 * 1024
    static let connectionWindowBytes: Int32 = 4 * 1024 * 1024

    /// Acknowledgements of pings and settings that wait to be sent; more are a flood.
    static let unsentAcknowledgements = 1000

    static let settingsOfFrame = 32

    /// Streams that a peer may reset at once, and how many more in a second.
    static let resetBurst: UInt64 = 1000
    static let resetsPerSecond: UInt64 = 100

    /// Pings of a peer that begins no streams, at once, and how many more in a second. Clients that keep an idle
    /// connection alive send one every 10 s or less often.
    static let pingBurst = 100
    static let pingsPerSecond = 2

    /// Frames that carry nothing: DATA without a byte that does not end its stream, PRIORITY, and types that are not of
    /// HTTP/2's core. At once, how many more in a second, and how many more with each stream that is begun. They are the
    /// cheapest to send: one read holds thousands, and while they are parsed every other connection of the loop waits.
    static let emptyFrameBurst = 256
    static let emptyFramesPerSecond = 128
    static let emptyFramesPerStream = 4

    /// After so many of them what is left of a read is looked at only when there may be more.
    static let emptyFramesOfPiece = 64

    /// A peer that was answered before its request was whole may take so long to notice, until its stream is reset.
    static let earlyAnswerLinger = TimeAmount.seconds(2)

    /// CONTINUATION frames behind one HEADERS frame.
    static let continuations = 8

    /// How long a drain waits for the round trip between its two GOAWAY frames.
    static let drainRoundTrip = TimeAmount.seconds(1)

    /// Rows of a message of PredictBatchStream, each of ten bytes: together some 1.3 MB, of the 4 MiB that clients take by
    /// default.
    static let rowsPerMessage = 128 * 1024

    /// A request of server reflection: a name, or little more.
    static let reflectionRequestBytes = 4 * 1024

    /// Answers of a call of server reflection that wait to be read; reserved for the call from its beginning.
    static let reflectionAnswerBytes = 256 * 1024

    /// Calls of one connection that watch the server's state.
    static let healthWatches = 16
}
