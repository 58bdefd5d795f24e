internal import ChurnBase

extension ModelArtefact {
    /// Reads and checks the artefact in `folder`, which must hold `model.json` and `SHA256SUMS`.
    ///
    /// - Parameters:
    ///   - name: the model's name as its folder gives it.
    ///   - version: its version as its folder gives it.
    /// - Throws: the first mismatch found, in the order checksum, format, values.
    package init(folder: String, name: String, version: Int) throws(ModelError) {
        let path = "\(folder)/\(Self.modelFile)"
        // Read once: what is checked is what is used.
        let bytes = try Files.bytes(of: path, limitBytes: ModelLimits.modelFileBytes)
        try Self.verify(bytes, of: path, against: "\(folder)/\(Self.checksumFile)")
        try self.init(json: bytes, at: path)
        guard model.name == name else { throw .nameMismatch(at: path, expected: name, found: model.name) }
        guard model.version == version else {
            throw .versionMismatch(at: path, expected: version, found: model.version)
        }
    }

    private static func verify(
        _ bytes: [UInt8],
        of path: String,
        against checksumPath: String
    ) throws(ModelError) {
        let lines = try Files.bytes(of: checksumPath, limitBytes: ModelLimits.checksumFileBytes)
        let expected: String?
        do {
            expected = try ChecksumFile.digest(of: modelFile, in: lines)
        } catch {
            throw .checksumMalformed(at: checksumPath, line: error.number)
        }
        guard let expected else { throw .checksumMissing(at: checksumPath) }
        let found = bytes.withUnsafeBytes { sha256($0) }
        guard found == expected else { throw .checksumMismatch(at: path, expected: expected, found: found) }
    }

    /// Reads and checks the text of a `model.json`, whose checksum is the caller's affair. `at` names it in errors.
    ///
    /// - Parameter formats: those of the families that may be read; the text's own `format` picks one.
    package init(json bytes: [UInt8], at: String, formats: [ArtefactFormat] = ArtefactFormat.all) throws(ModelError) {
        let fields = ArtefactFields(bytes, at: at)
        let found = try fields.decode(FormatFields.self)
        guard let format = formats.first(where: { $0.name == found.format && $0.version == found.formatVersion.value })
        else {
            throw .wrongFormat(
                at: at,
                expected: formats.map { "\($0.name) version \($0.version)" }.joined(separator: " or "),
                found: "\(found.format) version \(found.formatVersion.value)"
            )
        }
        let document = try fields.decode(Document.self)
        // Before anything is made of each: a limit is no use afterwards.
        guard document.inputs.count <= ModelLimits.inputs else {
            throw .tooManyInputs(at: at, limit: ModelLimits.inputs, found: document.inputs.count)
        }
        var inputs: [InputDefinition] = []
        for (index, row) in document.inputs.enumerated() {
            inputs.append(try row.definition(field: "inputs[\(index)]", at: at))
        }
        let header = try ModelHeader(
            name: document.name,
            version: document.version.value,
            inputs: inputs,
            threshold: document.threshold,
            source: at
        )
        let model = try format.model(header, fields)
        let schema = hexadecimal(header.row.schemaHash)
        guard document.schemaHash == schema else {
            throw .schemaMismatch(at: at, expected: schema, found: document.schemaHash)
        }
        self.init(
            model: model,
            thresholdRule: document.thresholdRule,
            training: document.training,
            metrics: document.metrics,
            libraries: document.libraries,
            notes: document.notes
        )
        try checkPapers(at: at)
    }

    /// Checks what does not take part in scoring: counts and metrics.
    func checkPapers(at: String) throws(ModelError) {
        for (field, value) in [
            ("training.rows", training.rows), ("training.positives", training.positives),
            ("training.horizon_days", training.horizonDays),
        ] where value < 0 {
            throw .outOfRange(at: at, field: field, expected: "0 or more", found: "\(value)")
        }
        guard training.positives <= training.rows else {
            throw .outOfRange(
                at: at,
                field: "training.positives",
                expected: "at most training.rows, \(training.rows)",
                found: "\(training.positives)"
            )
        }
        for (set, figures) in metrics.sorted(by: { $0.key < $1.key }) {
            for (name, value) in figures.sorted(by: { $0.key < $1.key }) where !value.isFinite {
                throw .notFinite(at: at, field: "metrics.\(set).\(name)", found: "\(value)")
            }
        }
    }
}

/// What is read first: the rest of another format may look different.
private struct FormatFields: Decodable {
    var format: String
    var formatVersion: WholeNumber

    enum CodingKeys: String, CodingKey {
        case format
        case formatVersion = "format_version"
    }
}

/// A whole number, with an error that says where and what it is: the decoder's own for an Int only says "not JSON".
private struct WholeNumber: Decodable {
    var value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let number = try container.decode(Double.self)
        // Beyond 2^53 a double no longer tells neighbouring whole numbers apart.
        guard number.magnitude <= 0x1p53, let value = Int(exactly: number) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "expected a whole number, found \(number)"
            )
        }
        self.value = value
    }
}

extension ModelArtefact.Training: Decodable {
    private enum CodingKeys: String, CodingKey {
        case data, fingerprint, rows, positives, cutoffs
        case horizonDays = "horizon_days"
        case procedure = "protocol"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        data = try fields.decode(String.self, forKey: .data)
        fingerprint = try fields.decode(String.self, forKey: .fingerprint)
        rows = try fields.decode(WholeNumber.self, forKey: .rows).value
        positives = try fields.decode(WholeNumber.self, forKey: .positives).value
        cutoffs = try fields.decode([String].self, forKey: .cutoffs)
        horizonDays = try fields.decode(WholeNumber.self, forKey: .horizonDays).value
        procedure = try fields.decode(String.self, forKey: .procedure)
    }
}

private struct Document: Decodable {
    var name: String
    var version: WholeNumber
    var schemaHash: String
    var inputs: [Row]
    var threshold: Double
    var thresholdRule: String
    var training: ModelArtefact.Training
    var metrics: [String: [String: Double]]
    var libraries: [String: String]
    var notes: [String]

    enum CodingKeys: String, CodingKey {
        case name, version, inputs, threshold, training, metrics, libraries, notes
        case schemaHash = "schema_hash"
        case thresholdRule = "threshold_rule"
    }

    struct Row: Decodable {
        var feature: String
        var transform: String
        var offset: Double?

        func definition(field: String, at: String) throws(ModelError) -> InputDefinition {
            let made: Transform
            switch (transform, offset) {
            case ("identity", nil): made = .identity
            case ("log1p", nil): made = .log1p
            case ("log", .some(let offset)): made = .log(offset: offset)
            case ("log", nil): throw .malformed(at: at, field: "\(field).offset", reason: "is missing")
            case ("identity", _), ("log1p", _):
                throw .malformed(at: at, field: "\(field).offset", reason: "only the transform log has one")
            default:
                throw .malformed(
                    at: at,
                    field: "\(field).transform",
                    reason: "expected identity, log1p or log, found \(transform)"
                )
            }
            return InputDefinition(feature, made)
        }
    }
}
