/// Why a model artefact, or a request for one, was refused. `description` is one line: the file or model, what was
/// expected and found, and the next step.
///
/// `at` is the path of a file, or `model NAME@VERSION` for a model that was not read from one.
package enum ModelError: Error, Equatable {
    // Files
    case missing(at: String)
    case unreadable(at: String, reason: String)
    case tooLarge(at: String, limitBytes: Int)
    case alreadyExists(at: String)
    case unwritable(at: String, reason: String)

    // The artefact as a document
    case checksumMissing(at: String)
    case checksumMalformed(at: String, line: Int)
    case checksumMismatch(at: String, expected: String, found: String)
    case notJSON(at: String, reason: String)
    case malformed(at: String, field: String, reason: String)
    case wrongFormat(at: String, expected: String, found: String)
    case nameMismatch(at: String, expected: String, found: String)
    case versionMismatch(at: String, expected: Int, found: Int)
    case schemaMismatch(at: String, expected: String, found: String)

    // The model's values
    case invalidName(at: String, field: String, found: String)
    case noInputs(at: String)
    case tooManyInputs(at: String, limit: Int, found: Int)
    case duplicateInput(at: String, feature: String)
    case notFinite(at: String, field: String, found: String)
    case outOfRange(at: String, field: String, expected: String, found: String)

    // The catalogue
    case strayFolder(at: String)
    case noSelection(available: [String])
    case invalidSelector(String, available: [String])
    case unknownModel(String, available: [String])
}

extension ModelError: CustomStringConvertible {
    package var description: String {
        // One line whatever stands in file names, in a damaged artefact or in a peer's request.
        escapingControls("\(subject): \(problem); \(nextStep)")
    }

    /// The file or the model.
    private var subject: String {
        switch self {
        case .missing(let at), .unreadable(let at, _), .tooLarge(let at, _), .alreadyExists(let at),
            .unwritable(let at, _), .checksumMissing(let at), .checksumMalformed(let at, _),
            .checksumMismatch(let at, _, _), .notJSON(let at, _), .malformed(let at, _, _), .wrongFormat(let at, _, _),
            .nameMismatch(let at, _, _), .versionMismatch(let at, _, _), .schemaMismatch(let at, _, _),
            .invalidName(let at, _, _), .noInputs(let at), .tooManyInputs(let at, _, _), .duplicateInput(let at, _),
            .notFinite(let at, _, _), .outOfRange(let at, _, _, _), .strayFolder(let at):
            at
        case .noSelection: "model"
        case .invalidSelector(let selector, _), .unknownModel(let selector, _): "model \"\(shortened(selector))\""
        }
    }

    /// What was expected and found.
    private var problem: String {
        switch self {
        case .missing: "no such file or directory"
        case .unreadable(_, let reason): "cannot be read: \(reason)"
        case .tooLarge(_, let limitBytes): "larger than the \(limitBytes) bytes allowed"
        case .alreadyExists: "exists already, and artefacts are never overwritten"
        case .unwritable(_, let reason): "cannot be written: \(reason)"
        case .checksumMissing: "has no line for model.json"
        case .checksumMalformed(_, let line):
            "line \(line) is not \"<64 hexadecimal digits>  <file name>\" with each file once"
        case .checksumMismatch(_, let expected, let found): "SHA-256 is \(found), SHA256SUMS says \(expected)"
        case .notJSON(_, let reason): "expected a JSON object with numbers that a double holds (\(shortened(reason)))"
        case .malformed(_, let field, let reason): "field \(shortened(field)): \(shortened(reason))"
        case .wrongFormat(_, let expected, let found): "expected format \(expected), found \(shortened(found))"
        case .nameMismatch(_, let expected, let found):
            "the folder says model \"\(expected)\", the file \"\(shortened(found))\""
        case .versionMismatch(_, let expected, let found): "the folder says version \(expected), the file \(found)"
        case .schemaMismatch(_, let expected, let found):
            "expected schema_hash \(expected) for the inputs listed, found \(shortened(found))"
        case .invalidName(_, let field, let found): "\(field) \"\(shortened(found))\" is not a name"
        case .noInputs: "expected at least one input, found none"
        case .tooManyInputs(_, let limit, let found): "expected at most \(limit) inputs, found \(found)"
        case .duplicateInput(_, let feature): "feature \"\(shortened(feature))\" is an input twice"
        case .notFinite(_, let field, let found): "\(shortened(field)) is \(found), expected a finite number"
        case .outOfRange(_, let field, let expected, let found):
            "\(shortened(field)) is \(found), expected \(expected)"
        case .strayFolder: "is not NAME/VERSION with a whole number above 0 as version"
        case .noSelection(let available): "none was named; there is \(listed(available))"
        case .invalidSelector(_, let available): "is not NAME or NAME@VERSION; there is \(listed(available))"
        case .unknownModel(_, let available): "not found; there is \(listed(available))"
        }
    }

    private var nextStep: String {
        switch self {
        case .missing: "check the path, or put the model artefact there"
        case .unreadable: "check the path and its permissions"
        case .tooLarge: "a model of this kind is a few kilobytes, so check that this is one"
        case .alreadyExists: "write a higher version"
        case .unwritable: "check the permissions and the free space"
        case .checksumMissing, .checksumMalformed:
            "restore it, or if you trust the model run `sha256sum model.json > SHA256SUMS` in its folder"
        case .checksumMismatch, .schemaMismatch: "it was edited or damaged: restore it from its source"
        case .notJSON, .malformed: "restore it, or correct the program that wrote it"
        case .wrongFormat: "use a churn that reads this format, or train the model again"
        case .nameMismatch, .versionMismatch: "put it into the folder of its name and version"
        case .invalidName:
            "rename it (at most \(ModelLimits.nameBytes) bytes; a model: a-z 0-9 . _ -, first a letter or digit; "
                + "a feature: printable ASCII without spaces)"
        case .noInputs, .notFinite, .outOfRange: "correct it or train the model again"
        case .tooManyInputs: "train a smaller model"
        case .duplicateInput: "keep one of them"
        case .strayFolder: "move it elsewhere"
        case .noSelection(let available), .invalidSelector(_, let available), .unknownModel(_, let available):
            available.isEmpty ? "put an artefact into the model directory" : "name one of these"
        }
    }
}

private func shortened(_ text: String) -> String {
    text.unicodeScalars.count > 200 ? String(text.unicodeScalars.prefix(200)) + "..." : text
}

private func escapingControls(_ text: String) -> String {
    var out = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
            out.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
        default: out.append(scalar)
        }
    }
    return String(out)
}

private func listed(_ names: [String]) -> String {
    if names.isEmpty { return "no model" }
    let shown = names.prefix(ModelLimits.namesInMessage).joined(separator: ", ")
    let more = names.count - ModelLimits.namesInMessage
    return more > 0 ? "\(shown) and \(more) more" : shown
}
