internal import ChurnBase

extension ModelArtefact {
    /// The text of `model.json`: readable, and the same bytes for equal artefacts.
    package var json: [UInt8] {
        JSON.object([
            ("format", .string(Self.format)),
            ("format_version", .integer(Self.formatVersion)),
            ("name", .string(model.name)),
            ("version", .integer(model.version)),
            ("schema_hash", .string(hexadecimal(model.schemaHash))),
            ("inputs", .array(model.inputs.map(\.json))),
            ("intercept", .number(model.intercept)),
            ("threshold", .number(model.threshold)),
            ("threshold_rule", .string(thresholdRule)),
            ("training", training.json),
            ("metrics", Self.sorted(metrics, JSON.figures)),
            ("libraries", Self.sorted(libraries) { .string($0) }),
            ("notes", .array(notes.map { .string($0) })),
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
        try write(to: directory, attachments: [])
    }

    /// Dictionaries have no order: fields are written by name.
    private static func sorted<Value>(_ fields: [String: Value], _ value: (Value) -> JSON) -> JSON {
        .object(fields.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) })
    }
}

extension ModelInput {
    fileprivate var json: JSON {
        var fields: [(String, JSON)] = [
            ("feature", .string(feature)), ("transform", .string(transform.name)),
        ]
        if case .log(let offset) = transform { fields.append(("offset", .number(offset))) }
        fields += [("mean", .number(mean)), ("scale", .number(scale)), ("coefficient", .number(coefficient))]
        return .row(fields)
    }
}

extension ModelArtefact.Training {
    fileprivate var json: JSON {
        .object([
            ("data", .string(data)),
            ("fingerprint", .string(fingerprint)),
            ("rows", .integer(rows)),
            ("positives", .integer(positives)),
            ("cutoffs", .array(cutoffs.map { .string($0) })),
            ("horizon_days", .integer(horizonDays)),
            ("protocol", .string(procedure)),
        ])
    }
}
