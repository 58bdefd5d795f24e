/// The artefacts under a directory, as `NAME/VERSION/`.
///
/// `init` lists the folders; an artefact is read and checked when it is asked for, and a broken one is an error then,
/// never left out. Files beside the folders and names with a leading dot are not looked at; a folder that is not of
/// this shape is an error, since a misnamed model would be missing in silence otherwise.
package struct ModelCatalog: Sendable {
    package struct Entry: Equatable, Sendable {
        package let name: String
        package let version: Int
        /// Path of the version's folder.
        package let folder: String

        /// `NAME@VERSION`.
        package var selector: String { "\(name)@\(version)" }
    }

    package let directory: String
    /// By name, then version.
    package let entries: [Entry]

    /// Lists `directory`.
    ///
    /// - Throws: ``ModelError`` when it cannot be read or holds a folder that is not a model's.
    package init(directory: String) throws(ModelError) {
        var entries: [Entry] = []
        for name in try Self.folders(in: directory) {
            let folder = "\(directory)/\(name)"
            guard ModelName.isModelName(name) else { throw .strayFolder(at: folder) }
            for versionName in try Self.folders(in: folder) {
                let path = "\(folder)/\(versionName)"
                guard let version = modelVersion(parsing: versionName) else { throw .strayFolder(at: path) }
                entries.append(Entry(name: name, version: version, folder: path))
            }
        }
        self.directory = directory
        self.entries = entries.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
    }

    private static func folders(in directory: String) throws(ModelError) -> [String] {
        var folders: [String] = []
        for name in try Files.names(in: directory).sorted()
        where try Files.kind(of: "\(directory)/\(name)") == .folder {
            folders.append(name)
        }
        return folders
    }

    /// The artefact that `selector` (`NAME`, then the highest version, or `NAME@VERSION`) names, without reading it.
    package func entry(_ selector: String) throws(ModelError) -> Entry {
        let available = entries.map(\.selector)
        guard !selector.isEmpty else { throw .noSelection(available: available) }
        guard let wanted = ModelSelector(parsing: selector) else {
            throw .invalidSelector(selector, available: available)
        }
        let found = entries.last { $0.name == wanted.name && (wanted.version == nil || $0.version == wanted.version) }
        guard let found else { throw .unknownModel(selector, available: available) }
        return found
    }

    /// Reads and checks an artefact.
    package func artefact(_ entry: Entry) throws(ModelError) -> ModelArtefact {
        try ModelArtefact(folder: entry.folder, name: entry.name, version: entry.version)
    }

    /// Reads and checks the artefact that `selector` names; see ``entry(_:)``.
    package func artefact(_ selector: String) throws(ModelError) -> ModelArtefact {
        try artefact(entry(selector))
    }

    /// The logistic regression that `selector` names; see ``entry(_:)``.
    package func model(_ selector: String) throws(ModelError) -> LogisticModel {
        switch try artefact(selector).model {
        case .logistic(let model): model
        }
    }

    /// All artefacts, or the first error.
    package func artefacts() throws(ModelError) -> [ModelArtefact] {
        var artefacts: [ModelArtefact] = []
        for entry in entries { artefacts.append(try artefact(entry)) }
        return artefacts
    }
}
