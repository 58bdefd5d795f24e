internal import ChurnFeatures
internal import ChurnModel

/// What a row of the resident table holds, so that every served model finds its inputs side by side and transformed
/// (standardisation is in the weights): the inputs of one model after the other, then the features which are not among them
/// as they are. Whatever no model reads is left out.
struct ResidentLayout: Sendable {
    /// Where one model's numbers stand in a row.
    struct Columns: Sendable {
        /// The transformed inputs, in the model's order.
        let inputs: Range<Int>
        /// By input: the feature that it is made from, as it is.
        let features: [Int]
    }

    /// One a model.
    let columns: [Columns]
    let rows: RowLayout

    private struct Source: Hashable, Sendable {
        /// Position in the feature schema.
        var feature: Int
        var transform: Transform
    }

    init(models: [LogisticModel], schema: FeatureSchema) throws(ServerError) {
        var sources: [Source] = []
        var inputs: [Range<Int>] = []
        for model in models {
            let missing = model.inputs.map(\.feature).filter { schema.index(of: $0) == nil }
            guard missing.isEmpty else { throw .unknownFeatures(model: model.selector, names: missing) }
            let block = Self.sources(model, schema)
            // Another version of a model mostly has the same inputs.
            let start = sources.indices.first { sources[$0...].starts(with: block) } ?? sources.count
            if start == sources.count { sources += block }
            inputs.append(start..<(start + block.count))
        }
        var columns: [Columns] = []
        for (model, inputs) in zip(models, inputs) {
            var features: [Int] = []
            for var source in Self.sources(model, schema) {
                source.transform = .identity
                let column = sources.firstIndex(of: source) ?? sources.count
                if column == sources.count { sources.append(source) }
                features.append(column)
            }
            columns.append(Columns(inputs: inputs, features: features))
        }
        self.columns = columns
        rows = RowLayout(width: sources.count) { [sources] features, row in
            for (column, source) in sources.enumerated() {
                row[column] = source.transform(features[source.feature])
            }
        }
    }

    private static func sources(_ model: LogisticModel, _ schema: FeatureSchema) -> [Source] {
        model.inputs.compactMap { input in
            schema.index(of: input.feature).map { Source(feature: $0, transform: input.transform) }
        }
    }
}
