import ChurnTraining
import TestSupport
import Testing

@Suite struct SegmentationKMeansTests {
    @Test("from the reference's centroids Lloyd gives its inertia and its clusters", arguments: 1...10)
    func reference(clusters: Int) throws {
        let reference = try SegmentationReference.shared.get()
        let expected = try reference.clusters(clusters)
        let points = try RealCustomers.points.get()
        #expect(points.count == reference.n)
        let fit = try KMeans(clusters: clusters).lloyd(points, from: expected.centroids_std_space.flatMap(\.self))
        #expect(fit.isConverged)
        #expect(isClose(fit.inertia, try reference.inertia(clusters), absolute: 1e-9))
        #expect(fit.sizes == expected.profile.map(\.count))
        for (found, wanted) in zip(fit.centroids, expected.centroids_std_space.joined()) {
            #expect(isClose(found, wanted, absolute: 1e-9))
        }
    }

    @Test("with default restarts every seed comes near the best known inertia", arguments: 2...10)
    func tenSeeds(clusters: Int) throws {
        let points = try RealCustomers.points.get()
        let limit = try SegmentationReference.shared.get().inertia(clusters) * (clusters <= 7 ? 1.0001 : 1.001)
        for seed in UInt64(1)...10 {
            let fit = try KMeans(clusters: clusters, seed: seed, threads: 2).fit(points)
            #expect(fit.isConverged)
            #expect(fit.inertia <= limit, "seed \(seed)")
        }
    }

    @Test("threads do not change a bit", arguments: [1, 4, 9])
    func threads(clusters: Int) throws {
        let points = try RealCustomers.points.get()
        let one = try KMeans(clusters: clusters, restarts: 16, threads: 1).fit(points)
        for threads in [2, 3, 32] {
            #expect(try KMeans(clusters: clusters, restarts: 16, threads: threads).fit(points) == one)
        }
    }

    @Test("the order of the points changes nothing but the order of the labels", arguments: [3, 8])
    func permutation(clusters: Int) throws {
        var random = SplitMix64(seed: 7)
        let customers = try RealCustomers.values.get()
        let order = (0..<customers.count).shuffled(using: &random)
        let shuffled = try CustomerValues(
            recency: order.map { customers.recency[$0] },
            frequency: order.map { customers.frequency[$0] },
            monetary: order.map { customers.monetary[$0] }
        )
        let settings = try Segmentation(KMeans(clusters: clusters, restarts: 8, threads: 2))
        let first = try settings.fit(customers)
        let second = try settings.fit(shuffled)
        #expect(first.model == second.model)
        #expect(first.profiles == second.profiles)
        #expect(first.fit.inertia == second.fit.inertia)
        #expect(first.silhouette?.mean == second.silhouette?.mean)
        #expect(order.map { first.segments[$0] } == second.segments)
    }

    @Test("the bounds spare distances, never labels", arguments: UInt64(1)...40)
    func plainTwin(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let dimensions = [1, 2, 3, 3, 5, 9][Int(seed) % 6]
        let clusters = Int.random(in: 1...9, using: &random)
        var rows = random.blobs(Int.random(in: 60...400, using: &random), dimensions: dimensions, centers: 5)
        if seed % 4 == 0 {
            // On a grid: many ties and many equal points.
            rows = rows.map { $0.map { $0.rounded() } }
        }
        let start = rows.prefix(clusters).enumerated().map { index, row in row.map { $0 + 0.001 * Double(index) } }
        let plain = plainLloyd(rows, from: start)
        let points = try matrix(rows)
        let fit = try KMeans(clusters: clusters).lloyd(points, from: start.flatMap(\.self))
        #expect(fit.isConverged)
        try checkFixedPoint(fit, rows)
        // The plain one leaves an empty cluster empty, and sums in another order: on a grid a tie may fall otherwise.
        if Set(plain.labels).count == clusters, seed % 4 != 0 {
            #expect(fit.labels == plain.labels)
            #expect(isClose(fit.inertia, plain.inertia, relative: 1e-12))
        }
    }

