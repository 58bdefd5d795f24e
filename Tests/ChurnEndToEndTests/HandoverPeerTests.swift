import Foundation
import TestSupport
import Testing

/// Servers that take over from, or hand over to, programs that do not keep to the protocol of the hand-over.
@Suite(.serialized, .timeLimit(.minutes(3)))
struct HandoverPeerTests {
    @Test("whatever is said at the path of the hand-over, the server serves on and hands over after it")
    func hostileSuccessors() async throws {
        let place = try await HandoverPlace()
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
        let place = try await HandoverPlace()
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
        let place = try await HandoverPlace()
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
