import ChurnClient
import Foundation
import Synchronization
import TestSupport
import Testing

/// Servers that take over from each other, as real processes.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HandoverTests {
    @Test("under load, with new connections throughout, no call fails", arguments: ["epoll", "nio"])
    func underLoad(transport: String) async throws {
        let place = try await HandoverPlace()
        let models = ["seed-logistic", "churn-temporal"]
        var old = try place.serve(model: models[0], transport: transport)
        _ = try await blocking { [old] in try old.waitForLine("listening on ") }
        let load = HandoverLoad(place)
        try await load.run {
            try await load.answers(of: models[0])
            for round in 1...6 {
                let model = models[round % 2]
                let next = try place.serve(model: model, transport: transport)
                let (status, output) = try await blocking { [old] in
                    _ = try next.waitForLine("taken over")
                    return old.waitForEnd()
                }
                #expect(status == 0 && output.contains("stopped"), "\(output)")
                try await load.answers(of: model)
                old = next
            }
        }
        let seen = load.total
        #expect(seen.failures == [])
        #expect(seen.connections > 100)
        // Nobody but the last one is left to answer.
        #expect(try await place.answeringModel() == models[0])
    }

    @Test(
        "a successor that is never healthy takes nothing over; a second one is refused meanwhile; killed, it is forgotten"
    )
    func neverHealthy() async throws {
        let place = try await HandoverPlace()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let good = Mutex<ChildProcess?>(nil)
        let load = HandoverLoad(place)
        try await load.run {
            try await load.answers(of: "seed-logistic")
            let bad = try await blocking { try place.serveUnhealthy() }
            _ = try await blocking { try bad.waitForLine("not healthy, so it does not take over yet") }
            let second = try place.serve(model: "churn-temporal")
            let (status, output) = try await blocking { second.waitForEnd() }
            #expect(status == 71)
            #expect(output.contains("another server is taking over already"), "\(output)")
            try await load.answers(of: "seed-logistic")
            kill(bad.identifier, SIGKILL)
            _ = try await blocking { try old.waitForLine("this one goes on") }
            try await load.answers(of: "seed-logistic")

            let next = try place.serve(model: "churn-temporal")
            good.withLock { $0 = next }
            _ = try await blocking { try next.waitForLine("taken over") }
            try await load.answers(of: "churn-temporal")
        }
        #expect(load.total.failures == [])
        #expect(try await blocking { old.waitForEnd().status } == 0)
        let last = try #require(good.withLock { $0 })
        kill(last.identifier, SIGTERM)
        #expect(try await blocking { last.waitForEnd().status } == 0)
        #expect(!FileManager.default.fileExists(atPath: place.path))
    }

    @Test("several addresses are handed over, each with the dialect that the new server gives it")
    func severalAddresses() async throws {
        let place = try await HandoverPlace()
        let second = try ReservedPort()
        func serve(_ scheme: String) throws -> ChildProcess {
            try place.serve(options: ["--listen", "\(scheme)127.0.0.1:\(second.port)"])
        }
        let old = try serve("grpc://")
        _ = try await blocking { try old.waitForLine("listening on 127.0.0.1:\(second.port)") }
        let next = try serve("frames://")
        let (line, status) = try await blocking {
            (try next.waitForLine("listening on 127.0.0.1:\(second.port)"), old.waitForEnd().status)
        }
        #expect(status == 0 && line.contains("speaks=frames "))
        for port in [place.port, second.port] {
            let client = ChurnClient(configuration: try .init(port: port))
            #expect(try await client.predict(customerID: HandoverPlace.customer).model.name == "seed-logistic")
            await client.shutdown()
        }
        kill(next.identifier, SIGTERM)
        #expect(try await blocking { next.waitForEnd().status } == 0)
    }

    @Test("a successor that is told to stop before it is ready leaves the old one as it was")
    func toldToStop() async throws {
        let place = try await HandoverPlace()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let bad = try await blocking { try place.serveUnhealthy() }
        _ = try await blocking { try bad.waitForLine("not healthy") }
        kill(bad.identifier, SIGTERM)
        #expect(try await blocking { bad.waitForEnd().status } == 0)
        #expect(try await place.answeringModel() == "seed-logistic")
        let next = try place.serve(model: "churn-temporal")
        _ = try await blocking { try next.waitForLine("taken over") }
        #expect(try await place.answeringModel() == "churn-temporal")
    }

    @Test("a successor that is told to stop and becomes healthy at the same moment takes nothing over")
    func toldToStopAndHealthy() async throws {
        let place = try await HandoverPlace()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        for _ in 1...5 {
            let bad = try await blocking { try place.serveUnhealthy() }
            _ = try await blocking { try bad.waitForLine("not healthy") }
            try await Self.halt(bad)
            try await blocking {
                try ChildProcess.run(Surroundings.churn(), ["features", "--store", "sqlite:" + place.emptyStore])
            }
            kill(bad.identifier, SIGTERM)
            kill(bad.identifier, SIGCONT)
            let (status, output) = try await blocking { bad.waitForEnd() }
            #expect(status == 0 && !output.contains("taken over"), "\(output)")
            #expect(try await place.answeringModel() == "seed-logistic")
            for suffix in ["", "-wal", "-shm"] { unlink(place.emptyStore + suffix) }
        }
    }

    /// Stops a process, and returns when it has stopped.
    private static func halt(_ process: ChildProcess) async throws {
        kill(process.identifier, SIGSTOP)
        // The state stands behind the name in brackets, proc_pid_stat(5).
        let status = "/proc/\(process.identifier)/stat"
        while try !String(contentsOfFile: status, encoding: .utf8).contains(") T ") {
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    @Test(
        "the old server ends while another loads: who waits in the queue is answered, and the new one goes on",
        arguments: [SIGKILL, SIGTERM]
    )
    func oldOneEnds(signal: Int32) async throws {
        let place = try await HandoverPlace()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let new = try await blocking { try place.serveUnhealthy() }
        _ = try await blocking { try new.waitForLine("not healthy") }
        try await Self.halt(old)
        // Connected by the system, and accepted by nobody.
        let client = try place.client()
        let health = Task { try await client.health() }
        kill(old.identifier, signal)
        kill(old.identifier, SIGCONT)
        _ = try await blocking { try new.waitForLine("the server before has gone") }
        let first = try await health.value
        #expect(signal == SIGTERM || first.state == .notServing && !first.draining)
        let second = try await client.health()
        #expect(second.state == .notServing && !second.draining)
        await client.shutdown()
    }

    @Test("the file of a server that was killed is taken over, any other file is left alone")
    func staleFile() async throws {
        let place = try await HandoverPlace()
        let killed = try place.serve()
        _ = try await blocking { try killed.waitForLine("listening on ") }
        kill(killed.identifier, SIGKILL)
        _ = try await blocking { killed.waitForEnd() }
        #expect(FileManager.default.fileExists(atPath: place.path))
        let next = try place.serve(model: "churn-temporal")
        _ = try await blocking { try next.waitForLine("listening on ") }
        #expect(try await place.answeringModel() == "churn-temporal")
        kill(next.identifier, SIGTERM)
        #expect(try await blocking { next.waitForEnd().status } == 0)

        try Data("precious".utf8).write(to: URL(filePath: place.path))
        let refused = try place.serve()
        let (status, output) = try await blocking { refused.waitForEnd() }
        #expect(status == 71)
        #expect(output.contains(place.path) && output.contains("not a socket"), "\(output)")
        #expect(try String(contentsOfFile: place.path, encoding: .utf8) == "precious")
    }

    @Test("a server on another address is not taken over from")
    func otherAddress() async throws {
        let place = try await HandoverPlace()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let other = try ReservedPort()
        let wrong = try place.serve(options: ["--port", "\(other.port)", "--host", "127.0.0.1"])
        // --listen is the whole address and wins over its parts: the same place, and so a hand-over.
        _ = try await blocking { try wrong.waitForLine("taken over") }
        let elsewhere = try ChildProcess(
            Surroundings.churn(),
            [
                "serve", "--store", place.store, "--models", Surroundings.path("models"), "--handover", place.path,
                "--listen", "127.0.0.1:\(other.port)",
            ]
        )
        let (status, output) = try await blocking { elsewhere.waitForEnd() }
        #expect(status == 71)
        #expect(output.contains("127.0.0.1:\(place.port), not on 127.0.0.1:\(other.port)"), "\(output)")
        #expect(try await place.answeringModel() == "seed-logistic")
    }
}
