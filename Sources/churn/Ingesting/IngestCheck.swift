internal import ChurnBase
internal import ChurnFeatures

/// Looks at the beginning of each file, so that a wrong one is refused before anything is stored.
enum IngestCheck {
    /// Lines read at a time, until the date layout of the file is known.
    private static let probeLines = 1_000

    /// - Throws: `ReadingError` for a file that cannot be read as transactions; 65 when no file has any line.
    static func run(_ files: [String]) throws {
        var hasLines = false
        for file in files {
            // What can be read only once, a pipe for instance, is judged while it is ingested.
            if byteCount(file) != nil { hasLines = try hasAnyLine(file) || hasLines } else { hasLines = true }
        }
        guard !hasLines else { return }
        let what = files.count == 1 ? "\(files[0]): has" : "\(files[0]) and \(files.count - 1) more: have"
        throw Failure(.badData, "\(what) a header and no lines; export the transactions again")
    }

    private static func hasAnyLine(_ file: String) throws -> Bool {
        var reader = try TransactionReader(path: file)
        while try reader.readBatch(maxLines: probeLines, { _ in }), reader.report.dateLayout == nil {}
        return reader.report.counts.lines > 0
    }

    /// Bytes of all files, as stored; nil when one of them is no regular file, a pipe for instance.
    static func byteCount(_ files: [String]) -> Int64? {
        var sum: Int64 = 0
        for file in files {
            guard let byteCount = byteCount(file) else { return nil }
            sum += byteCount
        }
        return sum
    }

    private static func byteCount(_ path: String) -> Int64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return Int64(status.st_size)
    }
}
