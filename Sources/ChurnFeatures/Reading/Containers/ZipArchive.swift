internal import CZip

/// A zip archive open for reading. Closed with the last reference. Not `Sendable`: a `zip_t` serves one thread.
final class ZipArchive {
    /// What messages call the file.
    let name: String
    fileprivate let handle: OpaquePointer

    /// One entry of the central directory.
    struct Entry {
        var member: ArchiveMember
        var isEncrypted: Bool
        var isSymbolicLink: Bool
        /// A stored or deflated entry, or one of another method that libzip was built with.
        var canBeUnpacked: Bool

        var isFolder: Bool { member.name.hasSuffix("/") }
    }

    init(opening path: String, name: String) throws(ReadingError) {
        var code: Int32 = 0
        guard let handle = zip_open(path, ZIP_RDONLY, &code) else {
            throw .container(path: name, .damagedArchive(reason: ZipError.text(code)))
        }
        self.name = name
        self.handle = handle
        guard zip_get_num_entries(handle, 0) <= Int64(ContainerLimits.archiveMembers) else {
            throw .container(path: name, .tooManyMembers)
        }
    }

    // Discarded rather than closed: nothing was changed.
    deinit { zip_discard(handle) }

    /// All entries, in the order of the archive.
    ///
    /// - Throws: a name that leads out of the archive or is there twice.
    func entries() throws(ReadingError) -> [Entry] {
        var entries: [Entry] = []
        var names: Set<String> = []
        for index in 0..<UInt64(max(0, zip_get_num_entries(handle, 0))) {
            let entry = try entry(at: index)
            guard names.insert(entry.member.name).inserted else {
                throw .container(path: name, .duplicateName(member: entry.member.name))
            }
            entries.append(entry)
        }
        return entries
    }

    private func entry(at index: UInt64) throws(ReadingError) -> Entry {
        var status = zip_stat_t()
        let wanted = UInt64(ZIP_STAT_NAME | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE)
        guard zip_stat_index(handle, index, 0, &status) == 0, status.valid & wanted == wanted,
            let text = status.name
        else { throw .container(path: name, .damagedArchive(reason: ZipError.text(zip_get_error(handle)))) }
        guard let memberName = Self.safeName(text) else {
            throw .container(path: name, .unsafeName(member: messageText(text)))
        }
        let method = Int32(status.comp_method)
        return Entry(
            member: ArchiveMember(
                name: memberName,
                index: index,
                compressedBytes: status.comp_size,
                plainBytes: status.size
            ),
            isEncrypted: status.encryption_method != UInt16(ZIP_EM_NONE),
            isSymbolicLink: isSymbolicLink(index),
            canBeUnpacked: zip_compression_method_supported(method, 0) == 1
        )
    }

    /// Nil for a name that is absolute, has `..` in it, or is not one line of text.
    private static func safeName(_ text: UnsafePointer<CChar>) -> String? {
        guard let name = String(validatingCString: text), !name.isEmpty,
            name.utf8.count <= ContainerLimits.memberNameBytes,
            !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else { return nil }
        // Windows programs may write backslashes.
        let parts = name.split(omittingEmptySubsequences: false) { $0 == "/" || $0 == "\\" }
        let isAbsolute = parts.first == "" || parts.first?.hasSuffix(":") == true
        return isAbsolute || parts.contains("..") ? nil : name
    }

    private func isSymbolicLink(_ index: UInt64) -> Bool {
        var system: UInt8 = 0
        var attributes: UInt32 = 0
        guard zip_file_get_external_attributes(handle, index, 0, &system, &attributes) == 0 else { return false }
        // The mode of a file stands in the upper half (S_IFMT and S_IFLNK).
        return Int32(system) == ZIP_OPSYS_UNIX && (attributes >> 16) & 0o170000 == 0o120000
    }

