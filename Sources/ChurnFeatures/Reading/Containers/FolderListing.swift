internal import ChurnBase

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// The files in a folder and its subfolders. Each folder is sorted by name, byte by byte, and a subfolder's files take its
/// place. Hidden folders and links to folders are entries of their own and are not followed.
struct FolderListing {
    struct Entry: Equatable {
        enum Kind { case file, hidden, link, special }

        var path: String
        var kind: Kind
    }

    private(set) var entries: [Entry] = []
    private var seen = 0
    private let root: String

    init(_ folder: String) throws(ReadingError) {
        root = folder
        try add(folder, depth: 1)
    }

    private mutating func add(_ folder: String, depth: Int) throws(ReadingError) {
        guard depth <= ContainerLimits.folderDepth else { throw .container(path: root, .folderTooDeep) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .unreadable(path: folder, reason: "the directory cannot be listed")
        }
        seen += names.count
        guard seen <= ContainerLimits.folderEntries else { throw .container(path: root, .folderTooLarge) }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            let path = prefix + name
            var own = stat()
            var target = stat()
            let isLink = lstat(path, &own) == 0 && own.st_mode & S_IFMT == S_IFLNK
            let exists = stat(path, &target) == 0
            let type = exists ? target.st_mode & S_IFMT : 0
            switch type {
            case _ where name.hasPrefix("."): entries.append(Entry(path: path, kind: .hidden))
            case S_IFREG: entries.append(Entry(path: path, kind: .file))
            case S_IFDIR where !isLink: try add(path, depth: depth + 1)
            default: entries.append(Entry(path: path, kind: isLink ? .link : .special))
            }
        }
    }
}
