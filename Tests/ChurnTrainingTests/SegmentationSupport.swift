import ChurnFeatures
import ChurnTraining
import Foundation
import TestSupport
import Testing

/// The 4,339 customers of the real data set, read once.
enum RealCustomers {
    static let values = Result { try read() }
    static let points = Result { try Segmentation.standardise(values.get()).points }

    private static func read() throws -> CustomerValues {
        var accumulators: [Int64: FactsAccumulator] = [:]
        for path in try Surroundings.transactions() {
            var reader = try TransactionReader(path: path)
            var isMore = true
            while isMore {
                isMore = try reader.readBatch(maxLines: 100_000) { line in
                    try accumulators[line.customer, default: FactsAccumulator(customer: line.customer)].add(line)
                }
            }
        }
        let facts = accumulators.values.compactMap { $0.finish() }.sorted { $0.customer < $1.customer }
        let last = facts.map(\.lastMinute).max() ?? 0
        var builder = FeatureTable.Builder(context: BuildContext(afterLastPurchase: last), generation: 1)
        for customer in facts { try builder.append(customer) }
        return try CustomerValues(builder.finish())
    }
}

/// `Tests/Fixtures/segmentation_reference.json`: made by scikit-learn 1.9.1.
struct SegmentationReference: Decodable {
    struct Clusters: Decodable {
        struct Profile: Decodable {
            var count: Int
            var Recency: Double
            var Frequency: Double
            var Monetary: Double
            var Monetary_median: Double?
        }

        var best_known_inertia: Double?
        var inertia_median: Double
        var silhouette_best: Double?
        var centroids_std_space: [[Double]]
        var profile: [Profile]
        var restarts2000: Restarts?
    }

    struct Restarts: Decodable {
        var best_inertia_2000: Double
        var silhouette: Double
    }

    struct Knee: Decodable {
        var k: Int
        var difference_curve: [Double]
    }

    var log1p_mean: [Double]
    var log1p_sd_population: [Double]
    var n: Int
    var k: [String: Clusters]
    var knee: Knee

    static let shared = Result {
        let path = Surroundings.path("Tests/Fixtures/segmentation_reference.json")
        return try JSONDecoder().decode(SegmentationReference.self, from: Data(contentsOf: URL(filePath: path)))
    }

    func clusters(_ k: Int) throws -> Clusters {
        try #require(self.k["\(k)"])
    }

    /// The best inertia anyone has seen.
    func inertia(_ k: Int) throws -> Double {
        let clusters = try clusters(k)
        return clusters.best_known_inertia ?? clusters.inertia_median
    }
}

extension SplitMix64 {
    mutating func normal() -> Double {
        (0..<12).reduce(-6.0) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
    }

    /// `count` points around `centers` places.
    mutating func blobs(_ count: Int, dimensions: Int, centers: Int) -> [[Double]] {
        let places = (0..<centers).map { _ in (0..<dimensions).map { _ in 4 * normal() } }
        return (0..<count).map { row in places[row % centers].map { $0 + normal() } }
    }
}

func matrix(_ rows: [[Double]]) throws -> PointMatrix {
    try PointMatrix(rowMajor: rows.flatMap(\.self), dimensions: rows.first?.count ?? 0)
}

/// The labels renamed by their first occurrence: equal for equal partitions.
func partition(_ labels: [Int]) -> [Int] {
    var names: [Int: Int] = [:]
    return labels.map { label in
        let name = names[label] ?? names.count
        names[label] = name
        return name
    }
}

func isClose(_ a: Double, _ b: Double, relative: Double = 0, absolute: Double = 0) -> Bool {
    (a - b).magnitude <= max(absolute, relative * max(a.magnitude, b.magnitude))
}

/// Lloyd's algorithm as a textbook has it: no bounds, no lanes.
func plainLloyd(_ rows: [[Double]], from start: [[Double]]) -> (centroids: [[Double]], labels: [Int], inertia: Double) {
    func squares(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } }
    var centroids = start
    var labels: [Int] = []
    while true {
        let next = rows.map { row in
            let distances = centroids.map { squares(row, $0) }
            return distances.indices.reduce(0) { distances[$1] < distances[$0] ? $1 : $0 }
        }
        if next == labels { break }
        labels = next
        for cluster in centroids.indices {
            let members = rows.indices.filter { labels[$0] == cluster }.map { rows[$0] }
            if members.isEmpty { continue }
            centroids[cluster] = start[0].indices.map { j in
                members.reduce(0) { $0 + $1[j] } / Double(members.count)
            }
        }
    }
    let inertia = zip(rows, labels).reduce(0) { $0 + squares($1.0, centroids[$1.1]) }
    return (centroids, labels, inertia)
}
