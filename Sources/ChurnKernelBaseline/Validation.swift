/// The first position of a value that is NaN, infinite or larger in magnitude than `limit`, or -1.
///
/// Compares bit patterns: without their sign bits doubles are ordered as integers, with infinity and NaN on top, so
/// `limit - |x|` is negative exactly for the values looked for. One pass without a branch, and a second one up to the
/// culprit if there is one.
///
/// - Parameter limit: finite, at least 0.
/// - Complexity: O(count), allocates nothing.
@inline(never)
package func firstBeyond(limit: Double, in values: UnsafePointer<Double>, count: Int) -> Int {
    let magnitudeMask = UInt64.max &>> 1
    let limitBits = limit.bitPattern & magnitudeMask
    let masks = SIMD8<UInt64>(repeating: magnitudeMask)
    let limits = SIMD8<UInt64>(repeating: limitBits)

    var found = SIMD8<UInt64>(repeating: 0)
    var at = 0
    while at &+ 8 <= count {
        let magnitudes = unsafeBitCast(load8(values + at), to: SIMD8<UInt64>.self) & masks
        found |= limits &- magnitudes
        at &+= 8
    }
    var any = found[0] | found[1] | found[2] | found[3] | found[4] | found[5] | found[6] | found[7]
    while at < count {
        any |= limitBits &- (values[at].bitPattern & magnitudeMask)
        at &+= 1
    }
    if any &>> 63 == 0 { return -1 }

    for position in 0..<count where values[position].bitPattern & magnitudeMask > limitBits {
        return position
    }
    return -1
}
