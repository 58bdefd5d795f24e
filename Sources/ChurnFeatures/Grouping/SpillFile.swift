#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A temporary file without a name: it is gone with this value, and with the process, however that ends.
struct SpillFile: ~Copyable {
    let directory: String
    private(set) var byteCount: Int64 = 0
    private let descriptor: Int32
    private let limitBytes: Int64?

    /// - Parameter limitBytes: see `GroupingSettings.temporaryBytes`.
    init(directory: String, limitBytes: Int64?) throws(GroupingError) {
        var template = Array((directory + "/churn-XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Self.failure(directory, errno) }
        guard unlink(template) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            let code = errno
            _ = close(descriptor)
            throw Self.failure(directory, code)
        }
        self.descriptor = descriptor
        self.directory = directory
        self.limitBytes = limitBytes
    }

    deinit { _ = close(descriptor) }

    /// Where temporary files go unless told otherwise.
    static var usualDirectory: String {
        guard let path = getenv("TMPDIR"), path[0] != 0 else { return "/var/tmp" }
        return String(cString: path)
    }

    /// Bytes that may still be written.
    func freeBytes() throws(GroupingError) -> Int64 {
        if let limitBytes { return limitBytes - byteCount }
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { throw Self.failure(directory, errno) }
        return Int64(status.f_bavail) * Int64(status.f_frsize) - GroupingLimits.spareDiskBytes
    }

    /// Writes at the end.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GroupingError) {
        var position = 0
        while position < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(byteCount))
            if count > 0 {
                position += count
                byteCount += Int64(count)
            } else if count == 0 || errno != EINTR {
                throw Self.failure(directory, count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Fills `target` from `offset` on.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int64) throws(GroupingError) {
        var position = 0
        while position < target.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: target[position...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset) + off_t(position))
            if count > 0 {
                position += count
            } else if count == 0 || errno != EINTR {
                throw Self.failure(directory, count == 0 ? EIO : errno)
            }
        }
    }

    private static func failure(_ directory: String, _ code: Int32) -> GroupingError {
        .temporaryFile(directory: directory, reason: strerror(code).map { String(cString: $0) } ?? "error \(code)")
    }
}
