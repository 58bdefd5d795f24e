import ChurnClient
import ChurnProtocol
import Testing

@Suite(.timeLimit(.minutes(2)))
struct FaultTests {
    @Test("a connection cut before the answer fails what was sent and not what waits")
    func cutConnection() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maxInFlight: 1) { client in
            let sent = client.begin(1)
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            let waiting = client.begin(2)
            // Half an answer, then the end.
            try await connection.send(Array(Frame.prediction(request.callID, customer: 1).prefix(9)))
            try await connection.close()
            let error = try await failure(of: sent)
            #expect(error.code == .unavailable)
            #expect(!error.notProcessed)
            #expect(error.message.contains("predict of customer 1 at 127.0.0.1:\(peer.port)"))

            let next = try await peer.nextConnection()
            let second = try await next.nextRequest()
            #expect(second.method == .predict(2))
            try await next.send(Frame.prediction(second.callID, customer: 2))
            #expect(try await waiting.value.customerID == 2)
        }
        try await peer.stop()
    }

    @Test("what never left the machine is sent again when the connection dies")
    func neverWritten() async throws {
        // 1 MB each: the kernel's buffers take some of them, and the client writes no more.
        let ids = [Int64](repeating: 1, count: 131_072)
        let count = 24
        let peer = try await ScriptedPeer(reads: false)
        try await withClient(port: peer.port) { client in
            let calls = (0..<count).map { _ in
                Task { try await client.predictBatch(customerIDs: ids, timeout: .seconds(100)) }
            }
            let first = try await peer.nextConnection()
            // The last one posted has been taken up before this one is answered, and so have all before it.
            let last = try await failure(of: Task { try await client.health(timeout: .milliseconds(200)) })
            #expect(last.code == .deadlineExceeded)
            #expect(last.notProcessed)
            try await first.close()

            let second = try await peer.nextConnection()
            try await second.startReading()
            let answerer = Task {
                while let request = try? await second.nextRequest() {
                    let probabilities = [Double](repeating: 0, count: ids.count)
                    try await second.send(Frame.batch(request.callID, probabilities: probabilities))
                }
            }
            var failed = 0
            for call in calls {
                switch await call.result {
                case .success: break
                case .failure(let error as ChurnError):
                    failed += 1
                    #expect(error.code == .unavailable)
                    #expect(!error.notProcessed)
                case .failure(let error): throw error
                }
            }
            #expect(failed > 0)
            #expect(failed < count)
            try await second.close()
            try await answerer.value
        }
        try await peer.stop()
    }

    @Test(
        "what is not of the protocol closes the connection, with its reason",
        arguments: [
            (Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), "announced a frame of 1213486160 bytes"),
            ([0x01, 0x00, 0x00, 0x01], "announced a frame of 16777217 bytes"),
            ([0xff, 0xff, 0xff, 0xff], "announced a frame of 4294967295 bytes"),
            (Frame.frame([0x09, 1, 2, 3]), "not of the protocol"),
            (Frame.frame([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), "not of the protocol"),
        ] as [([UInt8], String)]
    )
    func violation(bytes: [UInt8], reason: String) async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            _ = try await connection.nextRequest()
            try await connection.send(bytes)
            let error = try await failure(of: call)
            #expect(error.code == .internal)
            #expect(error.message.contains(reason), "\(error.message)")
            try await connection.closed()

            let again = client.begin(2)
            let next = try await peer.nextConnection()
            try await next.send(Frame.prediction(next.nextRequest().callID, customer: 2))
            #expect(try await again.value.customerID == 2)
        }
        try await peer.stop()
    }

    @Test("an empty frame and answers to nobody are passed over")
    func unsolicited() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            try await connection.send(Frame.frame([]) + Frame.prediction(request.callID + 1_000, customer: 3))
            try await connection.send(Frame.prediction(request.callID, customer: 1))
            #expect(try await call.value.customerID == 1)
        }
        try await peer.stop()
    }

    @Test("an answer of another method, or of another number of rows, is an error of that call only")
    func wrongAnswer() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            try await connection.send(Frame.health(connection.nextRequest().callID))
            #expect(try await failure(of: call).code == .internal)

            let batch = Task { try await client.predictBatch(customerIDs: [1, 2, 3]) }
            try await connection.send(Frame.batch(connection.nextRequest().callID, probabilities: [0.5]))
            #expect(try await failure(of: batch).code == .internal)
        }
        try await peer.stop()
    }

    @Test("a refused connection is tried again; what the server said is told in the end")
    func refusedConnection() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maximumAttempts: 2) { client in
            let refusal = Frame.status(0, .resourceExhausted, "too many connections", notProcessed: true)
            let call = client.begin(1)
            let first = try await peer.nextConnection()
            _ = try await first.nextRequest()
            try await first.send(refusal)
            let second = try await peer.nextConnection()
            try await second.send(Frame.prediction(second.nextRequest().callID, customer: 1))
            #expect(try await call.value.customerID == 1)
        }
        // Another client: this one might yet send to the connection that the first one has open.
        try await withClient(port: peer.port, maximumAttempts: 2) { client in
            let refusal = Frame.status(0, .resourceExhausted, "too many connections", notProcessed: true)
            let hopeless = client.begin(2)
            for _ in 0..<2 { try await peer.nextConnection().send(refusal) }
            let error = try await failure(of: hopeless)
            #expect(error.code == .resourceExhausted)
            #expect(error.notProcessed)
            #expect(error.message.contains("too many connections"))
        }
        try await peer.stop()
    }

    @Test("a status for the whole connection fails its calls with that status")
    func brokenFrameStatus() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            _ = try await connection.nextRequest()
            try await connection.send(Frame.status(0, .invalidArgument, "the frame is broken"))
            let error = try await failure(of: call)
            #expect(error.code == .invalidArgument)
            #expect(!error.notProcessed)
            #expect(error.message.contains("the frame is broken"))
            try await connection.closed()
        }
        try await peer.stop()
    }

    @Test("a call the server did not begin is sent again, so many times")
    func resent() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maximumAttempts: 3) { client in
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            let busy = { (id: UInt64) in Frame.status(id, .resourceExhausted, "too many calls", notProcessed: true) }
            for _ in 0..<2 { try await connection.send(busy(connection.nextRequest().callID)) }
            try await connection.send(Frame.prediction(connection.nextRequest().callID, customer: 1))
            #expect(try await call.value.customerID == 1)

            let hopeless = client.begin(2)
            for _ in 0..<3 { try await connection.send(busy(connection.nextRequest().callID)) }
            let error = try await failure(of: hopeless)
            #expect(error.code == .resourceExhausted)
            #expect(error.notProcessed)

            let begun = client.begin(3)
            try await connection.send(Frame.status(connection.nextRequest().callID, .unavailable, "store\ndown"))
            let final = try await failure(of: begun)
            #expect(final.code == .unavailable)
            #expect(final.message == "predict of customer 3 at 127.0.0.1:\(peer.port): store down")
        }
        try await peer.stop()
    }

    @Test("an error status is the call's error")
    func errorStatus() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let call = client.begin(9)
            let connection = try await peer.nextConnection()
            try await connection.send(Frame.status(connection.nextRequest().callID, .notFound, "no customer 9"))
            let error = try await failure(of: call)
            #expect(error == ChurnError(code: .notFound, message: error.message))
            #expect(error.message.hasSuffix("no customer 9"))

            let unknown = client.begin(9)
            try await connection.send(Frame.status(connection.nextRequest().callID, StatusCode(rawValue: 99), ""))
            #expect(try await failure(of: unknown).code.rawValue == 99)
        }
        try await peer.stop()
    }

    @Test("requests beyond the limits fail here, and nothing is sent")
    func tooLarge() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let attempts: [Task<BatchPrediction, any Error>] = [
                Task { try await client.predictBatch(customerIDs: Array(repeating: 1, count: 1_000_001)) },
                Task {
                    let values = [Double](repeating: 1, count: 700_000)
                    return try await client.predictBatch(
                        columns: (0..<3).map { FeatureColumn(name: "\($0)", values: values) }
                    )
                },
                Task {
                    try await client.predictBatch(columns: (0...256).map { FeatureColumn(name: "\($0)", values: [1]) })
                },
                Task { try await client.predictBatch(columns: [FeatureColumn(name: "a\0b", values: [1])]) },
                Task { try await client.predictBatch(customerIDs: [1], model: "a\0b") },
            ]
            for attempt in attempts {
                let error = try await failure(of: attempt)
                #expect(error.code == .invalidArgument)
                #expect(error.notProcessed)
            }
            let call = client.begin(1)
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            #expect(request.method == .predict(1))
            try await connection.send(Frame.prediction(request.callID, customer: 1))
            _ = try await call.value
        }
        try await peer.stop()
    }
}
