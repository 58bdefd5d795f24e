internal import ChurnBase

/// The few file operations an artefact needs, with errors that name the path and the system's reason.
enum Files {
    enum Kind { case missing, folder, file, other }

    /// What a path leads to, links followed.
    static func kind(of path: String) throws(ModelError) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            if code == ENOENT { return .missing }
            throw .unreadable(at: path, reason: systemText(code))
        }
        return kind(status)
    }

    /// The bytes of a regular file of at most `limitBytes`. Never waits: a pipe or a device is refused.
    static func bytes(of path: String, limitBytes: Int) throws(ModelError) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            let code = errno
            throw code == ENOENT ? .missing(at: path) : .unreadable(at: path, reason: systemText(code))
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .unreadable(at: path, reason: systemText(errno)) }
        guard kind(status) == .file else { throw .unreadable(at: path, reason: "not a regular file") }
        guard status.st_size <= limitBytes else { throw .tooLarge(at: path, limitBytes: limitBytes) }

        // One byte more than the file had, so that a file that grows meanwhile is noticed.
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size) + 1)
        let filled: Int
        do throws(SystemError) {
            let outcome = bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(SystemError) in try readFully(file, into: buffer) }
            }
            filled = try outcome.get()
        } catch {
            throw .unreadable(at: path, reason: error.text)
        }
        guard filled < bytes.count else { throw .unreadable(at: path, reason: "it changed while it was read") }
        bytes.removeLast(bytes.count - filled)
        return bytes
    }

    /// Names in a folder, unordered, those with a leading dot left out.
    static func names(in folder: String) throws(ModelError) -> [String] {
        guard let stream = opendir(folder) else {
            let code = errno
            throw code == ENOENT ? .missing(at: folder) : .unreadable(at: folder, reason: systemText(code))
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                let code = errno  // 0 at the end of the folder
                guard code == 0 else { throw .unreadable(at: folder, reason: systemText(code)) }
                return names
            }
            guard let offset = MemoryLayout<dirent>.offset(of: \dirent.d_name) else { continue }
            // By address: reading the field would copy all of its 256 bytes, beyond the end of a short record.
            let name = String(cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: UInt8.self))
            if !name.hasPrefix(".") { names.append(name) }
        }
    }

    /// Creates a file that was not there and forces it to the disk.
    static func create(_ path: String, holding bytes: [UInt8]) throws(ModelError) {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw .unwritable(at: path, reason: systemText(errno)) }
        defer { close(file) }
        do throws(SystemError) {
            try writeFully(file, bytes)
        } catch {
            throw .unwritable(at: path, reason: error.text)
        }
        guard fsync(file) == 0 else { throw .unwritable(at: path, reason: systemText(errno)) }
    }

    /// Creates a folder and those above it that are missing.
    static func createFolders(_ path: String) throws(ModelError) {
        var made = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o755) != 0 {
                let code = errno
                guard code == EEXIST else { throw .unwritable(at: made, reason: systemText(code)) }
            }
        }
        guard try kind(of: path) == .folder else { throw .unwritable(at: path, reason: "not a directory") }
    }

    /// Gives `folder` its final name in one step. The name must be free, or an empty folder.
    static func publish(_ folder: String, as path: String, in parent: String) throws(ModelError) {
        guard rename(folder, path) == 0 else {
            let code = errno
            if code == ENOTEMPTY || code == EEXIST || code == ENOTDIR { throw .alreadyExists(at: path) }
            throw .unwritable(at: path, reason: systemText(code))
        }
        try sync(folder: parent)
    }

    /// Forces a folder's entries to the disk.
    static func sync(folder: String) throws(ModelError) {
        let file = open(folder, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unwritable(at: folder, reason: systemText(errno)) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw .unwritable(at: folder, reason: systemText(errno)) }
    }

    /// Removes what a failed write left. Best effort: the failure that led here is the one to report.
    static func discard(folder: String, files: [String]) {
        for file in files { _ = unlink("\(folder)/\(file)") }
        _ = rmdir(folder)
    }

    private static func kind(_ status: stat) -> Kind {
        switch status.st_mode & S_IFMT {
        case S_IFDIR: .folder
        case S_IFREG: .file
        default: .other
        }
    }
}
