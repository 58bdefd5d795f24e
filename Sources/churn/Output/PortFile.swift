internal import ChurnBase

/// A file that tells which port a server got. It appears, whole, when connections are accepted.
struct PortFile: Sendable {
    private let path: String
    private var partialPath: String { path + ".partial" }

    /// Removes a file of an earlier run, and makes sure that one can be written.
    ///
    /// - Throws: 73 when it cannot.
    init(path: String) throws(Failure) {
        self.path = path
        if let reason = write("") {
            throw Failure(.cannotCreate, "\(path): cannot be written (\(reason)); check the path and its permissions")
        }
        _ = unlink(path)
    }

    /// - Returns: the system's reason, when it did not work.
    func announce(port: Int) -> String? {
        if let reason = write("\(port)\n") { return reason }
        return rename(partialPath, path) == 0 ? nil : systemText(errno)
    }

    private func write(_ text: String) -> String? {
        let file = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return systemText(errno) }
        defer { close(file) }
        do throws(SystemError) {
            try writeFully(file, Array(text.utf8))
            return nil
        } catch {
            return error.text
        }
    }
}
