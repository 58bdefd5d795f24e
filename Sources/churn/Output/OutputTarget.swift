internal import ChurnBase

/// Where a result is written: standard output, or a file that appears under its name only when it is whole.
///
/// Until `finish` a file is `PATH.partial`; without it that is removed, and a file that was there before stays.
struct OutputTarget: ~Copyable {
    private let descriptor: Int32
    private let path: String?
    /// The name until `finish`; `nil` when what is written cannot be taken back: a pipe, a device.
    private let partialPath: String?
    private var buffer: [UInt8] = []
    private var isFinished = false

    private static let flushBytes = 64 * 1024

    /// - Parameter path: `nil` or `-` for standard output.
    /// - Throws: 73 when the file cannot be created.
    init(path: String?) throws(Failure) {
        guard let path, path != "-" else {
            self.descriptor = StandardStream.output.descriptor
            self.path = nil
            self.partialPath = nil
            return
        }
        var status = stat()
        let isSpecial = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
        let opened = isSpecial ? path : path + ".partial"
        let file = open(opened, O_WRONLY | O_CREAT | (isSpecial ? 0 : O_TRUNC) | O_CLOEXEC, 0o644)
        guard file >= 0 else {
            throw Failure(
                .cannotCreate,
                "\(path): cannot be written (\(systemText(errno))); check the path, its permissions and the disk"
            )
        }
        self.descriptor = file
        self.path = path
        self.partialPath = isSpecial ? nil : opened
    }

    deinit {
        guard path != nil else { return }
        _ = close(descriptor)
        if !isFinished, let partialPath { _ = unlink(partialPath) }
    }

    /// A regular file that this program writes, and that must not be one that it reads.
    func isSame(as other: String) -> Bool {
        var mine = stat()
        var theirs = stat()
        guard let path, stat(path, &mine) == 0, stat(other, &theirs) == 0 else { return false }
        return mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino && mine.st_mode & S_IFMT == S_IFREG
    }

    mutating func write(_ text: String) throws {
        buffer.append(contentsOf: text.utf8)
        if buffer.count >= Self.flushBytes { try flush() }
    }

    /// Writes out what waits, and gives the file its name.
    mutating func finish() throws {
        try flush()
        isFinished = true
        guard let path, let partialPath else { return }
        guard rename(partialPath, path) == 0 else {
            let reason = systemText(errno)
            _ = unlink(partialPath)
            throw Failure(.cannotCreate, "\(path): cannot be written (\(reason)); check the path and its permissions")
        }
    }

    private mutating func flush() throws {
        defer { buffer.removeAll(keepingCapacity: true) }
        do throws(SystemError) {
            try writeFully(descriptor, buffer)
        } catch {
            if error.number == EPIPE { throw OutputError.closed }
            guard let path else { throw OutputError.failed(reason: error.text) }
            throw Failure(.inputOutput, "\(path): cannot be written (\(error.text)); check the disk")
        }
    }
}
