internal import ChurnProtocol
internal import NIOCore

/// The client behind its front: the calls, the line they wait in, the timers and the connections. Everything here runs
/// on one event loop.
///
/// Each entry point (`takeInbox`, the timer, what the connections report) changes the calls first and then `settle`s
/// once: sends what may be sent, in one flush, and sets the timer.
final class ClientCore {
    /// The connection for new calls. Draining ones are in `retired`.
    enum Link {
        case idle
        case pausing(Scheduled<Void>)
        case connecting
        case ready(Connection)
    }

    /// Bytes of encoded requests after which they are handed to the channel, so that a long line of large batches
    /// does not become one buffer.
    static let flushBytes = 64 * 1024
    /// Largest output buffer that is kept for the next turn.
    static let keptOutputBytes = 1024 * 1024

    let configuration: ChurnClient.Configuration
    let endpoint: String
    let eventLoop: any EventLoop
    /// What `Mailbox` delivers.
    var inbox: [Mailbox.Item] = []

    private(set) var calls: [UInt64: Call] = [:]
    private var waiting = WaitingQueue()
    private var inFlight = 0
    private var timers = TimerQueue()
    private var timer: (at: NIODeadline, scheduled: Scheduled<Void>)?
    private var output = ByteBuffer()
    private var isSettling = false
    private var mustSettleAgain = false

    var link = Link.idle
    var retired: [Connection] = []
    /// Channels open or opening.
    var openChannels = 0
    /// Connections in a row that did not answer a call.
    var failures = 0
    /// No attempt to connect is made before this time.
    var noConnectBefore = NIODeadline.distantPast
    /// Why there is no connection, for the message of a call that runs out of time meanwhile.
    var lastFailure: String?
    var randomNumbers = SystemRandomNumberGenerator()

    private(set) var isShutDown = false
    private var shutdownWaiters: [CheckedContinuation<Void, Never>] = []

    init(configuration: ChurnClient.Configuration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.endpoint = configuration.endpoint
        self.eventLoop = eventLoop
    }

    // MARK: Entry points

    func takeInbox() {
        let now = NIODeadline.now()
        for item in inbox {
            switch item {
            case .call(let new): accept(Call(new), now)
            case .cancel(let id): cancel(id)
            case .shutdown(let waiter): shutDown(waiter)
            }
        }
        settle()
    }

    private func timerFired() {
        timer = nil
        let now = NIODeadline.now()
        while let call = timers.popDue(now) {
            if call.deadline <= now {
                finish(call, .failure(deadlineError(call)))
            } else if case .delayed = call.phase {
                timers.set(call, at: call.deadline)
                enqueue(call)
            }
        }
        settle()
    }

    /// Sends what may be sent, in one flush, and sets the timer.
    func settle() {
        // A write that fails closes the connection before it returns, which comes back here.
        guard !isSettling else {
            mustSettleAgain = true
            return
        }
        isSettling = true
        repeat {
            mustSettleAgain = false
            sendWaiting()
        } while mustSettleAgain
        isSettling = false
        setTimer()
    }

    // MARK: Calls

    private func accept(_ call: Call, _ now: NIODeadline) {
        guard !isShutDown else {
            call.phase = .finished
            let message = "\(call.name) at \(endpoint): this client has been shut down; make a new one"
            let error = ChurnError(code: .unavailable, message: message, notProcessed: true)
            return call.new.continuation.resume(returning: .failure(error))
        }
        calls[call.id] = call
        timers.set(call, at: call.deadline)
        waiting.append(call)
        if call.deadline <= now { finish(call, .failure(deadlineError(call))) }
    }

    /// Ends a call, once.
    func finish(_ call: Call, _ result: CallResult) {
        let phase = call.phase
        call.phase = .finished
        calls[call.id] = nil
        timers.remove(call)
        switch phase {
        case .waiting: waiting.noteFinished()
        case .sent(let connection, _): leaveConnection(connection)
        case .delayed, .finished: break
        }
        call.new.continuation.resume(returning: result)
    }

