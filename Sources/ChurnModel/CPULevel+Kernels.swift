internal import ChurnKernelBaseline
#if arch(x86_64)
    internal import ChurnKernelV3
    internal import ChurnKernelV4
#endif

// The one place where a level's kernels are called: a branch that is always taken the same way. What the functions do
// stands in Sources/ChurnKernelBaseline.
//
// - Precondition of each: the level is available. The processor knows no instruction of one that is not.

extension CPULevel {
    package func scoreRow(
        inputs: UnsafePointer<Double>,
        weights: UnsafePointer<Double>,
        count: Int,
        bias: Double
    ) -> (logOdds: Double, probability: Double) {
        switch self {
        #if arch(x86_64)
            case .v4:
                ChurnKernelV4.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias)
            case .v3:
                ChurnKernelV3.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias)
        #endif
        default:
            ChurnKernelBaseline.scoreRow(inputs: inputs, weights: weights, count: count, bias: bias)
        }
    }

    package func scoreColumns(
        columns: UnsafePointer<UnsafePointer<Double>>,
        weights: UnsafePointer<Double>,
        count: Int,
        bias: Double,
        rows: Int,
        probabilities: UnsafeMutablePointer<Double>
    ) {
        switch self {
        #if arch(x86_64)
            case .v4:
                ChurnKernelV4.scoreColumns(
                    columns: columns,
                    weights: weights,
                    count: count,
                    bias: bias,
                    rows: rows,
                    probabilities: probabilities
                )
            case .v3:
                ChurnKernelV3.scoreColumns(
                    columns: columns,
                    weights: weights,
                    count: count,
                    bias: bias,
                    rows: rows,
                    probabilities: probabilities
                )
        #endif
        default:
            ChurnKernelBaseline.scoreColumns(
                columns: columns,
                weights: weights,
                count: count,
                bias: bias,
                rows: rows,
                probabilities: probabilities
            )
        }
    }

    package func scoreRows(
        _ rows: UnsafePointer<UnsafePointer<Double>>,
        weights: UnsafePointer<Double>,
        count: Int,
        bias: Double,
        rowCount: Int,
        probabilities: UnsafeMutablePointer<Double>
    ) {
        switch self {
        #if arch(x86_64)
            case .v4:
                ChurnKernelV4.scoreRows(
                    rows,
                    weights: weights,
                    count: count,
                    bias: bias,
                    rowCount: rowCount,
                    probabilities: probabilities
                )
            case .v3:
                ChurnKernelV3.scoreRows(
                    rows,
                    weights: weights,
                    count: count,
                    bias: bias,
                    rowCount: rowCount,
                    probabilities: probabilities
                )
        #endif
        default:
            ChurnKernelBaseline.scoreRows(
                rows,
                weights: weights,
                count: count,
                bias: bias,
                rowCount: rowCount,
                probabilities: probabilities
            )
        }
    }

    package func firstBeyond(
        limit: Double,
        in values: UnsafePointer<Double>,
        count: Int
    ) -> Int {
        switch self {
        #if arch(x86_64)
            case .v4:
                ChurnKernelV4.firstBeyond(limit: limit, in: values, count: count)
            case .v3:
                ChurnKernelV3.firstBeyond(limit: limit, in: values, count: count)
        #endif
        default:
            ChurnKernelBaseline.firstBeyond(limit: limit, in: values, count: count)
        }
    }

    package func exponentials(
        of values: UnsafePointer<Double>,
        count: Int,
        into results: UnsafeMutablePointer<Double>
    ) {
        switch self {
        #if arch(x86_64)
            case .v4:
                ChurnKernelV4.exponentials(of: values, count: count, into: results)
            case .v3:
                ChurnKernelV3.exponentials(of: values, count: count, into: results)
        #endif
        default:
            ChurnKernelBaseline.exponentials(of: values, count: count, into: results)
        }
    }
}
