extension ModelArtefact {
    /// The text of `model.json`: readable, and the same bytes for equal artefacts.
    package var json: [UInt8] {
        JSONText.object([
            ("format", .string(Self.format)),
            ("format_version", .integer(Self.formatVersion)),
            ("name", .string(model.name)),
            ("version", .integer(model.version)),
            ("schema_hash", .string(hexadecimal(model.schemaHash))),
            ("inputs", .list(model.inputs.map(\.json))),
            ("intercept", .number(model.intercept)),
            ("threshold", .number(model.threshold)),
            ("threshold_rule", .string(thresholdRule)),
            ("training", training.json),
            ("metrics", Self.sorted(metrics) { figures in Self.sorted(figures) { .number($0) } }),
            ("libraries", Self.sorted(libraries) { .string($0) }),
            ("notes", .list(notes.map { .string($0) })),
        ]).document
    }

    /// Writes `directory/NAME/VERSION/model.json` and `SHA256SUMS` beside it.
    ///
    /// Atomic: the version's folder appears whole, after its files have reached the disk, or not at all.
    ///
    /// - Returns: the path of the version's folder.
    /// - Throws: ``ModelError``; `alreadyExists` when there is this version already.
    @discardableResult
    package func write(to directory: String) throws(ModelError) -> String {
        let parent = "\(directory)/\(model.name)"
        let folder = "\(parent)/\(model.version)"
        try checkPapers(at: folder)
        try Files.createFolders(parent)
        guard try Files.kind(of: folder) == .missing else { throw .alreadyExists(at: folder) }

        // A leading dot keeps it out of catalogues.
        let temporary = "\(parent)/.\(model.version)-\(hexadecimal(UInt64.random(in: 0...UInt64.max)))"
        let bytes = json
        let sums = ChecksumFile.line(digest: bytes.withUnsafeBytes { sha256($0) }, file: Self.modelFile)
        do {
            try Files.createFolders(temporary)
            try Files.create("\(temporary)/\(Self.modelFile)", holding: bytes)
            try Files.create("\(temporary)/\(Self.checksumFile)", holding: Array(sums.utf8))
            try Files.sync(folder: temporary)
            try Files.publish(temporary, as: folder, in: parent)
        } catch {
            Files.discard(folder: temporary, files: [Self.modelFile, Self.checksumFile])
            throw error
        }
        return folder
    }

    /// Dictionaries have no order: fields are written by name.
    private static func sorted<Value>(_ fields: [String: Value], _ value: (Value) -> JSONText) -> JSONText {
        .object(fields.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) })
    }
}

extension ModelInput {
    fileprivate var json: JSONText {
        var fields: [(name: String, value: JSONText)] = [
            ("feature", .string(feature)), ("transform", .string(transform.name)),
        ]
        if case .log(let offset) = transform { fields.append(("offset", .number(offset))) }
        fields += [("mean", .number(mean)), ("scale", .number(scale)), ("coefficient", .number(coefficient))]
        return .row(fields)
    }
}

extension ModelArtefact.Training {
    fileprivate var json: JSONText {
        .object([
            ("data", .string(data)),
            ("fingerprint", .string(fingerprint)),
            ("rows", .integer(rows)),
            ("positives", .integer(positives)),
            ("cutoffs", .list(cutoffs.map { .string($0) })),
            ("horizon_days", .integer(horizonDays)),
            ("protocol", .string(procedure)),
        ])
    }
}
