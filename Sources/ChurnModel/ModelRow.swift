/// One input of a model: a feature, by its name, and what is made of it.
package struct InputDefinition: Hashable, Sendable {
    /// Name of the raw feature: 1 to 64 bytes of printable ASCII without spaces.
    package var feature: String
    package var transform: Transform

    package init(_ feature: String, _ transform: Transform = .identity) {
        self.feature = feature
        self.transform = transform
    }
}

/// What every family of models needs of a customer: which features, what is made of each, and in which order.
///
/// "Features" are raw values, "inputs" what the transforms make of them. It does not depend on where features come from:
/// `placed` binds it to any layout that has names.
package struct ModelRow: Equatable, Sendable {
    package let inputs: [InputDefinition]
    /// See ``schemaHash(of:)``.
    package let schemaHash: UInt64
    private let transforms: ContiguousArray<Transform>

    package init(_ inputs: [InputDefinition]) {
        self.inputs = inputs
        schemaHash = ChurnModel.schemaHash(of: inputs)
        transforms = ContiguousArray(inputs.map(\.transform))
    }

    package var count: Int { transforms.count }
    /// Names of the features, in the order of the inputs.
    package var features: [String] { inputs.map(\.feature) }

    /// True when every input is its feature as it is, so that features can be scored where they lie.
    package var needsNoTransform: Bool { transforms.allSatisfy { $0 == .identity } }

    package func transform(ofInput index: Int) -> Transform { transforms[index] }

    /// Makes a row's inputs from its features, both in the order of the row. `inputs` may be `features`.
    package func transform(features: UnsafePointer<Double>, into inputs: UnsafeMutablePointer<Double>) {
        for j in transforms.indices {
            inputs[j] = transforms[j](features[j])
        }
    }

    /// Makes a column of input `index` from a column of its feature. `inputs` may be `features`.
    package func transform(
        column features: UnsafePointer<Double>,
        ofInput index: Int,
        rows: Int,
        into inputs: UnsafeMutablePointer<Double>
    ) {
        let transform = transforms[index]
        for row in 0..<rows {
            inputs[row] = transform(features[row])
        }
    }

    /// The index of the first input that is NaN, infinite or of a magnitude beyond `limit`; nil when there is none.
    ///
    /// A transform outside its domain, like the logarithm of a negative value, gives such inputs, and NaN and infinite
    /// features stay what they are: checking the inputs checks the features.
    ///
    /// - Parameter inputs: `[count]`.
    package func firstInvalid(inputs: UnsafePointer<Double>, limit: Double, level: CPULevel) -> Int? {
        let index = level.firstBeyond(limit: limit, in: inputs, count: count)
        return index >= 0 ? index : nil
    }

    /// The row in a layout of features that `position` knows by name.
    ///
    /// - Throws: every feature that the layout does not have.
    package func placed(_ position: (String) -> Int?) throws(UnknownFeatures) -> PlacedRow {
        var sources: [PlacedRow.Source] = []
        var missing: [String] = []
        for input in inputs {
            if let position = position(input.feature) {
                sources.append(PlacedRow.Source(feature: position, transform: input.transform))
            } else {
                missing.append(input.feature)
            }
        }
        guard missing.isEmpty else { throw UnknownFeatures(names: missing) }
        return PlacedRow(sources: sources)
    }

    /// The features of a model that a layout does not have, in the order of its inputs.
    package struct UnknownFeatures: Error, Equatable, Sendable {
        package var names: [String]

        package init(names: [String]) {
            self.names = names
        }
    }
}

/// A ``ModelRow`` in a layout of features: where each feature stands in a customer's row.
package struct PlacedRow: Hashable, Sendable {
    /// Where one input comes from.
    package struct Source: Hashable, Sendable {
        /// Position of the feature in a customer's row.
        package var feature: Int
        package var transform: Transform

        package init(feature: Int, transform: Transform) {
            self.feature = feature
            self.transform = transform
        }

        /// The input, of a customer's row of features.
        @inline(__always)
        package func callAsFunction(_ features: UnsafePointer<Double>) -> Double { transform(features[feature]) }
    }

    /// One for each input, in the model's order.
    package let sources: [Source]

    package var count: Int { sources.count }

    /// A customer's features that the model reads, in its order, as they are.
    package func features(of customer: UnsafePointer<Double>) -> [Double] { sources.map { customer[$0.feature] } }

    /// A customer's inputs, in the model's order. They may be of any magnitude, and not finite:
    /// ``ModelRow/firstInvalid(inputs:limit:level:)`` checks them.
    package func inputs(of customer: UnsafePointer<Double>) -> [Double] { sources.map { $0(customer) } }
}
