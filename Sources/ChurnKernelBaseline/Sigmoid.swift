/// σ(z) = 1 / (1 + exp(-z)), in [0, 1]; NaN gives NaN.
///
/// Computed as e / (1 + e) for negative z and 1 / (1 + e) otherwise, with e = exp(-|z|): e cannot overflow, so small
/// probabilities keep their relative accuracy down to the subnormals instead of falling to 0 at z = -709.8.
@inline(__always)
func sigmoid(_ z: Double) -> Double {
    var x = -z.magnitude
    if x < Exponential.lowest { x = Exponential.lowest }
    let e = exponentialInRange(x)
    let numerator = z < 0 ? e : 1
    return numerator / (1 + e)
}

/// σ(z) in each lane; the twin of the scalar one.
@inline(__always)
func sigmoid(_ z: SIMD8<Double>) -> SIMD8<Double> {
    // -|z|: the sign bit set.
    let signs = SIMD8<UInt64>(repeating: 1 &<< 63)
    var x = unsafeBitCast(unsafeBitCast(z, to: SIMD8<UInt64>.self) | signs, to: SIMD8<Double>.self)
    x.replace(with: lanes(Exponential.lowest), where: x .< lanes(Exponential.lowest))
    let e = exponentialInRange(x)
    var numerator = lanes(1)
    numerator.replace(with: e, where: z .< lanes(0))
    return numerator / (lanes(1) + e)
}
