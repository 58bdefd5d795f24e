import ChurnClient
import ChurnFeatures
import ChurnModel
import ChurnStore
import ChurnTraining
import Foundation
import TestSupport
import Testing

/// Train = serve: what the trainer scored at a cutoff is what batch and server say of the same day, bit for bit.
@Suite struct TrainServeTests {
    @Test("trainer, churn score and the server give every customer the same bits", .timeLimit(.minutes(5)))
    func sameBits() async throws {
        let directory = try TemporaryDirectory()
        let uri = "sqlite:\(directory.path)/churn.sqlite"
        let day = CivilTime.days(year: 2011, month: 9, day: 10)
        let trained = try await blocking {
            let churn = try Surroundings.churn()
            try ChildProcess.run(churn, ["ingest", "--store", uri] + Surroundings.transactions())
            try ChildProcess.run(churn, ["features", "--store", uri, "--as-of", "2011-09-10"])
            var collector = try SnapshotCollector(cutoffs: [day], horizonDays: 90)
            let store = try StoreLocation(parsing: uri).open(.read)
            try store.forEachLineByCustomer(before: .max) { try collector.add($0) }
            let model = try ModelCatalog(directory: Surroundings.path("models")).artefact("churn-temporal").model
            // As the server scores: by the kernels of this processor's level.
            return try collector.finish().cutoff(day: day).scored(by: model, level: .best)
        }
        #expect(trained.customers.count == 3_370)
        let expected = trained.probabilities.map(\.bitPattern)

        let server = try await blocking { try ServeProcess(store: uri) }
        let client = ChurnClient(configuration: try .init(port: server.port, timeout: .seconds(60)))
        let batch = try await client.predictBatch(customerIDs: trained.customers, model: "churn-temporal")
        #expect(batch.probabilities.map(\.bitPattern) == expected)
        for (row, customer) in trained.customers.enumerated() {
            let single = try await client.predict(customerID: customer, model: "churn-temporal")
            #expect(single.probability.bitPattern == expected[row], "customer \(customer)")
        }
        await client.shutdown()

        let scored = try await blocking {
            let file = "\(directory.path)/scores.csv"
            let arguments = ["score", "--all", "--store", uri, "--server", server.address, "--model", "churn-temporal"]
            try ChildProcess.run(Surroundings.churn(), arguments + ["--output", file])
            return try String(contentsOfFile: file, encoding: .utf8)
        }
        let probabilities = scored.split(separator: "\n").dropFirst().map { line in
            Double(line.split(separator: ",", omittingEmptySubsequences: false)[1])?.bitPattern
        }
        // The file is by ascending customer, as the snapshot is.
        #expect(probabilities == expected.map(Optional.some))
    }
}
