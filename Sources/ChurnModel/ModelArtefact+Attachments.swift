internal import ChurnBase

extension ModelArtefact {
    /// A file beside `model.json`, such as a report; nothing that scores reads it.
    package struct Attachment: Equatable, Sendable {
        /// Letters, digits, `.`, `-` and `_`; not one of the artefact's own files.
        package var name: String
        package var bytes: [UInt8]

        package init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// Writes the artefact with files beside it, as ``write(to:)`` writes it alone: all of them, each with its line in
    /// `SHA256SUMS`, or nothing.
    ///
    /// - Returns: the path of the version's folder.
    /// - Throws: ``ModelError``; `alreadyExists` when there is this version already.
    @discardableResult
    package func write(to directory: String, attachments: [Attachment]) throws(ModelError) -> String {
        let parent = "\(directory)/\(model.name)"
        let folder = "\(parent)/\(model.version)"
        try checkPapers(at: folder)
        try Files.createFolders(parent)
        guard try Files.kind(of: folder) == .missing else { throw .alreadyExists(at: folder) }

        let files = [Attachment(name: Self.modelFile, bytes: json)] + attachments
        precondition(Set(files.map(\.name) + [Self.checksumFile]).count == files.count + 1, "a file twice")
        let sums = files.map { file in
            ChecksumFile.line(digest: file.bytes.withUnsafeBytes { sha256($0) }, file: file.name)
        }
        // A leading dot keeps it out of catalogues.
        let temporary = "\(parent)/.\(model.version)-\(hexadecimal(UInt64.random(in: 0...UInt64.max)))"
        do {
            try Files.createFolders(temporary)
            for file in files { try Files.create("\(temporary)/\(file.name)", holding: file.bytes) }
            try Files.create("\(temporary)/\(Self.checksumFile)", holding: Array(sums.joined().utf8))
            try Files.sync(folder: temporary)
            try Files.publish(temporary, as: folder, in: parent)
        } catch {
            Files.discard(folder: temporary, files: files.map(\.name) + [Self.checksumFile])
            throw error
        }
        return folder
    }

    /// Whether there is this version already: asked before a long work whose result could not be written.
    ///
    /// - Throws: ``ModelError``; `invalidName`, `outOfRange`.
    package static func exists(_ name: String, version: Int, in directory: String) throws(ModelError) -> Bool {
        guard ModelName.isModelName(name) else {
            throw .invalidName(at: "model \(name)@\(version)", field: "name", found: name)
        }
        guard (1...ModelLimits.version).contains(version) else {
            throw .outOfRange(
                at: "model \(name)@\(version)",
                field: "version",
                expected: "a whole number from 1 to \(ModelLimits.version)",
                found: "\(version)"
            )
        }
        return try Files.kind(of: "\(directory)/\(name)/\(version)") != .missing
    }
}
