import ChurnCalls
import ChurnFeatures
import ChurnModel
import ChurnProtocol
import ChurnStore
import NIOCore
import ServerTestSupport
import TestSupport
import Testing

@Suite(.serialized) struct PredictionTests {
    private static let byID = Request(method: .predictByID(customer: 12347, contributions: false, names: false))

    @Test("PredictById gives the documented answer")
    func byID() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            let response = try await blocking {
                try peer.call(Request(method: .predictByID(customer: 12347, contributions: true, names: true)))
            }
            #expect(response.callID == 7)
            guard case .predictByID(let prediction) = response.result else {
                Issue.record("no prediction: \(response)")
                return
            }
            #expect(abs(prediction.probability - KnownCustomer.probability) <= 1e-15)
            #expect(prediction.features == [7, 4310, 615.7142857142857])
            #expect(prediction.featureNames == ["Frequency", "Monetary", "AvgOrderValue"])
            #expect(!prediction.isChurn && prediction.threshold == 0.35)
            #expect(prediction.model.name == "seed-logistic" && prediction.model.version == "1")
            let sum = prediction.contributions.reduce(prediction.baseline, +)
            #expect(abs(sum - prediction.logOdds) <= 1e-13)
        }
    }

    @Test("the model is chosen by name, by name and version, or by default")
    func modelSelector() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                for model in ["", "seed-logistic", "seed-logistic@1"] {
                    #expect(try peer.call(Request(model: model, method: Self.byID.method)).status == .ok)
                }
                for model in ["seed", "seed-logistic@2", "seed-logistic@", "\u{1}"] {
                    let response = try peer.call(Request(model: model, method: Self.byID.method))
                    #expect(response.status == .notFound)
                    #expect(response.message.contains("this server has seed-logistic@1"))
                }
            }
        }
    }

    @Test("models that share inputs and features each answer with their own")
    func severalModels() async throws {
        let catalog = try ModelCatalog(directory: Surroundings.path("models"))
        let seed = try catalog.model("seed-logistic")
        func model(_ name: String, _ inputs: [ModelInput]) throws -> LogisticModel {
            try LogisticModel(name: name, version: 1, inputs: inputs, intercept: -0.5, threshold: 0.5)
        }
        let monetary = ModelInput(feature: "Monetary", mean: 1000, scale: 500, coefficient: 0.75)
        let products = ModelInput(feature: "units", transform: .log1p, mean: 1, scale: 2, coefficient: -1)
        let models = [
            seed, try catalog.model("churn-temporal"), try model("seed-reversed", seed.inputs.reversed()),
            try model("seed-tail", Array(seed.inputs.dropFirst())), try model("mixed", [products, monetary]),
        ]
        try await TestServer.with(models: models) { server in
            let peer = try await server.connect()
            try await blocking {
                let schema = FeatureSchema.current
                let store = try server.storeLocation.open(.read)
                for model in models {
                    let batch = Request(model: model.name, method: .predictBatchByIDs([5, 12347]))
                    let probabilities = try Self.batch(peer.call(batch)).probabilities
                    for (position, id) in [Int64(5), 12347].enumerated() {
                        let method = Request.Method.predictByID(customer: id, contributions: false, names: true)
                        guard
                            case .predictByID(let found) = try peer.call(Request(model: model.name, method: method))
                                .result
                        else { throw RawPeer.Failure(call: "by id", code: 0) }
                        let record = try #require(try store.record(of: id))
                        var row = [Double](repeating: 0, count: schema.names.count)
                        row.withUnsafeMutableBufferPointer { schema.write(record.facts, record.build.context, to: $0) }
                        let features = try model.inputs.map { row[try #require(schema.index(of: $0.feature))] }
                        #expect(found.features == features)
                        #expect(found.featureNames == model.inputs.map(\.feature))
                        let inputs = zip(model.inputs, features).map { $0.transform($1) }
                        let expected = Scorer(model, level: .best).score(inputs: inputs)
                        #expect(found.logOdds == expected.logOdds && found.probability == expected.probability)
                        #expect(probabilities[position] == expected.probability)
                    }
                }
            }
        }
    }

    @Test(
        "an unknown customer is NOT_FOUND, by its own call and by its row",
        arguments: [Int64.min, -1, 0, 999_999, .max]
    )
    func unknownCustomer(id: Int64) async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let single = try peer.call(
                    Request(method: .predictByID(customer: id, contributions: false, names: false))
                )
                #expect(single.status == .notFound)
                #expect(single.message == "customer \(id) is not known")
                let batch = try peer.call(Request(method: .predictBatchByIDs([12347, id, 1])))
                guard case .predictBatch(let rows) = batch.result else {
                    Issue.record("no batch: \(batch)")
                    return
                }
                #expect((0..<3).map { rows.status(row: $0) } == [.ok, .notFound, .ok])
                #expect(rows.probabilities[1].isNaN && !rows.probabilities[2].isNaN)
                #expect(!rows.isChurn(row: 1))
            }
        }
    }

    @Test("known and unknown customers in one packet are each answered as by themselves", arguments: 0..<8)
    func mixedPacket(seed: Int) async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                var random = SplitMix64(seed: UInt64(seed))
                // The first two: nobody is known, everybody is.
                let knownShare = seed < 2 ? Double(seed) : Double.random(in: 0..<1, using: &random)
                let customers = (0..<150).map { _ in
                    let isKnown = Double.random(in: 0..<1, using: &random) < knownShare
                    return Int64.random(in: isKnown ? 1...200 : 1_000...2_000, using: &random)
                }
                func request(_ customer: Int64) -> Request {
                    Request(method: .predictByID(customer: customer, contributions: false, names: false))
                }
                peer.send(
                    customers.enumerated().flatMap {
                        RawPeer.frame(request($1), callID: UInt64($0 + 1), timeout: 60_000)
                    }
                )
                var answers: [Response] = []
                for _ in customers { answers.append(try #require(try peer.receive())) }
                for (index, customer) in customers.enumerated() {
                    let alone = try peer.call(request(customer), callID: UInt64(index + 1))
                    #expect("\(answers[index])" == "\(alone)", "seed \(seed), call \(index)")
                    #expect((alone.status == .ok) == (customer <= 200))
                }
            }
        }
    }

    @Test("by id, by batch of any size and by columns: the same bits", arguments: [1, 7, 8, 9, 200, 20_000])
    func sameBits(rows: Int) async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let ids = (0..<rows).map { row in row % 3 == 0 ? Int64(12347) : Int64(1 + row % 200) }
                let byIDs = try Self.batch(peer.call(Request(method: .predictBatchByIDs(ids))))
                var single: [Int64: Prediction] = [:]
                for id in Set(ids) {
                    let request = Request(method: .predictByID(customer: id, contributions: false, names: false))
                    guard case .predictByID(let prediction) = try peer.call(request).result else {
                        Issue.record("no prediction for \(id)")
                        return
                    }
                    single[id] = prediction
                }
                let features = ids.compactMap { single[$0]?.features }
                let columns = ["Frequency", "Monetary", "AvgOrderValue"].enumerated().map { index, name in
                    FeatureColumn(name: name, values: features.map { $0[index] })
                }
                // The order of columns is the caller's business.
                let reversed = Request(method: .predictBatchByColumns(columns.reversed()))
                let byColumns = try Self.batch(peer.call(reversed))
                let expected = ids.compactMap { single[$0]?.probability.bitPattern }
                #expect(byIDs.probabilities.map(\.bitPattern) == expected)
                #expect(byColumns.probabilities.map(\.bitPattern) == expected)
                #expect((0..<rows).map(byIDs.isChurn) == ids.compactMap { single[$0]?.isChurn })
                #expect(byIDs.decisions == byColumns.decisions)
                #expect(byIDs.statuses.isEmpty && byColumns.featureTime == 0 && byIDs.featureTime > 0)
            }
        }
    }

    private static func batch(_ response: Response) throws -> BatchPrediction {
        guard case .predictBatch(let batch) = response.result else {
            throw RawPeer.Failure(call: "batch: \(response.status) \(response.message)", code: 0)
        }
        return batch
    }

    @Test("a batch that cannot be scored says which column or row is wrong")
    func badBatches() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let good = [
                    FeatureColumn(name: "Frequency", values: [7, 1]),
                    FeatureColumn(name: "Monetary", values: [4310, 1]),
                    FeatureColumn(name: "AvgOrderValue", values: [615, 1]),
                ]
                func refusal(_ columns: [FeatureColumn]) throws -> String {
                    let response = try peer.call(Request(method: .predictBatchByColumns(columns)))
                    #expect(response.status == .invalidArgument, "\(response)")
                    return response.message
                }
                for value in [Double.nan, .infinity, -.infinity] {
                    var columns = good
                    columns[1].values[1] = value
                    #expect(try refusal(columns).contains("row 1 of column Monetary is \(value)"))
                }
                var large = good
                for index in large.indices { large[index].values = [Double](repeating: 1, count: 30_000) }
                large[2].values[29_999] = .nan
                #expect(try refusal(large).contains("row 29999 of column AvgOrderValue is nan"))
                #expect(try refusal(Array(good.dropLast())).contains("the column AvgOrderValue is missing"))
                #expect(try refusal(good + [good[0]]).contains("the column Frequency is there twice"))
                #expect(
                    try refusal(good + [FeatureColumn(name: "Pets", values: [1, 2])]).contains("no feature 'Pets'")
                )
                var ragged = good
                ragged[2].values.append(3)
                #expect(try refusal(ragged).contains("column AvgOrderValue has 3 rows and column Frequency has 2"))
                #expect(try refusal([]).contains("the column Frequency is missing"))
                #expect(try refusal(good.map { FeatureColumn(name: $0.name, values: []) }).contains("no rows"))
                let empty = try peer.call(Request(method: .predictBatchByIDs([])))
                #expect(empty.status == .invalidArgument && empty.message.contains("no rows"))
                // The connection is none the worse for it.
                #expect(try peer.call(Self.byID).status == .ok)
            }
        }
    }

    @Test("a deadline that passes in the middle of a batch ends it")
    func deadline() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let ids = (0..<CallLimits.batchRows).map { Int64($0) }
                let late = try peer.call(Request(method: .predictBatchByIDs(ids)), timeout: 1)
                #expect(late.status == .deadlineExceeded)
                #expect(
                    try Self.batch(peer.call(Request(method: .predictBatchByIDs(ids)))).probabilities.count == ids.count
                )
                #expect(try peer.call(Self.byID, timeout: 60_000).status == .ok)
            }
        }
    }

    @Test("more rows than the limit are refused")
    func tooManyRows() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                let ids = [Int64](repeating: 1, count: CallLimits.batchRows + 1)
                let response = try peer.call(Request(method: .predictBatchByIDs(ids)))
                #expect(response.status == .invalidArgument)
                #expect(response.message.contains("1000001 rows are more than the limit of 1000000"))
            }
        }
    }

    @Test(
        "without features PredictById is UNAVAILABLE, PredictBatch by columns works, and a build that comes is served"
    )
    func featuresComeLater() async throws {
        try await TestServer.with(hasFeatures: false) { server in
            let peer = try await server.connect()
            let columns = ["Frequency", "Monetary", "AvgOrderValue"].map { FeatureColumn(name: $0, values: [1]) }
            try await blocking {
                let response = try peer.call(Self.byID)
                #expect(response.status == .unavailable && response.notProcessed)
                #expect(try Self.health(peer).state == .notServing)
                #expect(try peer.call(Request(method: .predictBatchByColumns(columns))).status == .ok)
                _ = try server.storeLocation.open(.update).buildFeatures(asOfDay: nil)
                let report = try Self.health(peer) { $0.features?.generation == 1 }
                #expect(report.state == .serving && report.features?.customers == 201)
                #expect(try peer.call(Self.byID).status == .ok)
                // A second build, of an earlier day: fewer customers.
                let day = try #require(report.features?.featureTime) / 86400 - 100
                _ = try server.storeLocation.open(.update).buildFeatures(asOfDay: day)
                let next = try Self.health(peer) { $0.features?.generation == 2 }
                #expect(next.features?.featureTime == day * 86400)
                #expect(try #require(next.features?.customers) < 201)
            }
        }
    }

    @Test("a customer's segment is in the answer once the store has it, and goes with the next build")
    func segments() async throws {
        try await TestServer.with { server in
            let peer = try await server.connect()
            try await blocking {
                #expect(try Self.segment(peer, until: { $0.isEmpty }) == "")
                let store = try server.storeLocation.open(.update)
                let assignment = SegmentAssignment(
                    generation: 1,
                    names: ["VIP loyal", "lost"],
                    segments: [(12347, 1), (1, 0), (999_999, 0)]
                )
                try store.setSegments(assignment)
                #expect(try Self.segment(peer, until: { !$0.isEmpty }) == "lost")
                #expect(try store.record(of: 1)?.segment == "VIP loyal")
                #expect(try store.record(of: 2)?.segment == nil)
                _ = try store.buildFeatures(asOfDay: nil)
                #expect(throws: StoreError.self) { try store.setSegments(assignment) }
                #expect(try Self.segment(peer, until: { $0.isEmpty }) == "")
            }
        }
    }

    /// The segment of customer 12347, once it is as wanted; 30 s at the most.
    private static func segment(_ peer: RawPeer, until: (String) -> Bool) throws -> String {
        let giveUp = NIODeadline.now() + .seconds(30)
        while true {
            guard case .predictByID(let prediction) = try peer.call(Self.byID).result else {
                throw RawPeer.Failure(call: "no prediction", code: 0)
            }
            if until(prediction.segment) || NIODeadline.now() > giveUp { return prediction.segment }
        }
    }

    /// Asks for Health until it is as wanted; 30 s at the most.
    static func health(_ peer: RawPeer, until: (HealthReport) -> Bool = { _ in true }) throws -> HealthReport {
        let giveUp = NIODeadline.now() + .seconds(30)
        while true {
            let response = try peer.call(Request(method: .health(names: true)))
            guard case .health(let report) = response.result else {
                throw RawPeer.Failure(call: "health: \(response)", code: 0)
            }
            if until(report) || NIODeadline.now() > giveUp { return report }
        }
    }
}
