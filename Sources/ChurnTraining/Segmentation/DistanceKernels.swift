internal import ChurnKernelBaseline

// Free functions over raw pointers. Points are held by columns: coordinate j of point i at `points[j · count + i]`;
// centroids one after another: coordinate j of centroid c at `centroids[c · dimensions + j]`.
//
// A squared distance is summed over the coordinates in their order, one rounding an operation, in lanes as in scalars:
// the two give the same bits, so it does not matter which of them labelled a point.

/// Squared distance of one point and one centroid.
@inline(__always)
func squaredDistance(
    _ points: UnsafePointer<Double>,
    count: Int,
    row: Int,
    _ centroid: UnsafePointer<Double>,
    dimensions: Int
) -> Double {
    let first = points[row] - centroid[0]
    var sum = first * first
    for j in 1..<max(1, dimensions) {
        let difference = points[j &* count &+ row] - centroid[j]
        sum += difference * difference
    }
    return sum
}

/// Squared distances of points `row ... row + 7` and one centroid; the twin of the scalar one.
@inline(__always)
func squaredDistances8(
    _ points: UnsafePointer<Double>,
    count: Int,
    row: Int,
    _ centroid: UnsafePointer<Double>,
    dimensions: Int
) -> SIMD8<Double> {
    let first = load8(points + row) - lanes(centroid[0])
    var sum = first * first
    for j in 1..<max(1, dimensions) {
        let difference = load8(points + (j &* count &+ row)) - lanes(centroid[j])
        sum += difference * difference
    }
    return sum
}

/// The nearest of `clusters` centroids to one point, the lower index where two are equally near, and the squared
/// distances to it and to the second nearest (infinity when there is none).
///
/// The cluster comes as a double, so that its lanes take the masks of the distances.
@inline(__always)
func nearest(
    _ points: UnsafePointer<Double>,
    count: Int,
    row: Int,
    _ centroids: UnsafePointer<Double>,
    clusters: Int,
    dimensions: Int
) -> (cluster: Double, best: Double, second: Double) {
    var cluster = 0.0
    var best = Double.infinity
    var second = Double.infinity
    for c in 0..<clusters {
        let distance = squaredDistance(
            points,
            count: count,
            row: row,
            centroids + c &* dimensions,
            dimensions: dimensions
        )
        let isNearer = distance < best
        let loser = isNearer ? best : distance
        second = loser < second ? loser : second
        best = isNearer ? distance : best
        cluster = isNearer ? Double(c) : cluster
    }
    return (cluster, best, second)
}

/// What `nearest` finds for two points.
struct NearestPair {
    var cluster = SIMD2<Double>(repeating: 0)
    var best = SIMD2<Double>(repeating: .infinity)
    var second = SIMD2<Double>(repeating: .infinity)

    @inline(__always)
    mutating func offer(_ candidate: Double, _ distance: SIMD2<Double>) {
        let isNearer = distance .< best
        var loser = distance
        loser.replace(with: best, where: isNearer)
        second.replace(with: loser, where: loser .< second)
        best.replace(with: distance, where: isNearer)
        cluster.replace(with: SIMD2(repeating: candidate), where: isNearer)
    }
}

/// The same for points `row ... row + 3`; the twin of the scalar one. Twice two, since that is the register of the
/// baseline: wider vectors were taken apart and put together again between their operations.
@inline(__always)
func nearest4(
    _ points: UnsafePointer<Double>,
    count: Int,
    row: Int,
    _ centroids: UnsafePointer<Double>,
    clusters: Int,
    dimensions: Int
) -> (NearestPair, NearestPair) {
    var left = NearestPair()
    var right = NearestPair()
    var centroid = centroids
    for c in 0..<clusters {
        var squares = (SIMD2<Double>(repeating: 0), SIMD2<Double>(repeating: 0))
        for j in 0..<dimensions {
            let coordinates = points + (j &* count &+ row)
            let center = SIMD2(repeating: centroid[j])
            let differences = (load2(coordinates) - center, load2(coordinates + 2) - center)
            squares.0 += differences.0 * differences.0
            squares.1 += differences.1 * differences.1
        }
        left.offer(Double(c), squares.0)
        right.offer(Double(c), squares.1)
        centroid += dimensions
    }
    return (left, right)
}

/// A sum with a correction for what each addition rounds away (Neumaier 1974, doi 10.1002/zamm.19740540106): its
/// error is that of one rounding for any number of terms that ordinary work meets.
struct CompensatedSum {
    private var sum = 0.0
    private var correction = 0.0

    @inline(__always)
    mutating func add(_ term: Double) {
        let total = sum + term
        correction += sum.magnitude >= term.magnitude ? (sum - total) + term : (term - total) + sum
        sum = total
    }

    var value: Double { sum + correction }
}
