import ChurnClient
import Foundation
import TestSupport
import Testing

/// A server whose listening socket belongs to a service manager, which here is this test.
@Suite(.serialized, .timeLimit(.minutes(2)))
struct ServiceManagerTests {
    /// Starts a server as systemd does: the process that the variables name is the one that reads them.
    private static func serve(
        _ descriptors: [Int32],
        _ transport: String,
        notify: String,
        count: Int = 1,
        options: [String] = []
    ) async throws -> ChildProcess {
        let store = try await RealStore.get().uri
        let script = #"export LISTEN_PID=$$; exec "$@""#
        let arguments =
            [
                "-c", script, "sh", try Surroundings.churn(), "serve", "--store", store, "--models",
                Surroundings.path("models"), "--transport", transport, "--drain-timeout", "20s",
            ] + options
        let environment = ["LISTEN_FDS": "\(count)", "NOTIFY_SOCKET": notify]
        return try ChildProcess("/bin/sh", arguments, environment: environment, descriptors: descriptors)
    }

    @Test("a restart: who connects before it, meanwhile and after it is answered", arguments: ["epoll", "nio"])
    func restart(transport: String) async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/notify"
        let manager = try Packets(receivingAt: path)
        let listener = try TCPListener()
        let configuration = try ChurnClient.Configuration(port: listener.port, timeout: .seconds(30))
        // A connection that stays through all of it.
        let lasting = ChurnClient(configuration: configuration)
        for _ in 1...3 {
            // Connected, with their requests sent, before there is any server.
            let early = (0..<20).map { _ in ChurnClient(configuration: configuration) }
            let answers = Task {
                try await withThrowingTaskGroup { tasks in
                    for client in early + [lasting] {
                        tasks.addTask { try await client.predict(customerID: 12347).probability }
                    }
                    return try await tasks.reduce(into: []) { $0.append($1) }
                }
            }
            let server = try await Self.serve([listener.descriptor], transport, notify: path)
            let ready = try await blocking { String(decoding: try manager.receive(), as: UTF8.self) }
            #expect(ready == "READY=1")
            let probabilities = try await answers.value
            #expect(probabilities.count == 21 && Set(probabilities).count == 1)
            for client in early { await client.shutdown() }
            kill(server.identifier, SIGTERM)
            let (status, output) = try await blocking { server.waitForEnd() }
            #expect(status == 0 && output.contains("stopped"), "\(output)")
            let stopping = try await blocking { String(decoding: try manager.receive(), as: UTF8.self) }
            #expect(stopping == "STOPPING=1")
        }
        await lasting.shutdown()
    }

    @Test("several sockets: each speaks as the address of its place, not more addresses than sockets")
    func severalSockets() async throws {
        let listeners = [try TCPListener(), try TCPListener(), try TCPListener()]
        let listen = ["--listen", "grpc://127.0.0.1:1", "--listen", "frames://127.0.0.1:2"]
        let server = try await Self.serve(
            listeners.map(\.descriptor),
            "epoll",
            notify: "",
            count: 3,
            options: listen
        )
        for (listener, speaks) in zip(listeners, ["grpc", "frames", "frames"]) {
            let line = try await blocking { try server.waitForLine("listening on 127.0.0.1:\(listener.port)") }
            #expect(line.contains("speaks=\(speaks) "), "\(line)")
        }
        kill(server.identifier, SIGTERM)
        #expect(try await blocking { server.waitForEnd().status } == 0)
        let few = try await Self.serve([listeners[0].descriptor], "epoll", notify: "", options: listen)
        let (status, output) = try await blocking { few.waitForEnd() }
        #expect(status == 64 && output.contains("1 sockets are passed for 2 addresses"), "\(output)")
    }

    @Test("descriptors that cannot be served on are named")
    func wrongDescriptors() async throws {
        let listener = try TCPListener()
        let cases: [(descriptor: Int32, count: Int, complaint: String)] = [
            (0, 1, "not a TCP socket that listens"),
            (listener.descriptor, 2, "descriptor 4 is not a TCP socket that listens"),
            (listener.descriptor, 17, "LISTEN_FDS is '17'"),
        ]
        for (descriptor, count, complaint) in cases {
            let server = try await Self.serve([descriptor], "epoll", notify: "", count: count)
            let (status, output) = try await blocking { server.waitForEnd() }
            #expect(status == 64)
            #expect(output.contains(complaint), "\(output)")
        }
    }
}