    private func cancel(_ id: UInt64) {
        guard let call = calls[id] else { return }
        let notProcessed = if case .sent = call.phase { false } else { true }
        let message = "\(call.name) at \(endpoint): its task was cancelled"
        finish(call, .failure(ChurnError(code: .cancelled, message: message, notProcessed: notProcessed)))
    }

    private func leaveConnection(_ connection: Connection) {
        inFlight -= 1
        connection.inFlight -= 1
        if connection.isRetired, connection.inFlight == 0 { connection.close() }
    }

    private func enqueue(_ call: Call) {
        call.phase = .waiting
        waiting.append(call)
    }

    /// Calls that are with the server on this connection, in the order in which they were made.
    private func callsSent(on connection: Connection) -> [(call: Call, flush: UInt64)] {
        guard connection.inFlight > 0 else { return [] }
        var sent: [(call: Call, flush: UInt64)] = []
        for call in calls.values {
            if case .sent(let on, let flush) = call.phase, on === connection { sent.append((call, flush)) }
        }
        return sent.sorted { $0.call.id < $1.call.id }
    }

    // MARK: Sending

    private func sendWaiting() {
        let now = NIODeadline.now()
        while waiting.count > 0, inFlight < configuration.maxInFlight {
            guard case .ready(let connection) = link else { return connectSoon() }
            guard connection.isWritable, let call = waiting.popFirst() else { break }
            send(call, on: connection, now)
            if output.readableBytes >= Self.flushBytes { flush(connection) }
        }
        if output.readableBytes > 0, case .ready(let connection) = link { flush(connection) }
    }

    private func send(_ call: Call, on connection: Connection, _ now: NIODeadline) {
        // Rounded up: 0 would mean that there is no deadline.
        let milliseconds = max(1, ((call.deadline - now).nanoseconds + 999_999) / 1_000_000)
        let written = RequestEncoder.write(
            call.new.request,
            callID: call.id,
            timeoutMilliseconds: UInt32(clamping: milliseconds),
            to: &output
        )
        call.phase = .sent(on: connection, flush: connection.flushesBegun + 1)
        inFlight += 1
        connection.inFlight += 1
        if !written {
            let message =
                "\(call.name) at \(endpoint): the request exceeds the limit of \(ProtocolLimits.payloadBytes) bytes; "
                + "split the batch"
            finish(call, .failure(ChurnError(code: .invalidArgument, message: message, notProcessed: true)))
        }
    }

    private func flush(_ connection: Connection) {
        connection.flush(output)
        // Whoever still holds the bytes keeps them; otherwise the same memory is used again.
        if output.capacity > Self.keptOutputBytes { output = ByteBuffer() } else { output.clear() }
    }

    // MARK: What connections report

    /// One answer has arrived.
    func answered(_ response: Response, on connection: Connection) {
        guard let call = calls[response.callID], case .sent(let on, _) = call.phase, on === connection else {
            return  // To a call that was cancelled or ran out of time.
        }
        if !response.notProcessed {
            connection.hasAnswered = true
            failures = 0
            lastFailure = nil
        }
        guard response.status != .ok else { return finish(call, .success(response)) }
        let error = ChurnError(
            code: response.status,
            message: "\(call.name) at \(endpoint): \(response.message)",
            notProcessed: response.notProcessed
        )
        // Other codes would be the same on another try.
        guard response.notProcessed, response.status == .unavailable || response.status == .resourceExhausted else {
            return finish(call, .failure(error))
        }
        call.phase = .delayed(until: .distantPast)
        tryAgain(call, after: error, atOnce: connection.isRetired)
        leaveConnection(connection)
    }

    /// Lines a call up once more that surely was not processed.
    ///
    /// - Precondition: the call is delayed.
    private func tryAgain(_ call: Call, after error: ChurnError, atOnce: Bool) {
        call.attempts += 1
        guard call.attempts < configuration.maximumAttempts else { return finish(call, .failure(error)) }
        if atOnce { return enqueue(call) }
        let until = NIODeadline.now() + pause(afterFailures: call.attempts)
        guard until < call.deadline else { return finish(call, .failure(error)) }
        call.phase = .delayed(until: until)
        timers.set(call, at: until)
    }

