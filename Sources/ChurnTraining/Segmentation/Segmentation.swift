/// Splits customers into segments: k-means on the standardised logarithms of Recency, Frequency and Monetary.
package struct Segmentation: Equatable, Sendable {
    package let kMeans: KMeans

    /// - Throws: `setting` for more clusters than `SegmentationLimits.segments`.
    package init(_ kMeans: KMeans) throws(SegmentationError) {
        try SegmentationError.check("clusters", kMeans.clusters, in: 1...SegmentationLimits.segments)
        self.kMeans = kMeans
    }
}

/// What the customers of a segment are like.
package struct SegmentProfile: Equatable, Sendable, Codable {
    package let name: String
    /// Customers, 1 or more.
    package let count: Int
    /// Of all customers, above 0, at most 1.
    package let share: Double
    /// Days.
    package let meanRecency: Double
    /// Invoices.
    package let meanFrequency: Double
    /// Currency.
    package let meanMonetary: Double
    /// Currency; of an even number of customers the mean of the middle two.
    package let medianMonetary: Double
}

/// Customers with their segments.
package struct SegmentedCustomers: Equatable, Sendable {
    package let model: SegmentModel
    /// The segment of each customer, in the order given; what `model.assign` says.
    package let segments: [Int]
    /// Of each segment, in the order of the model.
    package let profiles: [SegmentProfile]
    /// Over all customers and of each segment; nil when there is one segment.
    package let silhouette: Silhouette?
    /// The clusters before they were put in order.
    package let fit: KMeansFit
}

/// Inertia and silhouette for one number of segments.
package struct SegmentCount: Equatable, Sendable, Codable {
    package let segments: Int
    package let inertia: Double
    /// Mean over all customers; nil for one segment.
    package let silhouette: Double?
}

/// Fits for several numbers of segments, and the knee in their inertias.
package struct SegmentCountComparison: Equatable, Sendable {
    package let counts: [SegmentCount]
    package let elbow: Elbow
}

extension Segmentation {
    /// Finds the segments. Blocks.
    ///
    /// Depends neither on threads nor on the order of the customers. A feature that is the same for all customers is
    /// standardised to 0.
    /// - Throws: `tooFewDistinctPoints`, `notConverged`.
    package func fit(_ customers: CustomerValues) throws(SegmentationError) -> SegmentedCustomers {
        let (points, means, deviations) = try Self.standardise(customers)
        let fit = try kMeans.fit(points)
        guard fit.isConverged else { throw .notConverged(iterations: fit.iterations) }
        let order = Self.clustersByMonetary(fit, customers)
        let centroids = order.map { Array(fit.centroids[(3 * $0)..<(3 * $0 + 3)]) }
        let model = try SegmentModel(
            means: means,
            deviations: deviations,
            centroids: centroids,
            names: SegmentNaming.names(of: centroids)
        )
        // Assigned anew, for the case that a customer is equally far from two centroids that changed places.
        let segments = try Self.assign(customers, by: model)
        return SegmentedCustomers(
            model: model,
            segments: segments,
            profiles: Self.profiles(customers, segments, names: model.names),
            silhouette: order.count > 1 ? try Silhouette(points, labels: segments, threads: kMeans.threads) : nil,
            fit: fit
        )
    }

    /// Fits k = 1 ... `most` segments, with the settings of `kMeans` but for its clusters, and finds the knee. Blocks.
    ///
    /// - Parameter most: 3 or more.
    /// - Throws: `tooFewDistinctPoints`, `noKnee`, `setting`.
    package func compareCounts(
        of customers: CustomerValues,
        upTo most: Int = 10
    ) throws(SegmentationError) -> SegmentCountComparison {
        try SegmentationError.check("segments to compare", most, in: 3...SegmentationLimits.segments)
        let points = try Self.standardise(customers).points
        var counts: [SegmentCount] = []
        for clusters in 1...most {
            let fit = try KMeans(
                clusters: clusters,
                restarts: kMeans.restarts,
                seed: kMeans.seed,
                maxIterations: kMeans.maxIterations,
                threads: kMeans.threads,
                refines: kMeans.refines
            ).fit(points)
            let silhouette =
                clusters > 1 ? try Silhouette(points, labels: fit.labels, threads: kMeans.threads).mean : nil
            counts.append(SegmentCount(segments: clusters, inertia: fit.inertia, silhouette: silhouette))
        }
        return SegmentCountComparison(counts: counts, elbow: try Elbow(inertias: counts.map(\.inertia)))
    }

