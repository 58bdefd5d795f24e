import ChurnProtocol
import NIOCore
import TestSupport
import Testing

/// The short ways of the hot path against the codec that they stand in for.
@Suite struct PlainFormTests {
    @Test("a plain request reads as decoding reads it", arguments: [0, 1, 127, 128, 16_383, 16_384, 1 << 28 - 1])
    func plainRequests(timeout: UInt32) throws {
        var random = SplitMix64(seed: UInt64(timeout))
        for customer in [1, -1, Int64.min, .max, 12347]
            + (0..<200).map({ _ in Int64.random(in: .min ... .max, using: &random) })
        {
            let request = Request(method: .predictByID(customer: customer, contributions: false, names: false))
            let callID = UInt64.random(in: 1 ... .max, using: &random)
            let payload = Self.payload(request, callID: callID, timeout: timeout)
            let plain = try #require(Self.plain(payload), "customer \(customer)")
            #expect(plain.callID == callID && plain.customer == customer && plain.timeoutMilliseconds == timeout)
        }
    }

    @Test("other requests are left to decoding")
    func otherRequests() {
        let others: [Request] = [
            Request(method: .predictByID(customer: 0, contributions: false, names: false)),
            Request(method: .predictByID(customer: 1, contributions: true, names: false)),
            Request(method: .predictByID(customer: 1, contributions: false, names: true)),
            Request(model: "m", method: .predictByID(customer: 1, contributions: false, names: false)),
            Request(method: .predictBatchByIDs([1])),
            Request(method: .health(names: false)),
        ]
        for request in others { #expect(Self.plain(Self.payload(request, callID: 7)) == nil, "\(request)") }
        let plain = Request(method: .predictByID(customer: 1, contributions: false, names: false))
        #expect(Self.plain(Self.payload(plain, callID: 7, timeout: 1 << 28)) == nil)
    }

    @Test("every bit flip, truncation and extension of a plain request reads as decoding reads it, or is left to it")
    func broken() {
        let arena = DecodeArena()
        for timeout in [0, 1, 300, 70_000] as [UInt32] {
            let request = Request(method: .predictByID(customer: 12347, contributions: false, names: false))
            let payload = Self.payload(request, callID: 0x0102_0304_0506_0708, timeout: timeout)
            var variants: [[UInt8]] = []
            for length in 0...payload.count { variants.append(Array(payload.prefix(length))) }
            for bit in 0..<(8 * payload.count) {
                var flipped = payload
                flipped[bit / 8] ^= UInt8(1) << UInt8(bit % 8)
                variants.append(flipped)
            }
            for byte in 0...255 as ClosedRange<UInt8> { variants.append(payload + [byte]) }
            for variant in variants {
                guard let plain = Self.plain(variant) else { continue }
                #expect(Self.decoded(variant, arena) == plain, "\(variant)")
            }
        }
    }

    @Test("random bytes in the place of a plain request read as decoding reads them", arguments: [1, 2, 3] as [UInt64])
    func random(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let arena = DecodeArena()
        let request = Request(method: .predictByID(customer: 12347, contributions: false, names: false))
        let payload = Self.payload(request, callID: 9, timeout: 300)
        for _ in 0..<20_000 {
            var variant = payload
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                variant[Int.random(in: payload.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            guard let plain = Self.plain(variant) else { continue }
            #expect(Self.decoded(variant, arena) == plain, "\(variant)")
        }
    }

    @Test("a filled template is what encoding gives, byte for byte", arguments: [1, 2, 3, 10, 64])
    func templates(count: Int) throws {
        var random = SplitMix64(seed: UInt64(count))
        let texts = ["a-model", "12", "at risk"].map { Array($0.utf8CString) }
        try texts[0].withUnsafeBufferPointer { name in
            try texts[1].withUnsafeBufferPointer { version in
                try texts[2].withUnsafeBufferPointer { segment in
                    let model = ModelIdentityView(
                        name: try #require(name.baseAddress),
                        version: try #require(version.baseAddress),
                        schemaID: 77,
                        threshold: 0.25
                    )
                    for segment in [nil, segment.baseAddress] {
                        Self.check(model, segment, churn: false, count: count, &random)
                        Self.check(model, segment, churn: true, count: count, &random)
                    }
                }
            }
        }
    }

    private static func check(
        _ model: ModelIdentityView,
        _ segment: UnsafePointer<CChar>?,
        churn: Bool,
        count: Int,
        _ random: inout SplitMix64
    ) {
        let zeros = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
        zeros.initialize(repeating: 0)
        defer { zeros.deallocate() }
        let shape = answer(1, 1, 1, churn, UnsafeBufferPointer(zeros), segment)
        guard let template = PredictByIDTemplate(like: shape, model: model) else {
            Issue.record("no template")
            return
        }
        for _ in 0..<100 {
            let features = (0..<count).map { _ in Double.random(in: -1e9...1e9, using: &random) }
            let fields = PredictByIDTemplate.Fields(
                callID: UInt64.random(in: 1 ... .max, using: &random),
                customer: Int64.random(in: 1 ... .max, using: &random),
                probability: Double.random(in: 0x1p-60...1, using: &random),
                logOdds: Double.random(in: 0x1p-60...40, using: &random) * (Bool.random(using: &random) ? 1 : -1)
            )
            let frame = filled(template, fields, features)
            #expect(frame == encoded(fields, features, churn, segment, model))
            let message = Array(frame.dropFirst(template.messageOffset))
            #expect(message == bare(fields, features, churn, segment, model))
        }
    }

    @Test("fields of 0 do not fit a template, since proto3 leaves them out")
    func zeros() {
        func fit(_ callID: UInt64, _ customer: Int64, _ probability: Double, _ logOdds: Double) -> Bool {
            PredictByIDTemplate.Fields(
                callID: callID,
                customer: customer,
                probability: probability,
                logOdds: logOdds
            )
            .fit
        }
        #expect(fit(1, 1, 0.5, 1))
        #expect(!fit(0, 1, 0.5, 1) && !fit(1, 0, 0.5, 1) && !fit(1, 1, 0, 1) && !fit(1, 1, 0.5, 0))
        #expect(!fit(1, 1, 0.5, -0.0))
    }

    // MARK: The two ways

    private static func payload(_ request: Request, callID: UInt64, timeout: UInt32 = 0) -> [UInt8] {
        var buffer = ByteBuffer()
        _ = RequestEncoder.write(request, callID: callID, timeoutMilliseconds: timeout, to: &buffer)
        return Array(buffer.readableBytesView.dropFirst(ProtocolLimits.headerBytes))
    }

    private static func plain(_ payload: [UInt8]) -> PlainPredictByID? {
        payload.withUnsafeBytes { PlainPredictByID($0) }
    }

    /// What decoding makes of a payload, when it is a request of the plain form.
    private static func decoded(_ payload: [UInt8], _ arena: DecodeArena) -> PlainPredictByID? {
        payload.withUnsafeBytes { bytes in
            guard let view = try? RequestView.decode(bytes, arena: arena), view.call.model[0] == 0,
                case .predictByID(let arguments) = view.call.method, !arguments.contributions, !arguments.names,
                case .number(let customer) = arguments.customer
            else { return nil }
            return PlainPredictByID(
                callID: view.callID,
                timeoutMilliseconds: view.timeoutMilliseconds,
                customer: customer
            )
        }
    }

    private static func filled(
        _ template: borrowing PredictByIDTemplate,
        _ fields: PredictByIDTemplate.Fields,
        _ features: [Double]
    ) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: template.frameBytes)
        frame.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            template.write(fields, to: start) { out in
                for (index, feature) in features.enumerated() {
                    out.storeBytes(of: feature.bitPattern.littleEndian, toByteOffset: 8 * index, as: UInt64.self)
                }
            }
        }
        return frame
    }

