internal import ChurnCalls
internal import ChurnServing
internal import NIOCore

/// One connection of HTTP/1.1: has what arrives parsed, has the requests answered, and sends all that is to be sent after
/// one read at once. Answers go out in the order of their requests, whichever is ready first.
///
/// Confined to the thread of its loop.
final class HTTP1Session: ConnectionSession, HTTPBatchReceiver {
    let id: Int
    private let liveness = ConnectionLiveness()
    private let loop: LoopContext
    private let http: HTTPResponder
    /// `nil` once the connection is closed.
    private var transport: (any ConnectionTransport)?
    private var parser = HTTP1Parser()
    private var body = HTTPBodyReader()
    /// The request whose body arrives.
    private var reading: Reading?
    /// Requests that are answered, in their order, from the first that has no answer yet.
    private var waiting = CircularBuffer<Waiting>()
    private var waitingBytes = 0
    private var lastTag: UInt64 = 0
    /// The peer waits for a word before it sends the body, and answers go before that.
    private var owesContinue = false
    /// A piece of an answer has been written, and the next one is made when it has been taken.
    private var awaitsOutput = false
    /// Nothing more is read: the connection closes behind the last answer.
    private var isEnding = false
    private var outputIsClosed = false
    private var inputIsClosed = false
    /// When the input in hand arrived.
    private var now = NIODeadline.now()
    /// When the head in hand began to arrive, or the body.
    private var began: NIODeadline?
    /// When the connection is closed unless the peer does something.
    private var overdueAt: NIODeadline?

    private struct Reading {
        let request: HTTPRequest
        let framing: HTTP1Framing
        /// It is answered without its body.
        let isRefused: Bool
    }

    private struct Waiting {
        let tag: UInt64
        let request: HTTPRequest
        var framing: HTTP1Framing
        /// What can be sent of it, behind the answers before it; `nil` until there is something.
        var answer: ByteBuffer?
        /// Makes what is not there yet.
        var stream: HTTPBatchStream?
    }

    init(loop: LoopContext, transport: any ConnectionTransport) {
        self.loop = loop
        self.transport = transport
        http = .shared(on: loop)
        id = loop.nextSessionID()
        overdueAt = now + (loop.isDraining ? ServerLimits.lingerTimeout : HTTPLimits.idleTimeout)
        loop.add(self)
    }

    // MARK: From the transport

    func receive(_ bytes: UnsafeRawBufferPointer) {
        now = .now()
        var rest = bytes
        consume(&rest)
        parser.giveBackMemory()
        endTurn()
    }

    func outputTaken() {
        continueAnswer()
    }

    /// Has the next piece of an answer made when the peer has taken those before it.
    private func continueAnswer() {
        guard awaitsOutput, let transport, !transport.isBackedUp, let first = waiting.first, let stream = first.stream
        else { return }
        awaitsOutput = false
        stream.continuePiece(first.tag, of: id, on: loop)
    }

    func inputClosed() {
        inputIsClosed = true
        parser.discard()
        body.clear()
        reading = nil
        endTurn()
    }

    func closed() {
        guard transport != nil else { return }
        transport = nil
        parser.discard()
        body.clear()
        reading = nil
        waiting.removeAll()
        liveness.end()
        loop.remove(self)
    }

    // MARK: From the loop

    func finish(_ late: [LateAnswers.Item]) {
        guard transport != nil else { return }
        now = .now()
        for item in late {
            guard let index = waiting.firstIndex(where: { $0.tag == item.tag }) else { continue }
            let response = http.respond(to: waiting[index].request, late: item.answer, on: loop)
            setAnswer(at: index, response)
        }
        writeReady()
        endTurn()
    }

    /// A worker has answered a batch.
    func finish(_ tag: UInt64, _ outcome: HTTPBatchOutcome) {
        guard transport != nil, let index = waiting.firstIndex(where: { $0.tag == tag }) else { return }
        now = .now()
        switch outcome {
        case .failed(let fault):
            setAnswer(at: index, http.fail(waiting[index].request, fault.status, fault.detail))
        case .answered(let response, let piece, nil):
            http.body.pointee.clear()
            http.body.pointee.writeImmutableBuffer(piece)
            setAnswer(at: index, response)
        case .answered(let response, let piece, let stream?):
            endIfDraining(at: index)
            var output = ByteBuffer()
            let date = http.currentDate(now)
            let request = waiting[index].request
            output.writeHTTP1(
                http.forBrowser(response, to: request),
                firstPiece: piece,
                waiting[index].framing,
                date: date
            )
            waitingBytes += output.readableBytes
            waiting[index].answer = output
            waiting[index].stream = stream
        }
        writeReady()
        endTurn()
    }

