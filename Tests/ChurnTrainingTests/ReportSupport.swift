import ChurnModel
import ChurnTraining
import Foundation
import TestSupport

/// A report of the real data with few resamples, made once for all tests.
enum RealReport {
    static let temporal = Result { try make(threads: 1) }

    static func make(threads: Int) throws -> TrainingReport {
        let reference = try Reference.temporal.get()
        let snapshots = try RealData.snapshots.get()
        let proto = try TemporalProtocol(
            trainingCutoffs: reference.train_cutoffs.texts.map(day),
            testCutoff: day(reference.test_cutoff.text),
            candidates: [.t6, .t10],
            penalties: [10, 100],
            validation: CrossValidation(regression: LogisticRegression(threads: threads)),
            thresholdRule: .recall(0.85)
        )
        let selection = try proto.select(snapshots)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        let artefact = try proto.artefact(
            selection,
            test,
            ArtefactPapers(name: "m", version: 1, data: "a & b < c", fingerprint: "f", notes: ["<i>&"])
        )
        return try TrainingReport(
            proto,
            selection,
            test,
            artefact: artefact,
            snapshots: snapshots,
            following: reference.evaluation_over_cutoffs.fields.keys.map(day).sorted(),
            data: data,
            segments: try segments(threads: threads),
            effort: TrainingReport.Effort(resamples: 100, permutations: 3, threads: threads)
        )
    }

    static let data = TrainingReport.DataSummary(
        lines: 406_829,
        purchaseLines: 397_924,
        cancelLines: 8_905,
        customers: 4_372,
        purchasers: 4_339,
        purchaseInvoices: 18_536,
        revenueMilli: 8_911_407_904,
        firstMinute: day("2010-12-01") * 1_440 + 506,
        lastMinute: day("2011-12-09") * 1_440 + 770,
        fingerprint: "transactions:0"
    )

    static func seed() throws -> TrainingReport {
        let snapshot = try RealData.shared()
        let outcome = try SeedProtocol(regression: LogisticRegression(l2: 1)).run(snapshot)
        let artefact = try outcome.artefact(
            ArtefactPapers(name: "seed", version: 1, data: "d", fingerprint: "f"),
            threshold: 0.35,
            thresholdRule: "Fixed."
        )
        return try TrainingReport(
            outcome,
            artefact: artefact,
            snapshot: snapshot,
            data: data,
            segments: nil,
            effort: TrainingReport.Effort(resamples: 50, permutations: 2)
        )
    }

    private static func segments(threads: Int) throws -> TrainingReport.Segments {
        let snapshot = try RealData.shared()
        func column(_ name: String) -> [Double] { Array(snapshot.feature(name) ?? []) }
        let customers = try CustomerValues(
            recency: column("recency_24h"),
            frequency: column("Frequency"),
            monetary: column("Monetary")
        )
        let segmentation = try Segmentation(KMeans(clusters: 4, restarts: 5, threads: threads))
        return TrainingReport.Segments(
            try segmentation.fit(customers),
            try segmentation.compareCounts(of: customers, upTo: 5)
        )
    }
}
