import Foundation
import TestSupport
import Testing

/// A few transactions, and a store and a server of them.
struct Shop: Sendable {
    static let header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\r\n"
    static let models = Surroundings.path("models")

    /// 12 lines: 7 purchases of customer 12347 (4,310 together), one and its cancellation of 12346, a customer that only
    /// cancels, a line without a customer, and one whose quantity is no number.
    static let transactions: String = {
        var text = header
        for day in 1...7 {
            text += "\(536_364 + day),85123A,\"HOLDER, \"\"HEART\"\"\",1,12/\(day)/2010 8:26,"
            text += "\(KnownCustomer.purchasesMilli[day - 1] / 1_000),\(KnownCustomer.id),United Kingdom\r\n"
        }
        text += "541431,23166,JAR,2,1/18/2011 10:01,38591.8,12346,United Kingdom\r\n"
        text += "C541433,23166,JAR,-2,1/18/2011 10:17,38591.8,12346,United Kingdom\r\n"
        text += "C541434,23166,JAR,-1,1/18/2011 10:17,1,99,United Kingdom\r\n"
        text += "541435,23166,JAR,1,1/18/2011 10:17,1,,United Kingdom\r\n"
        text += "541436,23166,JAR,many,1/18/2011 10:17,1,12346,United Kingdom\r\n"
        return text
    }()

    let directory: TemporaryDirectory

    var storePath: String { directory.path + "/store.sqlite" }
    var store: String { "sqlite:" + storePath }

    init() throws {
        directory = try TemporaryDirectory()
    }

    /// A file beside the store.
    func file(_ name: String, _ text: String) throws -> String {
        let path = directory.path + "/" + name
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    func read(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: directory.path + "/" + name)), as: UTF8.self)
    }

    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted()
    }

    /// Ingests the transactions and builds their features.
    func fill() async throws {
        for arguments in [["ingest", try file("transactions.csv", Self.transactions)], ["features"]] {
            let outcome = try await Program.run(arguments + ["--store", store])
            try #require(outcome.status == 0, "\(outcome)")
        }
    }

    /// Lends a server of the store, and stops it as a service manager would.
    func serving<Value: Sendable>(_ body: (_ address: String) async throws -> Value) async throws -> Value {
        try await fill()
        let arguments = [
            "serve", "--store", store, "--models", Self.models, "--model", "seed-logistic", "--listen", "127.0.0.1:0",
        ]
        let server = try await blocking { try ChildProcess(Surroundings.churn(), arguments) }
        let line = try await blocking { try server.waitForLine("listening on ") }
        let value = try await body("127.0.0.1:" + (line.split(separator: ":").last ?? ""))
        kill(server.identifier, SIGTERM)
        let (status, output) = try await blocking { server.waitForEnd() }
        #expect(status == 0, "\(output)")
        return value
    }
}
