internal import ChurnBase

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
        do throws(SystemError) {
            try writeFully(descriptor, bytes)
        } catch {
            throw error.number == EPIPE ? .closed : .failed(reason: error.text)
        }
    }

    /// For messages about something else that went wrong, which is what the exit status will tell.
    func writeBestEffort(_ text: String) {
        try? writeFully(descriptor, Array(text.utf8))
    }
}
