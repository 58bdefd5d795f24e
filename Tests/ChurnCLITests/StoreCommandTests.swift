import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(5)))
struct StoreCommandTests {
    @Test("a store goes to MongoDB and back, and is the same; checks say what is to be done")
    func copyAndCheck() async throws {
        let shop = try Shop()
        try await shop.fill()
        let mongodb = try MongoDatabase().uri
        let back = "sqlite:\(shop.directory.path)/back.sqlite"
        for (from, to) in [(shop.store, mongodb), (mongodb, back)] {
            for added in [10, 0] {
                let copied = try await Program.run(["store", "copy", from, to, "--json"])
                #expect(copied.status == 0, "\(copied)")
                let object = try copied.object()
                #expect(object["added"] as? Int == added)
                #expect(object["already_there"] as? Int == 10 - added)
                #expect(object["equal"] as? Bool == true)
            }
            let unbuilt = try await Program.run(["store", "check", "--store", to])
            #expect(unbuilt.status == 1)
            #expect(unbuilt.output.contains("problem: there are no features; make them with churn features\n"))
            #expect(try await Program.run(["features", "--store", to]).status == 0)
        }
        var builds: [String] = []
        for uri in [shop.store, mongodb, back] {
            let checked = try await Program.run(["store", "check", "--store", uri, "--json"])
            #expect(checked.status == 0, "\(checked)")
            let object = try checked.object()
            #expect(object["lines"] as? Int == 10)
            #expect(object["customers"] as? Int == 3)
            #expect((object["problems"] as? [String])?.isEmpty == true)
            builds.append((object["build"] as? [String: Any])?["hash"] as? String ?? "none")
        }
        #expect(Set(builds).count == 1 && builds[0].count == 16)

        // Transactions after the features' day.
        let later = try shop.file("later.csv", Shop.header + "7,1,X,1,1/1/2012 9:00,1,12347,France\r\n")
        for uri in [shop.store, mongodb] {
            #expect(try await Program.run(["ingest", later, "--dates", "mdy", "--store", uri]).status == 0)
            let stale = try await Program.run(["store", "check", "--store", uri])
            #expect(stale.status == 1)
            #expect(stale.output.contains("problem: transactions came after the features' day"))
        }
        try edit(mongodb: mongodb, "features.update_one({'_id': 12347}, {'$inc': {'units_milli': 1}})")
        let damaged = try await Program.run(["store", "check", "--store", mongodb])
        #expect(damaged.output.contains("problem: the features are not those of their build"))
    }

    @Test("a store that is made empty can be served at once, and stays as it is when it is made again")
    func create() async throws {
        let shop = try Shop()
        for store in ["sqlite:\(shop.directory.path)/new.sqlite", try MongoDatabase().uri] {
            let serve = ["serve", "--store", store, "--models", Shop.models, "--listen", "127.0.0.1:0"]
            try await Program.fails(serve, 66, ["there is no store"])
            #expect(try await Program.run(["store", "create", "--store", store]).status == 0)
            let server = try await blocking { try ChildProcess(Surroundings.churn(), serve) }
            let line = try await blocking { try server.waitForLine("listening on ") }
            let address = "127.0.0.1:" + (line.split(separator: ":").last ?? "")
            let health = try await Program.run(["health", "--server", address])
            #expect(health.status == 1)
            #expect(health.output.contains("NOT_SERVING") && health.output.contains("no features are loaded"))
            let features = "Frequency,Monetary,AvgOrderValue\n7,4310,615.7142857142857\n"
            let score = ["score", "-", "--server", address, "--model", "seed-logistic"]
            let scored = try await Program.run(score, input: features)
            #expect(scored.status == 0 && scored.output.contains("1,0.0705228174674161"), "\(scored)")
            kill(server.identifier, SIGTERM)
            _ = try await blocking { server.waitForEnd() }

            let file = try shop.file("transactions.csv", Shop.transactions)
            #expect(try await Program.run(["ingest", file, "--store", store]).status == 0)
            #expect(try await Program.run(["store", "create", "--store", store]).status == 0)
            let checked = try await Program.run(["store", "check", "--store", store, "--json"])
            #expect(try checked.object()["lines"] as? Int == 10)
        }
    }

    @Test("bad input is one line, and what is there stays as it was")
    func badInput() async throws {
        let shop = try Shop()
        try await shop.fill()
        let port = try ReservedPort()
        let dead = "mongodb://me:secret@127.0.0.1:\(port.port)/x?serverSelectionTimeoutMS=100"
        let cases: [([String], Int32, String)] = [
            (["copy", shop.store, shop.store], 64, "would be copied into itself"),
            (["copy", "nowhere", shop.store], 64, "is no store address"),
            (["copy", "sqlite:/none/such", shop.store], 66, "there is no store"),
            (["copy", dead, shop.store], 69, "cannot be reached"),
            (["check", "--store", dead], 69, "cannot be reached"),
            (["check", "--store", "mongodb://me:secret@/x"], 78, "no MongoDB address that can be used"),
            (["check", "--store", try MongoDatabase().uri], 66, "there is no store"),
        ]
        for (arguments, status, text) in cases {
            let outcome = try await Program.run(["store"] + arguments)
            #expect(outcome.status == status, "\(outcome)")
            #expect(outcome.output == "" && outcome.error.split(separator: "\n").count == 1)
            #expect(outcome.error.contains(text) && !outcome.error.contains("secret"))
        }
        #expect(try await Program.run(["store", "check", "--store", shop.store]).status == 0)
    }
}