    private static func encoded(
        _ fields: PredictByIDTemplate.Fields,
        _ features: [Double],
        _ churn: Bool,
        _ segment: UnsafePointer<CChar>?,
        _ model: ModelIdentityView
    ) -> [UInt8] {
        var buffer = ByteBuffer()
        features.withUnsafeBufferPointer {
            let answer = answer(fields.customer, fields.probability, fields.logOdds, churn, $0, segment)
            ResponseEncoder.write(answer, model: model, callID: fields.callID, to: &buffer)
        }
        return Array(buffer.readableBytesView)
    }

    private static func bare(
        _ fields: PredictByIDTemplate.Fields,
        _ features: [Double],
        _ churn: Bool,
        _ segment: UnsafePointer<CChar>?,
        _ model: ModelIdentityView
    ) -> [UInt8] {
        var buffer = ByteBuffer()
        let failure = features.withUnsafeBufferPointer {
            let answer = answer(fields.customer, fields.probability, fields.logOdds, churn, $0, segment)
            return ResponseEncoder.writeMessage(.prediction(answer, model: model), to: &buffer)
        }
        #expect(failure == nil)
        return Array(buffer.readableBytesView)
    }

    private static func answer(
        _ customer: Int64,
        _ probability: Double,
        _ logOdds: Double,
        _ churn: Bool,
        _ features: UnsafeBufferPointer<Double>,
        _ segment: UnsafePointer<CChar>?
    ) -> PredictByIDAnswer {
        PredictByIDAnswer(
            customer: customer,
            probability: probability,
            logOdds: logOdds,
            churn: churn,
            features: features,
            featureTime: 1_323_000_000,
            segment: segment,
            contributions: UnsafeBufferPointer(start: nil, count: 0),
            baseline: 0,
            names: UnsafeBufferPointer(start: nil, count: 0)
        )
    }
}
