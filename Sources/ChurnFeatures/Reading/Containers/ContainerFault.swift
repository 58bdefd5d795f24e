/// Why an archive, a workbook or a folder was refused. The names in it have no control characters.
package enum ContainerFault: Error, Sendable, Equatable {
    case damagedArchive(reason: String)
    case damagedMember(member: String, reason: String)
    case encrypted(member: String)
    /// An absolute name, a name with `..`, or one that is not text.
    case unsafeName(member: String)
    case nestedArchive(member: String)
    case duplicateName(member: String)
    case tooManyMembers
    case compressionRatio(member: String)
    case archiveTooLarge
    case unsupportedCompression(member: String)
    case noMembers(found: [String])
    /// The caller needs exactly one input.
    case severalMembers(Int)
    /// The file is not the one that was found.
    case changed

    case folderTooDeep
    case folderTooLarge

    case damagedPart(part: String, reason: String)
    case documentType(part: String)
    case noWorksheet
    case unknownWorksheet(name: String, found: [String])
    case tooManyItems(part: String)
    case cellTooLong(cell: String)
    case sharedStringsTooLarge

    /// The part of a message after the name of the file.
    package var description: String {
        switch self {
        case .damagedArchive(let reason):
            "the zip archive is damaged (\(reason)); fetch the file again"
        case .damagedMember(let member, let reason):
            "\(member) in the zip archive is damaged (\(reason)); fetch the file again"
        case .encrypted(let member):
            "\(member) in the zip archive has a password; unpack the archive and name the files"
        case .unsafeName(let member):
            "the zip archive has a name that points outside it, \"\(member)\"; unpack what you need and name the files"
        case .nestedArchive(let member):
            "\(member) is an archive or a workbook within a compressed file; unpack the outer one and name the files"
        case .duplicateName(let member):
            "the zip archive has two files \(member); unpack it and name the files"
        case .tooManyMembers:
            "the zip archive has more than \(ContainerLimits.archiveMembers) files; unpack it and name the folder"
        case .compressionRatio(let member):
            "\(member) in the zip archive would be more than \(ContainerLimits.compressionRatio) times as large as its "
                + "compressed data (a zip bomb?); if you trust it, unpack the archive and name the files"
        case .archiveTooLarge:
            "the files in the zip archive have more than \(ContainerLimits.archivePlainBytes >> 30) GiB; "
                + "unpack it and name the files"
        case .unsupportedCompression(let member):
            "\(member) in the zip archive is compressed in a way that cannot be read; unpack it and name the files"
        case .noMembers(let found):
            "the zip archive has no file whose name ends in \(TransactionInputs.memberEndings.joined(separator: ", "))"
                + (found.isEmpty ? "" : " (it has \(listed(found)))") + "; unpack it and name the files"
        case .severalMembers(let count):
            "the zip archive has \(count) data files where one is needed; unpack it and name one"
        case .changed:
            "the file changed while it was read; run the command again"
        case .folderTooDeep:
            "its folders are more than \(ContainerLimits.folderDepth) deep; name the folders that have the files"
        case .folderTooLarge:
            "more than \(ContainerLimits.folderEntries) files and folders; name the folders that have the files"
        case .damagedPart(let part, let reason):
            "\(part) in the workbook is damaged (\(reason)); open the file in Excel or LibreOffice and save it again"
        case .documentType(let part):
            "\(part) in the workbook has a document type declaration, which is refused; open the file in Excel or "
                + "LibreOffice and save it again"
        case .noWorksheet:
            "the workbook has no visible worksheet; show the one with the data, or save it as CSV UTF-8"
        case .unknownWorksheet(let name, let found):
            "the workbook has no worksheet \"\(name)\"; it has \(listed(found))"
        case .tooManyItems(let part):
            "\(part) in the workbook has more than \(ContainerLimits.workbookItems) entries; save the sheet as CSV UTF-8"
        case .cellTooLong(let cell):
            "cell \(cell) has more than \(ContainerLimits.cellBytes) bytes of text; shorten it, or save the sheet as "
                + "CSV UTF-8"
        case .sharedStringsTooLarge:
            "the texts of the workbook need more than \(ContainerLimits.sharedStringBytes >> 20) MiB of memory; save the "
                + "sheet as CSV UTF-8"
        }
    }

    private func listed(_ names: [String]) -> String {
        let shown = names.prefix(8).joined(separator: ", ")
        return names.count > 8 ? "\(shown), and \(names.count - 8) more" : shown
    }
}
