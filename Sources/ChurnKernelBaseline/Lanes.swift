// Loads and stores at any alignment, and sums in a fixed order, for the kernels of scoring, of fitting and of segmentation.

/// The same value in all lanes.
@inlinable @inline(__always)
package func lanes(_ value: Double) -> SIMD8<Double> {
    SIMD8<Double>(repeating: value)
}

/// Eight consecutive doubles.
@inlinable @inline(__always)
package func load8(_ pointer: UnsafePointer<Double>) -> SIMD8<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD8<Double>.self)
}

/// Four consecutive doubles.
@inlinable @inline(__always)
package func load4(_ pointer: UnsafePointer<Double>) -> SIMD4<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
}

/// Two consecutive doubles.
@inlinable @inline(__always)
package func load2(_ pointer: UnsafePointer<Double>) -> SIMD2<Double> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD2<Double>.self)
}

/// Writes eight consecutive doubles.
@inlinable @inline(__always)
package func store8(_ value: SIMD8<Double>, _ pointer: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: SIMD8<Double>.self)
}

@inlinable @inline(__always)
package func laneSum(_ x: SIMD4<Double>) -> Double {
    (x[0] + x[1]) + (x[2] + x[3])
}

@inlinable @inline(__always)
package func laneSum(_ x: SIMD8<Double>) -> Double {
    laneSum(x.lowHalf) + laneSum(x.highHalf)
}
