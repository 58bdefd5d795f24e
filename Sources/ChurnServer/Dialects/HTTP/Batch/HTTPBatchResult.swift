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

/// The customers of a batch's rows, as the request named them.
enum HTTPBatchLabels: Sendable {
    /// The features came with the request.
    case none
    case ids([Int64])
    case texts(CustomerTextList)

    /// Memory beside what every row needs.
    var textBytes: Int { if case .texts(let texts) = self { texts.bytes.count + 4 * texts.count } else { 0 } }
}

/// The scored rows of a batch, in memory of their own, to be written a piece at a time.
final class HTTPBatchResult: HTTPBatchSource {
    private let labels: HTTPBatchLabels
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
        _ labels: HTTPBatchLabels,
        _ format: HTTPBatchFormat,
        reserved: MemoryBudget.Reservation?
    ) {
        self.format = format
        self.labels = labels
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
            if case .none = labels { output.writeLiteral("null") } else { output.writeExact(featureTime) }
            output.writeLiteral(",\"predictions\":[")
        case .ndjson: break
        case .csv:
            switch labels {
            case .none: break
            case .ids: output.writeLiteral("customer_id,")
            case .texts: output.writeLiteral("customer,")
            }
            output.writeLiteral("probability,churn,status\n")
        }
    }

    private func write(_ row: Int, _ format: HTTPBatchFormat, _ output: inout ByteBuffer) {
        let status = statuses.isEmpty ? StatusCode.ok : StatusCode(rawValue: Int32(statuses[row]))
        let isChurn = !decisions.isEmpty && decisions[row] == 1
        if format == .csv {
            switch labels {
            case .none: break
            case .ids(let ids):
                output.writeDecimal(ids[row])
                output.writeLiteral(",")
            case .texts(let texts):
                texts.withText(row) { output.writeCSV($0) }
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
        switch labels {
        case .none: break
        case .ids(let ids): output.writeCustomerID(ids[row])
        case .texts(let texts): texts.withText(row) { output.writeCustomer($0) }
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

extension CustomerTextList {
    /// Lends a row's text as it was understood: without blanks at its ends.
    func withText(_ row: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        self[row].withUnsafeBufferPointer { body(HardBlanks.trimmed($0)) }
    }
}

extension ByteBuffer {
    fileprivate mutating func writeCustomerID(_ customerID: Int64) {
        writeLiteral("\"customer_id\":")
        writeExact(customerID)
        writeLiteral(",")
    }

    /// - Parameter text: UTF-8.
    fileprivate mutating func writeCustomer(_ text: UnsafeBufferPointer<UInt8>) {
        if case .number(let customerID) = CustomerText(text) { return writeCustomerID(customerID) }
        writeLiteral("\"customer\":")
        writeQuoted(UnsafeRawBufferPointer(text))
        writeLiteral(",")
    }

    /// One field of RFC 4180, a number as its digits.
    fileprivate mutating func writeCSV(_ text: UnsafeBufferPointer<UInt8>) {
        if case .number(let customerID) = CustomerText(text) { return writeDecimal(customerID) }
        let quotes = UInt8(ascii: "\"")
        guard text.contains(where: { $0 < 0x20 || $0 == quotes || $0 == UInt8(ascii: ",") }) else {
            writeBytes(text)
            return
        }
        writeInteger(quotes)
        for byte in text {
            if byte == quotes { writeInteger(quotes) }
            writeInteger(byte)
        }
        writeInteger(quotes)
    }
}
