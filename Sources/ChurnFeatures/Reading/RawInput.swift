/// Bytes as they are stored, from a file, from a member of an archive or from memory, with a look at the first ones.
struct RawInput: ~Copyable {
    let path: String
    /// As stored, of a member its compressed bytes; nil for a pipe.
    let byteCount: Int64?
    /// Bytes handed out.
    private(set) var taken: Int64 = 0
    let bytesPerRead: Int
    // Variables because a borrowed optional of a noncopyable type cannot be looked into.
    private var file: InputFile?
    private var member: ZipMemberReader?
    private let plainMemberBytes: UInt64
    private let memory: [UInt8]
    private var memoryPosition = 0
    private var peeked: [UInt8] = []

    var isMember: Bool { member != nil }

    /// - Parameter name: what messages call the file.
    init(opening path: String, name: String, bytesPerRead: Int) throws(ReadingError) {
        let file = try InputFile(opening: path, name: name)
        self.path = name
        self.byteCount = file.byteCount
        self.file = consume file
        self.bytesPerRead = bytesPerRead
        member = nil
        plainMemberBytes = 0
        memory = []
    }

    init(_ reader: consuming ZipMemberReader, name: String, _ member: ArchiveMember, _ bytesPerRead: Int) {
        path = name
        byteCount = Int64(clamping: member.compressedBytes)
        file = nil
        self.member = consume reader
        plainMemberBytes = member.plainBytes
        memory = []
        self.bytesPerRead = bytesPerRead
    }

    init(bytes: [UInt8], name: String, bytesPerRead: Int) {
        path = name
        byteCount = Int64(bytes.count)
        file = nil
        member = nil
        plainMemberBytes = 0
        memory = bytes
        self.bytesPerRead = bytesPerRead
    }

    /// How many bytes, as stored, so many taken ones stand for. Of a member it is an estimate until the end.
    func storedBytes(taken: Int64) -> Int64 {
        guard member != nil, let byteCount else { return taken }
        guard plainMemberBytes > 0 else { return byteCount }
        return Int64(Double(byteCount) * (Double(taken) / Double(plainMemberBytes)))
    }

    /// The first bytes, fewer than `ContainerLimits.recognitionBytes` only when the input is shorter. To be called before
    /// any `read`.
    mutating func peek() throws(ReadingError) -> [UInt8] {
        if !peeked.isEmpty { return peeked }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ContainerLimits.recognitionBytes, alignment: 1)
        defer { buffer.deallocate() }
        var count = 0
        while count < buffer.count {
            let got = try readInput(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
            if got == 0 { break }
            count += got
        }
        peeked = Array(buffer[..<count])
        return peeked
    }

    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        let limited = UnsafeMutableRawBufferPointer(rebasing: target[..<min(target.count, bytesPerRead)])
        let count: Int
        if peeked.isEmpty {
            count = try readInput(into: limited)
        } else {
            count = min(peeked.count, limited.count)
            limited.copyBytes(from: peeked[..<count])
            peeked.removeFirst(count)
        }
        taken += Int64(count)
        return count
    }

    private mutating func readInput(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        if file != nil { return try file?.read(into: target) ?? 0 }
        if member != nil { return try member?.read(into: target) ?? 0 }
        let count = min(target.count, memory.count - memoryPosition)
        target.copyBytes(from: memory[memoryPosition..<(memoryPosition + count)])
        memoryPosition += count
        return count
    }
}
