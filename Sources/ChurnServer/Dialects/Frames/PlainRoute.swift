internal import ChurnCalls
internal import ChurnFeatures
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnServing
internal import NIOCore

/// The short way from a plain PredictById, of either dialect, to its answer: look up, score, and fill in a frame that is
/// packed already.
/// What is out of the ordinary it leaves to `CallAnswerer`, whose answers its own are equal to, byte for byte.
///
/// `@unchecked Sendable`: everything is written by `init` and only read after it.
final class PlainRoute: @unchecked Sendable {
    private let table: FeatureTable
    private let inputColumns: Range<Int>
    private let scorer: Scorer
    private let threshold: Double
    private let featureCount: Int
    private let featureColumns: UnsafeMutablePointer<Int>
    /// Two for each segment, and two for none: stays, churns.
    private let templates: UnsafeMutableBufferPointer<PredictByIDTemplate>
    private let longestFrame: Int

    /// - Returns: `nil` when the model's answers have no common form.
    init?(_ resident: ResidentFeatures, served: ServedModel) {
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
        inputColumns = served.inputColumns
        scorer = served.scorer
        threshold = served.model.threshold
        featureCount = count
        featureColumns = .allocate(capacity: max(1, count))
        for (position, column) in served.featureColumns.enumerated() { featureColumns[position] = column }
        self.templates = templates
        longestFrame = templates.indices.reduce(0) { max($0, templates[$1].frameBytes) }
    }

    deinit {
        featureColumns.deallocate()
        templates.deinitialize()
        templates.deallocate()
    }

    /// Calls that are looked up together.
    private static let groupSize = 32

    /// Answers the plain calls at the front of `input`, one after another, until another frame stands there, or what
    /// is left is no whole frame.
    ///
    /// - Parameters:
    ///   - input: begins with a frame; moved behind what has been answered.
    ///   - arrival: what deadlines are counted from.
    func answerRun(_ input: inout UnsafeRawBufferPointer, arrival: NIODeadline, to output: inout ByteBuffer) {
        withUnsafeTemporaryAllocation(of: PlainPredictByID.self, capacity: Self.groupSize) { calls in
            withUnsafeTemporaryAllocation(of: Int64.self, capacity: Self.groupSize) { customers in
                withUnsafeTemporaryAllocation(of: Int32.self, capacity: Self.groupSize) { rows in
                    while true {
                        let count = readCalls(input, into: calls, customers)
                        guard count > 0 else { return }
                        table.findRows(
                            of: customers.baseAddress.unsafelyUnwrapped,
                            count: count,
                            into: rows.baseAddress.unsafelyUnwrapped,
                            reading: inputColumns
                        )
                        let answered = answer(
                            UnsafeBufferPointer(rebasing: calls[..<count]),
                            rows: UnsafeBufferPointer(rows),
                            arrival: arrival,
                            to: &output
                        )
                        for _ in 0..<answered { skipFrame(&input) }
                        // A group that is not full ends before another frame.
                        if answered < count || count < Self.groupSize { return }
                    }
                }
            }
        }
    }

    /// Answers a message of gRPC when it is a plain PredictByIdRequest: a customer, and nothing else.
    ///
    /// - Parameters:
    ///   - message: without its prefix.
    ///   - output: empty; the answer's message with its prefix.
    /// - Returns: whether it is answered.
    func answer(_ message: UnsafeRawBufferPointer, deadline: NIODeadline?, to output: inout ByteBuffer) -> Bool {
        // 09: field 1, a fixed64.
        guard message.count == 9, message[0] == 0x09, deadline.map({ NIODeadline.now() < $0 }) ?? true else {
            return false
        }
        let customer = Int64(littleEndian: message.loadUnaligned(fromByteOffset: 1, as: Int64.self))
        guard let row = table.row(of: customer) else { return false }
        // A frame's call id is not part of its message.
        let call = PlainPredictByID(callID: 1, timeoutMilliseconds: 0, customer: customer)
        let prefixBytes = GRPCMessageReader.prefixBytes
        var offset = 0
        let written = output.writeWithUnsafeMutableBytes(minimumWritableBytes: longestFrame) { room in
            let start = room.baseAddress.unsafelyUnwrapped
            guard let template = answer(call, row: row, arrival: .distantPast, to: start) else { return 0 }
            let (frameBytes, messageOffset) = (templates[template].frameBytes, templates[template].messageOffset)
            // What precedes the message in a frame is longer than a prefix, and makes room for it.
            offset = messageOffset - prefixBytes
            room[offset] = 0
            let length = UInt32(truncatingIfNeeded: frameBytes - messageOffset).bigEndian
            room.storeBytes(of: length, toByteOffset: offset + 1, as: UInt32.self)
            return frameBytes
        }
        output.moveReaderIndex(forwardBy: offset)
        return written > 0
    }

