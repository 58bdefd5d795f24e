#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Where transaction files are looked for.
package enum TransactionSource {
    /// The files behind the paths, in the order of the paths. A directory stands for its `*.csv` and `*.csv.gz` files,
    /// sorted by name; its own directories and hidden files are left out.
    ///
    /// - Throws: `ReadingError`: a path that does not exist, a directory without such files or that cannot be listed.
    package static func files(at paths: [String]) throws(ReadingError) -> [String] {
        var files: [String] = []
        for path in paths {
            if let isDirectory = isDirectory(path) {
                files += isDirectory ? try filesOfDirectory(path) : [path]
            } else {
                throw .notFound(path: path)
            }
        }
        return files
    }

    /// Nil when there is nothing at the path.
    private static func isDirectory(_ path: String) -> Bool? {
        var isDirectory: Bool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) ? isDirectory : nil
    }

    private static func filesOfDirectory(_ directory: String) throws(ReadingError) -> [String] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw .unreadable(path: directory, reason: "the directory cannot be listed")
        }
        let prefix = directory.hasSuffix("/") ? directory : directory + "/"
        let files = names.filter { name in
            let lowercased = name.lowercased()
            return !name.hasPrefix(".") && (lowercased.hasSuffix(".csv") || lowercased.hasSuffix(".csv.gz"))
        }
        .sorted()
        .map { prefix + $0 }
        .filter { isDirectory($0) == false }
        guard !files.isEmpty else { throw .noFiles(directory: directory) }
        return files
    }
}
