/// Why points cannot be clustered, or a segment model is refused.
package enum SegmentationError: Error, Equatable, CustomStringConvertible {
    /// A setting outside its range.
    case setting(String, allowed: ClosedRange<Int>, found: Int)
    case noPoints
    case tooManyPoints(limit: Int, found: Int)
    /// Columns of different lengths, or a number of values that is not a multiple of the dimensions.
    case wrongShape(String)
    /// NaN, infinite or beyond `SegmentationLimits.magnitude`; for customers also outside the logarithm's domain.
    case invalidValue(row: Int, column: Int, found: String)
    case tooFewDistinctPoints(clusters: Int, distinct: Int)
    /// The best restart still changed labels at the limit of iterations.
    case notConverged(iterations: Int)
    /// A label that is negative or not below the number of clusters.
    case invalidLabel(row: Int, found: Int)
    /// A silhouette needs two clusters that have points.
    case oneCluster
    /// A knee needs three inertias or more, none NaN, that are not all equal.
    case noKnee(String)
    /// A segment model that contradicts itself.
    case malformedModel(String)

    package var description: String {
        switch self {
        case .setting(let name, let allowed, let found):
            "\(name) is \(found); it must be from \(allowed.lowerBound) to \(allowed.upperBound)"
        case .noPoints: "there are no points to cluster; ingest transactions and build features first"
        case .tooManyPoints(let limit, let found): "\(found) points; at most \(limit) can be clustered"
        case .wrongShape(let what): what
        case .invalidValue(let row, let column, let found):
            "row \(row), column \(column) is \(found); a finite number of ordinary size is needed"
        case .tooFewDistinctPoints(let clusters, let distinct):
            "\(clusters) clusters of \(distinct) distinct points; ask for \(distinct) clusters at most"
        case .notConverged(let iterations):
            "k-means still changed clusters after \(iterations) iterations; allow more"
        case .invalidLabel(let row, let found): "the label of row \(row) is \(found), which is no cluster"
        case .oneCluster: "a silhouette needs at least two clusters with points"
        case .noKnee(let why): "the elbow has no knee: \(why)"
        case .malformedModel(let why): "the segment model is refused: \(why)"
        }
    }

    static func check(_ name: String, _ found: Int, in allowed: ClosedRange<Int>) throws(SegmentationError) {
        guard allowed.contains(found) else { throw .setting(name, allowed: allowed, found: found) }
    }
}
