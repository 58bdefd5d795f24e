#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// The inputs behind some paths, and what lies beside them and is not read.
package struct TransactionInputs: Sendable {
    /// Endings of names that are read in a folder or an archive. A file that is named itself may have any.
    package static let endings = [".csv", ".tsv", ".csv.gz", ".tsv.gz", ".xlsx", ".xlsm", ".zip"]
    /// Stands for standard input among the paths.
    package static let standardInput = "-"

    package private(set) var inputs: [TransactionInput] = []
    package private(set) var skipped: [SkippedInput] = []

    /// Finds the inputs, in the order of the paths; those of a folder, with its subfolders, and of an archive are sorted by
    /// name, byte by byte. What a file is follows from its content: no file is opened by its ending alone.
    ///
    /// - Parameters:
    ///   - paths: files, folders, pipes, or `-`.
    ///   - worksheet: the name of the worksheet to read of each workbook; nil: the first one that is not hidden.
    /// - Throws: `ReadingError`: a path that does not exist, a folder or an archive without inputs, a file in a format
    ///   that cannot be read, an archive or a workbook that is damaged or beyond `ContainerLimits`.
    package static func find(at paths: [String], worksheet: String? = nil) throws(ReadingError) -> TransactionInputs {
        var found = TransactionInputs()
        for path in paths {
            if path == standardInput {
                found.inputs.append(TransactionInput(file: "/dev/stdin", name: "standard input", byteCount: nil))
                continue
            }
            var status = stat()
            guard stat(path, &status) == 0 else { throw .notFound(path: path) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                for file in try TransactionSource.files(at: [path]) { try found.addFile(file, name: file) }
            case S_IFREG: try found.addFile(path, name: path)
            default: found.inputs.append(TransactionInput(file: path, name: path, byteCount: nil))
            }
        }
        return found
    }

    /// The inputs of one regular file that stands for something else, a copy of standard input for instance.
    ///
    /// - Parameter name: what messages and reports call the file.
    package static func find(
        in file: String,
        name: String,
        worksheet: String? = nil
    ) throws(ReadingError) -> TransactionInputs {
        var found = TransactionInputs()
        try found.addFile(file, name: name)
        return found
    }

    private mutating func addFile(_ path: String, name: String) throws(ReadingError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .notFound(path: name) }
        inputs.append(TransactionInput(file: path, name: name, byteCount: Int64(status.st_size)))
    }
}
