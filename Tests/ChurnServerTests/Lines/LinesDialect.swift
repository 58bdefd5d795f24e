import ChurnCalls
import ChurnServer
import ChurnServing
import NIOCore

/// A second dialect, for tests: lines of text. `predict ID`, `batch ID ID ...` and `health` are answered by a line each.
struct LinesDialect: Dialect {
    func prepare(_ snapshot: ServingSnapshot) -> (any Sendable)? { nil }

    func makeSession(
        on loop: LoopContext,
        over transport: any ConnectionTransport,
        peer: Peer
    ) -> any ConnectionSession {
        LinesSession(loop, transport)
    }

    func refusal(_ failure: CallFailure) -> ByteBuffer {
        ByteBuffer(string: "failed \(failure.code)\n")
    }
}

final class LinesSession: ConnectionSession {
    let id: Int
    private let loop: LoopContext
    private var transport: (any ConnectionTransport)?
    private let liveness = ConnectionLiveness()
    private var line: [UInt8] = []
    private var inFlight = 0
    private var inputIsClosed = false

    init(_ loop: LoopContext, _ transport: any ConnectionTransport) {
        self.loop = loop
        self.transport = transport
        id = loop.nextSessionID()
        loop.add(self)
        if loop.isDraining { announceDraining() }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) {
        var output = ByteBuffer()
        for byte in bytes {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            answer(String(decoding: line, as: UTF8.self), &output)
            line = []
        }
        if output.readableBytes > 0 { transport?.send(&output) }
    }

    private func answer(_ line: String, _ output: inout ByteBuffer) {
        let words = line.split(separator: " ")
        let ids = words.dropFirst().compactMap { Int64($0) }
        let context = CallContext(arrival: .now(), deadline: nil, liveness: liveness)
        let isLate = ids.withUnsafeBufferPointer { ids in
            let method: Call.Method =
                switch words.first {
                case "predict": .predictByID(PredictByIDArguments(customerID: ids.first ?? 0))
                case "batch": .predictBatchByIDs(ids)
                case "health": .health(names: false)
                default: .unknown
                }
            // The default model.
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 1) { model in
                model[0] = 0
                let call = Call(model: UnsafePointer(model.baseAddress!), method: method)
                return loop.answerer.answer(call, context, with: loop.snapshot) {
                    output.writeString(Self.text($0))
                } later: { [id, lateAnswers = loop.lateAnswers] in
                    { lateAnswers.put(LateAnswers.Item(sessionID: id, tag: 0, answer: $0)) }
                }
            }
        }
        if isLate { inFlight += 1 }
    }

    func finish(_ late: [LateAnswers.Item]) {
        inFlight -= late.count
        var output = ByteBuffer()
        for item in late { loop.answerer.deliver(item.answer) { output.writeString(Self.text($0)) } }
        transport?.send(&output)
        if inputIsClosed, inFlight == 0 { transport?.finish() }
    }

    private static func text(_ answer: Answer) -> String {
        switch answer {
        case .prediction(let prediction, _): "\(prediction.customer) \(prediction.probability.bitPattern)\n"
        case .batch(let batch, _): batch.probabilities.map { "\($0.bitPattern)" }.joined(separator: " ") + "\n"
        case .health(let report): "\(report.state)\n"
        case .failure(let failure): "failed \(failure.code)\n"
        }
    }

    func inputClosed() {
        inputIsClosed = true
        if inFlight == 0 { transport?.finish() }
    }

    func closed() {
        guard transport != nil else { return }
        transport = nil
        liveness.end()
        loop.remove(self)
    }

    func announceDraining() {
        var output = ByteBuffer(string: "draining\n")
        transport?.send(&output)
    }

    func closeIfOverdue(_ now: NIODeadline) {}

    func close() {
        transport?.close()
    }
}
