import ChurnCalls
import ChurnProtocol
import NIOCore
import TestSupport
import Testing

/// Our codecs against frames made by Google's protobuf runtime: the same bytes written, the same values read.
@Suite struct GoldenFrameTests {
    private static let schemaID: UInt64 = 18_364_758_544_493_064_720
    private static let identity = ModelIdentity(name: "seed-logistic", version: "1", schemaID: schemaID)

    private static let columns = [
        FeatureColumn(name: "Frequency", values: [7, 1, 4]),
        FeatureColumn(name: "Monetary", values: [4310, 77183.6, 1797.24]),
        FeatureColumn(name: "AvgOrderValue", values: [615.7142857142857, 77183.6, 449.31]),
    ]

    private static let prediction = Prediction(
        customerID: 12347,
        probability: 0.07052281746741611,
        logOdds: -2.578704724684388,
        isChurn: false,
        threshold: 0.35,
        features: [7, 4310, 615.7142857142857],
        featureNames: ["Frequency", "Monetary", "AvgOrderValue"],
        contributions: [-1.25, .leastNonzeroMagnitude, -0.1],
        baseline: -1.0986122886681098,
        model: identity,
        featureTime: 1_323_475_200,
        segment: "loyal"
    )

    private static let text = "CUST-0001 \u{e9}"
    private static let texts = ["CUST-0001", "12347", "", String(repeating: "x", count: 200)]

    private static let health = HealthReport(
        state: .degraded,
        reason: "the store has not answered for 31 s \u{2013} r\u{e9}sum\u{e9}",
        draining: true,
        serverVersion: "0.1.0",
        uptimeMilliseconds: .max,
        models: [
            .init(
                name: "seed-logistic",
                version: "1",
                schemaID: schemaID,
                threshold: 0.35,
                features: ["Frequency", "Monetary", "AvgOrderValue"]
            ),
            .init(name: "other", version: "2026-01-31", schemaID: 1, threshold: 0.5, features: []),
        ],
        features: .init(customers: 4339, generation: 2, featureTime: 1_323_475_200),
        store: .init(kind: "sqlite", reachable: false, checkedMillisecondsAgo: 31000)
    )

    // MARK: Requests

    @Test("a client's request is byte for byte what Google's runtime makes of it")
    func requestsAreEncoded() throws {
        func encoded(_ request: Request, _ callID: UInt64, _ timeout: UInt32) -> [UInt8] {
            var buffer = ByteBuffer()
            #expect(RequestEncoder.write(request, callID: callID, timeoutMilliseconds: timeout, to: &buffer))
            return Array(buffer.readableBytesView)
        }
        let byID = Request(
            model: "seed-logistic@1",
            method: .predictByID(customer: 12347, contributions: true, names: true)
        )
        #expect(encoded(byID, 72_623_859_790_382_856, 250) == (try GoldenFrames.frame("request_predict_by_id")))
        let ids = Request(method: .predictBatchByIDs([12347, 12346, 99999, .max]))
        #expect(encoded(ids, .max, 0) == (try GoldenFrames.frame("request_predict_batch_ids")))
        let byText = Request(method: .predictByText(customer: Self.text, contributions: false, names: false))
        #expect(encoded(byText, 5, 0) == (try GoldenFrames.frame("request_predict_by_text")))
        let texts = Request(model: "seed-logistic", method: .predictBatchByTexts(Self.texts))
        #expect(encoded(texts, 6, 0) == (try GoldenFrames.frame("request_predict_batch_texts")))
        let columns = Request(model: "seed-logistic", method: .predictBatchByColumns(Self.columns))
        #expect(encoded(columns, 3, .max) == (try GoldenFrames.frame("request_predict_batch_columns")))
        let health = Request(method: .health(names: true))
        #expect(encoded(health, 4, 0) == (try GoldenFrames.frame("request_health")))
    }

