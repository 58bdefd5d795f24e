import ChurnTraining
import Foundation
import TestSupport
import Testing

@Suite struct SegmentationCustomerTests {
    @Test("means and deviations of the reference")
    func standardised() throws {
        let reference = try SegmentationReference.shared.get()
        let (points, means, deviations) = try Segmentation.standardise(RealCustomers.values.get())
        #expect(points.count == 4_339)
        for column in 0..<3 {
            #expect(isClose(means[column], reference.log1p_mean[column], relative: 1e-12))
            #expect(isClose(deviations[column], reference.log1p_sd_population[column], relative: 1e-12))
        }
    }

    @Test("four segments: counts, profiles and names of the reference")
    func fourSegments() throws {
        let expected = try SegmentationReference.shared.get().clusters(4).profile
        let customers = try RealCustomers.values.get()
        let result = try Segmentation(KMeans(clusters: 4, threads: 2)).fit(customers)
        #expect(result.model.names == ["VIP loyal", "at risk", "active regular", "lost"])
        #expect(result.profiles.map(\.name) == result.model.names)
        for (found, wanted) in zip(result.profiles, expected) {
            #expect(found.count == wanted.count)
            #expect(isClose(found.share, Double(wanted.count) / 4_339, relative: 1e-15))
            #expect(isClose(found.meanRecency, wanted.Recency, relative: 1e-12))
            #expect(isClose(found.meanFrequency, wanted.Frequency, relative: 1e-12))
            #expect(isClose(found.meanMonetary, wanted.Monetary, relative: 1e-12))
            #expect(isClose(found.medianMonetary, try #require(wanted.Monetary_median), relative: 1e-12))
        }
        #expect(isClose(try #require(result.silhouette).mean, 0.33557390309959706, absolute: 1e-9))
    }

    @Test("segments of any number: by Monetary, with names that differ, assigned alike later", arguments: 1...12)
    func assigned(clusters: Int) throws {
        let customers = try RealCustomers.values.get()
        let result = try Segmentation(KMeans(clusters: clusters, restarts: 4, threads: 2)).fit(customers)
        let monetary = result.profiles.map(\.meanMonetary)
        #expect(monetary == monetary.sorted(by: >))
        #expect(Set(result.model.names).count == clusters)
        #expect(result.profiles.map(\.count).reduce(0, +) == customers.count)
        #expect(partition(result.segments) == partition(result.fit.labels))
        // Through the JSON that a store or a server reads.
        let decoded = try JSONDecoder().decode(SegmentModel.self, from: JSONEncoder().encode(result.model))
        #expect(decoded == result.model)
        let again = (0..<customers.count).map {
            decoded.assign(
                recency: customers.recency[$0],
                frequency: customers.frequency[$0],
                monetary: customers.monetary[$0]
            )
        }
        #expect(again == result.segments)
    }

    @Test("the knee of our own inertias is 3")
    func comparison() throws {
        let comparison = try Segmentation(KMeans(clusters: 1, restarts: 16, threads: 2))
            .compareCounts(of: RealCustomers.values.get())
        #expect(comparison.elbow.clusters == 3)
        #expect(comparison.counts.map(\.segments) == Array(1...10))
        #expect(comparison.counts[0].silhouette == nil)
        #expect(isClose(comparison.counts[0].inertia, 3 * 4_339, relative: 1e-12))
        #expect(isClose(try #require(comparison.counts[1].silhouette), 0.4326765879391302, absolute: 1e-9))
    }