    /// The part of a workbook of this name, whatever its case; nil when there is none.
    func member(named partName: String) throws(ReadingError) -> ArchiveMember? {
        let index = zip_name_locate(handle, partName, UInt32(ZIP_FL_NOCASE))
        return index < 0 ? nil : try entry(at: UInt64(index)).member
    }

    /// Refuses a member with too high a ratio, and members that are too large together.
    func checkSizes(_ members: [ArchiveMember]) throws(ReadingError) {
        var sum: UInt64 = 0
        for member in members {
            let (bytes, overflow) = sum.addingReportingOverflow(member.plainBytes)
            guard !overflow, bytes <= ContainerLimits.archivePlainBytes else {
                throw .container(path: name, .archiveTooLarge)
            }
            sum = bytes
            guard member.plainBytes <= ContainerLimits.expansionLimit(compressedBytes: member.compressedBytes) else {
                throw .container(path: name, .compressionRatio(member: member.name))
            }
        }
    }
}

extension ContainerLimits {
    /// Plain bytes that so many compressed ones may become.
    static func expansionLimit(compressedBytes: UInt64) -> UInt64 {
        let (bytes, overflow) = compressedBytes.multipliedReportingOverflow(by: compressionRatio)
        return max(ratioFreeBytes, overflow ? .max : bytes)
    }
}

/// The plain bytes of one member, in bounded memory. libzip compares their checksum at the end.
struct ZipMemberReader: ~Copyable {
    private let archive: ZipArchive
    private let file: OpaquePointer
    private let member: ArchiveMember
    /// Bytes not read yet.
    private var rest: UInt64

    init(opening member: ArchiveMember, of archive: ZipArchive) throws(ReadingError) {
        guard let now = try archive.currentMember(at: member.index), now == member else {
            throw .container(path: archive.name, .changed)
        }
        guard let file = zip_fopen_index(archive.handle, member.index, 0) else {
            throw ZipError.error(zip_get_error(archive.handle), member, archive)
        }
        self.archive = archive
        self.file = file
        self.member = member
        rest = member.plainBytes
    }

    deinit { zip_fclose(file) }

    /// The number of bytes read; 0 at the end. `target` is not empty.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(ReadingError) -> Int {
        let count = zip_fread(file, target.baseAddress, UInt64(target.count))
        guard count >= 0 else { throw ZipError.error(zip_file_get_error(file), member, archive) }
        guard UInt64(count) <= rest, count > 0 || rest == 0 else {
            let reason = count > 0 ? "it is longer than the archive says" : "it ends too early"
            throw .container(path: archive.name, .damagedMember(member: member.name, reason: reason))
        }
        rest -= UInt64(count)
        return Int(count)
    }
}

extension ZipArchive {
    fileprivate func currentMember(at index: UInt64) throws(ReadingError) -> ArchiveMember? {
        index < UInt64(max(0, zip_get_num_entries(handle, 0))) ? try entry(at: index).member : nil
    }
}

/// libzip's codes as errors of ours.
private enum ZipError {
    static func text(_ code: Int32) -> String {
        var error = zip_error_t()
        zip_error_init_with_code(&error, code)
        defer { zip_error_fini(&error) }
        return text(&error)
    }

    static func text(_ error: UnsafeMutablePointer<zip_error_t>?) -> String {
        guard let error, let text = zip_error_strerror(error) else { return "unknown reason" }
        return String(cString: text)
    }

    static func error(
        _ error: UnsafeMutablePointer<zip_error_t>?,
        _ member: ArchiveMember,
        _ archive: ZipArchive
    ) -> ReadingError {
        let fault: ContainerFault =
            switch error.map({ zip_error_code_zip($0) }) {
            case ZIP_ER_NOPASSWD, ZIP_ER_WRONGPASSWD, ZIP_ER_ENCRNOTSUPP: .encrypted(member: member.name)
            case ZIP_ER_COMPNOTSUPP: .unsupportedCompression(member: member.name)
            default: .damagedMember(member: member.name, reason: text(error))
            }
        return .container(path: archive.name, fault)
    }
}
