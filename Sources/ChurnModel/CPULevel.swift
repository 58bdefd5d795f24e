internal import CCPU

/// What a processor can do, as far as the kernels care. Each level has kernels of its own, compiled from one source.
///
/// On one level every way to score a row gives the same bits. Log-odds of two levels differ by rounding, within
/// ``Scorer/tolerance(inputs:)``: where there is FMA, a product is not rounded before it is added.
package enum CPULevel: String, CaseIterable, Sendable {
    /// What every processor of the architecture has: SSE2 on x86-64, NEON on arm64.
    case baseline
    /// x86-64-v3: AVX2 and FMA.
    case v3
    /// x86-64-v4: AVX-512.
    case v4

    /// Whether this processor has the level, and the system on it saves the registers.
    package var isAvailable: Bool {
        switch self {
        case .baseline: true
        case .v3: churn_cpu_has_x86_64_v3()
        case .v4: churn_cpu_has_x86_64_v4()
        }
    }

    /// Those that this processor has, from the lowest.
    package static let available = allCases.filter(\.isAvailable)

    package static let best = available.last ?? .baseline
}