    /// - Returns: how many frames at the front of `input` are plain calls, at most a group.
    @inline(__always)
    private func readCalls(
        _ input: UnsafeRawBufferPointer,
        into calls: UnsafeMutableBufferPointer<PlainPredictByID>,
        _ customers: UnsafeMutableBufferPointer<Int64>
    ) -> Int {
        var rest = input
        var count = 0
        while count < Self.groupSize, rest.count >= ProtocolLimits.headerBytes, let start = rest.baseAddress {
            let frameBytes = ProtocolLimits.headerBytes + FrameHeader.payloadBytes(start)
            guard rest.count >= frameBytes,
                let call = PlainPredictByID(
                    UnsafeRawBufferPointer(rebasing: rest[ProtocolLimits.headerBytes..<frameBytes])
                )
            else { break }
            calls.initializeElement(at: count, to: call)
            customers.initializeElement(at: count, to: call.customer)
            count += 1
            rest = UnsafeRawBufferPointer(rebasing: rest[frameBytes...])
        }
        return count
    }

    /// - Returns: how many calls have been answered, from the first on.
    @inline(__always)
    private func answer(
        _ calls: UnsafeBufferPointer<PlainPredictByID>,
        rows: UnsafeBufferPointer<Int32>,
        arrival: NIODeadline,
        to output: inout ByteBuffer
    ) -> Int {
        var answered = 0
        while true {
            answered += answerKnown(
                UnsafeBufferPointer(rebasing: calls[answered...]),
                rows: UnsafeBufferPointer(rebasing: rows[answered...]),
                arrival: arrival,
                to: &output
            )
            // Answered here too, so that those behind an unknown customer are not looked up again.
            guard answered < calls.count, rows[answered] < 0, !isLate(calls[answered], arrival) else { return answered }
            let call = calls[answered]
            ResponseEncoder.write(.unknownCustomer(call.customer), callID: call.callID, to: &output)
            answered += 1
        }
    }

    /// - Returns: how many calls have been answered, from the first on; the next is none of a known customer, or not to be
    ///   answered here.
    @inline(__always)
    private func answerKnown(
        _ calls: UnsafeBufferPointer<PlainPredictByID>,
        rows: UnsafeBufferPointer<Int32>,
        arrival: NIODeadline,
        to output: inout ByteBuffer
    ) -> Int {
        var answered = 0
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: calls.count * longestFrame) { space in
            let start = space.baseAddress.unsafelyUnwrapped
            var end = start
            for index in calls.indices {
                guard let template = answer(calls[index], row: Int(rows[index]), arrival: arrival, to: end) else {
                    break
                }
                end += templates[template].frameBytes
                answered += 1
            }
            return end - start
        }
        return answered
    }

    /// - Returns: which template was written; `nil` when the call is not to be answered here.
    @inline(__always)
    private func answer(
        _ call: PlainPredictByID,
        row: Int,
        arrival: NIODeadline,
        to output: UnsafeMutableRawPointer
    ) -> Int? {
        guard row >= 0, !isLate(call, arrival) else { return nil }
        let values = table.features(row: row)
        let (logOdds, probability) = scorer.score(inputs: values + inputColumns.lowerBound)
        let fields = PredictByIDTemplate.Fields(
            callID: call.callID,
            customer: call.customer,
            probability: probability,
            logOdds: logOdds
        )
        guard fields.fit else { return nil }
        let index = 2 * (table.segment(row: row).map { $0 + 1 } ?? 0) + (probability >= threshold ? 1 : 0)
        templates[index].write(fields, to: output) { out in
            for position in 0..<featureCount {
                let value = values[featureColumns[position]].bitPattern.littleEndian
                out.storeBytes(of: value, toByteOffset: 8 * position, as: UInt64.self)
            }
        }
        return index
    }

    @inline(__always)
    private func isLate(_ call: PlainPredictByID, _ arrival: NIODeadline) -> Bool {
        guard let deadline = arrival.deadline(timeoutMilliseconds: call.timeoutMilliseconds) else { return false }
        return NIODeadline.now() >= deadline
    }

    /// - Precondition: `input` begins with a whole frame.
    @inline(__always)
    private func skipFrame(_ input: inout UnsafeRawBufferPointer) {
        let frameBytes = ProtocolLimits.headerBytes + FrameHeader.payloadBytes(input.baseAddress.unsafelyUnwrapped)
        input = UnsafeRawBufferPointer(rebasing: input[frameBytes...])
    }
}