    /// The points that k-means sees, with what makes them of a customer's numbers.
    package static func standardise(
        _ customers: CustomerValues
    ) throws(SegmentationError) -> (points: PointMatrix, means: [Double], deviations: [Double]) {
        var columns: [[Double]] = []
        var means: [Double] = []
        var deviations: [Double] = []
        for values in [customers.recency, customers.frequency, customers.monetary] {
            let logarithms = values.map(CustomerValues.transformed)
            // Sums run over sorted values: the order of the customers leaves no trace.
            let sorted = logarithms.sorted()
            // Of a constant the mean could be rounded away from it.
            let mean = sorted.first == sorted.last ? sorted[0] : Self.mean(sorted)
            let variance = Self.mean(sorted.map { ($0 - mean) * ($0 - mean) })
            let deviation = variance > 0 ? variance.squareRoot() : 1
            columns.append(logarithms.map { ($0 - mean) / deviation })
            means.append(mean)
            deviations.append(deviation)
        }
        return (try PointMatrix(columns: columns), means, deviations)
    }

    /// - Throws: `invalidValue` where a customer cannot be assigned.
    private static func assign(
        _ customers: CustomerValues,
        by model: SegmentModel
    ) throws(SegmentationError) -> [Int] {
        var segments: [Int] = []
        segments.reserveCapacity(customers.count)
        for row in 0..<customers.count {
            guard
                let segment = model.assign(
                    recency: customers.recency[row],
                    frequency: customers.frequency[row],
                    monetary: customers.monetary[row]
                )
            else { throw .invalidValue(row: row, column: 0, found: "\(customers.recency[row])") }
            segments.append(segment)
        }
        return segments
    }

    /// The clusters by mean Monetary, largest first; equal ones by their index.
    private static func clustersByMonetary(_ fit: KMeansFit, _ customers: CustomerValues) -> [Int] {
        let means = byCluster(customers.monetary, fit.labels, clusters: fit.sizes.count).map(mean)
        return means.indices.sorted { (-means[$0], $0) < (-means[$1], $1) }
    }

    private static func profiles(
        _ customers: CustomerValues,
        _ segments: [Int],
        names: [String]
    ) -> [SegmentProfile] {
        let recency = byCluster(customers.recency, segments, clusters: names.count)
        let frequency = byCluster(customers.frequency, segments, clusters: names.count)
        let monetary = byCluster(customers.monetary, segments, clusters: names.count)
        return names.indices.map { index in
            SegmentProfile(
                name: names[index],
                count: monetary[index].count,
                share: Double(monetary[index].count) / Double(customers.count),
                meanRecency: mean(recency[index]),
                meanFrequency: mean(frequency[index]),
                meanMonetary: mean(monetary[index]),
                medianMonetary: median(monetary[index])
            )
        }
    }

    /// The values of each cluster, in ascending order.
    private static func byCluster(_ values: [Double], _ labels: [Int], clusters: Int) -> [[Double]] {
        var groups = Array(repeating: [Double](), count: clusters)
        for (value, label) in zip(values, labels) { groups[label].append(value) }
        return groups.map { $0.sorted() }
    }

    private static func mean(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        var sum = CompensatedSum()
        for value in values { sum.add(value) }
        return sum.value / Double(values.count)
    }

    private static func median(_ sorted: [Double]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }
}
