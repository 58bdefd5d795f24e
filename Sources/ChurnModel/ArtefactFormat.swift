#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// How the artefacts of one family of models read: the `format` of their `model.json`, and the reader of those fields that
/// only they have.
package struct ArtefactFormat: Sendable {
    package let name: String
    package let version: Int
    /// The model, of what all families have, which is checked, and of the artefact's fields.
    package let model: @Sendable (ModelHeader, ArtefactFields) throws(ModelError) -> Model

    package init(
        name: String,
        version: Int,
        model: @escaping @Sendable (ModelHeader, ArtefactFields) throws(ModelError) -> Model
    ) {
        self.name = name
        self.version = version
        self.model = model
    }
}

extension ArtefactFormat {
    package static let all = [logisticRegression]

    static let logisticRegression = ArtefactFormat(name: "churn.logistic-regression", version: 1) {
        (header, fields) throws(ModelError) in
        let own = try fields.decode(LogisticFields.self)
        let terms = own.inputs.map { LogisticTerm(mean: $0.mean, scale: $0.scale, coefficient: $0.coefficient) }
        return .logistic(try LogisticModel(header, terms: terms, intercept: own.intercept, source: fields.at))
    }
}

extension Model {
    /// What the model's artefacts are written in.
    var format: ArtefactFormat {
        switch self {
        case .logistic: .logisticRegression
        }
    }
}

private struct LogisticFields: Decodable {
    var inputs: [Term]
    var intercept: Double

    struct Term: Decodable {
        var mean: Double
        var scale: Double
        var coefficient: Double
    }
}

/// The text of a `model.json`, to be read by several, each the fields that it knows.
package struct ArtefactFields {
    /// What errors name.
    package let at: String
    private let data: Data

    init(_ bytes: [UInt8], at: String) {
        data = Data(bytes)
        self.at = at
    }

    package func decode<T: Decodable>(_ type: T.Type) throws(ModelError) -> T {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw Self.modelError(error, at: at)
        } catch {
            throw .notJSON(at: at, reason: "\(error)")
        }
    }

    private static func modelError(_ error: DecodingError, at: String) -> ModelError {
        switch error {
        case .keyNotFound(let key, let context):
            return .malformed(at: at, field: fieldName(context.codingPath + [key]), reason: "is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return context.codingPath.isEmpty
                ? .notJSON(at: at, reason: context.debugDescription)
                : .malformed(at: at, field: fieldName(context.codingPath), reason: context.debugDescription)
        @unknown default:
            return .notJSON(at: at, reason: "\(error)")
        }
    }

    private static func fieldName(_ path: [any CodingKey]) -> String {
        var name = ""
        for key in path {
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return name
    }
}
