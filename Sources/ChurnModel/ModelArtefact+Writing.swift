internal import ChurnBase

extension ModelArtefact {
    /// The text of `model.json`: readable, and the same bytes for equal artefacts.
    package var json: [UInt8] {
        var fields: [(String, JSON)] = [
            ("format", .string(model.format.name)),
            ("format_version", .integer(model.format.version)),
            ("name", .string(model.name)),
            ("version", .integer(model.version)),
            ("schema_hash", .string(hexadecimal(model.schemaHash))),
        ]
        fields += model.ownFields
        fields += [
            ("threshold", .number(model.threshold)),
            ("threshold_rule", .string(thresholdRule)),
            ("training", training.json),
            ("metrics", Self.sorted(metrics, JSON.figures)),
            ("libraries", Self.sorted(libraries) { .string($0) }),
            ("notes", .array(notes.map { .string($0) })),
        ]
        return JSON.object(fields).document
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

extension Model {
    /// The inputs, each with the family's numbers, and what else only the family has.
    fileprivate var ownFields: [(String, JSON)] {
        switch self {
        case .logistic(let model):
            let inputs = model.inputs.map { input in
                JSON.row(
                    input.definition.fields + [
                        ("mean", .number(input.mean)), ("scale", .number(input.scale)),
                        ("coefficient", .number(input.coefficient)),
                    ]
                )
            }
            return [("inputs", .array(inputs)), ("intercept", .number(model.intercept))]
        }
    }
}

extension InputDefinition {
    fileprivate var fields: [(String, JSON)] {
        let named: [(String, JSON)] = [("feature", .string(feature)), ("transform", .string(transform.name))]
        guard case .log(let offset) = transform else { return named }
        return named + [("offset", .number(offset))]
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
