/// What assigns a customer to a segment: `ln(1 + x)` of Recency, Frequency and Monetary, standardised, and the
/// nearest centroid. Small, codable and checked; a customer's segment depends on it and on the customer's three
/// numbers only, so trainer, store and server agree.
package struct SegmentModel: Equatable, Sendable {
    /// Of `ln(1 + x)` of each of `CustomerValues.features`, over the customers of the fit.
    package let means: [Double]
    /// Population standard deviations of the same; above 0.
    package let deviations: [Double]
    /// Of each segment, three standardised coordinates; by mean Monetary of the segment, largest first.
    package let centroids: [[Double]]
    /// Of each segment: distinct, 1 to 64 bytes, without control characters.
    package let names: [String]
    /// The centroids one after another.
    private let flat: [Double]

    /// - Throws: `malformedModel`.
    package init(
        means: [Double],
        deviations: [Double],
        centroids: [[Double]],
        names: [String]
    ) throws(SegmentationError) {
        guard means.count == 3, deviations.count == 3, centroids.allSatisfy({ $0.count == 3 }) else {
            throw .malformedModel("means, deviations and each centroid are three numbers")
        }
        guard (means + deviations + centroids.joined()).allSatisfy({ $0.magnitude <= SegmentationLimits.magnitude })
        else { throw .malformedModel("a number is not finite, or far too large") }
        guard deviations.allSatisfy({ $0 > 0 }) else { throw .malformedModel("a deviation is not above 0") }
        guard (1...SegmentationLimits.segments).contains(centroids.count) else {
            throw .malformedModel("\(centroids.count) segments, of 1 to \(SegmentationLimits.segments)")
        }
        guard names.count == centroids.count, Set(names).count == names.count else {
            throw .malformedModel("the names are not one a segment, each a different one")
        }
        guard names.allSatisfy(Self.isName) else {
            throw .malformedModel("a name is empty, too long or has control characters")
        }
        self.means = means
        self.deviations = deviations
        self.centroids = centroids
        self.names = names
        flat = centroids.flatMap(\.self)
    }

    private static func isName(_ name: String) -> Bool {
        (1...SegmentationLimits.nameBytes).contains(name.utf8.count)
            && name.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    /// The segment of a customer: the index of the nearest centroid, the lower one of two that are equally near.
    ///
    /// The same operations as in the fit, in the same order: equal numbers give the same segment, bit for bit.
    /// - Parameters:
    ///   - recency: `recency_24h`.
    ///   - frequency: `Frequency`.
    ///   - monetary: `Monetary`.
    /// - Returns: 0 ..< names.count; nil when a number is not finite, not above -1, or absurdly far from the mean.
    /// - Complexity: three logarithms and O(segments); allocates nothing.
    package func assign(recency: Double, frequency: Double, monetary: Double) -> Int? {
        guard CustomerValues.isValid(recency), CustomerValues.isValid(frequency), CustomerValues.isValid(monetary)
        else { return nil }
        let x = standardised(recency, 0)
        let y = standardised(frequency, 1)
        let z = standardised(monetary, 2)
        var segment: Int?
        var least = Double.infinity
        for candidate in 0..<names.count {
            let dx = x - flat[3 * candidate]
            let dy = y - flat[3 * candidate + 1]
            let dz = z - flat[3 * candidate + 2]
            let distance = dx * dx + dy * dy + dz * dz
            if distance < least {
                least = distance
                segment = candidate
            }
        }
        return segment
    }

    /// - Parameter column: of `CustomerValues.features`.
    func standardised(_ value: Double, _ column: Int) -> Double {
        (CustomerValues.transformed(value) - means[column]) / deviations[column]
    }
}

extension SegmentModel: Codable {
    private enum CodingKeys: String, CodingKey {
        case features
        case means = "log1p_means"
        case deviations = "log1p_deviations"
        case centroids
        case names
    }

    /// - Throws: `DecodingError`; `dataCorrupted` with the reason when the model contradicts itself.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        guard try fields.decode([String].self, forKey: .features) == CustomerValues.features else {
            throw DecodingError.dataCorruptedError(
                forKey: .features,
                in: fields,
                debugDescription: "the segment model was made of other features"
            )
        }
        let means = try fields.decode([Double].self, forKey: .means)
        let deviations = try fields.decode([Double].self, forKey: .deviations)
        let centroids = try fields.decode([[Double]].self, forKey: .centroids)
        let names = try fields.decode([String].self, forKey: .names)
        do throws(SegmentationError) {
            try self.init(means: means, deviations: deviations, centroids: centroids, names: names)
        } catch {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: error.description, underlyingError: error)
            )
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(CustomerValues.features, forKey: .features)
        try fields.encode(means, forKey: .means)
        try fields.encode(deviations, forKey: .deviations)
        try fields.encode(centroids, forKey: .centroids)
        try fields.encode(names, forKey: .names)
    }
}
