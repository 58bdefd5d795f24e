/// Bounds of what holds transaction files: folders, archives and workbooks.
///
/// Memory is about `sharedStringBytes` for the texts of a workbook, and a few MiB more; it does not depend on the number
/// of rows, nor on the size of a member of an archive.
package enum ContainerLimits {
    /// Bytes at the start of a file by which its format is recognised.
    package static let recognitionBytes = 512

    /// Depth of nested folders.
    package static let folderDepth = 32
    /// Files and folders of one folder with all its subfolders, skipped ones included.
    package static let folderEntries = 100_000

    /// Files and folders of one archive, parts of one workbook.
    package static let archiveMembers = 10_000
    /// UTF-8 bytes of the name of a member.
    package static let memberNameBytes = 1024
    /// Plain bytes for each compressed byte. Real tables have 5 to 30; deflate can reach 1,032.
    package static let compressionRatio: UInt64 = 200
    /// A member of fewer plain bytes may have any ratio.
    package static let ratioFreeBytes: UInt64 = 16 << 20
    /// Plain bytes of all that is read of one archive.
    package static let archivePlainBytes: UInt64 = 64 << 30

    /// Bytes of XML that are parsed at a time. Their CSV text waits in memory, and may be far longer than the XML.
    package static let xmlSliceBytes = 4 << 10
    /// Bytes of one token of XML, such as a tag with its attributes.
    package static let xmlTokenBytes = 1 << 20
    /// Depth of nested elements.
    package static let xmlDepth = 64
    /// Sheets, number formats, cell styles and relationships of a workbook, each.
    package static let workbookItems = 70_000
    /// UTF-8 bytes of the text of one cell. A worksheet allows 32,767 characters.
    package static let cellBytes = 128 << 10
    /// Bytes of the shared texts of a workbook, in memory.
    package static let sharedStringBytes = 256 << 20
    /// Rows and columns of a worksheet, as the format has them.
    package static let sheetRows: Int64 = 1_048_576
    package static let sheetColumns = 16_384
}
