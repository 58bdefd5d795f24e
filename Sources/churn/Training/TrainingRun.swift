internal import ChurnBase
internal import ChurnModel
internal import ChurnProtocol
internal import ChurnStore
internal import ChurnTraining

/// One training from the lines of a store to an artefact and its report.
struct TrainingRun {
    struct Settings {
        var name: String
        var version: Int
        var inputs: InputSet?
        /// `nil`: by cross-validation, or the prototype's.
        var penalty: Double?
        var recall: Double
        var horizonDays: Int
        var cutoffs: [Int64]?
        var testCutoff: Int64?
        /// A CSV file of columns that are added to every input set.
        var importPath: String?
        var allowedLeaks: Set<String>
        var threads: Int
    }

    struct Result {
        var artefact: ModelArtefact
        var report: TrainingReport
    }

    let store: any Store
    let settings: Settings

    private static let prototypePenalty = 1.0
    private static let prototypeThreshold = 0.35

    // MARK: A forecast

    func temporal(_ progress: inout ProgressLine) throws -> Result {
        let extent = try SnapshotReading.extent(of: store)
        let plan = try CutoffPlan(
            firstDay: extent.firstDay,
            lastDay: extent.lastDay,
            horizonDays: settings.horizonDays,
            training: settings.cutoffs,
            test: settings.testCutoff
        )
        let imported = try settings.importPath.map { try ImportReading.table(path: $0, isDated: true) }
        let collector = try SnapshotCollector(
            cutoffs: plan.allCutoffs,
            horizonDays: plan.horizonDays,
            sharedRecency: SeedProtocol.recencyLimit
        )
        // Before minutes of reading.
        try TemporalProtocol.check(trainingCutoffs: plan.training, testCutoff: plan.test, horizonDays: plan.horizonDays)
        let snapshots = try self.snapshots(collector, importing: imported, extent, &progress)
        let proto = try temporalProtocol(plan, hasProducts: snapshots.hasProducts, imported: imported?.names ?? [])
        progress.show { _ in "choosing inputs and penalty" }
        let selection = try proto.select(snapshots)
        let test = try proto.test(selection, on: proto.seal(snapshots), snapshots)
        let data = try summary(extent)
        let artefact = try proto.artefact(selection, test, papers(data))
        progress.show { _ in "measuring" }
        let report = try TrainingReport(
            proto,
            selection,
            test,
            artefact: artefact,
            snapshots: snapshots,
            following: plan.following,
            data: data,
            segments: try snapshots.shared.flatMap(segments),
            effort: TrainingReport.Effort(threads: settings.threads)
        )
        return Result(artefact: artefact, report: report)
    }

    /// - Parameter hasProducts: without them, the inputs to choose from are those that need none.
    private func temporalProtocol(
        _ plan: CutoffPlan,
        hasProducts: Bool,
        imported: [String]
    ) throws -> TemporalProtocol {
        func offered(_ set: InputSet) -> InputSet { (hasProducts ? set : set.withoutProducts).adding(imported) }
        let asked = settings.inputs?.adding(imported)
        return try TemporalProtocol(
            trainingCutoffs: plan.training,
            testCutoff: plan.test,
            horizonDays: plan.horizonDays,
            candidates: asked.map { [$0] } ?? InputSet.candidates.map(offered),
            baseline: asked ?? offered(.t10),
            penalties: settings.penalty.map { [$0] } ?? TemporalProtocol.usualPenalties,
            validation: CrossValidation(regression: LogisticRegression(threads: settings.threads)),
            thresholdRule: .recall(settings.recall),
            allowedLeaks: settings.allowedLeaks
        )
    }

    // MARK: The prototype's protocol

    func seed(_ progress: inout ProgressLine) throws -> Result {
        let extent = try SnapshotReading.extent(of: store)
        let imported = try settings.importPath.map { try ImportReading.table(path: $0, isDated: false) }
        let proto = try SeedProtocol(
            inputs: (settings.inputs ?? .seed3).adding(imported?.names ?? []),
            regression: LogisticRegression(
                l2: settings.penalty ?? Self.prototypePenalty,
                threads: settings.threads
            ),
            allowedLeaks: settings.allowedLeaks
        )
        let collector = try SnapshotCollector(
            horizonDays: settings.horizonDays,
            sharedRecency: SeedProtocol.recencyLimit
        )
        let snapshots = try self.snapshots(collector, importing: imported, extent, &progress)
        guard let snapshot = snapshots.shared else { throw TrainingError.noRows(of: "history") }
        let outcome = try proto.run(snapshot)
        let data = try summary(extent)
        let artefact = try outcome.artefact(
            papers(data),
            threshold: Self.prototypeThreshold,
            thresholdRule: "Fixed at 0.35, as in the prototype."
        )
        progress.show { _ in "measuring" }
        let report = try TrainingReport(
            outcome,
            artefact: artefact,
            snapshot: snapshot,
            data: data,
            segments: try segments(snapshot),
            effort: TrainingReport.Effort(threads: settings.threads)
        )
        return Result(artefact: artefact, report: report)
    }

    // MARK: Parts

    private func snapshots(
        _ collector: consuming SnapshotCollector,
        importing imported: ImportedTable?,
        _ extent: SnapshotReading.Extent,
        _ progress: inout ProgressLine
    ) throws -> SnapshotSet {
        let lines = extent.counts.lines
        let snapshots = try SnapshotReading.snapshots(of: store, collector, lines: lines, &progress)
        return try imported.map { try snapshots.importing($0) } ?? snapshots
    }

    /// Of everybody with a purchase, as of the end of the data.
    private func segments(_ snapshot: Snapshot) throws -> TrainingReport.Segments? {
        func column(_ name: String) -> [Double] { Array(snapshot.feature(name) ?? []) }
        let customers = try CustomerValues(
            recency: column("recency_24h"),
            frequency: column("Frequency"),
            monetary: column("Monetary")
        )
        let segmentation = try Segmentation(KMeans(clusters: KMeans.defaultClusters, threads: settings.threads))
        do throws(SegmentationError) {
            return TrainingReport.Segments(
                try segmentation.fit(customers),
                try segmentation.compareCounts(of: customers)
            )
        } catch .tooFewDistinctPoints, .noKnee {
            // A shop of a few customers has a forecast all the same.
            return nil
        }
    }

    private func summary(_ extent: SnapshotReading.Extent) throws -> TrainingReport.DataSummary {
        let counts = extent.counts
        return TrainingReport.DataSummary(
            lines: counts.lines,
            purchaseLines: counts.purchaseLines,
            cancelLines: counts.cancelLines,
            customers: counts.customers,
            purchasers: counts.purchasers,
            purchaseInvoices: counts.purchaseInvoices,
            revenueMilli: counts.revenueMilli,
            firstMinute: counts.firstMinute ?? 0,
            lastMinute: counts.lastMinute ?? 0,
            fingerprint: "transactions:" + hexadecimal(try store.transactionsHash())
        )
    }

    private func papers(_ data: TrainingReport.DataSummary) -> ArtefactPapers {
        ArtefactPapers(
            name: settings.name,
            version: settings.version,
            data: "\(groupedText(data.lines)) transaction lines of \(groupedText(data.customers)) customers, "
                + "\(isoText(minute: data.firstMinute)) to \(isoText(minute: data.lastMinute))",
            fingerprint: data.fingerprint,
            libraries: ["churn": ChurnVersion.current]
        )
    }
}
