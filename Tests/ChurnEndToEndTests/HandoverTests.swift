import CHandover
import ChurnClient
import Foundation
import Synchronization
import TestSupport
import Testing

/// Servers that take over from each other, as real processes.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HandoverTests {
    private static let customer: Int64 = 12347

    /// Where a line of servers meets: one store, one port, one path.
    private struct Place {
        let directory: TemporaryDirectory
        let store: String
        let reserved: ReservedPort

        var path: String { directory.path + "/handover.sock" }
        var emptyStore: String { directory.path + "/empty.sqlite" }
        var port: Int { reserved.port }

        init() async throws {
            directory = try TemporaryDirectory()
            store = try await RealStore.get().uri
            reserved = try ReservedPort()
        }

        /// - Parameter model: the default model, by which a caller knows who has answered.
        func serve(
            model: String = "seed-logistic",
            transport: String = "epoll",
            store: String? = nil,
            options: [String] = []
        ) throws -> ChildProcess {
            let arguments = [
                "serve", "--store", store ?? self.store, "--models", Surroundings.path("models"), "--model", model,
                "--listen", "127.0.0.1:\(port)", "--handover", path, "--transport", transport, "--poll-interval",
                "50ms",
            ]
            return try ChildProcess(Surroundings.churn(), arguments + options)
        }

        /// A server that is never healthy: its store has no features.
        func serveUnhealthy() throws -> ChildProcess {
            let ingest = try ChildProcess(
                Surroundings.churn(),
                ["generate", "--customers", "10", "-o", directory.path + "/few.csv"]
            )
            try #require(ingest.waitForEnd().status == 0)
            try ChildProcess.run(
                Surroundings.churn(),
                ["ingest", directory.path + "/few.csv", "--store", "sqlite:" + emptyStore]
            )
            return try serve(store: "sqlite:" + emptyStore)
        }

        func client() throws -> ChurnClient {
            ChurnClient(configuration: try .init(port: port))
        }

        /// Who answers a new connection.
        func answeringModel() async throws -> String {
            let client = try client()
            let prediction = await Task { try await client.predict(customerID: customer).model.name }.result
            await client.shutdown()
            return try prediction.get()
        }
    }

    /// Calls over connections that stay and over connections that are new, until it is told to stop.
    private final class Load: Sendable {
        struct Seen {
            var answers: [String: Int] = [:]
            var connections = 0
            var failures: [String] = []
        }

        private let seen = Mutex(Seen())
        private let isOver = Mutex(false)
        private let place: Place

        init(_ place: Place) {
            self.place = place
        }

        var total: Seen { seen.withLock { $0 } }

        func stop() { isOver.withLock { $0 = true } }

        /// - Parameter callsAConnection: `nil` for one connection for all.
        private func call(callsAConnection: Int?) async throws {
            while !isOver.withLock({ $0 }) {
                let client = try place.client()
                seen.withLock { $0.connections += 1 }
                var calls = 0
                while !isOver.withLock({ $0 }), calls < callsAConnection ?? .max {
                    calls += 1
                    do {
                        let model = try await client.predict(customerID: customer).model.name
                        seen.withLock { $0.answers[model, default: 0] += 1 }
                    } catch {
                        seen.withLock { $0.failures.append("\(error)") }
                    }
                }
                await client.shutdown()
            }
        }

        func run(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup { tasks in
                for calls in [nil, nil, nil, 1, 1, 3] {
                    tasks.addTask { try await self.call(callsAConnection: calls) }
                }
                defer { stop() }
                try await body()
                stop()
                try await tasks.waitForAll()
            }
        }

        /// Waits for so many more answers of a model.
        func answers(of model: String, more: Int = 200) async throws {
            let wanted = (total.answers[model] ?? 0) + more
            while (total.answers[model] ?? 0) < wanted { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    @Test("under load, with new connections throughout, no call fails", arguments: ["epoll", "nio"])
    func underLoad(transport: String) async throws {
        let place = try await Place()
        let models = ["seed-logistic", "churn-temporal"]
        var old = try place.serve(model: models[0], transport: transport)
        _ = try await blocking { [old] in try old.waitForLine("listening on ") }
        let load = Load(place)
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
        let place = try await Place()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let good = Mutex<ChildProcess?>(nil)
        let load = Load(place)
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

    @Test("a successor that is told to stop before it is ready leaves the old one as it was")
    func toldToStop() async throws {
        let place = try await Place()
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
        let place = try await Place()
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
        let place = try await Place()
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
        let place = try await Place()
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
        let place = try await Place()
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

    @Test("whatever is said at the path of the hand-over, the server serves on and hands over after it")
    func hostileSuccessors() async throws {
        let place = try await Place()
        let old = try place.serve()
        _ = try await blocking { try old.waitForLine("listening on ") }
        let magic = Array("churn-ho".utf8)
        func message(_ version: UInt8, _ kind: UInt8) -> [UInt8] { magic + [version, 0, 0, 0, kind, 0, 0, 0] }
        let conversations: [[[UInt8]]] = [
            [], [[]], [[1]], [magic], [message(2, 1)], [message(1, 3)], [message(1, 0)], [message(1, 99)],
            [message(1, 1) + [0]], [[UInt8](repeating: 255, count: 60_000)], [message(1, 1), message(1, 1)],
            [message(1, 1), message(2, 3)], [message(1, 1), [7]], [message(1, 1)],
        ]
        try await blocking {
            for packets in conversations {
                for withDescriptor in [false, true] {
                    let peer = try Packets(connectingTo: place.path)
                    for packet in packets { peer.send(packet, descriptors: withDescriptor ? [0] : []) }
                    if packets.isEmpty { continue }
                    // Whatever the answer: it comes at once, or the connection ends.
                    if !packets[0].isEmpty { _ = try peer.receive() }
                }
            }
            // More than are listened to at a time, and none says anything.
            let silent = try (0..<12).map { _ in try Packets(connectingTo: place.path) }
            withExtendedLifetime(silent) {}
        }
        #expect(try await place.answeringModel() == "seed-logistic")
        let next = try place.serve(model: "churn-temporal")
        _ = try await blocking { try next.waitForLine("taken over") }
        #expect(try await place.answeringModel() == "churn-temporal")
    }

    @Test("an old server that is not one is not waited for, and what it sends is not believed")
    func hostilePredecessors() async throws {
        let place = try await Place()
        let socket = Array("churn-ho".utf8) + [1, 0, 0, 0, 2, 0, 0, 0]
        let answers: [(bytes: [UInt8], descriptor: Int32, complaint: String)] = [
            (socket, -1, "not a listening socket"), (socket, 0, "not a listening socket"),
            ([1, 2, 3], -1, "does not speak"), ([], -1, "has just ended"),
            (Array(socket[..<12]) + [4, 0, 0, 0], -1, "does not speak"),
        ]
        for (bytes, descriptor, complaint) in answers {
            let door = try Packets(listeningAt: place.path)
            let new = try place.serve()
            try await blocking {
                let peer = try door.accept()
                _ = try peer.receive()
                if !bytes.isEmpty { peer.send(bytes, descriptors: descriptor < 0 ? [] : [descriptor]) }
            }
            let (status, output) = try await blocking { new.waitForEnd() }
            #expect(status == 71)
            #expect(output.contains(complaint), "\(output)")
            unlink(place.path)
        }
    }

    @Test("an old server that takes its word back is obeyed, one that says nothing more is not waited for")
    func lastWords() async throws {
        let place = try await Place()
        for (lastWord, status, said) in [(UInt8(5), Int32(71), "and goes on"), (0, 0, "does not answer")] {
            let door = try Packets(listeningAt: place.path)
            let listener = try TCPListener()
            let new = try ChildProcess(
                Surroundings.churn(),
                [
                    "serve", "--store", place.store, "--models", Surroundings.path("models"), "--handover", place.path,
                    "--listen", "127.0.0.1:\(listener.port)",
                ]
            )
            let old = try await blocking {
                let peer = try door.accept()
                #expect(try peer.receive() == Self.message(1))
                peer.send(Self.message(2), descriptors: [listener.descriptor])
                #expect(try peer.receive() == Self.message(3))
                if lastWord > 0 { peer.send(Self.message(lastWord)) }
                return peer
            }
            if status == 0 {
                _ = try await blocking { try new.waitForLine("listening on ") }
                kill(new.identifier, SIGTERM)
            }
            let end = try await blocking { new.waitForEnd() }
            #expect(end.status == status && end.output.contains(said), "\(end)")
            // What is not its own it leaves where it is.
            #expect(FileManager.default.fileExists(atPath: place.path) == (status != 0))
            #expect(!FileManager.default.fileExists(atPath: place.path + ".next"))
            unlink(place.path)
            withExtendedLifetime((old, listener, door)) {}
        }
    }

    /// A packet of this version of the hand-over.
    private static func message(_ kind: UInt8) -> [UInt8] {
        Array("churn-ho".utf8) + [1, 0, 0, 0, kind, 0, 0, 0]
    }
}
