/// The plain bytes of a transaction file, unpacked when it is gzip (told by its magic bytes, not by its name).
struct ByteSource: ~Copyable {
    private var raw: RawInput
    private var gunzip: Gunzip?

    var isGzip: Bool { gunzip != nil }
    var path: String { raw.path }
    /// Bytes of the file as stored; nil for a pipe.
    var storedByteCount: Int64? { raw.byteCount }
    /// Bytes of the file taken so far, as stored (compressed, where it is).
    private(set) var storedBytesTaken: Int64 = 0

    init(opening input: TransactionInput, bytesPerRead: Int) throws(ReadingError) {
        try self.init(RawInput(opening: input.path, name: input.name, bytesPerRead: bytesPerRead))
    }

    init(_ input: consuming RawInput) throws(ReadingError) {
        raw = input
        let magic = try raw.peek()
        guard magic.first != 0x50 || magic.second != 0x4B else { throw .zipArchive(path: raw.path) }
        let isGzip = magic.first == Gunzip.magic.first && magic.second == Gunzip.magic.second
        gunzip = isGzip ? try Gunzip(path: raw.path) : nil
    }

    /// The number of bytes read; 0 at the end. `target` is not empty. After an error every call gives it again.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        defer { storedBytesTaken = raw.taken - Int64(gunzip?.untakenBytes ?? 0) }
        if gunzip == nil { return try raw.read(into: target) }
        return try gunzip?.read(into: target, from: &raw) ?? 0
    }
}

/// Bytes as they are stored, from a file or from memory, with a look at the first two.
struct RawInput: ~Copyable {
    let path: String
    let byteCount: Int64?
    /// Bytes handed out.
    private(set) var taken: Int64 = 0
    // A variable because a borrowed optional of a noncopyable type cannot be looked into.
    private var file: InputFile?
    private let memory: [UInt8]
    private var memoryPosition = 0
    private let bytesPerRead: Int
    private var peeked: [UInt8] = []

    /// - Parameter name: what messages call the file.
    init(opening path: String, name: String? = nil, bytesPerRead: Int) throws(ReadingError) {
        let name = name ?? path
        let file = try InputFile(opening: path, name: name)
        self.path = name
        self.byteCount = file.byteCount
        self.file = consume file
        self.memory = []
        self.bytesPerRead = bytesPerRead
    }

    init(bytes: [UInt8], name: String, bytesPerRead: Int) {
        path = name
        byteCount = Int64(bytes.count)
        file = nil
        memory = bytes
        self.bytesPerRead = bytesPerRead
    }

    /// The first two bytes, nil where the input is shorter. To be called before any `read`.
    mutating func peek() throws(ReadingError) -> (first: UInt8?, second: UInt8?) {
        var bytes: [UInt8] = [0, 0]
        while peeked.count < 2 {
            var failure: ReadingError?
            let count = bytes.withUnsafeMutableBytes { target in
                do throws(ReadingError) {
                    return try readInput(into: UnsafeMutableRawBufferPointer(rebasing: target[..<(2 - peeked.count)]))
                } catch {
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { break }
            peeked += bytes[..<count]
        }
        return (peeked.first, peeked.count > 1 ? peeked[1] : nil)
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
        let count = min(target.count, memory.count - memoryPosition)
        target.copyBytes(from: memory[memoryPosition..<(memoryPosition + count)])
        memoryPosition += count
        return count
    }
}
