internal import NIOCore

/// The limits of HTTP, whatever its version, in one place. All but those of bodies are checked from the head alone.
package enum HTTPLimits {
    /// Longest target of a request; a longer one is answered with 414.
    package static let targetBytes = 8 * 1024

    /// Longest method. No method that is known has more; a longer one is answered with 501.
    static let methodBytes = 16

    /// Longest request line: method, target, version, two spaces and the end of the line.
    static let requestLineBytes = targetBytes + methodBytes + 12

    /// Longest head of a request, its request line included, and most fields in it; beyond them the answer is 431.
    package static let headBytes = 16 * 1024
    package static let fields = 100

    /// Largest body of a request, packed and unpacked; a larger one is answered with 413. 32 MiB of JSON hold a batch of a
    /// million rows of three features. What is read from it takes up to four times as much of the common budget.
    package static let bodyBytes = 32 * 1024 * 1024

    /// Largest body of a request for one prediction, which is read within the event loop; and of one that needs no body.
    package static let smallBodyBytes = 16 * 1024

    /// Longest line that begins a chunk, its extensions included, and most bytes of trailers.
    package static let chunkLineBytes = 256
    package static let trailerBytes = 4 * 1024

    /// A batch up to this size is read, scored and written within the event loop: some 600 customers, at most some 150 us.
    /// A larger one goes to a worker thread. JSON costs ten times as much as a frame of the same rows.
    static let inlineBatchBytes = 4 * 1024

    /// Answers to batches above so many rows are packed with gzip for callers that take it.
    static let plainRows = 100

    /// What an answer in pieces takes of the common budget beside its rows: the piece in hand, whose memory grows by doubling,
    /// and zlib's state.
    static let piecesBytes = 3 * ServerLimits.pieceBytes

    /// Requests of one connection that are being answered, and answers that wait for those before them. A peer that sends
    /// more before it has read its answers is refused.
    static let pipelinedRequests = 256

    /// Bytes of answers that wait for those before them: input is not taken beyond these.
    static let waitingAnswerBytes = 1024 * 1024

    /// A connection that has no request in hand is closed after this time.
    static let idleTimeout = TimeAmount.seconds(75)

    /// The head of a request that has begun to arrive must be complete within this time.
    static let headTimeout = TimeAmount.seconds(10)

    /// The body of a request may take this long, and longer by a second for each `bodyBytesPerSecond` that have come: a
    /// slow peer may send, but not hold memory for ever.
    static let bodyTimeout = TimeAmount.seconds(30)
    static let bodyBytesPerSecond = 64 * 1024

    /// Fields of one object in a request of the Open Inference Protocol.
    static let inferenceFields = 256

    /// Levels of arrays and objects in a JSON text.
    package static let jsonDepth = 32
}
