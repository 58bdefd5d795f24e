internal import ChurnBase

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
        guard descriptor >= 0 else { throw Self.failure(directory, .last) }
        guard unlink(template) == 0, fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
            let error = SystemError.last
            _ = close(descriptor)
            throw Self.failure(directory, error)
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
        guard fstatvfs(descriptor, &status) == 0 else { throw Self.failure(directory, .last) }
        return Int64(status.f_bavail) * Int64(status.f_frsize) - GroupingLimits.spareDiskBytes
    }

    /// Writes at the end.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(GroupingError) {
        do throws(SystemError) {
            try writeFully(descriptor, bytes, at: byteCount)
        } catch {
            throw Self.failure(directory, error)
        }
        byteCount += Int64(bytes.count)
    }

    /// Fills `target` from `offset` on.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int64) throws(GroupingError) {
        do throws(SystemError) {
            let count = try readFully(descriptor, into: target, at: offset)
            guard count == target.count else { throw SystemError(number: EIO) }
        } catch {
            throw Self.failure(directory, error)
        }
    }

    private static func failure(_ directory: String, _ error: SystemError) -> GroupingError {
        .temporaryFile(directory: directory, reason: error.text)
    }
}
