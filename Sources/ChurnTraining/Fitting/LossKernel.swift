internal import ChurnKernelBaseline

// Free functions over raw pointers. A block holds up to `TrainingLimits.blockRows` rows column by column: the columns of
// the standardised inputs (the first is all ones, for the intercept), then the labels, 0 or 1, each column
// `TrainingLimits.blockStride` after the one before it. What follows the last row is 0.

/// Computed: a stored global may be initialised lazily, behind a call.
@inline(__always)
private var blockStride: Int { TrainingLimits.blockStride }

/// Loss of a block's rows, and the derivatives of each row's loss by its log-odds.
///
/// With `z = Σ_j weights[j] x_j`, `e = exp(-|z|)`, `p = σ(z)`: loss `max(z, 0) - y z + ln(1 + e)`, residual `p - y`,
/// curvature `p (1 - p) = e / (1 + e)^2`. The logarithms are taken of the product of up to 256 / 8 factors, each in
/// [1, 2], instead of one by one.
///
/// - Parameters:
///   - rows: 1 to `TrainingLimits.blockRows`.
///   - columns: of inputs, the one of the ones included.
///   - residuals: `[blockRows]`, overwritten; 0 beyond `rows`.
///   - curvatures: the same.
/// - Returns: the sum of the rows' losses.
func blockLoss(
    _ block: UnsafePointer<Double>,
    rows: Int,
    columns: Int,
    weights: UnsafePointer<Double>,
    residuals: UnsafeMutablePointer<Double>,
    curvatures: UnsafeMutablePointer<Double>
) -> Double {
    let labels = block + columns &* blockStride
    let zero = lanes(0)
    let one = lanes(1)
    var linear = zero
    var product = one
    var row = 0
    while row &+ 8 <= rows {
        var z = lanes(weights[0])
        for column in 1..<columns {
            z += lanes(weights[column]) * load8(block + column &* blockStride + row)
        }
        let y = load8(labels + row)
        var magnitude = z
        magnitude.replace(with: zero - z, where: z .< zero)
        let e = exponential(zero - magnitude)
        let onePlusE = one + e
        let reciprocal = one / onePlusE
        let small = e * reciprocal
        var p = reciprocal
        p.replace(with: small, where: z .< zero)
        store8(p - y, residuals + row)
        store8(small * reciprocal, curvatures + row)
        product *= onePlusE
        // max(z, 0) = (z + |z|) / 2
        linear += (z + magnitude) * lanes(0.5) - y * z
        row &+= 8
    }
    var loss = 0.0
    while row < rows {
        let one = blockLossOfRow(block + row, columns: columns, weights: weights)
        loss += one.loss
        residuals[row] = one.residual
        curvatures[row] = one.curvature
        row &+= 1
    }
    // The sums run over whole vectors; what follows the last row must not count.
    while row % 8 != 0 {
        residuals[row] = 0
        curvatures[row] = 0
        row &+= 1
    }
    for lane in 0..<8 { loss += linear[lane] + naturalLogarithm(product[lane]) }
    return loss
}

/// The scalar twin of ``blockLoss``, for one row: its column 0 is at `row`.
func blockLossOfRow(
    _ row: UnsafePointer<Double>,
    columns: Int,
    weights: UnsafePointer<Double>
) -> (loss: Double, residual: Double, curvature: Double) {
    var z = weights[0]
    for column in 1..<columns { z += weights[column] * row[column &* blockStride] }
    let y = row[columns &* blockStride]
    let e = exponential(-z.magnitude)
    let reciprocal = 1 / (1 + e)
    let small = e * reciprocal
    let p = z < 0 ? small : reciprocal
    return (max(z, 0) - y * z + naturalLogarithm(1 + e), p - y, small * reciprocal)
}

/// Adds `Σ_r residual[r] x_j[r]` to `gradient[j]` for every column.
func addBlockGradient(
    _ block: UnsafePointer<Double>,
    rows: Int,
    columns: Int,
    residuals: UnsafePointer<Double>,
    gradient: UnsafeMutablePointer<Double>
) {
    for column in 0..<columns {
        let x = block + column &* blockStride
        var sums = lanes(0)
        var row = 0
        while row < rows {
            sums += load8(residuals + row) * load8(x + row)
            row &+= 8
        }
        gradient[column] += laneSum(sums)
    }
}

/// Adds `Σ_r curvature[r] x_i[r] x_j[r]` to `hessian[i * columns + j]` for all `i <= j`.
///
/// Two columns at a time against two: four sums live in registers, and every value loaded is used twice.
///
/// - Parameter weighted: scratch, `[2 * blockStride]`.
func addBlockHessian(
    _ block: UnsafePointer<Double>,
    rows: Int,
    columns: Int,
    curvatures: UnsafePointer<Double>,
    weighted: UnsafeMutablePointer<Double>,
    hessian: UnsafeMutablePointer<Double>
) {
    var i = 0
    while i < columns {
        let isPair = i &+ 1 < columns
        weigh(block + i &* blockStride, by: curvatures, rows: rows, into: weighted)
        if isPair { weigh(block + (i &+ 1) &* blockStride, by: curvatures, rows: rows, into: weighted + blockStride) }
        var j = i
        while j < columns {
            let x = block + j &* blockStride
            if isPair, j &+ 1 < columns {
                let sums = pairSums(weighted, x, rows: rows)
                hessian[i &* columns &+ j] += sums.s00
                hessian[i &* columns &+ j &+ 1] += sums.s01
                // On the diagonal this one lies below it; it is not read.
                hessian[(i &+ 1) &* columns &+ j] += sums.s10
                hessian[(i &+ 1) &* columns &+ j &+ 1] += sums.s11
            } else {
                hessian[i &* columns &+ j] += productSum(weighted, x, rows: rows)
                if isPair { hessian[(i &+ 1) &* columns &+ j] += productSum(weighted + blockStride, x, rows: rows) }
            }
            j &+= 2
        }
        i &+= 2
    }
}

@inline(__always)
private func weigh(
    _ x: UnsafePointer<Double>,
    by weights: UnsafePointer<Double>,
    rows: Int,
    into out: UnsafeMutablePointer<Double>
) {
    var row = 0
    while row < rows {
        store8(load8(x + row) * load8(weights + row), out + row)
        row &+= 8
    }
}

/// The sums of the products of two columns, at `a` and one stride after it, with two more at `b`.
@inline(__always)
private func pairSums(
    _ a: UnsafePointer<Double>,
    _ b: UnsafePointer<Double>,
    rows: Int
) -> (s00: Double, s01: Double, s10: Double, s11: Double) {
    var s00 = SIMD4<Double>(repeating: 0)
    var s01 = s00
    var s10 = s00
    var s11 = s00
    var row = 0
    while row < rows {
        let a0 = load4(a + row)
        let a1 = load4(a + blockStride + row)
        let b0 = load4(b + row)
        let b1 = load4(b + blockStride + row)
        s00 += a0 * b0
        s01 += a0 * b1
        s10 += a1 * b0
        s11 += a1 * b1
        row &+= 4
    }
    return (laneSum(s00), laneSum(s01), laneSum(s10), laneSum(s11))
}

@inline(__always)
private func productSum(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, rows: Int) -> Double {
    var sums = lanes(0)
    var row = 0
    while row < rows {
        sums += load8(a + row) * load8(b + row)
        row &+= 8
    }
    return laneSum(sums)
}
