import ChurnCalls
import ChurnProtocol
import ChurnServer
import ChurnStore
import NIOCore
import ServerTestSupport
import TestSupport
import Testing

/// A server that looks its customers up, over SQLite; the suite MongoReadThroughTests has one over MongoDB, with its faults.
@Suite(.serialized) struct ReadThroughTests {
    private static let byID = Request(method: .predictByID(customer: 12347, contributions: false, names: false))

    @Test(
        "every answer is, to the last bit, that of a server which has all customers in memory",
        arguments: [1, 20, 100_000]
    )
    func sameAnswers(cachedCustomers: Int) async throws {
        let mode = LookupMode.readThrough(cachedCustomers: cachedCustomers)
        try await TestServer.with { resident in
            try await TestServer.with(configuration: { $0.lookup = mode }) { server in
                let (expected, peer) = (try await resident.connect(), try await server.connect())
                try await blocking {
                    for frame in Self.frames {
                        expected.send(frame)
                        peer.send(frame)
                        let answers = (try #require(try peer.receive()), try #require(try expected.receive()))
                        #expect("\(answers.0)" == "\(answers.1)")
                    }
                }
            }
        }
    }

    /// Calls of every kind, one after another; some in large frames, the same customers again and again.
    private static var frames: [[UInt8]] {
        var requests: [Request] = []
        let customers: [Int64] = [12347, 1, 200, 201, 12347, -5, .max, .min] + Array(1...60)
        for customer in customers {
            for (contributions, names) in [(false, false), (true, true)] {
                requests.append(
                    Request(method: .predictByID(customer: customer, contributions: contributions, names: names))
                )
            }
        }
        for model in ["seed-logistic", "seed-logistic@1", "seed-logistic@9", "none"] {
            requests.append(Request(model: model, method: Self.byID.method))
            requests.append(Request(model: model, method: .predictBatchByIDs([1, 2])))
        }
        for rows in [0, 1, 2, 255, 4_096, 4_097, 20_000] {
            let ids: [Int64] = (0..<Int64(rows)).map { row in row % 7 == 3 ? 12347 : 1 + row % 220 }
            requests.append(Request(method: .predictBatchByIDs(ids)))
        }
        requests.append(Request(method: .predictBatchByIDs([Int64](repeating: 1, count: CallLimits.batchRows + 1))))
        requests.append(Request(method: .predictBatchByIDs([201, 202])))
        let columns = ["Frequency", "Monetary", "AvgOrderValue"].map { FeatureColumn(name: $0, values: [1, 2]) }
        requests.append(Request(method: .predictBatchByColumns(columns)))
        requests.append(Request(method: .predictBatchByColumns([])))
        var frames = requests.enumerated().map { RawPeer.frame($1, callID: UInt64($0 + 1), timeout: 60_000) }
        // A call for one customer that fills a large frame, with a field that this version does not know.
        for customer in [Int64(12347), 999_999] {
            let call = Request(method: .predictByID(customer: customer, contributions: false, names: false))
            frames.append(Self.padded(RawPeer.frame(call, callID: 5_000), by: 70_000))
        }
        return frames
    }

    /// The frame with an unknown field (number 1000, of bytes) at its end.
    private static func padded(_ frame: [UInt8], by bytes: Int) -> [UInt8] {
        var field: [UInt8] = [0xC2, 0x3E]
        var length = bytes
        while length >= 128 {
            field.append(UInt8(length & 127) | 128)
            length >>= 7
        }
        field.append(UInt8(length))
        field += [UInt8](repeating: 0x55, count: bytes)
        let payload = frame.count - 4 + field.count
        let header = (0..<4).map { UInt8(truncatingIfNeeded: payload >> (24 - 8 * $0)) }
        return header + Array(frame[4...]) + field
    }

    @Test("calls in flight are answered once each, and those that are too many refused as not begun")
    func pipelined() async throws {
        try await TestServer.with(configuration: { $0.lookup = .readThrough() }) { server in
            let peer = try await server.connect()
            try await blocking {
                let calls = 3_000
                let frames = (1...calls).flatMap { call in
                    let customer = Int64(1 + call % 200)
                    let request = Request(method: .predictByID(customer: customer, contributions: false, names: false))
                    return RawPeer.frame(request, callID: UInt64(call))
                }
                peer.send(frames)
                peer.endOutput()
                var answered: Set<UInt64> = []
                while let response = try peer.receive() {
                    #expect(answered.insert(response.callID).inserted)
                    switch response.result {
                    case .predictByID(let prediction):
                        #expect(prediction.customerID == Int64(1 + response.callID % 200))
                    default:
                        #expect(response.status == .resourceExhausted && response.notProcessed, "\(response)")
                    }
                }
                #expect(answered.count == calls)
            }
        }
    }

    @Test("Health is that of the newest build, and UNAVAILABLE is said until there is one")
    func builds() async throws {
        try await TestServer.with(
            configuration: { $0.lookup = .readThrough(freshFor: .milliseconds(1)) },
            hasFeatures: false
        ) { server in
            let peer = try await server.connect()
            try await blocking {
                let none = try peer.call(Self.byID)
                #expect(none.status == .unavailable && none.message == "no features are loaded")
                #expect(try PredictionTests.health(peer).state == .notServing)
                let store = try server.storeLocation.open(.update)
                _ = try store.buildFeatures(asOfDay: nil)
                let report = try PredictionTests.health(peer) { $0.features?.generation == 1 }
                #expect(report.state == .serving && report.features?.customers == 201)
                let first = try Self.prediction(peer, until: { _ in true })
                #expect(first.featureTime == report.features?.featureTime && first.segment.isEmpty)
                #expect(abs(first.probability - KnownCustomer.probability) <= 1e-12)
                try store.setSegments(
                    SegmentAssignment(generation: 1, names: ["VIP loyal", "lost"], segments: [(12347, 1), (1, 0)])
                )
                #expect(try Self.prediction(peer, until: { !$0.segment.isEmpty }).segment == "lost")
                let day = first.featureTime / 86_400 - 100
                _ = try store.buildFeatures(asOfDay: day)
                let second = try Self.prediction(peer, until: { $0.featureTime != first.featureTime })
                #expect(second.featureTime == day * 86_400 && second.segment.isEmpty)
                #expect(try PredictionTests.health(peer) { $0.features?.generation == 2 }.state == .serving)
            }
        }
    }

    /// The prediction of customer 12347, once it is as wanted; 30 s at the most.
    private static func prediction(_ peer: RawPeer, until: (Prediction) -> Bool) throws -> Prediction {
        let giveUp = NIODeadline.now() + .seconds(30)
        while true {
            let response = try peer.call(Self.byID)
            guard case .predictByID(let prediction) = response.result else {
                throw RawPeer.Failure(call: "\(response)", code: 0)
            }
            if until(prediction) || NIODeadline.now() > giveUp { return prediction }
        }
    }

    @Test("a server without a store cannot read through to it")
    func noStore() throws {
        #expect(throws: ServerError.configuration("0 cached customers are not within 1...1000000000")) {
            try ServerConfiguration(lookup: .readThrough(cachedCustomers: 0))
        }
        #expect(throws: ServerError.self) { try ServerConfiguration(lookup: .readThrough(freshFor: .zero)) }
    }
}
