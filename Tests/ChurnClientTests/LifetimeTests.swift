import ChurnClient
import ChurnProtocol
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct LifetimeTests {
    // MARK: Deadlines

    @Test("a deadline ends the call here, and its late answer disturbs nobody")
    func deadline() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1, timeout: .milliseconds(100))
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            #expect(request.timeoutMilliseconds >= 1 && request.timeoutMilliseconds <= 100)
            let error = try await failure(of: call)
            #expect(error.code == .deadlineExceeded)
            #expect(!error.notProcessed)
            #expect(error.message.contains("no answer within 100 ms"))

            try await connection.send(Frame.prediction(request.callID, customer: 1))
            let next = client.begin(2)
            try await connection.send(Frame.prediction(connection.nextRequest().callID, customer: 2))
            #expect(try await next.value.customerID == 2)
        }
        try await peer.stop()
    }

    @Test("a call that waits in line keeps its deadline, and is not sent after it")
    func deadlineInLine() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maxInFlight: 1) { client in
            let first = client.begin(1)
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            let error = try await failure(of: client.begin(2, timeout: .milliseconds(20)))
            #expect(error.code == .deadlineExceeded)
            #expect(error.notProcessed)
            let third = client.begin(3)
            try await connection.send(Frame.prediction(request.callID, customer: 1))
            _ = try await first.value
            let next = try await connection.nextRequest()
            #expect(next.method == .predict(3))
            try await connection.send(Frame.prediction(next.callID, customer: 3))
            _ = try await third.value
        }
        try await peer.stop()
    }

    @Test("calls of many timeouts, half of them answered, end in the right way", arguments: [UInt64(1), 2, 3])
    func manyDeadlines(seed: UInt64) async throws {
        // Even customers are answered, odd ones never; only the latter have a timeout that passes.
        let peer = try await ScriptedPeer(answering: { request in
            guard case .predict(let customer) = request.method, customer.isMultiple(of: 2) else { return nil }
            return Frame.prediction(request.callID, customer: customer)
        })
        try await withClient(port: peer.port, maxInFlight: 10_000) { client in
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<2_000 {
                    let customer = Int64(index)
                    // 0 to 255, without order.
                    let scattered = ((UInt64(index) &+ seed) &* 0x9e37_79b9_7f4a_7c15) >> 56
                    let timeout = customer.isMultiple(of: 2) ? 30_000 + scattered : 1 + scattered
                    group.addTask {
                        switch await client.begin(customer, timeout: .milliseconds(timeout)).result {
                        case .success(let answer):
                            #expect(answer.customerID == customer)
                        case .failure(let error):
                            #expect((error as? ChurnError)?.code == .deadlineExceeded)
                            #expect(!customer.isMultiple(of: 2))
                        }
                    }
                }
            }
        }
        try await peer.stop()
    }

    @Test("timeouts of zero, less and for ever")
    func oddTimeouts() async throws {
        let peer = try await ScriptedPeer(answering: { Frame.prediction($0.callID, customer: 1) })
        try await withClient(port: peer.port) { client in
            for timeout in [Duration.zero, .seconds(-5)] {
                let error = try await failure(of: client.begin(1, timeout: timeout))
                #expect(error.code == .deadlineExceeded)
                #expect(error.notProcessed)
            }
            _ = try await client.predict(customerID: 1, timeout: .seconds(Int64.max))
        }
        try await peer.stop()
    }

    // MARK: Cancellation

    @Test("cancelling ends a call wherever it is")
    func cancellation() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maxInFlight: 1) { client in
            let sent = client.begin(1)
            let connection = try await peer.nextConnection()
            _ = try await connection.nextRequest()
            let waiting = client.begin(2)
            waiting.cancel()
            let early = try await failure(of: waiting)
            #expect(early.code == .cancelled)
            #expect(early.notProcessed)
            sent.cancel()
            let late = try await failure(of: sent)
            #expect(late.code == .cancelled)
            #expect(!late.notProcessed)
            // The cancelled one was never sent.
            let next = client.begin(3)
            let request = try await connection.nextRequest()
            #expect(request.method == .predict(3))
            try await connection.send(Frame.prediction(request.callID, customer: 3))
            _ = try await next.value
        }
        try await peer.stop()
    }

    @Test("calls of tasks that are cancelled at any moment end, once")
    func cancellationRaces() async throws {
        let peer = try await ScriptedPeer(answering: { Frame.prediction($0.callID, customer: 1) })
        try await withClient(port: peer.port, maxInFlight: 8) { client in
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<2_000 {
                    let call = client.begin(1)
                    if index.isMultiple(of: 3) { call.cancel() }
                    group.addTask {
                        if index.isMultiple(of: 2) { call.cancel() }
                        switch await call.result {
                        case .success: break
                        case .failure(let error): #expect((error as? ChurnError)?.code == .cancelled)
                        }
                    }
                }
            }
            let after = try await client.predict(customerID: 1)
            #expect(after.customerID == 1)
        }
        try await peer.stop()
    }

    // MARK: Draining

    @Test("after a draining notice new calls go elsewhere, and those in flight end where they are")
    func draining() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let old = client.begin(1)
            let refused = client.begin(2)
            let first = try await peer.nextConnection()
            let requests = try await first.nextRequests(2)
            let one = try #require(requests.first { $0.method == .predict(1) })
            let two = try #require(requests.first { $0.method == .predict(2) })
            let refusal = Frame.status(two.callID, .unavailable, "draining", notProcessed: true)
            try await first.send(Frame.drainingNotice + refusal)
            let second = try await peer.nextConnection()
            let again = try await second.nextRequest()
            #expect(again.method == .predict(2))
            let new = client.begin(3)
            let third = try await second.nextRequest()
            #expect(third.method == .predict(3))
            try await second.send(Frame.prediction(third.callID, customer: 3))
            _ = try await new.value
            try await second.send(Frame.prediction(again.callID, customer: 2))
            #expect(try await refused.value.customerID == 2)
            try await first.send(Frame.prediction(one.callID, customer: 1))
            #expect(try await old.value.customerID == 1)
            // Its last call is answered.
            try await first.closed()
        }
        try await peer.stop()
    }

    @Test("an idle connection that drains is closed at once")
    func drainingIdle() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            try await connection.send(Frame.prediction(connection.nextRequest().callID, customer: 1))
            _ = try await call.value
            try await connection.send(Frame.drainingNotice)
            try await connection.closed()
        }
        try await peer.stop()
    }

    @Test("a server that does nothing but drain does not keep a call for ever")
    func alwaysDraining() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maximumAttempts: 4) { client in
            let call = client.begin(1)
            let drainer = Task {
                while let connection = try? await peer.nextConnection() {
                    try? await connection.send(Frame.drainingNotice)
                    if let request = try? await connection.nextRequest() {
                        let refusal = Frame.status(request.callID, .unavailable, "draining", notProcessed: true)
                        try? await connection.send(refusal)
                    }
                }
            }
            let error = try await failure(of: call)
            #expect(error.code == .unavailable)
            #expect(error.notProcessed)
            drainer.cancel()
            _ = await drainer.result
        }
        try await peer.stop()
    }

    // MARK: Reaching the server

    @Test("no server: after so many attempts, a line that names it")
    func noServer() async throws {
        let nobody = try ReservedPort()
        defer { withExtendedLifetime(nobody) {} }
        try await withClient(port: nobody.port, maximumAttempts: 3) { client in
            let error = try await failure(of: client.begin(1))
            #expect(error.code == .unavailable)
            #expect(error.notProcessed)
            #expect(
                error.message
                    == "predict of customer 1 at 127.0.0.1:\(nobody.port): cannot connect: connection refused; "
                    + "is the server running there?"
            )
        }
        try await withClient(port: nobody.port, maximumAttempts: 1_000) { client in
            // The first attempt may take longer than one call.
            var message = ""
            while !message.contains("connection refused") {
                let error = try await failure(of: client.begin(1, timeout: .milliseconds(50)))
                #expect(error.code == .deadlineExceeded)
                #expect(error.notProcessed)
                message = error.message
            }
        }
    }

    @Test("a name without an address")
    func noSuchHost() async throws {
        let configuration = try ChurnClient.Configuration(host: "no-such-host.invalid", maximumAttempts: 1)
        let client = ChurnClient(configuration: configuration)
        let error = try await failure(of: client.begin(1))
        #expect(error.code == .unavailable)
        #expect(error.message.contains("the name 'no-such-host.invalid' has no address"), "\(error.message)")
        await client.shutdown()
    }

    @Test("a restarted server is found again, idle or awaited")
    func restart() async throws {
        let reserved = try ReservedPort()
        defer { withExtendedLifetime(reserved) {} }
        let first = try await ScriptedPeer(port: reserved.port)
        try await withClient(port: first.port, maximumAttempts: 1_000) { client in
            let call = client.begin(1)
            let connection = try await first.nextConnection()
            try await connection.send(Frame.prediction(connection.nextRequest().callID, customer: 1))
            _ = try await call.value
            try await first.stop()
            try await connection.close()

            // Until the client has seen the end of the connection, a call may be lost with it.
            let awaited = Task {
                while true {
                    do {
                        return try await client.predict(customerID: 2)
                    } catch let error as ChurnError where error.code == .unavailable && !error.notProcessed {
                        continue
                    }
                }
            }
            let second = try await ScriptedPeer(
                port: first.port,
                answering: { Frame.prediction($0.callID, customer: 2) }
            )
            #expect(try await awaited.value.customerID == 2)
            try await second.stop()
        }
    }

    // MARK: Shutting down

    @Test("shutting down ends what is open and refuses what comes later")
    func shutdown() async throws {
        let peer = try await ScriptedPeer()
        let client = ChurnClient(configuration: try .init(host: "127.0.0.1", port: peer.port, maxInFlight: 1))
        let sent = client.begin(1)
        let connection = try await peer.nextConnection()
        _ = try await connection.nextRequest()
        async let one: Void = client.shutdown()
        async let two: Void = client.shutdown()
        _ = await (one, two)
        let error = try await failure(of: sent)
        #expect(error.code == .cancelled)
        #expect(!error.notProcessed)
        try await connection.closed()
        let later = try await failure(of: client.begin(3))
        #expect(later.code == .unavailable)
        #expect(later.notProcessed)
        try await peer.stop()
    }

    @Test("a client that is let go closes its connection")
    func letGo() async throws {
        let peer = try await ScriptedPeer()
        let connection: PeerConnection
        do {
            let client = ChurnClient(configuration: try .init(host: "127.0.0.1", port: peer.port))
            let call = client.begin(1)
            connection = try await peer.nextConnection()
            try await connection.send(Frame.prediction(connection.nextRequest().callID, customer: 1))
            _ = try await call.value
        }
        try await connection.closed()
        try await peer.stop()
    }

    // MARK: Settings

    @Test("settings out of range are refused by name")
    func settings() {
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(host: "") }
        for port in [0, -1, 65_536] {
            #expect(throws: ChurnError.self) { try ChurnClient.Configuration(port: port) }
        }
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(connectTimeout: .zero) }
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(timeout: .zero) }
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(maxInFlight: 0) }
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(maximumAttempts: 0) }
        #expect(throws: ChurnError.self) { try ChurnClient.Configuration(backoff: .zero) }
        #expect(throws: ChurnError.self) {
            try ChurnClient.Configuration(backoff: .seconds(2), maximumBackoff: .seconds(1))
        }
    }

    @Test("pauses double up to the longest, and are at least half of it")
    func backoff() {
        var generator = SystemRandomNumberGenerator()
        let backoff = Backoff(first: .milliseconds(10), longest: .milliseconds(100))
        for (failures, full) in [(1, 10), (2, 20), (3, 40), (4, 80), (5, 100), (1_000, 100)] as [(Int, Int64)] {
            for _ in 0..<100 {
                let pause = backoff.pause(afterFailures: failures, using: &generator).nanoseconds
                #expect(pause >= full * 500_000 && pause <= full * 1_000_000)
            }
        }
    }
}
