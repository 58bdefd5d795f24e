internal import ChurnBase
internal import ChurnCalls
internal import NIOCore

/// What an answer to a batch is written as.
enum HTTPBatchFormat: Sendable {
    case json, ndjson, csv

    var contentType: HTTPResponse.ContentType {
        switch self {
        case .json: .json
        case .ndjson: .ndjson
        case .csv: .csv
        }
    }

    /// By the parameter `format`, and else by the field Accept.
    init(_ query: HTTPQuery, _ fields: HTTPFields) throws(HTTPFault) {
        switch query.text("format") {
        case "json": self = .json
        case "ndjson": self = .ndjson
        case "csv": self = .csv
        case let other?:
            throw HTTPFault(.badRequest, "format is \(quotedForPeer(other)), and is json, ndjson or csv")
        case nil:
            if !fields.hasAccept || !fields.accepted.isDisjoint(with: [.json, .any]) {
                self = .json
            } else if fields.accepted.contains(.ndjson) {
                self = .ndjson
            } else if fields.accepted.contains(.csv) {
                self = .csv
            } else {
                throw HTTPFault(
                    .notAcceptable,
                    "the answer can be application/json, application/x-ndjson or text/csv"
                )
            }
        }
    }
}

/// The scored rows of a batch, in memory of their own, to be written a piece at a time.
final class HTTPBatchResult: HTTPBatchSource {
    /// Empty when the features came with the request.
    private let ids: [Int64]
    private let probabilities: [Double]
    /// Empty: no row is a churner.
    private let decisions: [UInt8]
    /// Empty: every row is OK.
    private let statuses: [UInt8]
    private let featureTime: Int64
    /// As JSON.
    private let model: ByteBuffer
    /// Of the memory above.
    private let reserved: MemoryBudget.Reservation?
    private let format: HTTPBatchFormat

    init(
        _ answer: PredictBatchAnswer,
        _ model: ModelIdentityView,
        ids: [Int64],
        _ format: HTTPBatchFormat,
        reserved: MemoryBudget.Reservation?
    ) {
        self.format = format
        self.ids = ids
        probabilities = Array(answer.probabilities)
        decisions = Array(answer.decisions)
        statuses = Array(answer.statuses)
        featureTime = answer.featureTime
        self.reserved = reserved
        var text = ByteBuffer()
        text.writeModel(model)
        self.model = text
    }

    /// What one row needs of the budget.
    static let rowBytes = 8 + 8 + 1 + 1

    var rowsToWrite: Int { probabilities.count }

    func write(from row: Int, upTo limitBytes: Int, to output: inout ByteBuffer) -> Int {
        if row == 0 { writeBeginning(format, &output) }
        var row = row
        while row < rowsToWrite, output.readableBytes < limitBytes {
            write(row, format, &output)
            row += 1
        }
        if row == rowsToWrite, format == .json { output.writeLiteral("]}") }
        return row
    }

    private func writeBeginning(_ format: HTTPBatchFormat, _ output: inout ByteBuffer) {
        switch format {
        case .json:
            output.writeLiteral("{\"model\":")
            output.writeImmutableBuffer(model)
            // When the features came with the request, there is no time of theirs.
            output.writeLiteral(",\"feature_time\":")
            if ids.isEmpty { output.writeLiteral("null") } else { output.writeExact(featureTime) }
            output.writeLiteral(",\"predictions\":[")
        case .ndjson: break
        case .csv:
            output.writeLiteral(ids.isEmpty ? "probability,churn,status\n" : "customer_id,probability,churn,status\n")
        }
    }

    private func write(_ row: Int, _ format: HTTPBatchFormat, _ output: inout ByteBuffer) {
        let status = statuses.isEmpty ? StatusCode.ok : StatusCode(rawValue: Int32(statuses[row]))
        let isChurn = !decisions.isEmpty && decisions[row] == 1
        if format == .csv {
            if !ids.isEmpty {
                output.writeDecimal(ids[row])
                output.writeLiteral(",")
            }
            if status == .ok {
                output.writeDouble(probabilities[row])
                output.writeLiteral(isChurn ? ",true,OK\n" : ",false,OK\n")
            } else {
                output.writeString(",,\(status)\n")
            }
            return
        }
        if format == .json, row > 0 { output.writeLiteral(",") }
        output.writeLiteral("{")
        if !ids.isEmpty {
            output.writeLiteral("\"customer_id\":")
            output.writeExact(ids[row])
            output.writeLiteral(",")
        }
        output.writeLiteral("\"probability\":")
        if status == .ok {
            output.writeDouble(probabilities[row])
            output.writeLiteral(isChurn ? ",\"churn\":true,\"status\":\"OK\"}" : ",\"churn\":false,\"status\":\"OK\"}")
        } else {
            output.writeString("null,\"churn\":null,\"status\":\"\(status)\"}")
        }
        if format == .ndjson { output.writeLiteral("\n") }
    }
}
