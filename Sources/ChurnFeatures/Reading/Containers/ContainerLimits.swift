/// Bounds of what holds transaction files: folders, archives and workbooks.
package enum ContainerLimits {
    /// Folders within a folder, one in the other.
    package static let folderDepth = 32
    /// Files of one folder with all its subfolders, skipped ones included.
    package static let folderFiles = 100_000
}
