/// Where a store is, as a person writes it.
///
/// `sqlite:PATH` (relative or absolute; `sqlite:///PATH` is taken too), `mongodb://...`, `mongodb+srv://...`.
package enum StoreLocation: Equatable, Sendable, CustomStringConvertible {
    case sqlite(path: String)
    /// The whole address, which may hold a password: show `description`, never this.
    case mongodb(uri: String)

    /// - Throws: `StoreError.invalidLocation` when the text is none of the above.
    package init(parsing text: String) throws(StoreError) {
        if let rest = text.suffix(after: "sqlite:") {
            let path = rest.hasPrefix("///") ? String(rest.dropFirst(2)) : rest
            // `sqlite://data/x` would silently be the absolute path /data/x; ":memory:" could not be shared by a pool.
            guard !path.isEmpty, !path.hasPrefix("//"), path != ":memory:", !path.utf8.contains(0) else {
                throw .invalidLocation(text)
            }
            self = .sqlite(path: path)
        } else if text.suffix(after: "mongodb://")?.isEmpty == false
            || text.suffix(after: "mongodb+srv://")?.isEmpty == false
        {
            self = .mongodb(uri: text)
        } else {
            throw .invalidLocation(Self.withoutCredentials(text))
        }
    }

    /// The address with the user and password of a MongoDB address left out: fit for logs and messages.
    package var description: String {
        switch self {
        case .sqlite(let path): "sqlite:\(path)"
        case .mongodb(let uri): Self.withoutCredentials(uri)
        }
    }

    /// The kind of store, as Health names it.
    package var kind: String {
        switch self {
        case .sqlite: "sqlite"
        case .mongodb: "mongodb"
        }
    }

    package static let defaultStallLimit = Duration.seconds(300)

    /// Opens the store. This is the one place that knows which kinds this build has.
    ///
    /// - Parameter stallLimit: how long a server may be silent within one command, unless the address says so itself.
    ///   A server of ours, which is asked for its health, wants seconds; a batch job can wait.
    /// - Throws: what `SQLiteStore.init` or `MongoStore.init` throws.
    package func open(
        _ access: StoreAccess,
        stallLimit: Duration = defaultStallLimit
    ) throws(StoreError) -> any Store {
        switch self {
        case .sqlite(let path):
            return try SQLiteStore(path: path, access: access)
        case .mongodb(let uri):
            return try MongoStore(uri: uri, access: access, stallLimit: stallLimit)
        }
    }

    /// The text without what stands between `//` and the last `@` of the authority: a password may hold an `@`.
    private static func withoutCredentials(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard
            let start = zip(bytes, bytes.dropFirst()).enumerated().first(where: { $0.element == (0x2F, 0x2F) })?.offset
        else { return text }
        // Everything up to the last @ goes, even behind a slash: an unescaped password may hold one of these too.
        guard let at = bytes.lastIndex(of: UInt8(ascii: "@")), at > start else { return text }
        return String(decoding: bytes[...(start + 1)], as: UTF8.self)
            + String(decoding: bytes[(at + 1)...], as: UTF8.self)
    }
}

extension String {
    fileprivate func suffix(after prefix: String) -> String? {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
    }
}
