/// Which members of a zip archive are read and which are skipped, each sorted by name, byte by byte.
struct ArchiveListing {
    private(set) var inputs: [ArchiveMember] = []
    private(set) var skipped: [SkippedInput] = []

    private static let archiveEndings = [
        ".zip", ".xlsx", ".xlsm", ".xlsb", ".ods", ".7z", ".rar", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz",
    ]

    /// - Throws: a member that is to be read and cannot be, or that is an archive itself; an archive with nothing to read.
    init(_ entries: [ZipArchive.Entry], of archive: ZipArchive) throws(ReadingError) {
        for entry in entries.sorted(by: { $0.member.name.utf8.lexicographicallyPrecedes($1.member.name.utf8) }) {
            if !entry.isFolder { try add(entry, of: archive) }
        }
        guard !inputs.isEmpty else {
            throw .container(path: archive.name, .noMembers(found: skipped.map(\.name)))
        }
        try archive.checkSizes(inputs)
    }

    private mutating func add(_ entry: ZipArchive.Entry, of archive: ZipArchive) throws(ReadingError) {
        let member = entry.member
        let lowercased = member.name.lowercased()
        let parts = member.name.split { $0 == "/" || $0 == "\\" }
        if parts.contains(where: { $0.hasPrefix(".") || $0 == "__MACOSX" }) {
            skipped.append(SkippedInput(name: member.name, reason: .hidden))
        } else if entry.isSymbolicLink {
            skipped.append(SkippedInput(name: member.name, reason: .link))
        } else if Self.archiveEndings.contains(where: { lowercased.hasSuffix($0) }) {
            throw .container(path: archive.name, .nestedArchive(member: member.name))
        } else if !TransactionInputs.memberEndings.contains(where: { lowercased.hasSuffix($0) }) {
            skipped.append(SkippedInput(name: member.name, reason: .otherEnding))
        } else if entry.isEncrypted {
            throw .container(path: archive.name, .encrypted(member: member.name))
        } else if !entry.canBeUnpacked {
            throw .container(path: archive.name, .unsupportedCompression(member: member.name))
        } else {
            // Before anything of it is unpacked.
            try archive.checkSizes([member])
            try addData(member, of: archive)
        }
    }

    private mutating func addData(_ member: ArchiveMember, of archive: ZipArchive) throws(ReadingError) {
        let name = "\(archive.name)/\(member.name)"
        let reader = try ZipMemberReader(opening: member, of: archive)
        var raw = RawInput(reader, name: name, member, ContainerLimits.recognitionBytes)
        switch RecognisedContent(try raw.peek()) {
        case .text, .gzip: inputs.append(member)
        case .rejects: skipped.append(SkippedInput(name: member.name, reason: .rejectsFile))
        case .zip: throw .container(path: archive.name, .nestedArchive(member: member.name))
        case .utf16: throw .utf16(path: name)
        case .unreadable(let format): throw .unreadableFormat(path: name, format)
        }
    }
}
