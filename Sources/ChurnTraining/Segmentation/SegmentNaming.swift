/// Names segments by where their centroids lie against the average customer.
///
/// Two questions about a centroid in standardised space: did these customers buy lately (recency below 0), and are they
/// worth much (the mean of frequency and monetary above 0)?
///
/// | | lately | not lately |
/// |---|---|---|
/// | worth much | VIP loyal, loyal regular, promising, steady | at risk, slipping away, overdue, win back |
/// | worth little | active regular, occasional, casual, small orders | lost, fading, lapsed, dormant |
///
/// Within a cell the first name goes to the largest mean Monetary, and among the lost to the longest silence. A cell
/// with more segments than names goes on with `NAME 5`, `NAME 6`, ... of its first name. One segment alone is "all
/// customers".
enum SegmentNaming {
    private static let names = [
        [["lost", "fading", "lapsed", "dormant"], ["at risk", "slipping away", "overdue", "win back"]],
        [
            ["active regular", "occasional", "casual", "small orders"],
            ["VIP loyal", "loyal regular", "promising", "steady"],
        ],
    ]

    /// - Parameter centroids: by mean Monetary, largest first; standardised recency, frequency, monetary.
    /// - Returns: a name for each, all different.
    static func names(of centroids: [[Double]]) -> [String] {
        guard centroids.count > 1 else { return centroids.map { _ in "all customers" } }
        var result = Array(repeating: "", count: centroids.count)
        for isLate in [false, true] {
            for isWorthy in [false, true] {
                var cell = centroids.indices.filter {
                    (centroids[$0][0] >= 0) == isLate && (centroids[$0][1] + centroids[$0][2] > 0) == isWorthy
                }
                if isLate, !isWorthy {
                    cell.sort { (-centroids[$0][0], $0) < (-centroids[$1][0], $1) }
                }
                let names = names[isLate ? 0 : 1][isWorthy ? 1 : 0]
                for (place, segment) in cell.enumerated() {
                    result[segment] = place < names.count ? names[place] : "\(names[0]) \(place + 1)"
                }
            }
        }
        return result
    }
}
