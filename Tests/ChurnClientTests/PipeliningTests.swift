import ChurnClient
import ChurnProtocol
import NIOCore
import NIOConcurrencyHelpers
import Testing

@Suite(.timeLimit(.minutes(2)))
struct PipeliningTests {
    @Test("answers are matched by call id, in whatever order they come")
    func outOfOrder() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let calls = (1...3).map { client.begin($0) }
            let connection = try await peer.nextConnection()
            let requests = try await connection.nextRequests(3)
            #expect(Set(requests.map(\.callID)).count == 3)
            for request in requests.reversed() {
                guard case .predict(let customer) = request.method else {
                    Issue.record("\(request)")
                    continue
                }
                try await connection.send(Frame.prediction(request.callID, customer: customer))
            }
            for (customer, call) in zip(Int64(1)..., calls) {
                #expect(try await call.value.customerID == customer)
            }
        }
        try await peer.stop()
    }

    @Test("a frame may come in single bytes, and many in one piece")
    func reassembly() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let first = client.begin(1)
            let connection = try await peer.nextConnection()
            let request = try await connection.nextRequest()
            for byte in Frame.prediction(request.callID, customer: 1, probability: 0.5) {
                try await connection.send([byte])
            }
            #expect(try await first.value.probability == 0.5)

            let calls = (1...4).map { client.begin($0) }
            let bytes = try await connection.nextRequests(4).flatMap { Frame.prediction($0.callID, customer: 7) }
            try await connection.send(Array(bytes.prefix(bytes.count - 5)))
            try await connection.send(Array(bytes.suffix(5)))
            for call in calls { #expect(try await call.value.customerID == 7) }
        }
        try await peer.stop()
    }

    @Test("10,000 calls at once use one connection, never more than maxInFlight of them, in the order of their start")
    func manyCalls() async throws {
        let limit = 64
        // One connection, so its handler is the only writer.
        let outstanding = NIOLockedValueBox((now: 0, most: 0))
        let held = NIOLockedValueBox<[UInt64]>([])
        let peer = try await ScriptedPeer(answering: { request in
            outstanding.withLockedValue {
                $0.now += 1
                $0.most = max($0.most, $0.now)
            }
            // Answers come 16 at a time, the latest first.
            let ready = held.withLockedValue { held in
                held.append(request.callID)
                defer { if held.count == 16 { held = [] } }
                return held.count == 16 ? held : []
            }
            outstanding.withLockedValue { $0.now -= ready.count }
            return ready.reversed().flatMap { Frame.prediction($0, customer: Int64(bitPattern: $0)) }
        })
        try await withClient(port: peer.port, maxInFlight: limit) { client in
            let answers = try await withThrowingTaskGroup(of: Int64.self) { group in
                for customer in 1...10_000 {
                    group.addTask { try await client.predict(customerID: Int64(customer)).customerID }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(answers.count == 10_000)
        }
        #expect(outstanding.withLockedValue { $0.most } <= limit)
        _ = try await peer.nextConnection()
        try await peer.stop()
    }

    @Test("a second call waits in line behind a full connection")
    func waitsInLine() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port, maxInFlight: 1) { client in
            let first = client.begin(1)
            let connection = try await peer.nextConnection()
            let one = try await connection.nextRequest()
            let second = client.begin(2)
            try await connection.send(Frame.prediction(one.callID, customer: 1))
            _ = try await first.value
            let two = try await connection.nextRequest()
            #expect(two.method == .predict(2))
            try await connection.send(Frame.prediction(two.callID, customer: 2))
            #expect(try await second.value.customerID == 2)
        }
        try await peer.stop()
    }

    @Test("every method reaches the wire and its answer comes back")
    func methods() async throws {
        let peer = try await ScriptedPeer()
        try await withClient(port: peer.port) { client in
            let ids = Task { try await client.predictBatch(customerIDs: [5, 6], model: "m@1") }
            let connection = try await peer.nextConnection()
            var request = try await connection.nextRequest()
            #expect(request.method == .ids([5, 6]))
            #expect(request.model == "m@1")
            #expect(request.timeoutMilliseconds > 0 && request.timeoutMilliseconds <= 30_000)
            try await connection.send(Frame.batch(request.callID, probabilities: [0.5, 0.75]))
            #expect(try await ids.value.probabilities == [0.5, 0.75])
            #expect(try await ids.value.status(row: 1) == .ok)

            let columns = Task {
                try await client.predictBatch(columns: [FeatureColumn(name: "Frequency", values: [1, 2, 3])])
            }
            request = try await connection.nextRequest()
            #expect(request.method == .columns(["Frequency"]))
            try await connection.send(Frame.batch(request.callID, probabilities: [0, 1, 0.5]))
            #expect(try await columns.value.probabilities == [0, 1, 0.5])

            let health = Task { try await client.health() }
            request = try await connection.nextRequest()
            #expect(request.method == .health)
            try await connection.send(Frame.health(request.callID))
            #expect(try await health.value.state == .serving)
        }
        try await peer.stop()
    }
}