    @Test("a feature that is the same for all is no obstacle")
    func constantFeature() throws {
        let customers = try CustomerValues(
            recency: [1, 2, 300, 310],
            frequency: [1, 1, 1, 1],
            monetary: [50, 60, 10, 11]
        )
        let result = try Segmentation(KMeans(clusters: 2)).fit(customers)
        #expect(result.segments == [0, 0, 1, 1])
        #expect(result.model.names == ["VIP loyal", "lost"])
        #expect(result.profiles[0].medianMonetary == 55)
        #expect(throws: SegmentationError.tooFewDistinctPoints(clusters: 2, distinct: 1)) {
            let same = try CustomerValues(recency: [3, 3], frequency: [1, 1], monetary: [9, 9])
            _ = try Segmentation(KMeans(clusters: 2)).fit(same)
        }
    }

    @Test("customers without a logarithm are refused", arguments: [Double.nan, .infinity, -1, -.infinity])
    func badCustomers(value: Double) throws {
        #expect(throws: SegmentationError.invalidValue(row: 1, column: 2, found: "\(value)")) {
            try CustomerValues(recency: [1, 2], frequency: [1, 2], monetary: [3, value])
        }
        let model = try oneSegment()
        #expect(model.assign(recency: value, frequency: 1, monetary: 1) == nil)
        #expect(model.assign(recency: 1, frequency: value, monetary: 1) == nil)
        #expect(model.assign(recency: 1, frequency: 1, monetary: value) == nil)
        #expect(model.assign(recency: 0, frequency: 0, monetary: -0.5) == 0)
    }

    @Test("segments that were still changing are refused")
    func notConverged() throws {
        let settings = try Segmentation(KMeans(clusters: 6, restarts: 1, maxIterations: 1))
        #expect(throws: SegmentationError.notConverged(iterations: 1)) { try settings.fit(RealCustomers.values.get()) }
    }

    @Test("no customers, or columns that differ, are refused")
    func shapes() {
        #expect(throws: SegmentationError.noPoints) {
            try CustomerValues(recency: [], frequency: [], monetary: [])
        }
        #expect(throws: SegmentationError.self) {
            try CustomerValues(recency: [1], frequency: [1, 2], monetary: [1])
        }
    }

    @Test("a customer between two segments goes to the first")
    func tie() throws {
        let model = try SegmentModel(
            means: [0, 0, 0],
            deviations: [1, 1, 1],
            centroids: [[0, 0, 1], [0, 0, -1]],
            names: ["a", "b"]
        )
        #expect(model.assign(recency: 0, frequency: 0, monetary: 0) == 0)
        #expect(model.assign(recency: 0, frequency: 0, monetary: -0.1) == 1)
    }

    private func oneSegment() throws -> SegmentModel {
        try SegmentModel(means: [0, 0, 0], deviations: [1, 1, 1], centroids: [[0, 0, 0]], names: ["all customers"])
    }
}

@Suite struct SegmentModelTests {
    struct Parts {
        var means = [1.0, 2, 3]
        var deviations = [1.0, 2, 3]
        var centroids = [[0.0, 1, 2], [3, 4, 5]]
        var names = ["one", "two"]

        func model() throws -> SegmentModel {
            try SegmentModel(means: means, deviations: deviations, centroids: centroids, names: names)
        }
    }

    @Test("models that contradict themselves are refused")
    func refusals() throws {
        _ = try Parts().model()
        let changes: [(inout Parts) -> Void] = [
            { $0.means = [1, 2] }, { $0.deviations = [1, 0, 1] }, { $0.deviations = [1, -1, 1] },
            { $0.means[0] = .nan }, { $0.centroids[1][2] = .infinity }, { $0.centroids[0] = [1, 2] },
            { $0.centroids = [] }, { $0.names = ["one"] }, { $0.names = ["one", "one"] }, { $0.names[0] = "" },
            { $0.names[0] = "a\nb" }, { $0.names[0] = String(repeating: "x", count: 65) },
            {
                $0.centroids = Array(repeating: [0, 0, 0], count: 256)
                $0.names = (0..<256).map { "\($0)" }
            },
        ]
        for (index, change) in changes.enumerated() {
            var parts = Parts()
            change(&parts)
            #expect(throws: SegmentationError.self, "change \(index)") { try parts.model() }
        }
    }

    @Test("JSON is checked as it is read")
    func decoding() throws {
        let text = """
            {"features":["recency_24h","Frequency","Monetary"],"log1p_means":[1,2,3],"log1p_deviations":[1,2,3],
            "centroids":[[0,1,2],[3,4,5]],"names":["one","two"]}
            """
        func decode(_ text: String) throws -> SegmentModel {
            try JSONDecoder().decode(SegmentModel.self, from: Data(text.utf8))
        }
        #expect(try decode(text) == Parts().model())
        for (old, new) in [
            ("recency_24h", "recency_days"), ("[1,2,3],\"log", "[1,2],\"log"), ("\"two\"", "\"one\""),
            ("[3,4,5]", "[3,4]"), ("\"names\"", "\"titles\""),
        ] {
            #expect(throws: DecodingError.self, "\(new)") {
                try decode(text.replacingOccurrences(of: old, with: new))
            }
        }
    }
}
