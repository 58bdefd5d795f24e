// z[r] = b + w[0] x[r][0] + w[1] x[r][1] + ..., summed in that order, one rounding an operation (or one a term where
// there is FMA). `weights` and `bias` are folded: the standardisation is inside them.
//
// The functions of this file are not inlined: a caller is compiled for the baseline, and would make baseline code of them.

/// One row's log-odds and probability, from `count` adjacent inputs: the scalar twin of the batches.
///
/// - Parameters:
///   - inputs: `[count]`, the model's transformed inputs, not standardised.
///   - weights: `[count]`, log-odds per unit of input.
///   - count: 0 or more.
/// - Complexity: O(count), allocates nothing.
@inline(never)
package func scoreRow(
    inputs: UnsafePointer<Double>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double
) -> (logOdds: Double, probability: Double) {
    var z = bias
    for j in 0..<count {
        z = multiplyAdd(z, weights[j], inputs[j])
    }
    return (z, sigmoid(z))
}

/// Probabilities of a batch held by columns: `p[r] = σ(b + Σ_j w[j] · columns[j][r])`.
///
/// - Parameters:
///   - columns: `count` columns of at least `rows` doubles each, at any 8-byte alignment.
///   - weights: `[count]`.
///   - probabilities: `[rows]`, overwritten; must not overlap a column.
/// - Complexity: O(rows · count), allocates nothing.
@inline(never)
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
        store8(sigmoid(z), probabilities + row)
        row &+= 8
    }
    while row < rows {
        var z = bias
        for j in 0..<count {
            z = multiplyAdd(z, weights[j], columns[j][row])
        }
        probabilities[row] = sigmoid(z)
        row &+= 1
    }
}

/// Probabilities of rows that lie anywhere: `p[r] = σ(b + Σ_j w[j] · rows[r][j])`.
///
/// - Parameters:
///   - rows: `[rowCount]`, each of `count` adjacent inputs; a row may be there twice.
///   - weights: `[count]`.
///   - probabilities: `[rowCount]`, overwritten; must not overlap the inputs.
/// - Complexity: O(rowCount · count), allocates nothing.
@inline(never)
package func scoreRows(
    _ rows: UnsafePointer<UnsafePointer<Double>>,
    weights: UnsafePointer<Double>,
    count: Int,
    bias: Double,
    rowCount: Int,
    probabilities: UnsafeMutablePointer<Double>
) {
    var row = 0
    while row &+ 8 <= rowCount {
        let r0 = rows[row]
        let r1 = rows[row &+ 1]
        let r2 = rows[row &+ 2]
        let r3 = rows[row &+ 3]
        let r4 = rows[row &+ 4]
        let r5 = rows[row &+ 5]
        let r6 = rows[row &+ 6]
        let r7 = rows[row &+ 7]
        var z = lanes(bias)
        for j in 0..<count {
            let x = SIMD8<Double>(r0[j], r1[j], r2[j], r3[j], r4[j], r5[j], r6[j], r7[j])
            z = multiplyAdd(z, lanes(weights[j]), x)
        }
        store8(sigmoid(z), probabilities + row)
        row &+= 8
    }
    while row < rowCount {
        var z = bias
        for j in 0..<count {
            z = multiplyAdd(z, weights[j], rows[row][j])
        }
        probabilities[row] = sigmoid(z)
        row &+= 1
    }
}

/// exp of each of `count` values, eight at a time and the last ones singly; the kernels' exponential for itself.
@inline(never)
package func exponentials(of values: UnsafePointer<Double>, count: Int, into results: UnsafeMutablePointer<Double>) {
    var at = 0
    while at &+ 8 <= count {
        store8(exponential(load8(values + at)), results + at)
        at &+= 8
    }
    while at < count {
        results[at] = exponential(values[at])
        at &+= 1
    }
}
