internal import ChurnBase

extension SyntheticTransactions {
    /// Writes the data set to a file, replacing one of that name only once the new one is whole.
    ///
    /// Until then it is `path` with `.partial` behind it, which an error removes.
    @discardableResult
    package func write(toFileAt path: String) throws(SyntheticError) -> Summary {
        let partialPath = path + ".partial"
        let descriptor = open(partialPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .unwritable(path: partialPath, reason: systemText(errno)) }
        let summary: Summary
        do throws(SyntheticError) {
            summary = try write { (bytes) throws(SyntheticError) in
                try Self.write(bytes, to: descriptor, path: partialPath)
            }
            guard fsync(descriptor) == 0 || errno == EINVAL else {
                throw .unwritable(path: partialPath, reason: systemText(errno))
            }
        } catch {
            _ = close(descriptor)
            _ = unlink(partialPath)
            throw error
        }
        // The file is synced: a close that fails has nothing left to lose.
        _ = close(descriptor)
        guard rename(partialPath, path) == 0 else {
            let reason = systemText(errno)
            _ = unlink(partialPath)
            throw .unwritable(path: path, reason: reason)
        }
        return summary
    }

    private static func write(
        _ bytes: UnsafeRawBufferPointer,
        to descriptor: Int32,
        path: String
    ) throws(SyntheticError) {
        do throws(SystemError) {
            try writeFully(descriptor, bytes)
        } catch {
            throw .unwritable(path: path, reason: error.text)
        }
    }
}
