/// Constants of the exponential, made by `scripts/exp-coefficients.py` (Remez on the relative error).
///
/// Computed properties rather than stored ones: a stored global may be initialised lazily, behind a call.
enum Exponential {
    /// 1 / ln 2.
    @inline(__always) static var log2e: Double { 0x1.71547652b82fep0 }
    /// The leading 32 bits of ln 2, so that its product with a whole number below 2^21 is exact.
    @inline(__always) static var ln2High: Double { 0x1.62e42feep-1 }
    /// ln 2 - ln2High, rounded.
    @inline(__always) static var ln2Low: Double { 0x1.a39ef35793c76p-33 }

    // exp(r) = 1 + r + c2 r^2 + ... + c11 r^11 for |r| <= ln(2)/2, within 0.1 x 2^-53 relative.
    @inline(__always) static var c2: Double { 0x1.000000000000ap-1 }
    @inline(__always) static var c3: Double { 0x1.55555555554fap-3 }
    @inline(__always) static var c4: Double { 0x1.555555555088cp-5 }
    @inline(__always) static var c5: Double { 0x1.1111111127b9cp-7 }
    @inline(__always) static var c6: Double { 0x1.6c16c18426753p-10 }
    @inline(__always) static var c7: Double { 0x1.a01a012a69a1cp-13 }
    @inline(__always) static var c8: Double { 0x1.a0199a16ca44bp-16 }
    @inline(__always) static var c9: Double { 0x1.71df253a42b03p-19 }
    @inline(__always) static var c10: Double { 0x1.28ad68b9bb8cap-22 }
    @inline(__always) static var c11: Double { 0x1.ad7f7af885022p-26 }

    /// 1.5 x 2^52. Adding it to |v| < 2^51 rounds v to a whole number (ties to even), which then stands in the low
    /// bits of the sum; subtracting it again gives that number as a double. No conversion to integers is needed,
    /// which SSE2 and AVX2 have not for 64-bit lanes.
    @inline(__always) static var rounder: Double { 0x1.8p52 }
    /// The same plus the bias of a double's exponent: shifted left by 52, the sum's bits are 2^whole.
    @inline(__always) static var biasedRounder: Double { 0x1.8p52 + 1023 }

    /// Arguments are clamped to these. The results there are 0 and infinity already (exp underflows below
    /// -745.1332 and overflows above 709.7827), and both halves of the exponent stay in range.
    @inline(__always) static var lowest: Double { -746 }
    @inline(__always) static var highest: Double { 710 }
}

/// exp(x) for x in [-746, 710] or NaN.
///
/// Cody and Waite's reduction x = n ln 2 + r, a polynomial in r (Estrin's scheme), and a scaling by 2^n in two steps:
/// 2^n itself need not be a normal number, and the only rounding of the scaling is that of the last product.
/// NaN stays NaN through every product.
@inline(__always)
func exponentialInRange(_ x: Double) -> Double {
    let n = (x * Exponential.log2e + Exponential.rounder) - Exponential.rounder
    let r = (x - n * Exponential.ln2High) - n * Exponential.ln2Low

    let r2 = r * r
    let r4 = r2 * r2
    let r8 = r4 * r4
    let q23 = multiplyAdd(Exponential.c2, Exponential.c3, r)
    let q45 = multiplyAdd(Exponential.c4, Exponential.c5, r)
    let q67 = multiplyAdd(Exponential.c6, Exponential.c7, r)
    let q89 = multiplyAdd(Exponential.c8, Exponential.c9, r)
    let q1011 = multiplyAdd(Exponential.c10, Exponential.c11, r)
    let low = multiplyAdd(q23, q45, r2)
    let high = multiplyAdd(q67, q89, r2)
    let q = multiplyAdd(multiplyAdd(low, high, r4), q1011, r8)
    let p = 1 + multiplyAdd(r, r2, q)

    let firstHalf = n * 0.5 + Exponential.biasedRounder
    let secondHalf = (n - (firstHalf - Exponential.biasedRounder)) + Exponential.biasedRounder
    return p * Double(bitPattern: firstHalf.bitPattern &<< 52) * Double(bitPattern: secondHalf.bitPattern &<< 52)
}

/// exp(x) in each lane; the twin of the scalar one.
@inline(__always)
func exponentialInRange(_ x: SIMD8<Double>) -> SIMD8<Double> {
    let n = (x * lanes(Exponential.log2e) + lanes(Exponential.rounder)) - lanes(Exponential.rounder)
    let r = (x - n * lanes(Exponential.ln2High)) - n * lanes(Exponential.ln2Low)

    let r2 = r * r
    let r4 = r2 * r2
    let r8 = r4 * r4
    let q23 = multiplyAdd(lanes(Exponential.c2), lanes(Exponential.c3), r)
    let q45 = multiplyAdd(lanes(Exponential.c4), lanes(Exponential.c5), r)
    let q67 = multiplyAdd(lanes(Exponential.c6), lanes(Exponential.c7), r)
    let q89 = multiplyAdd(lanes(Exponential.c8), lanes(Exponential.c9), r)
    let q1011 = multiplyAdd(lanes(Exponential.c10), lanes(Exponential.c11), r)
    let low = multiplyAdd(q23, q45, r2)
    let high = multiplyAdd(q67, q89, r2)
    let q = multiplyAdd(multiplyAdd(low, high, r4), q1011, r8)
    let p = lanes(1) + multiplyAdd(r, r2, q)

    let firstHalf = n * lanes(0.5) + lanes(Exponential.biasedRounder)
    let secondHalf = (n - (firstHalf - lanes(Exponential.biasedRounder))) + lanes(Exponential.biasedRounder)
    let shift = SIMD8<UInt64>(repeating: 52)
    let firstScale = unsafeBitCast(unsafeBitCast(firstHalf, to: SIMD8<UInt64>.self) &<< shift, to: SIMD8<Double>.self)
    let secondScale = unsafeBitCast(unsafeBitCast(secondHalf, to: SIMD8<UInt64>.self) &<< shift, to: SIMD8<Double>.self)
    return p * firstScale * secondScale
}

/// exp(x) for any x, within 1.25 units in the last place (measured: 1.03), also of the subnormal grid.
///
/// exp(0) = 1, overflow gives infinity, underflow 0, NaN gives NaN; no finite x gives NaN.
@inline(__always)
package func exponential(_ x: Double) -> Double {
    var clamped = x  // comparisons with NaN are false: it passes
    if clamped < Exponential.lowest { clamped = Exponential.lowest }
    if clamped > Exponential.highest { clamped = Exponential.highest }
    return exponentialInRange(clamped)
}

/// exp(x) in each lane; the twin of the scalar one.
@inline(__always)
package func exponential(_ x: SIMD8<Double>) -> SIMD8<Double> {
    var clamped = x
    clamped.replace(with: lanes(Exponential.lowest), where: clamped .< lanes(Exponential.lowest))
    clamped.replace(with: lanes(Exponential.highest), where: clamped .> lanes(Exponential.highest))
    return exponentialInRange(clamped)
}
