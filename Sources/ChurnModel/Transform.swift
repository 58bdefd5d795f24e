internal import ChurnBase

/// How an input of a model is made from a raw feature.
package enum Transform: Equatable, Hashable, Sendable {
    /// The feature as it is.
    case identity
    /// `ln(1 + x)`; NaN below -1, negative infinity at -1.
    case log1p
    /// `ln(x + offset)`; NaN below -offset, negative infinity there.
    case log(offset: Double)

    /// The transformed value. Outside the domain it is NaN or infinite, which ``Scorer/firstInvalid(inputs:)`` finds.
    @inline(__always)
    package func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .identity: x
        // libm's, and the same calls for one row and for a batch: equal features give equal bits everywhere.
        case .log1p: libmLog1p(x)
        case .log(let offset): libmLog(x + offset)
        }
    }

    /// Its name in artefacts.
    package var name: String {
        switch self {
        case .identity: "identity"
        case .log1p: "log1p"
        case .log: "log"
        }
    }
}

// Outside the enum, where `log` and `log1p` are the functions and not the cases.
@inline(__always)
private func libmLog1p(_ x: Double) -> Double {
    log1p(x)
}

@inline(__always)
private func libmLog(_ x: Double) -> Double {
    log(x)
}

/// One input of a model: a feature, how it is transformed and standardised, and its coefficient.
package struct ModelInput: Equatable, Sendable {
    /// Name of the raw feature: 1 to 64 bytes of printable ASCII without spaces.
    package var feature: String
    package var transform: Transform
    /// Of the transformed feature, over the training rows.
    package var mean: Double
    /// Standard deviation of the transformed feature over the training rows; above 0.
    package var scale: Double
    /// Log-odds per standard deviation.
    package var coefficient: Double

    package init(feature: String, transform: Transform = .identity, mean: Double, scale: Double, coefficient: Double) {
        self.feature = feature
        self.transform = transform
        self.mean = mean
        self.scale = scale
        self.coefficient = coefficient
    }
}
