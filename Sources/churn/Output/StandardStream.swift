#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Why something could not be printed.
enum OutputError: Error {
    /// The reader of a pipe went away: no error of ours, and nobody to tell.
    case closed
    /// `reason` is the system's text.
    case failed(reason: String)
}

/// Standard output or standard error. What is written is handed to the system at once: there is no buffer to flush.
struct StandardStream: Sendable {
    static let output = StandardStream(descriptor: 1)
    static let error = StandardStream(descriptor: 2)

    let descriptor: Int32

    /// Whether a person is looking.
    var isTerminal: Bool { isatty(descriptor) == 1 }

    func write(_ text: String) throws(OutputError) {
        try write(Array(text.utf8))
    }

    func write(_ bytes: [UInt8]) throws(OutputError) {
        if let code = writeAll(bytes, to: descriptor) {
            throw code == EPIPE ? .closed : .failed(reason: systemText(code))
        }
    }

    /// For messages about something else that went wrong, which is what the exit status will tell.
    func writeBestEffort(_ text: String) {
        _ = writeAll(Array(text.utf8), to: descriptor)
    }
}

/// - Returns: the error number, or `nil` when all was written.
func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
    bytes.withUnsafeBytes { buffer in
        var written = 0
        while written < buffer.count {
            let count = write(descriptor, buffer.baseAddress.map { $0 + written }, buffer.count - written)
            if count > 0 {
                written += count
            } else if errno == EAGAIN {
                // Somebody made the terminal or pipe non-blocking: wait until it takes more.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wait, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return nil
    }
}

/// The system's text for an error number.
func systemText(_ code: Int32) -> String {
    strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