    func finish(_ tag: UInt64, piece: ByteBuffer, isLast: Bool) {
        guard transport != nil, let first = waiting.first, first.tag == tag, first.stream != nil else { return }
        now = .now()
        http.output.pointee.writeHTTP1Piece(piece, first.framing)
        if isLast {
            http.output.pointee.writeHTTP1End(first.framing)
            waiting.removeFirst()
            writeReady()
        } else {
            awaitsOutput = true
        }
        endTurn()
    }

    /// A connection without a request in hand has nothing to wait for.
    func announceDraining() {
        if parser.isBetweenRequests, reading == nil, waiting.isEmpty, !isEnding { transport?.finish() }
    }

    func close() {
        transport?.close()
    }

    func closeIfOverdue(_ now: NIODeadline) {
        guard let overdueAt, now >= overdueAt else { return }
        // A peer that has sent nothing of a request is not answered.
        guard !isEnding, !parser.isDiscarding, !parser.isBetweenRequests || reading != nil else { return close() }
        self.now = now
        refuse(HTTP1Refusal(.requestTimeout, "the rest of the request did not arrive in time"))
        endTurn()
    }

    // MARK: Requests

    private func consume(_ rest: inout UnsafeRawBufferPointer) {
        while transport != nil {
            switch parser.next(&rest) {
            case .needsMore: return
            case .head(let head): begin(head, moreFollows: !rest.isEmpty)
            case .body(let piece, let isLast): take(piece, isLast: isLast)
            case .broken(let refusal): refuse(refusal)
            }
        }
    }

    private func begin(_ head: HTTP1Head, moreFollows: Bool) {
        began = nil
        let request = HTTPRequest(head.method, target: head.target, fields: head.fields, arrival: now)
        var framing = HTTP1Framing(
            isHead: head.method == .head,
            isHTTP10: head.isHTTP10,
            keepsAlive: head.keepsAlive && !loop.isDraining
        )
        // What comes in pieces ends with the connection.
        if head.isHTTP10, request.route?.isBatch ?? false { framing.keepsAlive = false }
        let limit = min(HTTPLimits.pipelinedRequests, loop.services.configuration.maxInFlightPerConnection)
        guard waiting.count < limit, waitingBytes <= HTTPLimits.waitingAnswerBytes else {
            framing.keepsAlive = false
            return complete(request, framing, http.fail(request, .tooManyInFlight))
        }
        if case .none = head.body {
            let empty = UnsafeRawBufferPointer(start: nil, count: 0)
            return answer(request, framing, .view(empty))
        }
        var length: Int?
        if case .length(let bytes) = head.body { length = bytes }
        let refusal = http.refuse(request, bodyBytes: length)
        if let refusal, head.expectsContinue || (length ?? .max) > HTTPLimits.smallBodyBytes {
            // The body is not worth waiting for.
            framing.keepsAlive = false
            return complete(request, framing, refusal)
        }
        body.begin(length: length, limit: request.route?.bodyLimit ?? HTTPLimits.smallBodyBytes)
        reading = Reading(request: request, framing: framing, isRefused: refusal != nil)
        began = now
        // What has begun to come needs no word.
        if head.expectsContinue, !moreFollows { waiting.isEmpty ? writeContinue() : (owesContinue = true) }
    }

    private func writeContinue() {
        owesContinue = false
        http.output.pointee.writeLiteral("HTTP/1.1 100 Continue\r\n\r\n")
    }

    private func take(_ piece: UnsafeRawBufferPointer, isLast: Bool) {
        guard let reading else { return }
        owesContinue = false
        if reading.isRefused {
            if isLast { answer(reading.request, reading.framing, .view(piece)) }
            return
        }
        do throws(CallFailure) {
            guard let whole = try body.take(piece, isLast: isLast, budget: loop.services.budget) else { return }
            answer(reading.request, reading.framing, whole)
        } catch {
            body.clear()
            var framing = reading.framing
            framing.keepsAlive = false
            let status = error.code == .invalidArgument ? HTTPStatus.contentTooLarge : HTTPStatus(error)
            complete(reading.request, framing, http.fail(reading.request, status, error.message))
        }
    }

