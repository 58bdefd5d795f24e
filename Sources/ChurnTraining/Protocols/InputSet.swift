internal import ChurnFeatures
package import ChurnModel

/// A named list of inputs.
package struct InputSet: Equatable, Sendable {
    package var name: String
    package var inputs: [InputDefinition]

    package init(name: String, inputs: [InputDefinition]) {
        self.name = name
        self.inputs = inputs
    }

    package var features: [String] { inputs.map(\.feature) }

    /// With imported columns as they are.
    package func adding(_ imported: [String]) -> InputSet {
        guard !imported.isEmpty else { return self }
        return InputSet(
            name: name + "+" + imported.joined(separator: "+"),
            inputs: inputs + imported.map { InputDefinition($0) }
        )
    }

    /// What is left of it where no line has a product.
    package var withoutProducts: InputSet {
        let rest = inputs.filter { !ProductFeatures.names.contains($0.feature) }
        return rest.count == inputs.count ? self : InputSet(name: name + " without products", inputs: rest)
    }

    /// - Throws: `noProducts`, `unknownFeature`, `duplicateInput`, `noRows`.
    func check(_ snapshot: Snapshot) throws(TrainingError) {
        guard !inputs.isEmpty else { throw .noRows(of: "input set \(name)") }
        let products = ProductFeatures.among(features)
        guard products.isEmpty || snapshot.hasProducts else { throw .noProducts(inputs: name, features: products) }
        var seen: Set<String> = []
        for input in inputs {
            guard snapshot.feature(input.feature) != nil else { throw .unknownFeature(input.feature) }
            guard seen.insert(input.feature).inserted else { throw .duplicateInput(input.feature) }
        }
    }
}

extension InputSet {
    /// The prototype's three, as they are.
    package static let seed3 = InputSet(
        name: "seed3",
        inputs: ["Frequency", "Monetary", "AvgOrderValue"].map { InputDefinition($0) }
    )

    /// The prototype's three, `ln(1 + x)` of each.
    package static let seed3Log = InputSet(
        name: "seed3-log",
        inputs: ["Frequency", "Monetary", "AvgOrderValue"].map { InputDefinition($0, .log1p) }
    )

    /// Eight inputs that do not say where on the calendar the purchases lie: what the prototype's protocol allows.
    package static let legitimate8 = InputSet(
        name: "legitimate8",
        inputs: ["Frequency", "Monetary", "AvgOrderValue", "distinct_products", "units", "max_quantity"]
            .map { InputDefinition($0, .log1p) } + [InputDefinition("mean_hour"), InputDefinition("cancel_rate")]
    )

    /// The compact forecast.
    package static let t6 = InputSet(
        name: "T6",
        inputs: [
            InputDefinition("decayed_purchase_days_180d", .log(offset: 0.05)), InputDefinition("units", .log1p),
            InputDefinition("recency_days", .log1p), InputDefinition("purchase_days_60d", .log1p),
            InputDefinition("last_day_products", .log1p), InputDefinition("mean_hour"),
        ]
    )

    /// The recommended forecast.
    package static let t10 = InputSet(
        name: "T10",
        inputs: [
            InputDefinition("decayed_purchase_days_180d", .log(offset: 0.05)), InputDefinition("units", .log1p),
            InputDefinition("Monetary", .log1p), InputDefinition("recency_days", .log1p),
            InputDefinition("purchase_days_60d", .log1p), InputDefinition("last_day_products", .log1p),
            InputDefinition("mean_hour"), InputDefinition("recency_gap_ratio", .log1p),
            InputDefinition("gap_std_days", .log1p), InputDefinition("cancel_rate"),
        ]
    )

    /// T10 and what else of the shape of the history: variety and tenure.
    package static let g12 = InputSet(
        name: "G12",
        inputs: t10.inputs + [InputDefinition("distinct_products", .log1p), InputDefinition("tenure_days", .log1p)]
    )

    /// T10 and every other feature, so 16 in all; recency_24h says what recency_days says, AvgOrderValue is Monetary by
    /// Frequency.
    package static let g16 = InputSet(
        name: "G16",
        inputs: t10.inputs
            + ["Frequency", "tenure_days", "purchase_days", "max_quantity", "distinct_products", "gap_days"]
            .map { InputDefinition($0, .log1p) }
    )

    /// What a temporal model is chosen from when nothing else is said.
    package static let candidates = [t6, t10, g12, g16]
}
