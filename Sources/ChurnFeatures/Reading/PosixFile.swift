internal import ChurnBase

/// A file open for reading. Closed with the value.
struct InputFile: ~Copyable {
    /// What messages call it.
    let name: String
    /// Nil for a pipe or a device.
    let byteCount: Int64?
    private let descriptor: Int32

    init(opening path: String, name: String) throws(ReadingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: name) }
            throw .unreadable(path: name, reason: systemText(errno))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let reason = systemText(errno)
            _ = close(descriptor)
            throw .unreadable(path: name, reason: reason)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            _ = close(descriptor)
            throw .isDirectory(path: name)
        }
        self.name = name
        self.byteCount = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    /// The number of bytes read; 0 at the end. `target` is not empty.
    func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        do throws(SystemError) {
            return try readAvailable(descriptor, into: target)
        } catch {
            throw .unreadable(path: name, reason: error.text)
        }
    }
}

/// A file open for writing, made or emptied. Closed with the value.
struct OutputFile: ~Copyable {
    private let path: String
    private let descriptor: Int32

    /// Refuses to empty a file that does not start with `signature`, unless it is empty.
    init(replacing path: String, ifStartsWith signature: [UInt8]) throws(ReadingError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .rejectsUnwritable(path: path, reason: systemText(errno)) }
        var found = [UInt8](repeating: 0, count: signature.count)
        let count = found.withUnsafeMutableBytes { try? readFully(descriptor, into: $0) }
        guard count == 0 || (count == signature.count && found == signature) else {
            _ = close(descriptor)
            throw .rejectsOverwrites(path: path)
        }
        guard ftruncate(descriptor, 0) == 0, lseek(descriptor, 0, SEEK_SET) == 0 else {
            let reason = systemText(errno)
            _ = close(descriptor)
            throw .rejectsUnwritable(path: path, reason: reason)
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    func write(_ bytes: [UInt8]) throws(ReadingError) {
        do throws(SystemError) {
            try writeFully(descriptor, bytes)
        } catch {
            throw .rejectsUnwritable(path: path, reason: error.text)
        }
    }
}
