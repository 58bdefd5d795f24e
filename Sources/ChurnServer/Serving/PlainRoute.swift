internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol
internal import NIOCore

/// The short way from a plain PredictById to its answer: look up, score, and fill in a frame that is packed already.
/// What is out of the ordinary it leaves to `CallDispatcher`, whose answers its own are equal to, byte for byte.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it.
final class PlainRoute: @unchecked Sendable {
    private let table: FeatureTable
    private let inputs: ModelInputs
    private let scorer: Scorer
    private let threshold: Double
    private let featureCount: Int
    private let featureIndices: UnsafeMutablePointer<Int>
    /// Two for each segment, and two for none: stays, churns.
    private let templates: UnsafeMutableBufferPointer<PredictByIDTemplate>
    private let longestFrame: Int

    /// - Returns: `nil` when the model's answers have no common form.
    init?(_ resident: ResidentFeatures, inputs: ModelInputs, served: ServedModel) {
        let count = served.inputCount
        let zeros = UnsafeMutableBufferPointer<Double>.allocate(capacity: max(1, count))
        zeros.initialize(repeating: 0)
        defer { zeros.deallocate() }
        let segments = resident.table.segmentNames.count
        let templates = UnsafeMutableBufferPointer<PredictByIDTemplate>.allocate(capacity: 2 * (segments + 1))
        for index in templates.indices {
            let answer = PredictByIDAnswer(
                customer: 0,
                probability: 0,
                logOdds: 0,
                churn: index % 2 == 1,
                features: UnsafeBufferPointer(rebasing: zeros[..<count]),
                featureTime: resident.featureTime,
                segment: index < 2 ? nil : resident.segmentName(index / 2 - 1),
                contributions: UnsafeBufferPointer(start: nil, count: 0),
                baseline: 0,
                names: UnsafeBufferPointer(start: nil, count: 0)
            )
            guard let template = PredictByIDTemplate(like: answer, model: served.identity) else {
                for made in 0..<index { templates.deinitializeElement(at: made) }
                templates.deallocate()
                return nil
            }
            templates.initializeElement(at: index, to: template)
        }
        table = resident.table
        self.inputs = inputs
        scorer = served.scorer
        threshold = served.model.threshold
        featureCount = count
        featureIndices = .allocate(capacity: max(1, count))
        for (position, index) in served.featureIndices.enumerated() { featureIndices[position] = index }
        self.templates = templates
        longestFrame = templates.indices.reduce(0) { max($0, templates[$1].frameBytes) }
    }

    deinit {
        featureIndices.deallocate()
        templates.deinitialize()
        templates.deallocate()
    }

    /// Answers the plain calls at the front of `input`, one after another, until another frame stands there, or what
    /// is left is no whole frame.
    ///
    /// - Parameters:
    ///   - input: begins with a frame; moved behind what has been answered.
    ///   - arrival: what deadlines are counted from.
    @inline(__always)
    func answerRun(_ input: inout UnsafeRawBufferPointer, arrival: NIODeadline, to output: inout ByteBuffer) {
        var isPlain = true
        while isPlain, input.count >= ProtocolLimits.headerBytes + PlainPredictByID.shortest {
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: longestFrame) { space in
                guard var end = space.baseAddress else { return 0 }
                let limit = end + space.count - longestFrame
                while end <= limit {
                    isPlain = answerOne(&input, arrival: arrival, at: &end)
                    if !isPlain { break }
                }
                return end - space.baseAddress.unsafelyUnwrapped
            }
        }
    }

    /// - Returns: `false`, and nothing changed, when the front of `input` is not to be answered here.
    @inline(__always)
    private func answerOne(
        _ input: inout UnsafeRawBufferPointer,
        arrival: NIODeadline,
        at output: inout UnsafeMutableRawPointer
    ) -> Bool {
        guard input.count >= ProtocolLimits.headerBytes, let start = input.baseAddress else { return false }
        let frameBytes = ProtocolLimits.headerBytes + FrameHeader.payloadBytes(start)
        guard input.count >= frameBytes,
            let call = PlainPredictByID(
                UnsafeRawBufferPointer(rebasing: input[ProtocolLimits.headerBytes..<frameBytes])
            ),
            let row = table.row(of: call.customer)
        else { return false }
        if call.timeoutMilliseconds > 0, NIODeadline.now() >= arrival + .milliseconds(Int64(call.timeoutMilliseconds)) {
            return false
        }
        let (logOdds, probability) = scorer.score(inputs: inputs.row(row))
        let fields = PredictByIDTemplate.Fields(
            callID: call.callID,
            customer: call.customer,
            probability: probability,
            logOdds: logOdds
        )
        guard fields.fit else { return false }
        let index = 2 * (table.segment(row: row).map { $0 + 1 } ?? 0) + (probability >= threshold ? 1 : 0)
        let features = table.features(row: row)
        templates[index].write(fields, to: output) { out in
            for position in 0..<featureCount {
                let value = features[featureIndices[position]].bitPattern.littleEndian
                out.storeBytes(of: value, toByteOffset: 8 * position, as: UInt64.self)
            }
        }
        output += templates[index].frameBytes
        input = UnsafeRawBufferPointer(rebasing: input[frameBytes...])
        return true
    }
}
