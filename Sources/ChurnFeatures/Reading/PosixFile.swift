#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A file open for reading. Closed with the value.
struct InputFile: ~Copyable {
    let path: String
    /// Nil for a pipe or a device.
    let byteCount: Int64?
    private let descriptor: Int32

    init(opening path: String) throws(ReadingError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
            throw .unreadable(path: path, reason: systemText(errno))
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let reason = systemText(errno)
            _ = close(descriptor)
            throw .unreadable(path: path, reason: reason)
        }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            _ = close(descriptor)
            throw .isDirectory(path: path)
        }
        self.path = path
        self.byteCount = status.st_mode & S_IFMT == S_IFREG ? Int64(status.st_size) : nil
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }

    /// The number of bytes read; 0 at the end. `target` is not empty.
    func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        while true {
            let count = system_read(descriptor, target.baseAddress, target.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .unreadable(path: path, reason: systemText(errno)) }
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
        let count = found.withUnsafeMutableBytes { system_read(descriptor, $0.baseAddress, $0.count) }
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
        var position = 0
        while position < bytes.count {
            let count = bytes.withUnsafeBytes { raw in
                system_write(descriptor, raw.baseAddress.map { $0 + position }, raw.count - position)
            }
            if count > 0 {
                position += count
            } else if count == 0 || errno != EINTR {
                throw .rejectsUnwritable(path: path, reason: count == 0 ? "nothing was taken" : systemText(errno))
            }
        }
    }
}

private func systemText(_ code: Int32) -> String {
    guard let text = strerror(code) else { return "error \(code)" }
    return String(cString: text)
}

// Named apart from the methods `read` and `write` above, which would hide them.
private func system_read(_ descriptor: Int32, _ target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, target, count)
}

private func system_write(_ descriptor: Int32, _ source: UnsafeRawPointer?, _ count: Int) -> Int {
    write(descriptor, source, count)
}