    @Test("single moves only ever help, and end in a fixed point of Lloyd's", arguments: UInt64(1)...20)
    func refinement(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let rows = random.blobs(301, dimensions: Int(seed) % 4 + 1, centers: 4)
        let points = try matrix(rows)
        let plain = try KMeans(clusters: 7, restarts: 5, seed: seed, refines: false).fit(points)
        let refined = try KMeans(clusters: 7, restarts: 5, seed: seed).fit(points)
        for (after, before) in zip(refined.restartInertias, plain.restartInertias) {
            #expect(after <= before * (1 + 1e-12))
        }
        #expect(refined.inertia == refined.restartInertias.min())
        #expect(refined.restartInertias[refined.restart] == refined.inertia)
        try checkFixedPoint(refined, rows)
        for (row, label) in refined.labels.enumerated() {
            #expect(!isWorthMoving(rows[row], from: label, refined))
        }
    }

    /// Labels are the nearest centroids, centroids the means, sizes the counts, the inertia the sum.
    private func checkFixedPoint(_ fit: KMeansFit, _ rows: [[Double]]) throws {
        let clusters = fit.sizes.count
        var inertia = 0.0
        for (row, label) in zip(rows, fit.labels) {
            let distances = (0..<clusters).map { squares(row, fit, $0) }
            inertia += distances[label]
            #expect(distances.firstIndex(of: distances.min() ?? 0) == label)
        }
        #expect(isClose(inertia, fit.inertia, relative: 1e-12, absolute: 1e-12))
        for cluster in 0..<clusters {
            let members = rows.indices.filter { fit.labels[$0] == cluster }.map { rows[$0] }
            #expect(members.count == fit.sizes[cluster] && !members.isEmpty)
            for j in 0..<fit.dimensions {
                let mean = members.reduce(0) { $0 + $1[j] } / Double(members.count)
                #expect(isClose(mean, fit.centroids[cluster * fit.dimensions + j], absolute: 1e-12))
            }
        }
    }

    private func squares(_ row: [Double], _ fit: KMeansFit, _ cluster: Int) -> Double {
        (0..<fit.dimensions).reduce(0.0) { sum, j in
            let difference = row[j] - fit.centroids[cluster * fit.dimensions + j]
            return sum + difference * difference
        }
    }

    private func isWorthMoving(_ row: [Double], from: Int, _ fit: KMeansFit) -> Bool {
        let size = Double(fit.sizes[from])
        guard size > 1 else { return false }
        let gain = size / (size - 1) * squares(row, fit, from)
        return fit.sizes.indices.contains { cluster in
            let other = Double(fit.sizes[cluster])
            return cluster != from && other / (other + 1) * squares(row, fit, cluster) < gain * (1 - 1e-9)
        }
    }
}

@Suite struct SegmentationKMeansEdgeTests {
    @Test("one cluster is the mean")
    func oneCluster() throws {
        let fit = try KMeans(clusters: 1).fit(matrix([[1, 2], [3, 4], [5, 9]]))
        #expect(fit.centroids == [3, 5])
        #expect(fit.labels == [0, 0, 0])
        #expect(fit.inertia == 4 + 9 + 0 + 1 + 4 + 16)
        #expect(fit.isConverged)
    }

    @Test("as many clusters as points", arguments: [1, 2, 7, 8, 9, 33])
    func everyPointAlone(count: Int) throws {
        let rows = (0..<count).map { [Double($0 * $0), Double($0)] }
        let fit = try KMeans(clusters: count, restarts: 3).fit(matrix(rows))
        #expect(fit.inertia == 0)
        #expect(Set(fit.labels).count == count)
        #expect(fit.sizes == Array(repeating: 1, count: count))
    }

