internal import ArgumentParser
internal import ChurnBase
internal import ChurnFeatures
internal import ChurnStore
internal import ChurnTraining

struct Segment: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "segment",
        abstract: "Sort the customers of the last feature build into segments.",
        discussion: """
            k-means on recency, frequency and money, each as a standardised logarithm. The
            segments are named from their profiles and kept with the features, where
            predictions give them back; --dry-run keeps nothing.

            EXAMPLES
              churn segment
              churn segment --k 3 --dry-run --json
            """
    )

    @Option(name: .customLong("k"), help: ArgumentHelp("Segments, 1 to 255.", valueName: "count"))
    var count = KMeans.defaultClusters

    @Option(help: ArgumentHelp("Seed of the restarts.", valueName: "number"))
    var seed = KMeans.defaultSeed

    @Option(help: ArgumentHelp("Times that k-means starts anew.", valueName: "count"))
    var restarts = KMeans.defaultRestarts

    @Flag(help: "Only show them.")
    var dryRun = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var threads: ThreadOption
    @OptionGroup var configuration: ConfigurationOptions

    @Flag(help: "One JSON object.")
    var json = false

    func run() throws {
        let location = try store.location(try configuration.settings())
        let opened = try location.open(dryRun ? .read : .update)
        let table = try opened.loadFeatures()
        let segmentation = try Segmentation(
            KMeans(clusters: count, restarts: restarts, seed: seed, threads: threads.count)
        )
        let customers = try CustomerValues(table)
        let segmented = try segmentation.fit(customers)
        let comparison = try comparison(segmentation, customers)
        if !dryRun { try keep(segmented, of: table, in: opened) }
        try StandardStream.output.write(
            json ? object(segmented, comparison).text + "\n" : text(segmented, comparison, location)
        )
    }

    /// Nil where there are too few different customers to compare.
    private func comparison(
        _ segmentation: Segmentation,
        _ customers: CustomerValues
    ) throws(SegmentationError) -> SegmentCountComparison? {
        do throws(SegmentationError) {
            return try segmentation.compareCounts(of: customers)
        } catch .tooFewDistinctPoints, .noKnee {
            return nil
        }
    }

    private func keep(_ segmented: SegmentedCustomers, of table: FeatureTable, in store: any Store) throws(StoreError) {
        try store.setSegments(
            SegmentAssignment(
                generation: table.generation,
                names: segmented.model.names,
                segments: zip(table.customers, segmented.segments).map { ($0, $1) }
            )
        )
    }

    private func object(_ segmented: SegmentedCustomers, _ comparison: SegmentCountComparison?) -> JSON {
        let profiles = segmented.profiles.enumerated().map { index, profile in
            JSON.object([
                ("name", .string(profile.name)), ("customers", .integer(profile.count)),
                ("share", .number(profile.share)), ("mean_recency", .number(profile.meanRecency)),
                ("mean_frequency", .number(profile.meanFrequency)), ("mean_monetary", .number(profile.meanMonetary)),
                ("median_monetary", .number(profile.medianMonetary)),
                ("silhouette", .optional(segmented.silhouette) { .number($0.clusterMeans[index]) }),
            ])
        }
        let counts = (comparison?.counts ?? []).map { count in
            JSON.object([
                ("k", .integer(count.segments)), ("inertia", .number(count.inertia)),
                ("silhouette", .optional(count.silhouette, JSON.number)),
            ])
        }
        return .object([
            ("k", .integer(segmented.profiles.count)), ("customers", .integer(segmented.segments.count)),
            ("inertia", .number(segmented.fit.inertia)),
            ("silhouette", .optional(segmented.silhouette) { .number($0.mean) }), ("kept", .bool(!dryRun)),
            ("profiles", .array(profiles)), ("by_k", .array(counts)),
            ("knee", .optional(comparison) { .integer($0.elbow.clusters) }),
        ])
    }

    private func text(
        _ segmented: SegmentedCustomers,
        _ comparison: SegmentCountComparison?,
        _ location: StoreLocation
    ) -> String {
        var table = Table([
            ("segment", .left), ("customers", .right), ("share", .right), ("days silent", .right), ("orders", .right),
            ("money, mean", .right), ("median", .right), ("silhouette", .right),
        ])
        for (index, profile) in segmented.profiles.enumerated() {
            table.add([
                profile.name, groupedText(Int64(profile.count)), roundedText(100 * profile.share, decimals: 1) + " %",
                roundedText(profile.meanRecency, decimals: 1), roundedText(profile.meanFrequency, decimals: 1),
                roundedText(profile.meanMonetary, decimals: 0), roundedText(profile.medianMonetary, decimals: 0),
                segmented.silhouette.map { roundedText($0.clusterMeans[index], decimals: 3) } ?? "-",
            ])
        }
        var text = table.text()
        text += "inertia \(roundedText(segmented.fit.inertia, decimals: 4))"
        if let silhouette = segmented.silhouette { text += ", silhouette \(roundedText(silhouette.mean, decimals: 4))" }
        text += "\n"
        if let comparison {
            var counts = Table([("k", .right), ("inertia", .right), ("silhouette", .right), ("", .left)])
            for count in comparison.counts {
                counts.add([
                    "\(count.segments)", roundedText(count.inertia, decimals: 4),
                    count.silhouette.map { roundedText($0, decimals: 4) } ?? "-",
                    count.segments == comparison.elbow.clusters ? "knee" : "",
                ])
            }
            text += "\n" + counts.text()
        }
        return text + (dryRun ? "nothing was kept (--dry-run)\n" : "kept in \(location)\n")
    }
}