    /// A connection has broken the contract: its calls fail, and it is closed.
    func violated(_ connection: Connection, _ reason: String) {
        connection.reason = reason
        for (call, _) in callsSent(on: connection) {
            let message = "\(call.name) at \(endpoint): \(reason)"
            finish(call, .failure(ChurnError(code: .internal, message: message)))
        }
        connection.close()
    }

    /// A connection is gone; its calls fail, or are tried again if they surely were not processed.
    ///
    /// The bytes of the first flush that was not written whole may have reached the server in part; those of later
    /// ones surely did not.
    func failCalls(of connection: Connection) {
        var again: [Call] = []
        for (call, flush) in callsSent(on: connection) {
            let refused = connection.refusal?.notProcessed ?? false
            if refused || flush > connection.flushesWritten + 1 {
                leaveConnection(connection)
                call.phase = .waiting
                again.append(call)
            } else if let refusal = connection.refusal {
                let message = "\(call.name) at \(endpoint): \(refusal.message)"
                finish(call, .failure(ChurnError(code: refusal.status, message: message)))
            } else {
                let message =
                    "\(call.name) at \(endpoint): the connection was lost before the answer (\(connection.reason)); "
                    + "the server may or may not have processed the call"
                finish(call, .failure(ChurnError(code: .unavailable, message: message)))
            }
        }
        waiting.prepend(again)
        if connection.hasAnswered || connection.isRetired {
            for call in again { countAttempt(call, connection.refusal) }
        } else {
            countAttempts(connection.refusal)
        }
    }

    /// Every waiting call has failed to be sent once more. Those that may not be tried again fail.
    ///
    /// - Parameter refusal: what the server said, when it said something.
    func countAttempts(_ refusal: Response? = nil) {
        guard waiting.count > 0 else { return }
        for call in calls.values {
            if case .waiting = call.phase { countAttempt(call, refusal) }
        }
    }

    private func countAttempt(_ call: Call, _ refusal: Response?) {
        call.attempts += 1
        guard call.attempts >= configuration.maximumAttempts else { return }
        let message = "\(call.name) at \(endpoint): \(lastFailure ?? "the connection was lost before it was sent")"
        finish(
            call,
            .failure(ChurnError(code: refusal?.status ?? .unavailable, message: message, notProcessed: true))
        )
    }

    func pause(afterFailures failures: Int) -> TimeAmount {
        Backoff(first: configuration.backoff, longest: configuration.maximumBackoff)
            .pause(afterFailures: failures, using: &randomNumbers)
    }

    // MARK: Deadlines

    private func setTimer() {
        guard let earliest = timers.earliest else { return }
        if let timer {
            // An alarm that has become too early finds nothing to do and is set anew.
            guard earliest < timer.at else { return }
            timer.scheduled.cancel()
        }
        let scheduled = eventLoop.assumeIsolated().scheduleTask(deadline: earliest) { self.timerFired() }
        timer = (earliest, scheduled)
    }

    private func deadlineError(_ call: Call) -> ChurnError {
        var message = "\(call.name) at \(endpoint): no answer within \(call.new.timeout.shortText)"
        var notProcessed = true
        if case .sent = call.phase {
            notProcessed = false
        } else if let lastFailure {
            message += " (\(lastFailure))"
        } else {
            message += " (it was never sent)"
        }
        return ChurnError(code: .deadlineExceeded, message: message, notProcessed: notProcessed)
    }

    // MARK: Shutting down

    private func shutDown(_ waiter: CheckedContinuation<Void, Never>?) {
        if let waiter { shutdownWaiters.append(waiter) }
        if !isShutDown {
            isShutDown = true
            for call in calls.values {
                let notProcessed = if case .sent = call.phase { false } else { true }
                let message = "\(call.name) at \(endpoint): the client was shut down"
                finish(call, .failure(ChurnError(code: .cancelled, message: message, notProcessed: notProcessed)))
            }
            timer?.scheduled.cancel()
            timer = nil
            closeConnections()
        }
        finishShutdown()
    }

    /// Lets `shutdown()` return once nothing is open.
    func finishShutdown() {
        guard isShutDown, openChannels == 0 else { return }
        for waiter in shutdownWaiters { waiter.resume() }
        shutdownWaiters = []
    }
}
