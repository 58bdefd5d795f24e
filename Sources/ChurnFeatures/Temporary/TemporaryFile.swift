internal import ChurnBase

/// Why a temporary file cannot be used. `description` is one line that names the directory and the next step.
package enum TemporaryFileError: Error, Equatable, CustomStringConvertible {
    /// `reason` is the system's text.
    case unusable(directory: String, reason: String)
    case notEnoughSpace(directory: String, neededBytes: Int64, freeBytes: Int64)

    package var description: String {
        switch self {
        case .unusable(let directory, let reason):
            "\(directory): a temporary file cannot be used (\(reason)); set TMPDIR to a directory with space"
        case .notEnoughSpace(let directory, let needed, let free):
            "\(directory): about \(Self.mebibytes(needed)) MiB of temporary space are needed and \(Self.mebibytes(free)) "
                + "MiB are free; make room, or set TMPDIR to a directory with more"
        }
    }

    private static func mebibytes(_ bytes: Int64) -> Int64 { max(0, bytes) / (1 << 20) + (bytes > 0 ? 1 : 0) }
}

/// A temporary file without a name: it is gone with this value, and with the process, however that ends.
struct TemporaryFile: ~Copyable {
    let directory: String
    private(set) var byteCount: Int64 = 0
    private let descriptor: Int32
    private let limitBytes: Int64?

    /// Free bytes that are left on the disk.
    static let spareDiskBytes: Int64 = 256 << 20

    /// - Parameters:
    ///   - directory: nil: `$TMPDIR`, else `/var/tmp`.
    ///   - limitBytes: bytes that the file may take at most; nil: what the disk has.
    init(directory: String?, limitBytes: Int64?) throws(TemporaryFileError) {
        let directory = directory ?? Self.usualDirectory
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

    /// A name under which this process can open the file anew, from its start.
    var path: String { "/proc/self/fd/\(descriptor)" }

    private static var usualDirectory: String {
        guard let path = getenv("TMPDIR"), path[0] != 0 else { return "/var/tmp" }
        return String(cString: path)
    }

    /// - Throws: `notEnoughSpace` unless the file can take as much more.
    func reserve(_ byteCount: Int64) throws(TemporaryFileError) {
        let free = try freeBytes()
        guard byteCount <= free else {
            throw .notEnoughSpace(directory: directory, neededBytes: byteCount, freeBytes: free)
        }
    }

    /// Bytes that may still be written.
    private func freeBytes() throws(TemporaryFileError) -> Int64 {
        if let limitBytes { return limitBytes - byteCount }
        var status = statvfs()
        guard fstatvfs(descriptor, &status) == 0 else { throw Self.failure(directory, .last) }
        return Int64(status.f_bavail) * Int64(status.f_frsize) - Self.spareDiskBytes
    }

    /// Writes at the end.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(TemporaryFileError) {
        do throws(SystemError) {
            try writeFully(descriptor, bytes, at: byteCount)
        } catch {
            throw Self.failure(directory, error)
        }
        byteCount += Int64(bytes.count)
    }

    /// Fills `target` from `offset` on.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int64) throws(TemporaryFileError) {
        do throws(SystemError) {
            let count = try readFully(descriptor, into: target, at: offset)
            guard count == target.count else { throw SystemError(number: EIO) }
        } catch {
            throw Self.failure(directory, error)
        }
    }

    private static func failure(_ directory: String, _ error: SystemError) -> TemporaryFileError {
        .unusable(directory: directory, reason: error.text)
    }
}
