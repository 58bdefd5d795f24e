import ChurnBase
import TestSupport
import Testing

@Suite struct DescriptorIOTests {
    private let folder: TemporaryDirectory

    init() throws {
        folder = try TemporaryDirectory()
    }

    /// Both ends of a pipe.
    private func pipeEnds() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        return (ends[0], ends[1])
    }

    @Test("a file is written and read at an offset, and reading stops at its end")
    func offsets() throws {
        let file = open(folder.path + "/file", O_RDWR | O_CREAT, 0o600)
        try #require(file >= 0)
        defer { close(file) }
        try writeFully(file, Array("headtail".utf8))
        try Array("TA".utf8).withUnsafeBytes { try writeFully(file, $0, at: 4) }
        var bytes = [UInt8](repeating: 0, count: 6)
        let count = try bytes.withUnsafeMutableBytes { try readFully(file, into: $0, at: 4) }
        #expect(count == 4)
        #expect(bytes == Array("TAil".utf8) + [0, 0])
    }

    @Test("more than a pipe holds goes through one that does not block, and arrives whole")
    func pipes() async throws {
        let ends = try pipeEnds()
        defer { close(ends.read) }
        try #require(fcntl(ends.write, F_SETFL, O_NONBLOCK) == 0)
        let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) }
        async let writing: Void = blocking {
            defer { close(ends.write) }
            try writeFully(ends.write, sent)
        }
        let received = try await blocking {
            var bytes = [UInt8](repeating: 0, count: sent.count + 1)
            let count = try bytes.withUnsafeMutableBytes { try readFully(ends.read, into: $0) }
            return bytes.prefix(count)
        }
        try await writing
        #expect(received.elementsEqual(sent))
    }

    @Test("what is there is read without waiting for the rest, and the end is 0")
    func available() throws {
        let ends = try pipeEnds()
        defer { close(ends.read) }
        try writeFully(ends.write, [1, 2, 3])
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(try bytes.withUnsafeMutableBytes { try readAvailable(ends.read, into: $0) } == 3)
        close(ends.write)
        #expect(try bytes.withUnsafeMutableBytes { try readAvailable(ends.read, into: $0) } == 0)
    }

    @Test("an error keeps the system's number")
    func errors() throws {
        let ends = try pipeEnds()
        defer {
            close(ends.read)
            close(ends.write)
        }
        #expect(throws: SystemError(number: EBADF)) { try writeFully(ends.read, [1]) }
        var bytes: [UInt8] = [0]
        #expect(throws: SystemError(number: EBADF)) {
            try bytes.withUnsafeMutableBytes { try readAvailable(ends.write, into: $0) }
        }
        #expect(throws: SystemError(number: EBADF)) {
            try bytes.withUnsafeMutableBytes { try readFully(-1, into: $0) }
        }
    }
}
