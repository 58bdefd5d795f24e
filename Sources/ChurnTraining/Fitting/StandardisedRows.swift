/// A data set standardised and laid out for the kernels of `LossKernel.swift`.
///
/// `x' = (x - mean) / scale` with the population standard deviation as scale, or 1 where a column is constant. Rows stand
/// in blocks of `TrainingLimits.blockRows`, blocks in units of `TrainingLimits.blocksPerUnit`.
package struct StandardisedRows: Sendable {
    /// Names of the inputs.
    package let inputs: [String]
    package let rowCount: Int
    package let positiveCount: Int
    /// Columns of the kernels: the one of the ones, then the inputs.
    package let columnCount: Int
    /// `[C]`, of the inputs.
    package let means: [Double]
    /// `[C]`, above 0.
    package let scales: [Double]
    /// `[C]`: true where all rows have the same value.
    let isConstant: [Bool]
    /// Blocks of each unit one after another; see `LossKernel.swift`.
    private let units: [[Double]]

    private static let unitRows = TrainingLimits.blockRows * TrainingLimits.blocksPerUnit

    /// - Throws: `unusableValue` where a column's standard deviation is so small that the standardised values overflow.
    package init(_ dataset: Dataset, threads: Int) throws(TrainingError) {
        inputs = dataset.inputs
        rowCount = dataset.rowCount
        positiveCount = dataset.positiveCount
        columnCount = dataset.inputs.count + 1
        let moments = Workers.map(items: dataset.inputs.count, threads: threads) { column in
            dataset.values.withUnsafeBufferPointer { values in
                Moments(
                    UnsafeBufferPointer(
                        rebasing: values[(column * dataset.rowCount)..<((column + 1) * dataset.rowCount)]
                    )
                )
            }
        }
        for (moment, name) in zip(moments, dataset.inputs) where !(1 / moment.scale).isFinite {
            throw .unusableValue(row: 0, input: name, found: "of standard deviation \(moment.scale)")
        }
        means = moments.map(\.mean)
        scales = moments.map(\.scale)
        isConstant = moments.map(\.isConstant)
        let unitCount = (dataset.rowCount + Self.unitRows - 1) / Self.unitRows
        units = Workers.map(items: unitCount, threads: threads) { unit in
            Self.layOut(dataset, moments: moments, from: unit * Self.unitRows)
        }
    }

    private static func layOut(_ dataset: Dataset, moments: [Moments], from firstRow: Int) -> [Double] {
        let rows = min(unitRows, dataset.rowCount - firstRow)
        let blockRows = TrainingLimits.blockRows
        let blocks = (rows + blockRows - 1) / blockRows
        let stride = TrainingLimits.blockStride
        let blockSize = (dataset.inputs.count + 2) * stride
        return [Double](unsafeUninitializedCapacity: blocks * blockSize) { out, count in
            out.initialize(repeating: 0)
            dataset.values.withUnsafeBufferPointer { values in
                for block in 0..<blocks {
                    let start = firstRow + block * blockRows
                    let blockCount = min(blockRows, firstRow + rows - start)
                    var position = block * blockSize
                    for row in 0..<blockCount { out[position + row] = 1 }
                    for (column, moment) in moments.enumerated() {
                        position += stride
                        let source = UnsafeBufferPointer(
                            rebasing: values[(column * dataset.rowCount + start)...].prefix(blockCount)
                        )
                        let inverse = 1 / moment.scale
                        for row in 0..<blockCount { out[position + row] = (source[row] - moment.mean) * inverse }
                    }
                    position += stride
                    for row in 0..<blockCount { out[position + row] = dataset.labels[start + row] ? 1 : 0 }
                }
            }
            count = blocks * blockSize
        }
    }

    /// Loss, gradient and Hessian without penalty at `weights`: intercept first, on the standardised inputs.
    ///
    /// Each unit is added up by one thread and the units in their order, so every number of threads gives the same bits.
    ///
    /// - Parameters:
    ///   - weights: `[columnCount]`.
    ///   - unitStep: 1 for all units, n for every n-th one from the first.
    /// - Complexity: O(R C²).
    package func evaluate(_ weights: [Double], unitStep: Int = 1, threads: Int) -> LossDerivatives {
        precondition(weights.count == columnCount)
        var total = LossDerivatives(columnCount: columnCount)
        let (units, columns, rowCount) = (units, columnCount, rowCount)
        for part in Workers.map(
            items: (units.count + unitStep - 1) / unitStep,
            threads: threads,
            { item in
                let unit = item * unitStep
                let rows = min(Self.unitRows, rowCount - unit * Self.unitRows)
                return Self.evaluate(units[unit], rows: rows, columns: columns, weights)
            }
        ) {
            total.add(part)
        }
        return total
    }

    /// Units from one of the sample's to the next: about a sixteenth of the units, at least `unitsOfSample`; 1 when there
    /// are too few for that.
    var sampleStep: Int {
        max(1, min(16, units.count / TrainingLimits.unitsOfSample))
    }

    /// Rows that `evaluate` adds up with this step.
    func rowCount(unitStep: Int) -> Int {
        stride(from: 0, to: units.count, by: unitStep)
            .reduce(0) { $0 + min(Self.unitRows, rowCount - $1 * Self.unitRows) }
    }

    private static func evaluate(_ unit: [Double], rows: Int, columns: Int, _ weights: [Double]) -> LossDerivatives {
        let blockRows = TrainingLimits.blockRows
        var result = LossDerivatives(columnCount: columns)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * (blockRows + TrainingLimits.blockStride)) {
            scratch in
            unit.withUnsafeBufferPointer { unit in
                weights.withUnsafeBufferPointer { weights in
                    result.withUnsafeMutablePointers { loss, gradient, hessian in
                        guard let scratch = scratch.baseAddress, var block = unit.baseAddress,
                            let weights = weights.baseAddress
                        else { return }
                        var start = 0
                        while start < rows {
                            let count = min(blockRows, rows - start)
                            let residuals = scratch
                            let curvatures = scratch + blockRows
                            loss.pointee += blockLoss(
                                block,
                                rows: count,
                                columns: columns,
                                weights: weights,
                                residuals: residuals,
                                curvatures: curvatures
                            )
                            addBlockGradient(
                                block,
                                rows: count,
                                columns: columns,
                                residuals: residuals,
                                gradient: gradient
                            )
                            addBlockHessian(
                                block,
                                rows: count,
                                columns: columns,
                                curvatures: curvatures,
                                weighted: scratch + 2 * blockRows,
                                hessian: hessian
                            )
                            start += blockRows
                            block += (columns + 1) * TrainingLimits.blockStride
                        }
                    }
                }
            }
        }
        return result
    }
}

