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