    @Test("equal points are one cluster, and are never split to make up clusters")
    func duplicates() throws {
        let rows = (0..<90).map { [Double($0 % 3), 1, 5] }
        let fit = try KMeans(clusters: 3, restarts: 4).fit(matrix(rows))
        #expect(fit.inertia == 0)
        #expect(fit.sizes == [30, 30, 30])
        #expect(partition(fit.labels) == rows.map { Int($0[0]) })
        #expect(throws: SegmentationError.tooFewDistinctPoints(clusters: 4, distinct: 3)) {
            try KMeans(clusters: 4).fit(matrix(rows))
        }
        #expect(throws: SegmentationError.tooFewDistinctPoints(clusters: 2, distinct: 1)) {
            try KMeans(clusters: 2).fit(matrix([[0.0], [-0.0]]))
        }
    }

    @Test("an empty cluster takes the farthest point")
    func emptyCluster() throws {
        let rows = [[0.0], [1], [2], [3], [100]]
        // The last two centroids are far from everything.
        let fit = try KMeans(clusters: 3).lloyd(matrix(rows), from: [0, 1e6, 2e6])
        #expect(fit.isConverged)
        #expect(fit.sizes.allSatisfy { $0 > 0 })
        // 100 is the farthest from 0, 3 the next.
        #expect(fit.labels == [0, 0, 0, 2, 1])
        #expect(fit.inertia == 2)
    }

    @Test("ties go to the lower index")
    func ties() throws {
        let fit = try KMeans(clusters: 2).lloyd(matrix([[-1.0], [0], [1]]), from: [1, -1])
        #expect(fit.labels == [1, 0, 0])
    }

    @Test("a limit of updates is kept and told")
    func iterationLimit() throws {
        var random = SplitMix64(seed: 3)
        let rows = random.blobs(500, dimensions: 3, centers: 2)
        let points = try matrix(rows)
        let fit = try KMeans(clusters: 6, maxIterations: 1).lloyd(points, from: rows.prefix(6).flatMap(\.self))
        #expect(!fit.isConverged)
        #expect(fit.iterations == 1)
        #expect(try KMeans(clusters: 6, restarts: 2, maxIterations: 3).fit(points).iterations <= 3)
    }

    @Test("numbers that are no coordinates are refused", arguments: [Double.nan, .infinity, -.infinity, 1e71])
    func badNumbers(value: Double) throws {
        #expect(throws: SegmentationError.invalidValue(row: 1, column: 0, found: "\(value)")) {
            try PointMatrix(columns: [[1, value], [1, 2]])
        }
        #expect(throws: SegmentationError.invalidValue(row: 1, column: 1, found: "\(value)")) {
            try PointMatrix(rowMajor: [1, 2, 3, value], dimensions: 2)
        }
        let points = try matrix([[1], [2]])
        #expect(throws: SegmentationError.invalidValue(row: 0, column: 0, found: "\(value)")) {
            try KMeans(clusters: 2).lloyd(points, from: [value, 0])
        }
    }

    @Test("large and tiny coordinates still converge", arguments: [1e69, 1e-30])
    func scales(scale: Double) throws {
        var random = SplitMix64(seed: 5)
        let rows = random.blobs(200, dimensions: 3, centers: 4).map { $0.map { $0 * scale / 32 } }
        let fit = try KMeans(clusters: 4, restarts: 4).fit(matrix(rows))
        #expect(fit.isConverged && fit.inertia.isFinite && fit.inertia > 0)
    }

    @Test("wrong shapes are refused")
    func shapes() throws {
        #expect(throws: SegmentationError.noPoints) { try PointMatrix(columns: [[]]) }
        #expect(throws: SegmentationError.noPoints) { try PointMatrix(rowMajor: [], dimensions: 3) }
        #expect(throws: SegmentationError.self) { try PointMatrix(columns: []) }
        #expect(throws: SegmentationError.self) { try PointMatrix(columns: [[1, 2], [1]]) }
        #expect(throws: SegmentationError.self) { try PointMatrix(rowMajor: [1, 2, 3], dimensions: 2) }
        #expect(throws: SegmentationError.self) { try PointMatrix(rowMajor: [1], dimensions: 0) }
        let points = try matrix([[1, 2], [3, 4]])
        #expect(throws: SegmentationError.self) { try KMeans(clusters: 2).lloyd(points, from: [1, 2, 3]) }
    }

    @Test("settings out of range are refused by name")
    func settings() {
        #expect(throws: SegmentationError.setting("clusters", allowed: 1...65_536, found: 0)) {
            try KMeans(clusters: 0)
        }
        #expect(throws: SegmentationError.setting("restarts", allowed: 1...100_000, found: -1)) {
            try KMeans(clusters: 1, restarts: -1)
        }
        #expect(throws: SegmentationError.self) { try KMeans(clusters: 1, maxIterations: 0) }
        #expect(throws: SegmentationError.self) { try KMeans(clusters: 1, threads: 0) }
        #expect(throws: SegmentationError.self) { try Segmentation(KMeans(clusters: 256)) }
    }
}
