/// The number of clusters after which more of them gain little: kneed's rule for a falling, convex curve.
///
/// With k and the inertia each scaled to [0, 1], the knee is where `1 - y - x` is largest, at the lowest k of several.
///
/// - Source: Satopää, Albrecht, Irwin, Raghavan, "Finding a 'Kneedle' in a Haystack", ICDCSW 2011.
package struct Elbow: Equatable, Sendable {
    /// `1 - y - x` for each k.
    package let differences: [Double]
    /// The knee.
    package let clusters: Int

    /// - Parameters:
    ///   - inertias: for k = `first`, `first + 1`, ...; three or more, finite, not all equal.
    /// - Throws: `noKnee`.
    package init(inertias: [Double], first: Int = 1) throws(SegmentationError) {
        guard inertias.count >= 3 else { throw .noKnee("\(inertias.count) inertias, of 3 at least") }
        guard inertias.allSatisfy(\.isFinite), let least = inertias.min(), let most = inertias.max() else {
            throw .noKnee("an inertia is not a finite number")
        }
        let range = most - least
        guard range > 0, range.isFinite else { throw .noKnee("the inertias are all equal") }
        let steps = Double(inertias.count - 1)
        differences = inertias.enumerated().map { 1 - ($1 - least) / range - Double($0) / steps }
        var knee = 0
        for (index, difference) in differences.enumerated() where difference > differences[knee] { knee = index }
        clusters = first + knee
    }
}
