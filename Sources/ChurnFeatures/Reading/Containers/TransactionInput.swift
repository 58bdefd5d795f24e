/// One input of transactions: a file, a member of a zip archive, or a worksheet of a workbook.
///
/// `TransactionReader(input:)` opens it. It opens any number of times, and gives the same bytes each time, unless it
/// `isReadableOnce`.
package struct TransactionInput: Sendable, Hashable {
    /// What the file at `path` is read as.
    enum Part: Sendable, Hashable {
        /// All of it: text, or gzip of text.
        case file
        case member(ArchiveMember)
        case worksheet(Worksheet)
    }

    /// As messages and reports call it: the path, `archive.zip/orders.csv` for a member of an archive, or the name that
    /// the caller gave to a file that stands for something else.
    package let name: String
    /// The file that holds it.
    package let path: String
    /// Bytes as stored, of a member its compressed bytes; nil for what is readable once.
    package let byteCount: Int64?
    let part: Part

    /// Standard input, a pipe or a device: to be copied into a file before it is read, if it is read more than once or
    /// may be an archive. `TransactionInputs.find(in:name:)` takes the copy.
    package var isReadableOnce: Bool { byteCount == nil }

    /// The worksheet that is read; nil when this is no workbook.
    package var worksheet: String? {
        if case .worksheet(let sheet) = part { sheet.name } else { nil }
    }

    /// The file or pipe at `path`, which is taken to be text or gzip of text.
    init(file path: String, name: String, byteCount: Int64?) {
        self.name = name
        self.path = path
        self.byteCount = byteCount
        part = .file
    }

    init(member: ArchiveMember, of archive: TransactionInput) {
        name = "\(archive.name)/\(member.name)"
        path = archive.path
        byteCount = Int64(clamping: member.compressedBytes)
        part = .member(member)
    }

    init(worksheet: Worksheet, of workbook: TransactionInput) {
        name = workbook.name
        path = workbook.path
        byteCount = Int64(clamping: worksheet.member.compressedBytes)
        part = .worksheet(worksheet)
    }
}

/// A file within a zip archive.
struct ArchiveMember: Sendable, Hashable {
    let name: String
    let index: UInt64
    let compressedBytes: UInt64
    let plainBytes: UInt64
}

/// A worksheet of an Excel workbook.
struct Worksheet: Sendable, Hashable {
    let name: String
    let member: ArchiveMember
}
