import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct ServingTests {
    @Test("predict: one object of exactly this form for a program, a table for a person")
    func predict() async throws {
        let shop = try Shop()
        try await shop.serving { address in
            let json = try await Program.run(["predict", "12347", "--server", address, "--json"])
            #expect(json.status == 0, "\(json)")
            #expect(
                json.output.hasPrefix(
                    #"{"customer_id": 12347, "features": {"Frequency": 7, "Monetary": 4310, "AvgOrderValue": "#
                        + #"615.7142857142857}, "prediction": {"churn_probability": 0.0705"#
                )
            )
            let answer = try json.object()
            let prediction = try #require(answer["prediction"] as? [String: Any])
            let probability = try #require(prediction["churn_probability"] as? Double)
            #expect(abs(probability - KnownCustomer.probability) <= 1e-15)
            #expect(prediction["churn_prediction"] as? Int == 0)
            #expect(prediction["threshold"] as? Double == 0.35)
            #expect(answer["model"] as? [String: String] == ["name": "seed-logistic", "version": "1"])
            #expect(answer["feature_time"] as? String == "2011-01-19T00:00")

            let table = try await Program.run(["predict", "12347", "12346", "--server", address, "--contributions"])
            #expect(table.status == 0)
            #expect(table.lines.first?.split(separator: " ").first == "customer")
            #expect(table.lines[2].contains("12347") && table.lines[2].contains("likely to stay"))
            #expect(table.lines[3].contains("12346") && table.lines[3].contains("likely to leave"))
            #expect(table.output.contains("baseline"))

            let several = try await Program.run([
                "predict", "12346", "1", "12347", "--server", address, "--json", "--model", "seed-logistic@1",
            ])
            #expect(several.status == 67)
            #expect(several.lines.count == 2)
            #expect(several.lines[0].hasPrefix(#"{"customer_id": 12346, "#))
            #expect(several.error.split(separator: "\n").count == 1)
            #expect(several.error.contains("customer 1 is not known"))

            try await Program.fails(["predict", "1", "2", "--server", address, "--json"], 67, ["1 more of the 2"])
            let wrong = ["predict", "12347", "--server", address, "--model", "nope"]
            try await Program.fails(wrong, 67, ["'nope'", "seed-logistic@1"])
        }
    }

    @Test("score: by ids, by features, from a pipe, all")
    func score() async throws {
        let shop = try Shop()
        try await shop.serving { address in
            let ids = try shop.file("ids.csv", "CustomerID,Name\n12347,a\n1,b\n12346.0,c\n")
            let path = shop.directory.path + "/scores.csv"
            let byIDs = try await Program.run(["score", ids, "--server", address, "-o", path, "--batch-rows", "2"])
            #expect(byIDs.status == 0, "\(byIDs)")
            #expect(byIDs.output == "")
            #expect(byIDs.error.contains("scored 3 rows by seed-logistic@1"))
            let lines = try shop.read("scores.csv").split(separator: "\n").map(String.init)
            #expect(lines[0] == "customer_id,churn_probability,churn_prediction,status")
            #expect(lines[1].hasPrefix("12347,0.0705") && lines[1].hasSuffix(",0,OK"))
            #expect(lines[2] == "1,,,NOT_FOUND")
            #expect(lines[3].hasPrefix("12346,0.78") && lines[3].hasSuffix(",1,OK"))
            #expect(try !shop.names().contains("scores.csv.partial"))

            let features = "AvgOrderValue,Frequency,Monetary,other\n615.7142857142857,7,4310,x\n1,1,1,y\n"
            let byFeatures = try await Program.run(["score", "-", "--server", address], input: features)
            #expect(byFeatures.status == 0, "\(byFeatures)")
            #expect(byFeatures.lines[0] == "row,churn_probability,churn_prediction,status")
            // The same customer, the same bits.
            #expect(byFeatures.lines[1].dropFirst("1,".count) == lines[1].dropFirst("12347,".count))

            let segmented = try await Program.run(["segment", "--k", "1", "--store", shop.store])
            #expect(segmented.status == 0, "\(segmented)")
            for summary in [": 2, 1 likely to leave (50 %)\n", "nothing was left to score"] {
                let arguments = ["score", "--all", "--to", "store", "--store", shop.store, "--server", address]
                let kept = try await Program.run(arguments)
                #expect(kept.status == 0 && kept.output == "" && kept.error.contains(summary), "\(kept)")
            }
            let all = try await Program.run(["score", "--all", "--store", shop.store, "--server", address, "--json"])
            #expect(all.status == 0, "\(all)")
            #expect(all.lines.map { $0.prefix(22) } == [#"{"customer_id": 12346,"#, #"{"customer_id": 12347,"#])
        }
    }

    @Test("score: what cannot be scored is refused, and no file is made")
    func wrongScores() async throws {
        let shop = try Shop()
        let cases: [(text: String, parts: [String])] = [
            ("", ["is empty"]),
            ("customer_id\n", ["has a header and no rows"]),
            ("a,b\n1,2\n", ["no column Frequency, Monetary, AvgOrderValue", "has a, b", "customer_id alone"]),
            ("customer_id,Frequency\n1,2\n", ["no column Monetary, AvgOrderValue"]),
            ("customer_id\n12347\nabc\n", ["line 3", "customer_id is 'abc'"]),
            ("Frequency,Monetary,AvgOrderValue\n1,2,nan\n", ["line 2", "AvgOrderValue is 'nan'", "finite"]),
            ("Frequency,Monetary,AvgOrderValue\n1,2\n", ["line 2"]),
        ]
        try await shop.serving { address in
            let output = shop.directory.path + "/scores.csv"
            for (text, parts) in cases {
                let path = try shop.file("input.csv", text)
                let arguments = ["score", path, "--server", address, "--output", output]
                try await Program.fails(arguments, 65, [path] + parts)
                #expect(try shop.names().allSatisfy { !$0.hasPrefix("scores.csv") })
            }
            let ids = try shop.file("ids.csv", "customer_id\n12347\n")
            try await Program.fails(["score", ids, "--server", address, "--model", "x"], 67, ["'x'", "seed-logistic"])
            try await Program.fails(["score", ids, "--server", address, "-o", ids], 64, ["overwritten"])
            try await Program.fails(["score", ids, "--server", address, "-o", "/nowhere/x"], 73, ["/nowhere/x"])
            try await Program.fails(["score", "/nowhere/x", "--server", address], 66, ["/nowhere/x"])
            #expect(try shop.read("ids.csv") == "customer_id\n12347\n")
        }
    }

    @Test("health: 0 when it serves, 1 for everything else")
    func health() async throws {
        let shop = try Shop()
        try await shop.serving { address in
            let line = try await Program.run(["health", "--server", address])
            #expect(line.status == 0)
            #expect(line.lines.count == 1)
            #expect(line.output.hasPrefix("SERVING at \(address); 2 customers as of 2011-01-19 00:00"))
            let json = try await Program.run(["health", "--server", address, "--json", "--strict"])
            #expect(json.status == 0)
            #expect(try json.object()["state"] as? String == "SERVING")
        }
        // Port 1 is nobody's.
        try await Program.fails(["health", "--server", "127.0.0.1:1"], 1, ["127.0.0.1:1", "cannot connect"])
        try await Program.fails(["health", "--server", "nonsense"], 1, ["--server", "nonsense"])
        try await Program.fails(["health"], 1, ["CHURN_PORT"], environment: ["CHURN_PORT": "x"])
        #expect(try await Program.run(["health", "--bogus"]).status == 1)
        #expect(try await Program.run(["health", "--help"]).status == 0)
    }

    @Test("health: without features it is NOT_SERVING, and says why")
    func notServing() async throws {
        let arguments = ["serve", "--no-store", "--models", Shop.models, "--port", "0", "--json"]
        let server = try await blocking { try ChildProcess(Surroundings.churn(), arguments) }
        let line = try await blocking { try server.waitForLine(#""event": "listening""#) }
        let port = try #require(Program.Outcome.object(line)["port"] as? Int)
        let outcome = try await Program.run(["health", "--port", "\(port)"])
        #expect(outcome.status == 1)
        #expect(outcome.error == "")
        #expect(outcome.output.hasPrefix("NOT_SERVING at 127.0.0.1:\(port); no features"))
    }

    @Test("serve: the port file, a port in use, models that are not there")
    func serve() async throws {
        let shop = try Shop()
        try await shop.serving { address in
            let arguments = ["serve", "--store", shop.store, "--models", Shop.models]
            let taken = try await Program.run(arguments + ["--listen", address])
            #expect(taken.status == 71)
            #expect(taken.error.contains("churn: error: \(address) is in use"))
            try await Program.fails(arguments + ["--port", "0", "--model", "nope"], 67, ["nope", "seed-logistic@1"])
            try await Program.fails(arguments + ["--listen", "here"], 64, ["--listen", "'here'"])
            try await Program.fails(arguments + ["--log-level", "loud"], 64, ["--log-level", "notice"])
            try await Program.fails(arguments + ["--port", "0", "--port-file", "/nowhere/x"], 73, ["/nowhere/x"])
        }
        let file = shop.directory.path + "/port"
        let arguments = ["serve", "--no-store", "--models", Shop.models, "--port", "0", "--port-file", file]
        let server = try await blocking { try ChildProcess(Surroundings.churn(), arguments + ["--json"]) }
        let line = try await blocking { try server.waitForLine(#""event": "listening""#) }
        let port = try #require(Program.Outcome.object(line)["port"] as? Int)
        #expect(try shop.read("port") == "\(port)\n")
        kill(server.identifier, SIGINT)
        #expect(try await blocking { server.waitForEnd().status } == 0)
    }

    @Test("models: what there is, and what is broken")
    func models() async throws {
        let listed = try await Program.run(["models", "--models", Shop.models])
        #expect(listed.status == 0, "\(listed)")
        #expect(listed.output.contains("seed-logistic@1"))
        let json = try await Program.run(["models", "--models", Shop.models, "--json"]).object()
        let seed = try #require(
            (json["models"] as? [[String: Any]])?.first { $0["name"] as? String == "seed-logistic" }
        )
        #expect(seed["inputs"] as? [String] == ["Frequency", "Monetary", "AvgOrderValue"])
        #expect(seed["threshold"] as? Double == 0.35)

        let shop = try Shop()
        try await shop.fill()
        let copy = shop.directory.path + "/models"
        try FileManager.default.createDirectory(atPath: copy + "/seed-logistic", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: Shop.models + "/seed-logistic/1", toPath: copy + "/seed-logistic/1")
        try FileManager.default.copyItem(atPath: Shop.models + "/seed-logistic/1", toPath: copy + "/seed-logistic/2")
        let model = try shop.read("models/seed-logistic/1/model.json")
        _ = try shop.file("models/seed-logistic/1/model.json", model.replacing("0.35", with: "0.36"))
        let broken = try await Program.run(["models", "--models", copy, "--json"])
        #expect(broken.status == 1)
        #expect((try broken.object()["broken"] as? [Any])?.count == 2)
        #expect(broken.error.contains("SHA-256") && broken.error.contains("(and 1 more)"))
        try await Program.fails(
            ["serve", "--store", shop.store, "--models", copy, "--port", "0", "--model", "seed-logistic@1"],
            65,
            [copy, "SHA-256", "restore"]
        )
        try await Program.fails(["models", "--models", "/nowhere"], 66, ["/nowhere"])
        try FileManager.default.createDirectory(atPath: copy + "/none", withIntermediateDirectories: true)
        let empty = ["serve", "--store", shop.store, "--models", copy + "/none", "--port", "0"]
        try await Program.fails(empty, 66, [copy + "/none", "--models"])
    }

    @Test("no server: one line that names it, and what to do", arguments: ["predict", "score"])
    func noServer(command: String) async throws {
        let shop = try Shop()
        let ids = try shop.file("ids.csv", "customer_id\n1\n")
        // Port 1 is nobody's.
        let arguments = [command, command == "score" ? ids : "12347", "--server", "127.0.0.1:1"]
        try await Program.fails(arguments, 69, ["127.0.0.1:1", "connection refused", "churn serve"])
    }
}
