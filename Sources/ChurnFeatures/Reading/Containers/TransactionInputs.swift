internal import ChurnBase

/// The inputs that paths stand for, and the files beside them that are not read.
package struct TransactionInputs: Sendable {
    /// Endings of names that are read in an archive, and in a folder besides workbooks and archives. A file that is named
    /// itself may have any.
    package static let memberEndings = [".csv", ".tsv", ".csv.gz", ".tsv.gz"]
    package static let endings = memberEndings + [".xlsx", ".xlsm", ".zip"]
    /// Stands for standard input among the paths.
    package static let standardInput = "-"

    package private(set) var inputs: [TransactionInput] = []
    package private(set) var skipped: [SkippedInput] = []
    private let worksheet: String?

    private init(worksheet: String?) { self.worksheet = worksheet }

    /// Finds the inputs, in the order of the paths; those of a folder, with its subfolders, and of an archive are sorted by
    /// name, byte by byte. What a file is follows from its content, not from its name.
    ///
    /// - Parameters:
    ///   - paths: files, folders, pipes, or `-`.
    ///   - worksheet: the name of the worksheet to read of each workbook; nil: the first one that is not hidden.
    /// - Throws: `ReadingError`: a path that does not exist, a folder or an archive without inputs, a file in a format
    ///   that cannot be read, an archive or a workbook that is damaged or beyond `ContainerLimits`.
    package static func find(at paths: [String], worksheet: String? = nil) throws(ReadingError) -> TransactionInputs {
        var found = TransactionInputs(worksheet: worksheet)
        for path in paths {
            if path == standardInput {
                found.inputs.append(TransactionInput(file: "/dev/stdin", name: "standard input", byteCount: nil))
                continue
            }
            var status = stat()
            guard stat(path, &status) == 0 else {
                if errno == ENOENT || errno == ENOTDIR { throw .notFound(path: path) }
                throw .unreadable(path: path, reason: systemText(errno))
            }
            switch status.st_mode & S_IFMT {
            case S_IFDIR: try found.addFolder(path)
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
        var found = TransactionInputs(worksheet: worksheet)
        try found.addFile(file, name: name)
        return found
    }

    private mutating func addFolder(_ folder: String) throws(ReadingError) {
        let listing = try FolderListing(folder)
        let inputsBefore = inputs.count
        for entry in listing.entries {
            switch entry.kind {
            case .file: try addFolderFile(entry.path)
            case .hidden: skipped.append(SkippedInput(name: entry.path, reason: .hidden))
            case .link: skipped.append(SkippedInput(name: entry.path, reason: .link))
            case .special: skipped.append(SkippedInput(name: entry.path, reason: .specialFile))
            }
        }
        guard inputs.count > inputsBefore else { throw .noFiles(directory: folder) }
    }

    private mutating func addFolderFile(_ path: String) throws(ReadingError) {
        if Self.endings.contains(where: { path.lowercased().hasSuffix($0) }) {
            var raw = try RawInput(opening: path, name: path, bytesPerRead: ContainerLimits.recognitionBytes)
            if RecognisedContent(try raw.peek()) == .rejects {
                skipped.append(SkippedInput(name: path, reason: .rejectsFile))
            } else {
                try addFile(path, name: path)
            }
        } else {
            skipped.append(SkippedInput(name: path, reason: Self.reasonToSkip(path)))
        }
    }

    /// A data file that must be converted first has a reason of its own.
    private static func reasonToSkip(_ path: String) -> SkippedInput.Reason {
        guard var raw = try? RawInput(opening: path, name: path, bytesPerRead: ContainerLimits.recognitionBytes),
            let head = try? raw.peek()
        else { return .otherEnding }
        switch RecognisedContent(head) {
        case .unreadable(let format): return .unreadable(format)
        case .rejects: return .rejectsFile
        case .text, .gzip, .zip, .utf16: return .otherEnding
        }
    }

    private mutating func addFile(_ path: String, name: String) throws(ReadingError) {
        var raw = try RawInput(opening: path, name: name, bytesPerRead: ContainerLimits.recognitionBytes)
        let file = TransactionInput(file: path, name: name, byteCount: raw.byteCount)
        switch RecognisedContent(try raw.peek()) {
        case .text, .rejects, .gzip: inputs.append(file)
        case .zip: try addArchive(file)
        case .utf16: throw .utf16(path: name)
        case .unreadable(let format): throw .unreadableFormat(path: name, format)
        }
    }

    private mutating func addArchive(_ file: TransactionInput) throws(ReadingError) {
        let archive = try ZipArchive(opening: file.path, name: file.name)
        let entries = try archive.entries()
        if try Workbook.isPackage(archive) {
            try addWorkbook(file, archive)
        } else if entries.first?.member.name == "mimetype", entries.contains(where: { $0.member.name == "content.xml" })
        {
            throw .unreadableFormat(path: file.name, .openDocument)
        } else {
            let members = try ArchiveListing(entries, of: archive)
            inputs += members.inputs.map { TransactionInput(member: $0, of: file) }
            skipped += members.skipped.map { SkippedInput(name: "\(file.name)/\($0.name)", reason: $0.reason) }
        }
    }

    private mutating func addWorkbook(_ file: TransactionInput, _ archive: ZipArchive) throws(ReadingError) {
        let workbook = try Workbook(archive)
        let read = try workbook.worksheet(worksheet, in: archive)
        inputs.append(TransactionInput(worksheet: read, of: file))
        for other in workbook.worksheets where other != read {
            let reason = SkippedInput.Reason.otherWorksheet(read: messageText(read.name))
            skipped.append(SkippedInput(name: "\(file.name)/\(messageText(other.name))", reason: reason))
        }
        for other in workbook.others {
            skipped.append(SkippedInput(name: "\(file.name)/\(messageText(other.name))", reason: other.reason))
        }
    }
}
