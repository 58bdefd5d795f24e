import ChurnTraining
import TestSupport
import Testing

@Suite struct SegmentationSilhouetteTests {
    @Test("the silhouettes of the reference", arguments: 2...10)
    func reference(clusters: Int) throws {
        let expected = try SegmentationReference.shared.get().clusters(clusters)
        let points = try RealCustomers.points.get()
        let fit = try KMeans(clusters: clusters).lloyd(points, from: expected.centroids_std_space.flatMap(\.self))
        let silhouette = try Silhouette(points, labels: fit.labels, threads: 2)
        #expect(isClose(silhouette.mean, try #require(expected.silhouette_best), absolute: 1e-9))
    }

    @Test("as the definition says, whatever the number of points and threads", arguments: UInt64(1)...24)
    func definition(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let rows = random.blobs(Int(seed) * 7 + 2, dimensions: Int(seed) % 5 + 1, centers: 3)
        // Label 2 has no points; 4 has one.
        var labels = rows.map { _ in [0, 1, 3].randomElement(using: &random) ?? 0 }
        labels[0] = 4
        labels[1] = 0
        let points = try matrix(rows)
        let found = try Silhouette(points, labels: labels)
        let expected = plainSilhouettes(rows, labels)
        for (a, b) in zip(found.values, expected) { #expect(isClose(a, b, absolute: 1e-12)) }
        #expect(found.values[0] == 0)
        #expect(isClose(found.mean, expected.reduce(0, +) / Double(rows.count), absolute: 1e-12))
        #expect(found.clusterMeans.count == 5 && found.clusterMeans[2] == 0)
        for cluster in [0, 1, 3] where labels.contains(cluster) {
            let values = labels.indices.filter { labels[$0] == cluster }.map { expected[$0] }
            #expect(
                isClose(found.clusterMeans[cluster], values.reduce(0, +) / Double(values.count), absolute: 1e-12)
            )
        }
        #expect(try Silhouette(points, labels: labels, threads: 2) == found)
        let order = rows.indices.shuffled(using: &random)
        let shuffled = try Silhouette(matrix(order.map { rows[$0] }), labels: order.map { labels[$0] }, threads: 3)
        #expect(shuffled.values == order.map { found.values[$0] })
        #expect(shuffled.mean == found.mean)
    }

    private func plainSilhouettes(_ rows: [[Double]], _ labels: [Int]) -> [Double] {
        rows.indices.map { i in
            var sums: [Int: (sum: Double, count: Int)] = [:]
            for j in rows.indices where j != i {
                let distance = zip(rows[i], rows[j]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
                let (sum, count) = sums[labels[j]] ?? (0, 0)
                sums[labels[j]] = (sum + distance, count + 1)
            }
            guard let own = sums.removeValue(forKey: labels[i]) else { return 0 }
            let a = own.sum / Double(own.count)
            let b = sums.values.map { $0.sum / Double($0.count) }.min() ?? 0
            return max(a, b) > 0 ? (b - a) / max(a, b) : 0
        }
    }

    @Test("labels that are none, and one cluster, are refused; equal points score 0")
    func refusals() throws {
        let points = try matrix([[1], [2], [3]])
        #expect(throws: SegmentationError.oneCluster) { try Silhouette(points, labels: [4, 4, 4]) }
        #expect(throws: SegmentationError.invalidLabel(row: 1, found: -1)) {
            try Silhouette(points, labels: [0, -1, 0])
        }
        #expect(throws: SegmentationError.invalidLabel(row: 2, found: .max)) {
            try Silhouette(points, labels: [0, 1, .max])
        }
        #expect(throws: SegmentationError.self) { try Silhouette(points, labels: [0, 1]) }
        #expect(throws: SegmentationError.self) { try Silhouette(points, labels: [0, 1, 1], threads: 0) }
        let same = try matrix([[1], [1], [1], [1]])
        #expect(try Silhouette(same, labels: [0, 0, 1, 1]).values == [0, 0, 0, 0])
    }

    @Test("the knee of the reference's inertias is 3")
    func knee() throws {
        let reference = try SegmentationReference.shared.get()
        let elbow = try Elbow(inertias: (1...10).map { try reference.inertia($0) })
        #expect(elbow.clusters == 3)
        #expect(elbow.clusters == reference.knee.k)
        for (found, expected) in zip(elbow.differences, reference.knee.difference_curve) {
            #expect(isClose(found, expected, absolute: 1e-12))
        }
    }

    @Test("a knee needs a curve")
    func noKnee() throws {
        #expect(throws: SegmentationError.self) { try Elbow(inertias: [2, 1]) }
        #expect(throws: SegmentationError.self) { try Elbow(inertias: [1, 1, 1]) }
        #expect(throws: SegmentationError.self) { try Elbow(inertias: [3, .nan, 1]) }
        #expect(throws: SegmentationError.self) { try Elbow(inertias: [.infinity, 2, 1]) }
        // Differences 0, 0.5, 0.5 - 1/3 + ...: the lowest k of equal ones.
        #expect(try Elbow(inertias: [4, 1, 1, 0], first: 2).clusters == 3)
    }
}
