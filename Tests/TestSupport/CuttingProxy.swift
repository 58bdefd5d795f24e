internal import Foundation
internal import Glibc
internal import Synchronization

/// Passes bytes between clients and a MongoDB server on this machine, until it cuts the line, or plays a primary that
/// steps down.
///
/// A thread for each direction of each connection, which ends with it.
package final class CuttingProxy: Sendable {
    package struct Failure: Error {
        package var code: Int32
    }

    private struct State {
        var isCut = false
        /// The message at which the primary steps down.
        var trap: (text: [UInt8], stepDown: StepDown)?
        var stepDowns = 0
        /// Bytes of the server's that may still pass; nil when there is no limit.
        var repliesLeft: Int?
        /// Whether the line stays cut when these have passed.
        var cutsAtLimit = false
        /// Both ends of every connection.
        var sockets: Set<Int32> = []
        var accepted = 0
    }

    private let reserved: ReservedPort
    private let listener: Int32
    private let upstream: Int
    private let state = Mutex(State())

    package var port: Int { reserved.port }

    /// Connections accepted so far, those too that were closed at once because the line was cut.
    package var accepted: Int { state.withLock { $0.accepted } }

    /// - Parameter upstream: the port of the server, on 127.0.0.1.
    package init(to upstream: Int) throws {
        self.upstream = upstream
        reserved = try ReservedPort()
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var yes: Int32 = 1
        guard listener >= 0,
            setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0,
            Self.withAddress(reserved.port, { bind(listener, $0, $1) }) == 0, listen(listener, 128) == 0
        else { throw Failure(code: errno) }
        Thread.detachNewThread { [weak self, listener] in
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 && errno == EINTR { continue }
                guard client >= 0, let self else { return }
                join(client)
            }
        }
    }

    deinit {
        // Wakes the threads, which then find nobody to work for.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        state.withLock { for socket in $0.sockets { shutdown(socket, Int32(SHUT_RDWR)) } }
    }

    /// How a primary steps down while a command is on its way.
    package enum StepDown: CaseIterable, Sendable {
        /// It refuses the command, and breaks every connection.
        case beforeTheCommand
        /// It does what it is told, and breaks every connection instead of saying so.
        case beforeTheReply
    }

    /// Has the primary step down at the next message that holds `text`. Its successor, the same server, is there at once.
    package func stepDown(_ stepDown: StepDown, at text: String) {
        state.withLock { $0.trap = (Array(text.utf8), stepDown) }
    }

    /// How often that happened.
    package var stepDowns: Int { state.withLock { $0.stepDowns } }

    /// Breaks every connection, and each new one at once, until `mend`.
    package func cut() {
        state.withLock { state in
            state.isCut = true
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    /// Cuts the line when the server has sent so many more bytes: in the middle of a reply.
    package func cut(afterReplyBytes count: Int) {
        state.withLock {
            $0.repliesLeft = count
            $0.cutsAtLimit = true
        }
    }

    package func mend() {
        state.withLock {
            $0.isCut = false
            $0.repliesLeft = nil
            $0.cutsAtLimit = false
        }
    }

    private func join(_ client: Int32) {
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isOpen = state.withLock { state in
            state.accepted += 1
            guard !state.isCut, server >= 0 else { return false }
            state.sockets.formUnion([client, server])
            return true
        }
        guard isOpen, Self.withAddress(upstream, { connect(server, $0, $1) }) == 0 else {
            leave([client, server])
            return
        }
        let ends = Ends()
        for (source, sink, isReply) in [(client, server, false), (server, client, true)] {
            Thread.detachNewThread { [self] in
                if isReply { passReplies(source, sink) } else { passMessages(source, sink) }
                shutdown(source, Int32(SHUT_RDWR))
                shutdown(sink, Int32(SHUT_RDWR))
                // The one that ends last closes: before, the number could go to another connection.
                if ends.end() == 2 { leave([client, server]) }
            }
        }
    }

    private final class Ends: Sendable {
        private let count = Mutex(0)

        func end() -> Int {
            count.withLock {
                $0 += 1
                return $0
            }
        }
    }

    private func leave(_ sockets: [Int32]) {
        state.withLock { state in
            state.sockets.subtract(sockets)
            for socket in sockets where socket >= 0 { close(socket) }
        }
    }

    private func passReplies(_ source: Int32, _ sink: Int32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Self.read(source, &chunk)
            guard count > 0 else { return }
            let passing = allow(count)
            guard Self.write(chunk[..<passing], to: sink) else { return }
            if passing < count { return breakConnections() }
        }
    }

    /// Whole messages: the first four bytes of each are its length, little-endian ("MongoDB Wire Protocol").
    private func passMessages(_ source: Int32, _ sink: Int32) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        var pending: [UInt8] = []
        while true {
            while pending.count >= 16 {
                let length = Int(pending.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
                guard pending.count >= length, length >= 16 else { break }
                let message = pending[..<length]
                switch stepDown(at: message) {
                case .beforeTheCommand:
                    _ = Self.write(Self.refusal(of: message)[...], to: source)
                    return breakConnections()
                case .beforeTheReply: state.withLock { $0.repliesLeft = 0 }
                case nil: break
                }
                guard Self.write(message, to: sink) else { return }
                pending.removeFirst(length)
            }
            let count = Self.read(source, &chunk)
            guard count > 0 else { return }
            pending.append(contentsOf: chunk[..<count])
        }
    }

    private func stepDown(at message: ArraySlice<UInt8>) -> StepDown? {
        state.withLock { state in
            guard let trap = state.trap, message.firstRange(of: trap.text) != nil else { return nil }
            state.trap = nil
            state.stepDowns += 1
            return trap.stepDown
        }
    }

    /// An OP_MSG that says NotWritablePrimary, with the label that a driver may try a write again by.
    private static func refusal(of message: ArraySlice<UInt8>) -> [UInt8] {
        func string(_ text: String) -> [UInt8] { int32(text.utf8.count + 1) + Array(text.utf8) + [0] }
        func int32(_ value: Int) -> [UInt8] { withUnsafeBytes(of: Int32(value).littleEndian) { Array($0) } }
        func document(_ fields: [UInt8]) -> [UInt8] { int32(fields.count + 5) + fields + [0] }
        let label = document([0x02] + Array("0\0".utf8) + string("RetryableWriteError"))
        let reply = document(
            [0x10] + Array("ok\0".utf8) + int32(0) + [0x10] + Array("code\0".utf8) + int32(10_107)
                + [0x02] + Array("codeName\0".utf8) + string("NotWritablePrimary")
                + [0x02] + Array("errmsg\0".utf8) + string("not primary")
                + [0x04] + Array("errorLabels\0".utf8) + label
        )
        // Length, request, what it answers, OP_MSG; then flags, and one section, the body.
        let answered = Array(message[message.startIndex + 4..<message.startIndex + 8])
        return int32(16 + 5 + reply.count) + int32(1) + answered + int32(2_013) + int32(0) + [0] + reply
    }

    private static func read(_ source: Int32, _ chunk: inout [UInt8]) -> Int {
        while true {
            let count = Glibc.read(source, &chunk, chunk.count)
            guard count < 0 && errno == EINTR else { return count }
        }
    }

    /// - Returns: whether all of it was taken.
    private static func write(_ bytes: ArraySlice<UInt8>, to sink: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { send(sink, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { return false }
            rest.removeFirst(written)
        }
        return true
    }

    /// After a cut in a reply the line stays cut; after a step-down it does not.
    private func breakConnections() {
        state.withLock { state in
            if state.cutsAtLimit { state.isCut = true }
            state.repliesLeft = nil
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    private func allow(_ count: Int) -> Int {
        state.withLock { state in
            guard let left = state.repliesLeft else { return count }
            let passing = min(count, left)
            state.repliesLeft = left - passing
            return passing
        }
    }

    private static func withAddress(
        _ port: Int,
        _ body: (UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        return withUnsafeBytes(of: &address) { bytes in
            body(bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
    }
}
