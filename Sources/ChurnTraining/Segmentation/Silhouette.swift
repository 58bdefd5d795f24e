internal import ChurnKernelBaseline

/// How well each point sits in its cluster: `s = (b - a) / max(a, b)`, in [-1, 1], with `a` its mean distance to the
/// other points of its own cluster and `b` the least of its mean distances to those of another. 0 for a point alone
/// in its cluster. Exact: all n² distances.
///
/// - Source: Rousseeuw, J. Comput. Appl. Math. 20 (1987), doi 10.1016/0377-0427(87)90125-7.
package struct Silhouette: Equatable, Sendable {
    /// Over all points.
    package let mean: Double
    /// Over the points of each cluster; 0 for a cluster without points.
    package let clusterMeans: [Double]
    /// Of each point.
    package let values: [Double]

    /// Equal points and labels give equal bits, whatever the threads and the order of the points. Blocks.
    ///
    /// - Parameters:
    ///   - labels: of each point, from 0.
    ///   - threads: 1 or more.
    /// - Throws: `wrongShape`, `invalidLabel`, `setting`, `oneCluster`.
    /// - Complexity: O(n² d) time, O(n) memory.
    package init(_ points: PointMatrix, labels: [Int], threads: Int = 1) throws(SegmentationError) {
        try SegmentationError.check("threads", threads, in: 1...SegmentationLimits.threads)
        guard labels.count == points.count else {
            throw .wrongShape("\(labels.count) labels for \(points.count) points")
        }
        for (row, label) in labels.enumerated() where !(0..<SegmentationLimits.clusters).contains(label) {
            throw .invalidLabel(row: row, found: label)
        }
        var sizes = Array(repeating: 0, count: (labels.max() ?? 0) + 1)
        for label in labels { sizes[label] += 1 }
        guard sizes.count(where: { $0 > 0 }) >= 2 else { throw .oneCluster }

        let order = Self.clusterOrder(points, labels, sizes)
        let sorted = SilhouetteTask(
            points: points.gathering(order),
            labels: order.map { labels[$0] },
            sizes: sizes
        )
        let parts = Workers.map(items: sorted.items, threads: threads) { sorted.values(ofItem: $0) }

        var values = Array(repeating: 0.0, count: points.count)
        var sum = CompensatedSum()
        var clusterSums = Array(repeating: CompensatedSum(), count: sizes.count)
        for (row, value) in zip(order, parts.joined()) {
            values[row] = value
            sum.add(value)
            clusterSums[labels[row]].add(value)
        }
        self.values = values
        mean = sum.value / Double(points.count)
        clusterMeans = zip(clusterSums, sizes).map { $1 == 0 ? 0 : $0.value / Double($1) }
    }

    /// The rows by cluster, within a cluster in canonical order.
    private static func clusterOrder(_ points: PointMatrix, _ labels: [Int], _ sizes: [Int]) -> [Int] {
        var next: [Int] = []
        var start = 0
        for size in sizes {
            next.append(start)
            start += size
        }
        var order = Array(repeating: 0, count: labels.count)
        for row in points.canonicalOrder() {
            order[next[labels[row]]] = row
            next[labels[row]] += 1
        }
        return order
    }
}

/// The points of a silhouette, cluster after cluster, cut into items.
private struct SilhouetteTask: Sendable {
    private static let rowsPerItem = 64

    private let points: PointMatrix
    private let labels: [Int]
    private let sizes: [Int]
    private let clusters: [(label: Int, rows: Range<Int>)]

    init(points: PointMatrix, labels: [Int], sizes: [Int]) {
        self.points = points
        self.labels = labels
        self.sizes = sizes
        var start = 0
        clusters = sizes.enumerated().compactMap { label, size in
            defer { start += size }
            return size == 0 ? nil : (label, start..<(start + size))
        }
    }

    var items: Int { (points.count + Self.rowsPerItem - 1) / Self.rowsPerItem }

    func values(ofItem item: Int) -> [Double] {
        let rows = (item * Self.rowsPerItem)..<min((item + 1) * Self.rowsPerItem, points.count)
        // The last block is filled up with copies of the last point.
        let padded = rows.lowerBound..<(rows.lowerBound + (rows.count + 7) / 8 * 8)
        let block = points.gathering(padded.map { min($0, points.count - 1) })
        var values: [Double] = []
        values.reserveCapacity(rows.count)
        var sums = Array(repeating: SIMD8<Double>(repeating: 0), count: clusters.count)
        points.values.withUnsafeBufferPointer { all in
            block.values.withUnsafeBufferPointer { some in
                guard let all = all.baseAddress, let some = some.baseAddress else { return }
                for base in stride(from: 0, to: rows.count, by: 8) {
                    for (index, cluster) in clusters.enumerated() {
                        sums[index] = distanceSums(
                            some,
                            count: block.count,
                            row: base,
                            all,
                            others: points.count,
                            cluster.rows,
                            dimensions: points.dimensions
                        )
                    }
                    for lane in 0..<min(8, rows.count - base) {
                        values.append(silhouette(labels[rows.lowerBound + base + lane]) { sums[$0][lane] })
                    }
                }
            }
        }
        return values
    }

    /// - Parameter sum: of the distances of a point to all of the n-th cluster of `clusters`.
    @inline(__always)
    private func silhouette(_ own: Int, _ sum: (Int) -> Double) -> Double {
        guard sizes[own] > 1 else { return 0 }
        var inner = 0.0
        var outer = Double.infinity
        for (index, cluster) in clusters.enumerated() {
            if cluster.label == own {
                inner = sum(index) / Double(cluster.rows.count - 1)
            } else {
                outer = min(outer, sum(index) / Double(cluster.rows.count))
            }
        }
        let larger = max(inner, outer)
        return larger > 0 ? (outer - inner) / larger : 0
    }
}

/// For points `row ... row + 7` of `points`, the sums of their distances to each of `rows` of `others`, in the order of
/// `rows`: lanes do not meet, so a point's sum depends neither on its lane nor on its neighbours.
@inline(__always)
private func distanceSums(
    _ points: UnsafePointer<Double>,
    count: Int,
    row: Int,
    _ others: UnsafePointer<Double>,
    others otherCount: Int,
    _ rows: Range<Int>,
    dimensions: Int
) -> SIMD8<Double> {
    if dimensions == 3 {
        let x = load8(points + row)
        let y = load8(points + count + row)
        let z = load8(points + 2 * count + row)
        var sums = lanes(0)
        for other in rows {
            let dx = x - lanes(others[other])
            let dy = y - lanes(others[otherCount &+ other])
            let dz = z - lanes(others[2 &* otherCount &+ other])
            sums += (dx * dx + dy * dy + dz * dz).squareRoot()
        }
        return sums
    }
    var sums = lanes(0)
    for other in rows {
        var squares = lanes(0)
        for j in 0..<dimensions {
            let difference = load8(points + j &* count + row) - lanes(others[j &* otherCount &+ other])
            squares += difference * difference
        }
        sums += squares.squareRoot()
    }
    return sums
}
