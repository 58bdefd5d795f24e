// The files of this folder are compiled once for each CPU level, into targets of their own: ChurnKernelV3 and
// ChurnKernelV4 are links to it, and Package.swift gives each its flags. What keeps that sound, and what
// scripts/check-kernels looks after:
// - nothing but free functions over raw pointers and SIMD8<Double>, all inlined: no Array, no generic code out of
//   line (`clamp`, `pointwiseMin`, `any`). Such code is emitted as a weak symbol by every level, and the linker may
//   keep the AVX-512 copy of it for the baseline;
// - what other targets call is not inlined, for they are compiled for the baseline. But for what training calls, of
//   the baseline's own module alone: the loads, stores and sums of Lanes.swift, and the exponential;
// - each SIMD function has a scalar twin with the same operations in the same order. Lanes round as scalars do, so
//   the two give the same bits, and a row's result depends neither on its position nor on the number of rows.

/// `a + b·c`: rounded once where the target has FMA instructions (`USE_FMA`), else twice. Without them
/// `addingProduct` is a call of libm's emulation, tens of times slower than the two operations.
@inline(__always)
func multiplyAdd(_ a: Double, _ b: Double, _ c: Double) -> Double {
    #if USE_FMA
        a.addingProduct(b, c)
    #else
        a + b * c
    #endif
}

/// `a + b·c` in each lane; see the scalar twin.
@inline(__always)
func multiplyAdd(_ a: SIMD8<Double>, _ b: SIMD8<Double>, _ c: SIMD8<Double>) -> SIMD8<Double> {
    #if USE_FMA
        a.addingProduct(b, c)
    #else
        a + b * c
    #endif
}
