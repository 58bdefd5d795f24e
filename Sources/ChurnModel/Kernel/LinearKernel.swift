// z[r] = b + w[0] x[r][0] + w[1] x[r][1] + ..., summed in that order, one rounding an operation (or one a term where
// there is FMA). `weights` and `bias` are folded: the standardisation is inside them.

/// One row's log-odds from `count` adjacent inputs.
///
/// - Parameters:
///   - inputs: `[count]`, the model's transformed inputs, not standardised.
///   - weights: `[count]`, log-odds per unit of input.
///   - count: 0 or more.
/// - Complexity: O(count), allocates nothing.
@inline(__always)
package func logOddsOfRow(
    inputs: UnsafePointer<Double>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double
) -> Double {
    var z = bias
    for j in 0..<count {
        z = multiplyAdd(z, weights[j], inputs[j])
    }
    return z
}

/// Log-odds of the row `row` of a matrix held by columns.
@inline(__always)
func logOddsOfRow(
    _ row: Int,
    columns: UnsafePointer<UnsafePointer<Double>>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double
) -> Double {
    var z = bias
    for j in 0..<count {
        z = multiplyAdd(z, weights[j], columns[j][row])
    }
    return z
}

/// Probabilities of a batch held by columns, one row at a time: the scalar twin of ``scoreColumns``, for tests and
/// for its tail.
package func scoreColumnsScalar(
    columns: UnsafePointer<UnsafePointer<Double>>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double,
    rows: Range<Int>,
    probabilities: UnsafeMutablePointer<Double>
) {
    for row in rows {
        probabilities[row] = sigmoid(
            logOddsOfRow(row, columns: columns, weights: weights, count: count, bias: bias)
        )
    }
}

/// Probabilities of a batch held by columns: `p[r] = σ(b + Σ_j w[j] · columns[j][r])`.
///
/// - Parameters:
///   - columns: `count` columns of at least `rows` doubles each, at any 8-byte alignment.
///   - weights: `[count]`.
///   - probabilities: `[rows]`, overwritten; must not overlap a column.
/// - Complexity: O(rows · count), allocates nothing.
package func scoreColumns(
    columns: UnsafePointer<UnsafePointer<Double>>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double,
    rows: Int,
    probabilities: UnsafeMutablePointer<Double>
) {
    var row = 0
    while row &+ 8 <= rows {
        var z = lanes(bias)
        for j in 0..<count {
            z = multiplyAdd(z, lanes(weights[j]), load8(columns[j] + row))
        }
        UnsafeMutableRawPointer(probabilities + row).storeBytes(of: sigmoid(z), as: SIMD8<Double>.self)
        row &+= 8
    }
    scoreColumnsScalar(
        columns: columns,
        weights: weights,
        count: count,
        bias: bias,
        rows: row..<rows,
        probabilities: probabilities
    )
}

/// Probabilities of rows held one after another, one at a time: the scalar twin of ``scoreRows``, for tests and for
/// its tail.
package func scoreRowsScalar(
    inputs: UnsafePointer<Double>,
    stride: Int,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double,
    rows: Range<Int>,
    probabilities: UnsafeMutablePointer<Double>
) {
    for row in rows {
        probabilities[row] = sigmoid(
            logOddsOfRow(inputs: inputs + row &* stride, weights: weights, count: count, bias: bias)
        )
    }
}

/// Probabilities of rows held one after another: `p[r] = σ(b + Σ_j w[j] · inputs[r · stride + j])`.
///
/// - Parameters:
///   - inputs: row r starts at `inputs + r · stride`.
///   - stride: distance of two rows in doubles, at least `count`.
///   - weights: `[count]`.
///   - probabilities: `[rows]`, overwritten; must not overlap the inputs.
/// - Complexity: O(rows · count), allocates nothing.
package func scoreRows(
    inputs: UnsafePointer<Double>,
    stride: Int,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double,
    rows: Int,
    probabilities: UnsafeMutablePointer<Double>
) {
    var row = 0
    while row &+ 8 <= rows {
        let r0 = inputs + row &* stride
        let r1 = r0 + stride
        let r2 = r1 + stride
        let r3 = r2 + stride
        let r4 = r3 + stride
        let r5 = r4 + stride
        let r6 = r5 + stride
        let r7 = r6 + stride
        var z = lanes(bias)
        for j in 0..<count {
            let x = SIMD8<Double>(r0[j], r1[j], r2[j], r3[j], r4[j], r5[j], r6[j], r7[j])
            z = multiplyAdd(z, lanes(weights[j]), x)
        }
        UnsafeMutableRawPointer(probabilities + row).storeBytes(of: sigmoid(z), as: SIMD8<Double>.self)
        row &+= 8
    }
    scoreRowsScalar(
        inputs: inputs,
        stride: stride,
        weights: weights,
        count: count,
        bias: bias,
        rows: row..<rows,
        probabilities: probabilities
    )
}