    @Test("a request of Google's runtime is read as it was written")
    func requestsAreDecoded() throws {
        let arena = DecodeArena()
        try decode("request_predict_by_id", arena) { request in
            #expect(request.callID == 72_623_859_790_382_856)
            #expect(request.timeoutMilliseconds == 250)
            #expect(String(cString: request.call.model) == "seed-logistic@1")
            guard case .predictByID(let arguments) = request.call.method else {
                Issue.record("not a PredictById")
                return
            }
            #expect((arguments.customer.number, arguments.contributions, arguments.names) == (12347, true, true))
        }
        try decode("request_predict_batch_ids", arena) { request in
            #expect(request.callID == .max)
            #expect(request.call.model[0] == 0)
            guard case .predictBatchByIDs(let ids) = request.call.method else {
                Issue.record("not a batch by ids")
                return
            }
            #expect(Array(ids) == [12347, 12346, 99999, .max])
        }
        try decode("request_predict_by_text", arena) { request in
            guard case .predictByID(let arguments) = request.call.method, case .text(let text) = arguments.customer
            else {
                Issue.record("not a PredictById by text")
                return
            }
            #expect(String(decoding: text, as: UTF8.self) == Self.text)
        }
        try decode("request_predict_batch_texts", arena) { request in
            guard case .predictBatchByTexts(let texts) = request.call.method else {
                Issue.record("not a batch by texts")
                return
            }
            #expect(texts.count == 4 && texts.map { String(decoding: $0, as: UTF8.self) } == Self.texts)
        }
        try decode("request_predict_batch_columns", arena) { request in
            #expect(request.timeoutMilliseconds == .max)
            guard case .predictBatchByColumns(let columns) = request.call.method else {
                Issue.record("not a batch by columns")
                return
            }
            let read = columns.map { column in
                FeatureColumn(name: column.name.map { String(cString: $0) } ?? "", values: Array(column.values))
            }
            #expect(read == Self.columns)
        }
        try decode("request_health", arena) { request in
            guard case .health(let names) = request.call.method else {
                Issue.record("not a Health")
                return
            }
            #expect(names)
        }
    }

    private func decode(_ name: String, _ arena: DecodeArena, _ body: (RequestView) -> Void) throws {
        try GoldenFrames.payload(name).withUnsafeBytes { body(try RequestView.decode($0, arena: arena)) }
    }

    // MARK: Responses

    @Test("a server's response is byte for byte what Google's runtime makes of it")
    func responsesAreEncoded() throws {
        let golden = try GoldenFrames.frame("response_predict_by_id")
        withModel { model, names in
            var buffer = ByteBuffer()
            Self.prediction.features.withUnsafeBufferPointer { features in
                Self.prediction.contributions.withUnsafeBufferPointer { contributions in
                    "loyal".withCString { segment in
                        let answer = PredictByIDAnswer(
                            customer: 12347,
                            probability: Self.prediction.probability,
                            logOdds: Self.prediction.logOdds,
                            churn: false,
                            features: features,
                            featureTime: Self.prediction.featureTime,
                            segment: segment,
                            contributions: contributions,
                            baseline: Self.prediction.baseline,
                            names: names
                        )
                        ResponseEncoder.write(answer, model: model, callID: 72_623_859_790_382_856, to: &buffer)
                    }
                }
            }
            #expect(Array(buffer.readableBytesView) == golden)
        }
        let byText = try GoldenFrames.frame("response_predict_by_text")
        withModel { model, _ in
            var buffer = ByteBuffer()
            Self.prediction.features.withUnsafeBufferPointer { features in
                let none = UnsafeBufferPointer<Double>(start: nil, count: 0)
                var answer = PredictByIDAnswer(
                    customer: 0,
                    probability: 0.5,
                    logOdds: 0,
                    churn: false,
                    features: features,
                    featureTime: Self.prediction.featureTime,
                    segment: nil,
                    contributions: none,
                    baseline: 0,
                    names: UnsafeBufferPointer(start: nil, count: 0)
                )
                Array(Self.text.utf8).withUnsafeBufferPointer { text in
                    answer.customerText = text
                    ResponseEncoder.write(answer, model: model, callID: 5, to: &buffer)
                }
            }
            #expect(Array(buffer.readableBytesView) == byText)
        }
        var buffer = ByteBuffer()
        ResponseEncoder.write(Self.health, callID: 4, to: &buffer)
        #expect(Array(buffer.readableBytesView) == (try GoldenFrames.frame("response_health")))
        buffer.clear()
        ResponseEncoder.write(
            status: .unavailable,
            message: "the server is draining",
            notProcessed: true,
            callID: 3,
            to: &buffer
        )
        #expect(Array(buffer.readableBytesView) == (try GoldenFrames.frame("response_status")))
        buffer.clear()
        ResponseEncoder.writeDrainingNotice(to: &buffer)
        #expect(Array(buffer.readableBytesView) == (try GoldenFrames.frame("response_notice")))
    }

