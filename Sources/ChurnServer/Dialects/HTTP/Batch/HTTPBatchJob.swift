internal import ChurnBase
internal import ChurnCalls
internal import ChurnServing
internal import NIOCore
internal import NIOPosix

/// What a batch has come to, on its way to its session.
enum HTTPBatchOutcome: Sendable {
    case failed(HTTPFault)
    /// The first piece of the answer, and what makes the others; `nil` when it is all.
    case answered(HTTPResponse, ByteBuffer, HTTPBatchStream?)
}

/// A session of HTTP, as a batch that was answered elsewhere finds it.
protocol HTTPBatchReceiver: ConnectionSession {
    /// - Parameter tag: what the session knows the request by.
    func finish(_ tag: UInt64, _ outcome: HTTPBatchOutcome)
    /// The next piece of an answer that was begun.
    func finish(_ tag: UInt64, piece: ByteBuffer, isLast: Bool)
}

extension HTTPCaller {
    /// What hands the outcome of a batch to the session of the request, from any thread.
    func receiver(on handle: any ServingLoop) -> @Sendable (HTTPBatchOutcome) -> Void {
        { [sessionID, tag] outcome in
            // A connection that is gone by then wants no answer.
            handle.execute { loop in (loop.session(sessionID) as? any HTTPBatchReceiver)?.finish(tag, outcome) }
        }
    }
}

/// The rows of an answer, to be written a piece at a time.
protocol HTTPBatchSource: Sendable {
    var rowsToWrite: Int { get }

    /// Writes rows from `row` on, until there are none left or `output` has `limitBytes`.
    ///
    /// - Returns: the row to go on with; `rowsToWrite` when all is written.
    func write(from row: Int, upTo limitBytes: Int, to output: inout ByteBuffer) -> Int
}

/// The answer to one batch while it is sent: makes a piece of it at a time, so that a slow reader holds the scored rows and
/// one piece, and not the whole text.
///
/// `@unchecked Sendable`: one thread at a time has it: a worker that makes a piece, then the session's loop until the piece
/// has been taken.
final class HTTPBatchStream: @unchecked Sendable {
    private let source: any HTTPBatchSource
    private let gzip: GzipWriter?
    private var row = 0
    /// Of memory for the pieces.
    private var reserved: MemoryBudget.Reservation?

    init(_ source: any HTTPBatchSource, gzip: GzipWriter?) {
        (self.source, self.gzip) = (source, gzip)
    }

    /// Makes the first piece, and reserves memory for the others if there are any. Where a batch is answered.
    func begin(_ response: HTTPResponse, _ budget: MemoryBudget) -> HTTPBatchOutcome {
        let (piece, isLast) = nextPiece()
        if isLast { return .answered(response, piece, nil) }
        reserved = budget.reserve(HTTPLimits.piecesBytes)
        return reserved == nil ? .failed(HTTPFault.outOfMemoryBudget) : .answered(response, piece, self)
    }

    /// On a worker.
    func nextPiece() -> (ByteBuffer, isLast: Bool) {
        var piece = ByteBuffer()
        repeat {
            var text = ByteBuffer()
            row = source.write(from: row, upTo: ServerLimits.pieceBytes, to: &text)
            if let gzip { gzip.write(text, isLast: row == source.rowsToWrite, to: &piece) } else { piece = text }
            // A piece that zlib has swallowed whole is nothing to send.
        } while piece.readableBytes == 0 && row < source.rowsToWrite
        return (piece, row == source.rowsToWrite)
    }

    /// Makes the next piece on a worker, and hands it to the session.
    func continuePiece(_ tag: UInt64, of sessionID: Int, on loop: LoopContext) {
        loop.services.work { [handle = loop.handle] in
            let (piece, isLast) = self.nextPiece()
            handle.execute { loop in
                (loop.session(sessionID) as? any HTTPBatchReceiver)?.finish(tag, piece: piece, isLast: isLast)
            }
        }
    }
}

/// One batch: read, scored and written, on a worker or on the loop.
struct HTTPBatchJob: Sendable {
    let body: HTTPBodyMemory
    let request: HTTPRequest
    let liveness: ConnectionLiveness
    let snapshot: ServingSnapshot
    let services: ServerServices

    /// Answers the batch on a worker, and calls `done` there, or where the last customer of it was looked up.
    func start(_ done: @escaping @Sendable (HTTPBatchOutcome) -> Void) {
        services.work {
            services.withLargeCallMemory { memory in
                do throws(HTTPFault) {
                    try score(memory.answerer, done)
                } catch {
                    done(.failed(error))
                }
            }
        }
    }

