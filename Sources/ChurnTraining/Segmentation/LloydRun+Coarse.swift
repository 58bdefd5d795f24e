/// The points in groups of neighbours, each with its mean: a fraction of the work, nearly the same centroids.
struct CoarsePoints: Sendable {
    /// A multiple of 4; the last few may stand for no point.
    let count: Int
    /// By columns.
    let values: [Double]
    /// Points of each group.
    let weights: [Double]

    /// - Parameters:
    ///   - points: in canonical order.
    ///   - groupRows: points of a group; the last one may have fewer.
    init(_ points: PointMatrix, groupRows: Int) {
        let groups = stride(from: 0, to: points.count, by: groupRows).map { start in
            start..<min(start + groupRows, points.count)
        }
        let padding = (4 - groups.count % 4) % 4
        count = groups.count + padding
        weights = groups.map { Double($0.count) } + Array(repeating: 0, count: padding)
        values = (0..<points.dimensions).flatMap { column in
            groups.map { rows in
                rows.reduce(0.0) { $0 + points.values[column * points.count + $1] } / Double(rows.count)
            } + Array(repeating: 0, count: padding)
        }
    }
}

extension LloydRun {
    /// Brings the seeds near to where Lloyd's algorithm would take them, by a few of its updates on groups of points. A
    /// better start and no more: convergence is to be shown on the points themselves.
    ///
    /// Ends when no group changes its cluster, when a cluster would be left without points, or after `limit` updates.
    func warmUp(_ coarse: CoarsePoints, limit: Int) {
        coarse.values.withUnsafeBufferPointer { values in
            coarse.weights.withUnsafeBufferPointer { weights in
                guard let values = values.baseAddress, let weights = weights.baseAddress else { return }
                if dimensions == 3 {
                    warmUp(values, weights, coarse.count, limit, 3)
                } else {
                    warmUp(values, weights, coarse.count, limit, dimensions)
                }
            }
        }
    }

    @inline(__always)
    private func warmUp(
        _ values: UnsafePointer<Double>,
        _ weights: UnsafePointer<Double>,
        _ count: Int,
        _ limit: Int,
        _ dimensions: Int
    ) {
        let width = dimensions &+ 1
        withUnsafeTemporaryAllocation(of: Double.self, capacity: clusters * width + count) { memory in
            guard let sums = memory.baseAddress else { return }
            let labels = sums + clusters * width
            labels.update(repeating: -1, count: count)
            for _ in 0..<limit {
                var changed = false
                sums.update(repeating: 0, count: clusters * width)
                var row = 0
                while row < count {
                    let found = nearest4(
                        values,
                        count: count,
                        row: row,
                        centroids,
                        clusters: clusters,
                        dimensions: dimensions
                    )
                    for lane in 0..<4 {
                        let label = lane < 2 ? found.0.cluster[lane] : found.1.cluster[lane &- 2]
                        if labels[row &+ lane] != label { changed = true }
                        labels[row &+ lane] = label
                        let sum = sums + Int(label) &* width
                        let weight = weights[row &+ lane]
                        sum[dimensions] += weight
                        for j in 0..<dimensions { sum[j] += weight * values[j &* count &+ row &+ lane] }
                    }
                    row &+= 4
                }
                guard changed, (0..<clusters).allSatisfy({ sums[$0 &* width &+ dimensions] > 0 }) else { return }
                for c in 0..<clusters {
                    let sum = sums + c &* width
                    for j in 0..<dimensions { centroids[c &* dimensions &+ j] = sum[j] / sum[dimensions] }
                }
            }
        }
    }
}