    @Test("a batch response is byte for byte what Google's runtime makes of it, NaN included")
    func batchResponseIsEncoded() throws {
        let golden = try GoldenFrames.frame("response_predict_batch")
        let arena = DecodeArena()
        // The bits of the NaNs are those of the golden frame: runtimes differ in them, and the wire keeps them.
        let read = try golden.dropFirst(4).withUnsafeBytes { try Response.decode($0, arena: arena) }
        guard case .predictBatch(let batch) = read.result else {
            Issue.record("not a batch")
            return
        }
        #expect(batch.probabilities.map(\.isNaN) == [false, false, true, true])
        #expect(Array(batch.probabilities.prefix(2)) == [0.07052281746741611, 0.7805157755750162])
        #expect(batch.decisions == [0, 1, 0, 0])
        #expect((0..<4).map(batch.isChurn) == [false, true, false, false])
        #expect((0..<4).map { batch.status(row: $0) } == [.ok, .ok, .notFound, .notFound])
        #expect(batch.model == Self.identity)
        withModel { model, _ in
            var buffer = ByteBuffer()
            batch.probabilities.withUnsafeBufferPointer { probabilities in
                batch.decisions.withUnsafeBufferPointer { decisions in
                    batch.statuses.withUnsafeBufferPointer { statuses in
                        let answer = PredictBatchAnswer(
                            probabilities: probabilities,
                            decisions: decisions,
                            statuses: statuses,
                            featureTime: 1_323_475_200
                        )
                        ResponseEncoder.write(answer, model: model, callID: .max, to: &buffer)
                    }
                }
            }
            #expect(Array(buffer.readableBytesView) == golden)
        }
    }

    @Test("a response of Google's runtime is read as it was written")
    func responsesAreDecoded() throws {
        let arena = DecodeArena()
        func decoded(_ name: String) throws -> Response {
            try GoldenFrames.payload(name).withUnsafeBytes { try Response.decode($0, arena: arena) }
        }
        let byID = try decoded("response_predict_by_id")
        #expect(byID.callID == 72_623_859_790_382_856)
        #expect(byID.status == .ok)
        guard case .predictByID(let prediction) = byID.result else {
            Issue.record("not a prediction")
            return
        }
        #expect(prediction == Self.prediction)
        guard case .health(let health) = try decoded("response_health").result else {
            Issue.record("not a health report")
            return
        }
        #expect(health == Self.health)
        let status = try decoded("response_status")
        #expect((status.status, status.message, status.notProcessed) == (.unavailable, "the server is draining", true))
        guard case .drainingNotice = try decoded("response_notice").result else {
            Issue.record("not a notice")
            return
        }
    }

    private func withModel(
        _ body: (ModelIdentityView, UnsafeBufferPointer<UnsafeMutablePointer<CChar>?>) throws -> Void
    ) rethrows {
        try "seed-logistic".withCString { name in
            try "1".withCString { version in
                try "Frequency".withCString { frequency in
                    try "Monetary".withCString { monetary in
                        try "AvgOrderValue".withCString { average in
                            let names = [frequency, monetary, average].map {
                                Optional(UnsafeMutablePointer(mutating: $0))
                            }
                            try names.withUnsafeBufferPointer {
                                try body(
                                    ModelIdentityView(
                                        name: name,
                                        version: version,
                                        schemaID: Self.schemaID,
                                        threshold: 0.35
                                    ),
                                    $0
                                )
                            }
                        }
                    }
                }
            }
        }
    }
}