    private func answer(_ request: HTTPRequest, _ framing: HTTP1Framing, _ body: HTTPBody) {
        (reading, began) = (nil, nil)
        var framing = framing
        if loop.isDraining { framing.keepsAlive = false }
        if let refusal = http.refuse(request, bodyBytes: nil) { return complete(request, framing, refusal) }
        lastTag += 1
        let caller = HTTPCaller(sessionID: id, tag: lastTag, liveness: liveness)
        guard let response = http.respond(to: request, body: body, for: caller, on: loop) else {
            // It comes back by a task of this loop, so not before this.
            waiting.append(Waiting(tag: lastTag, request: request, framing: framing, answer: nil))
            if !framing.keepsAlive { end() }
            return
        }
        complete(request, framing, response)
    }

    /// Answers what is no request, and reads no more.
    private func refuse(_ refusal: HTTP1Refusal) {
        let response = http.fault(HTTPFault(refusal.status, refusal.detail))
        let framing = HTTP1Framing(isHead: false, isHTTP10: false, keepsAlive: false)
        let none = UnsafeRawBufferPointer(start: nil, count: 0)
        let request = HTTPRequest(.get, target: none, fields: HTTPFields(), arrival: now)
        complete(request, framing, response)
    }

    // MARK: Answers

    /// Sends a response whose body is the responder's, behind those before it.
    private func complete(_ request: HTTPRequest, _ framing: HTTP1Framing, _ response: HTTPResponse) {
        (reading, began) = (nil, nil)
        if waiting.isEmpty {
            write(response, to: request, framing, &http.output.pointee)
        } else {
            lastTag += 1
            waiting.append(Waiting(tag: lastTag, request: request, framing: framing, answer: nil))
            setAnswer(at: waiting.index(before: waiting.endIndex), response)
        }
        if !framing.keepsAlive { end() }
    }

    private func setAnswer(at index: CircularBuffer<Waiting>.Index, _ response: HTTPResponse) {
        endIfDraining(at: index)
        var output = ByteBuffer()
        write(response, to: waiting[index].request, waiting[index].framing, &output)
        waitingBytes += output.readableBytes
        waiting[index].answer = output
    }

    /// The last answer of a connection of a server that stops says so.
    private func endIfDraining(at index: CircularBuffer<Waiting>.Index) {
        guard loop.isDraining, reading == nil, waiting.index(after: index) == waiting.endIndex else { return }
        waiting[index].framing.keepsAlive = false
        end()
    }

    private func write(
        _ response: HTTPResponse,
        to request: HTTPRequest,
        _ framing: HTTP1Framing,
        _ output: inout ByteBuffer
    ) {
        let response = http.forBrowser(response, to: request)
        output.writeHTTP1(response, body: http.body.pointee, framing, date: http.currentDate(now))
    }

    /// Writes the answers that nothing stands before any more.
    private func writeReady() {
        while let answer = waiting.first?.answer {
            waitingBytes -= answer.readableBytes
            http.output.pointee.writeImmutableBuffer(answer)
            if waiting.first?.stream != nil {
                waiting[waiting.startIndex].answer = nil
                awaitsOutput = true
                return
            }
            waiting.removeFirst()
        }
        if waiting.isEmpty, owesContinue { writeContinue() }
    }

    /// Reads no more.
    private func end() {
        isEnding = true
        parser.discard()
        body.clear()
    }

    // MARK: Ends

    /// Sends what the output buffer holds, which is this session's, and sets the clock: every turn ends with this.
    private func endTurn() {
        guard let transport else { return http.recycle() }
        if http.output.pointee.readableBytes > 0 { transport.send(&http.output.pointee) }
        continueAnswer()
        http.recycle()
        if waiting.isEmpty, isEnding || inputIsClosed {
            if inputIsClosed { return transport.finish() }
            guard !outputIsClosed else { return }
            // Input is read on for a while and thrown away: closing a socket with unread input would reset it, and the peer
            // might never see the answer.
            outputIsClosed = true
            overdueAt = now + ServerLimits.lingerTimeout
            return transport.closeOutput()
        }
        setClock()
    }

    private func setClock() {
        if reading != nil, let began {
            let extra = body.count / HTTPLimits.bodyBytesPerSecond
            overdueAt = began + HTTPLimits.bodyTimeout + .seconds(Int64(extra))
        } else if !parser.isBetweenRequests, !parser.isDiscarding {
            // From the first byte of the head, and not set back by more.
            let began = began ?? now
            self.began = began
            overdueAt = began + HTTPLimits.headTimeout
        } else if waiting.isEmpty {
            overdueAt = now + HTTPLimits.idleTimeout
        } else if waiting.first?.stream != nil {
            // The piece in hand must be taken by then.
            overdueAt = now + ServerLimits.frameTimeout
        } else {
            // The server's own work is bounded otherwise.
            overdueAt = nil
        }
    }
}
