import ChurnClient
import Foundation
import TestSupport
import Testing

/// The whole path on the real data: the program ingests, builds and serves; the client library asks.
@Suite struct RealDataTests {
    @Test("the counts of the real data are the reference's", .timeLimit(.minutes(5)))
    func counts() async throws {
        let store = try await RealStore.get()
        let ingest = try object(store.ingest)
        #expect(ingest.integer("lines") == 541_909)
        #expect(ingest.integer("without_customer") == 135_080)
        #expect(ingest.integer("kept") == 406_829)
        #expect(ingest.integer("purchases") == 397_924)
        #expect(ingest.integer("cancellations") == 8_905)
        #expect(ingest.integer("added") == 406_829)
        let features = try object(store.features)
        #expect(features.integer("customers") == 4_339)
        #expect(features.integer("invoices") == 18_536)
        #expect(features["revenue"] as? String == "8911407.904")
    }

    @Test(
        "churn predict prints the documented answers",
        .timeLimit(.minutes(5)),
        arguments: [
            (12347, 0.07052281746741611, 0, [7, 4310, 615.7142857142857]),
            (12346, 0.7805157755750162, 1, [1, 77183.6, 77183.6]),
            (12348, 0.22457232115208864, 0, [4, 1797.24, 449.31]),
        ]
    )
    func documentedAnswers(customer: Int, probability: Double, decision: Int, features: [Double]) async throws {
        let store = try await RealStore.get()
        let output = try await blocking {
            let server = try ServeProcess(store: store.uri)
            let arguments = [
                "predict", "\(customer)", "--model", "seed-logistic", "--json", "--server", server.address,
            ]
            let (status, output) = try ChildProcess(Surroundings.churn(), arguments).waitForEnd()
            try #require(status == 0, "\(output)")
            return output
        }
        let answer = try object(output)
        #expect(answer.integer("customer_id") == customer)
        let names = ["Frequency", "Monetary", "AvgOrderValue"]
        #expect(names.compactMap { answer.object("features").double($0) } == features)
        let prediction = answer.object("prediction")
        #expect(abs(try #require(prediction.double("churn_probability")) - probability) <= 1e-15)
        #expect(prediction.integer("churn_prediction") == decision)
        #expect(answer.object("model")["name"] as? String == "seed-logistic")
        #expect(answer.object("model")["version"] != nil)
    }

    @Test("the reference's 867 test customers, by ids and by feature columns", .timeLimit(.minutes(5)))
    func testCustomers() async throws {
        let store = try await RealStore.get()
        let reference = try Reference()
        #expect(reference.ids.count == 867)
        let server = try await blocking { try ServeProcess(store: store.uri) }
        let client = ChurnClient(configuration: try .init(port: server.port, timeout: .seconds(60)))
        let byIDs = try await client.predictBatch(customerIDs: reference.ids, model: "seed-logistic")
        var rows: [[Double]] = []
        var names: [String] = []
        for id in reference.ids {
            let prediction = try await client.predict(customerID: id, model: "seed-logistic", names: true)
            rows.append(prediction.features)
            names = prediction.featureNames
        }
        let columns = names.indices.map { index in
            FeatureColumn(name: names[index], values: rows.map { $0[index] })
        }
        let byColumns = try await client.predictBatch(columns: columns, model: "seed-logistic")
        for (row, expected) in reference.probabilities.enumerated() {
            #expect(abs(byIDs.probabilities[row] - expected) <= 1e-12)
            #expect(byColumns.probabilities[row].bitPattern == byIDs.probabilities[row].bitPattern)
            #expect(byIDs.isChurn(row: row) == (expected >= 0.35))
            #expect(byColumns.isChurn(row: row) == (expected >= 0.35))
        }
        await client.shutdown()
    }

    /// Of Tests/Fixtures/seed_reference.json: the test customers and the prototype's probabilities.
    private struct Reference {
        let ids: [Int64]
        let probabilities: [Double]

        private struct File: Decodable {
            struct Test: Decodable {
                var customer_ids: [Int64]
                var p_lbfgs: [Double]
            }

            var test: Test
        }

        init() throws {
            let data = try Data(contentsOf: URL(filePath: Surroundings.path("Tests/Fixtures/seed_reference.json")))
            let file = try JSONDecoder().decode(File.self, from: data)
            ids = file.test.customer_ids
            probabilities = file.test.p_lbfgs
        }
    }
}
