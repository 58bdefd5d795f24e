internal import ChurnCalls
internal import ChurnModel
internal import ChurnServing
internal import NIOCore

/// An answer of the Open Inference Protocol in memory of its own, to be written a piece at a time: the JSON, and behind it
/// the outputs that are binary.
final class HTTPInferenceResult: HTTPBatchSource {
    private let id: String
    private let model: (name: String, version: String)
    private let outputs: [InferenceOutput]
    private let rows: Int
    /// Empty when not wanted.
    private let probabilities: [Double]
    /// Empty when not wanted, or no row is a churner.
    private let decisions: [UInt8]
    /// Empty when not wanted, or every row is OK.
    private let statuses: [UInt8]
    /// Of the memory above.
    private let reserved: MemoryBudget.Reservation?
    /// All of the JSON, where anything stands behind it; else the JSON is made a piece at a time.
    private let header: ByteBuffer?
    /// What is written a piece at a time.
    private let parts: [InferenceOutput]

    init(_ answer: PredictBatchAnswer, of request: InferenceRequest, reserved: MemoryBudget.Reservation?) {
        id = request.id
        model = (request.served.model.name, "\(request.served.model.version)")
        outputs = request.outputs
        rows = answer.probabilities.count
        let names = outputs.map(\.name)
        probabilities = names.contains(.probability) ? Array(answer.probabilities) : []
        decisions = names.contains(.decision) ? Array(answer.decisions) : []
        statuses = names.contains(.status) ? Array(answer.statuses) : []
        self.reserved = reserved
        let binary = outputs.filter(\.isBinary)
        parts = binary.isEmpty ? outputs : binary
        guard !binary.isEmpty else {
            header = nil
            return
        }
        var header = ByteBuffer()
        let values = InferenceValues(probabilities: probabilities, decisions: decisions, statuses: statuses)
        Self.writeBeginning(id, model, &header)
        for (index, output) in outputs.enumerated() {
            Self.writeBeginning(of: output, index, rows, &header)
            if output.isBinary {
                header.writeLiteral(",\"parameters\":{\"binary_data_size\":")
                header.writeDecimal(Int64(rows * output.name.valueBytes))
                header.writeLiteral("}}")
            } else {
                header.writeLiteral(",\"data\":[")
                for row in 0..<rows { values.writeJSON(output.name, row, &header) }
                header.writeLiteral("]}")
            }
        }
        header.writeLiteral("]}")
        self.header = header
    }

    /// What one row needs of the budget, for a request with these outputs.
    static func rowBytes(_ outputs: [InferenceOutput]) -> Int {
        let isMixed = outputs.contains(where: \.isBinary)
        // The most that a value and its comma take in JSON is 25 bytes.
        return outputs.reduce(0) { $0 + $1.name.valueBytes + (isMixed && !$1.isBinary ? 25 : 0) }
    }

    /// Bytes of JSON before what is binary; `nil` when nothing is.
    var headerBytes: Int? { header?.readableBytes }

    // MARK: Pieces

    /// The values of all parts, one after the other.
    var rowsToWrite: Int { parts.count * rows }

    func write(from position: Int, upTo limitBytes: Int, to output: inout ByteBuffer) -> Int {
        var position = position
        if position == 0 {
            if let header { output.writeImmutableBuffer(header) } else { Self.writeBeginning(id, model, &output) }
        }
        let values = InferenceValues(probabilities: probabilities, decisions: decisions, statuses: statuses)
        while position < rowsToWrite, output.readableBytes < limitBytes {
            let (index, first) = position.quotientAndRemainder(dividingBy: rows)
            let part = parts[index]
            // Rows that surely do not exceed the limit by much.
            let end = min(rows, first + max(1, (limitBytes - output.readableBytes) / 8))
            if part.isBinary {
                values.writeBinary(part.name, first..<end, &output)
            } else {
                if first == 0 {
                    Self.writeBeginning(of: part, index, rows, &output)
                    output.writeLiteral(",\"data\":[")
                }
                for row in first..<end { values.writeJSON(part.name, row, &output) }
                if end == rows { output.writeLiteral("]}") }
            }
            position += end - first
        }
        if position == rowsToWrite, header == nil { output.writeLiteral("]}") }
        return position
    }

    private static func writeBeginning(
        _ id: String,
        _ model: (name: String, version: String),
        _ output: inout ByteBuffer
    ) {
        output.writeLiteral("{\"model_name\":")
        output.writeQuoted(model.name)
        output.writeLiteral(",\"model_version\":")
        output.writeQuoted(model.version)
        if !id.isEmpty {
            output.writeLiteral(",\"id\":")
            output.writeQuoted(id)
        }
        output.writeLiteral(",\"outputs\":[")
    }

    private static func writeBeginning(
        of part: InferenceOutput,
        _ index: Int,
        _ rows: Int,
        _ output: inout ByteBuffer
    ) {
        output.writeLiteral(index > 0 ? ",{\"name\":\"" : "{\"name\":\"")
        output.writeString(part.name.rawValue)
        output.writeLiteral("\",\"datatype\":\"")
        output.writeLiteral(part.name.datatype)
        output.writeLiteral("\",\"shape\":[")
        output.writeDecimal(Int64(rows))
        output.writeLiteral("]")
    }
}
