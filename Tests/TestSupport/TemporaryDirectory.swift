internal import Foundation

/// A directory that goes with the last reference to it.
package final class TemporaryDirectory: Sendable {
    package let path: String

    package init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "churn-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Removes it now, to see that this can be done.
    fileprivate func remove() throws {
        try FileManager.default.removeItem(atPath: path)
    }
}

/// A directory that goes with the closure. A store opened in it is closed before, when its last reference ends inside.
package func withTemporaryDirectory<Value>(_ body: (String) throws -> Value) throws -> Value {
    let directory = try TemporaryDirectory()
    let value = try body(directory.path)
    try directory.remove()
    return value
}
