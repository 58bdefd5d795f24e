internal import ChurnBase
internal import GRDBSQLite

/// Looks at a file before SQLite does: GRDB would put any database it opens for writing into WAL mode, ours or not.
enum SQLiteFile {
    enum Kind: Equatable {
        case missing
        /// A new store, or one whose creation was interrupted.
        case empty
        case ours
    }

    /// What is at `path`; touches nothing.
    ///
    /// The mark in the header can be trusted: it is the first thing written to a new store, before WAL mode.
    /// - Throws: `notAStore` when something else is there, `unavailable` when it cannot be read.
    static func recognise(_ path: String, store: String) throws(StoreError) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return .missing }
            throw systemError(errno, store: store)
        }
        // A FIFO or a device would block or never end; SQLite could not use it either.
        if status.st_mode & S_IFMT == S_IFDIR { throw .notAStore(store: store, .directory) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAStore(store: store, .notSQLite) }
        if status.st_size == 0 { return .empty }
        return try recogniseHeader(path, store: store)
    }

    private static func recogniseHeader(_ path: String, store: String) throws(StoreError) -> Kind {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(errno, store: store) }
        defer { close(descriptor) }
        // The header of the database file format, https://www.sqlite.org/fileformat.html#the_database_header
        var header = [UInt8](repeating: 0, count: 100)
        let count = pread(descriptor, &header, header.count, 0)
        guard count >= 0 else { throw systemError(errno, store: store) }
        guard count == header.count, header.starts(with: Array("SQLite format 3\0".utf8)) else {
            throw .notAStore(store: store, .notSQLite)
        }
        let mark = header[68..<72].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard mark == UInt32(bitPattern: SQLiteSchema.applicationID) else {
            throw .notAStore(store: store, .otherApplication)
        }
        return .ours
    }

    /// Creates the directories above `path` that are not there, so that they survive a loss of power.
    static func createParents(of path: String, store: String) throws(StoreError) {
        let bytes = Array(path.utf8)
        for slash in bytes.indices where slash > 0 && bytes[slash] == UInt8(ascii: "/") {
            let directory = String(decoding: bytes[..<slash], as: UTF8.self)
            if mkdir(directory, 0o777) == 0 {
                try syncDirectory(holding: directory, store: store)
            } else if errno != EEXIST, access(directory, F_OK) != 0 {
                // Not an error when the directory is there: some systems answer EROFS or EACCES before EEXIST.
                throw systemError(errno, store: store)
            }
        }
    }

    private static func syncDirectory(holding path: String, store: String) throws(StoreError) {
        let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(errno, store: store) }
        defer { close(descriptor) }
        // EINVAL: a file system that cannot sync directories; nothing more can be done there.
        guard fsync(descriptor) == 0 || errno == EINVAL else { throw systemError(errno, store: store) }
    }

    private static func systemError(_ number: Int32, store: String) -> StoreError {
        .unavailable(store: store, code: SQLITE_CANTOPEN, explanation: systemText(number))
    }
}