/// Sum of losses with its first and second derivatives.
package struct LossDerivatives: Equatable, Sendable {
    package var loss = 0.0
    /// `[n]`, intercept first.
    package var gradient: [Double]
    /// `[n * n]`, row by row; only `i <= j` counts.
    package var hessian: [Double]

    init(columnCount: Int) {
        gradient = [Double](repeating: 0, count: columnCount)
        hessian = [Double](repeating: 0, count: columnCount * columnCount)
    }

    mutating func add(_ other: LossDerivatives) {
        loss += other.loss
        for index in gradient.indices { gradient[index] += other.gradient[index] }
        for index in hessian.indices { hessian[index] += other.hessian[index] }
    }

    /// Adds `λ/2 |w|²` over all weights but the intercept.
    package mutating func penalise(_ weights: [Double], l2: Double) {
        let n = gradient.count
        for index in 1..<n {
            loss += 0.5 * l2 * weights[index] * weights[index]
            gradient[index] += l2 * weights[index]
            hessian[index * n + index] += l2
        }
    }

    var gradientNorm: Double {
        gradient.reduce(0) { max($0, $1.magnitude) }
    }

    mutating func withUnsafeMutablePointers(
        _ body: (
            _ loss: UnsafeMutablePointer<Double>, _ gradient: UnsafeMutablePointer<Double>,
            _ hessian: UnsafeMutablePointer<Double>
        ) -> Void
    ) {
        gradient.withUnsafeMutableBufferPointer { gradient in
            hessian.withUnsafeMutableBufferPointer { hessian in
                guard let gradient = gradient.baseAddress, let hessian = hessian.baseAddress else { return }
                body(&loss, gradient, hessian)
            }
        }
    }
}

/// Mean and population standard deviation of a column, in two passes.
///
/// The second pass sums the deviations too: their mean corrects what the first one rounded away.
struct Moments: Sendable {
    let mean: Double
    /// The population standard deviation; 1 when all values are equal.
    let scale: Double
    let isConstant: Bool

    /// - Precondition: at least one value, all finite.
    init(_ values: UnsafeBufferPointer<Double>) {
        let count = Double(values.count)
        let rough = Self.sum(values, minus: 0).sum / count
        let rest = Self.sum(values, minus: rough)
        let mean = rough + rest.sum / count
        let variance = max(0, rest.squares - rest.sum * (rest.sum / count)) / count
        let deviation = variance.squareRoot()
        // What rounding alone makes of equal values is far below this; only then it pays to compare them.
        if deviation <= 1e-12 * mean.magnitude || deviation == 0, values.allSatisfy({ $0 == values[0] }) {
            self.mean = values[0]
            scale = 1
            isConstant = true
        } else {
            self.mean = mean
            scale = deviation
            isConstant = false
        }
    }

    /// Sums of `x - shift` and of its square. Blocks are added up apart, so the error grows with the number of blocks and
    /// not of rows.
    private static func sum(_ values: UnsafeBufferPointer<Double>, minus shift: Double) -> (
        sum: Double, squares: Double
    ) {
        guard let base = UnsafeRawPointer(values.baseAddress) else { return (0, 0) }
        let shifts = SIMD8<Double>(repeating: shift)
        var total = (sum: 0.0, squares: 0.0)
        var start = 0
        while start < values.count {
            let end = min(values.count, start + TrainingLimits.blockRows)
            var sums = SIMD8<Double>(repeating: 0)
            var squares = sums
            var row = start
            while row &+ 8 <= end {
                let x = base.loadUnaligned(fromByteOffset: row &* 8, as: SIMD8<Double>.self) - shifts
                sums += x
                squares += x * x
                row &+= 8
            }
            var (sum, square) = (sums.sum(), squares.sum())
            while row < end {
                let x = values[row] - shift
                sum += x
                square += x * x
                row &+= 1
            }
            total.sum += sum
            total.squares += square
            start = end
        }
        return total
    }
}
