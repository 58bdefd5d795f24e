// Loads at any alignment, and sums in a fixed order, for the kernels of fitting and of segmentation.

/// The same value in all lanes.
@inline(__always)
func lanes(_ value: Double) -> SIMD8<Double> {
    SIMD8<Double>(repeating: value)
}

/// Eight consecutive doubles.
@inline(__always)
func load8(_ pointer: UnsafePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Double>.self)
}

/// Four consecutive doubles.
@inline(__always)
func load4(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}

/// Two consecutive doubles.
@inline(__always)
func load2(_ pointer: UnsafePointer<Double>) -> SIMD2<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD2<Double>.self)
}

@inline(__always)
func laneSum(_ x: SIMD4<Double>) -> Double {
    (x[0] + x[1]) + (x[2] + x[3])
}

@inline(__always)
func laneSum(_ x: SIMD8<Double>) -> Double {
    laneSum(x.lowHalf) + laneSum(x.highHalf)
}