    private func score(
        _ answerer: CallAnswerer,
        _ done: @escaping @Sendable (HTTPBatchOutcome) -> Void
    ) throws(HTTPFault) {
        let unpacked = try unpackedBody()
        let bytes = unpacked?.bytes ?? body.bytes
        // The least that a value needs of a text is two bytes.
        guard let decoded = services.budget.reserve(4 * bytes.count) else { throw HTTPFault.outOfMemoryBudget }
        defer { withExtendedLifetime((decoded, unpacked)) {} }
        let batch = try HTTPBatchRequest(bytes, arrival: request.arrival)
        let writing = try HTTPBatchWriting(request, services.budget)
        try batch.answer(answerer, liveness, request.arrival, snapshot) { answer, labels in
            done(writing.outcome(answer, labels))
        } later: { late, labels in
            services.withLargeCallMemory { $0.answerer.deliver(late) { done(writing.outcome($0, labels)) } }
        }
    }

    /// `nil` when it is not packed.
    private func unpackedBody() throws(HTTPFault) -> HTTPBodyMemory? {
        guard request.fields.contentEncoding == .gzip else { return nil }
        return try GzipReader.unpack(body.bytes, limit: HTTPLimits.bodyBytes, services.budget)
    }
}

/// How the answer to a batch is written.
struct HTTPBatchWriting: Sendable {
    let format: HTTPBatchFormat
    var isGzip: Bool
    let budget: MemoryBudget

    init(_ request: HTTPRequest, _ budget: MemoryBudget) throws(HTTPFault) {
        let query = try HTTPQuery(request.query, allowed: ["format"])
        format = try HTTPBatchFormat(query, request.fields)
        isGzip = request.fields.acceptsGzip
        self.budget = budget
    }

    func outcome(_ answer: Answer, _ labels: HTTPBatchLabels) -> HTTPBatchOutcome {
        switch answer {
        case .batch(let batch, let model):
            let rows = batch.probabilities.count
            guard let reserved = budget.reserve(rows * HTTPBatchResult.rowBytes + labels.textBytes) else {
                return .failed(HTTPFault.outOfMemoryBudget)
            }
            let result = HTTPBatchResult(batch, model, labels, format, reserved: reserved)
            let gzip = isGzip && rows > HTTPLimits.plainRows ? GzipWriter() : nil
            let stream = HTTPBatchStream(result, gzip: gzip)
            var response = HTTPResponse(.ok, format.contentType)
            response.isGzip = gzip != nil
            response.varies = true
            return stream.begin(response, budget)
        case .failure(let failure): return .failed(HTTPFault(failure))
        case .prediction, .health:
            return .failed(HTTPFault(.internalError, "the batch has an answer that is none"))
        }
    }
}

extension HTTPBatchRequest {
    /// Makes the call. `deliver` is called at once, or `later` on any thread.
    func answer(
        _ answerer: CallAnswerer,
        _ liveness: ConnectionLiveness,
        _ arrival: NIODeadline,
        _ snapshot: ServingSnapshot,
        deliver: (Answer, HTTPBatchLabels) -> Void,
        later: @escaping @Sendable (LateAnswer, HTTPBatchLabels) -> Void
    ) throws(HTTPFault) {
        let context = CallContext(arrival: arrival, deadline: deadline, liveness: liveness)
        switch rows {
        case .ids(let ids):
            ids.withUnsafeBufferPointer { pointer in
                perform(.predictBatchByIDs(pointer), .ids(ids), answerer, context, snapshot, deliver, later)
            }
        case .texts(let texts):
            texts.withTexts {
                perform(.predictBatchByTexts($0), .texts(texts), answerer, context, snapshot, deliver, later)
            }
        case .columns(let columns):
            guard !columns.isEmpty else { throw HTTPFault(.badRequest, "features has no columns") }
            // The columns lie next to each other: a view into an array of arrays would need a closure for each.
            let names = columns.flatMap(\.name)
            let values = columns.flatMap(\.values)
            names.withUnsafeBufferPointer { names in
                values.withUnsafeBufferPointer { values in
                    var (name, value) = (0, 0)
                    let views = columns.map { column in
                        defer { (name, value) = (name + column.name.count, value + column.values.count) }
                        return FeatureColumnView(
                            name: names.baseAddress.map { $0 + name },
                            values: UnsafeBufferPointer(rebasing: values[value..<(value + column.values.count)])
                        )
                    }
                    views.withUnsafeBufferPointer { views in
                        perform(.predictBatchByColumns(views), .none, answerer, context, snapshot, deliver, later)
                    }
                }
            }
        }
    }

    private func perform(
        _ method: Call.Method,
        _ labels: HTTPBatchLabels,
        _ answerer: CallAnswerer,
        _ context: CallContext,
        _ snapshot: ServingSnapshot,
        _ deliver: (Answer, HTTPBatchLabels) -> Void,
        _ later: @escaping @Sendable (LateAnswer, HTTPBatchLabels) -> Void
    ) {
        selector.withUnsafeBufferPointer { selector in
            let call = Call(model: selector.baseAddress.unsafelyUnwrapped, method: method)
            _ = answerer.answer(call, context, with: snapshot) {
                deliver($0, labels)
            } later: {
                { later($0, labels) }
            }
        }
    }
}
