package import ChurnCalls
package import ChurnFeatures
package import ChurnModel

/// The models that are served together, and the layout of the rows that they were made for. One value: a model reads rows
/// of its own set's layout only, so neither changes without the other.
///
/// In a row every model finds its inputs side by side and transformed (standardisation is in the weights): the inputs of
/// one model after the other, then the features which are not among them as they are. What no model reads is left out.
package final class ModelSet: Sendable {
    /// Where one model's numbers stand in a row.
    struct Columns: Sendable {
        /// The transformed inputs, in the model's order.
        let inputs: Range<Int>
        /// By input: the feature that it is made from, as it is.
        let features: [Int]
    }

    /// The first is the default; never empty.
    package let models: [ServedModel]
    package let rowLayout: RowLayout

    /// - Parameters:
    ///   - models: the first is the default.
    ///   - level: whose kernels score; one that this processor has.
    /// - Throws: `noModel`, or `unknownFeatures` of the first model that reads any.
    package init(
        _ models: [LogisticModel],
        level: CPULevel = .best,
        schema: FeatureSchema = .current
    ) throws(ModelSetError) {
        guard !models.isEmpty else { throw .noModel }
        var placed: [PlacedRow] = []
        for model in models {
            do throws(ModelRow.UnknownFeatures) {
                placed.append(try model.row.placed(schema.index(of:)))
            } catch {
                throw .unknownFeatures(model: model.selector, names: error.names)
            }
        }
        var sources: [PlacedRow.Source] = []
        var inputs: [Range<Int>] = []
        for row in placed {
            // Another version of a model mostly has the same inputs.
            let start = sources.indices.first { sources[$0...].starts(with: row.sources) } ?? sources.count
            if start == sources.count { sources += row.sources }
            inputs.append(start..<(start + row.count))
        }
        var columns: [Columns] = []
        for (row, inputs) in zip(placed, inputs) {
            var features: [Int] = []
            for var source in row.sources {
                source.transform = .identity
                let column = sources.firstIndex(of: source) ?? sources.count
                if column == sources.count { sources.append(source) }
                features.append(column)
            }
            columns.append(Columns(inputs: inputs, features: features))
        }
        self.models = zip(models, columns).map { ServedModel($0, columns: $1, level: level) }
        rowLayout = RowLayout(width: sources.count) { [sources] features, row in
            for (column, source) in sources.enumerated() { row[column] = source(features) }
        }
    }

    /// The default model.
    package var first: ServedModel { models[0] }

    /// The models that need products, and what they read of them.
    var readingProducts: [WithheldModel] {
        models.compactMap { served in
            let features = ProductFeatures.among(served.model.row.features)
            return features.isEmpty ? nil : WithheldModel(model: served, features: features)
        }
    }

    /// - Parameter selector: NUL-terminated: empty for the default, a name, or "name@version".
    /// - Throws: what to tell a caller who wants a model that is not served.
    package func model(_ selector: UnsafePointer<CChar>) throws(CallFailure) -> ServedModel {
        if selector[0] == 0 { return first }
        if let found = models.first(where: { $0.matches(selector) }) { return found }
        guard let text = String(validatingCString: selector) else {
            throw .invalidArgument("the model's name is not UTF-8")
        }
        let served = models.map(\.model.selector).joined(separator: ", ")
        throw CallFailure(
            code: .notFound,
            message: "the model \(quotedForPeer(text)) is not served; this server has \(served)"
        )
    }
}

/// Why models cannot be served together.
package enum ModelSetError: Error, Equatable, CustomStringConvertible {
    /// No model to serve.
    case noModel
    /// A model reads features that the feature schema does not have.
    case unknownFeatures(model: String, names: [String])

    package var description: String {
        switch self {
        case .noModel:
            "there is no model to serve; name one with --model"
        case .unknownFeatures(let model, let names):
            "the model \(model) reads features that this version does not build: \(names.joined(separator: ", "))"
        }
    }
}
