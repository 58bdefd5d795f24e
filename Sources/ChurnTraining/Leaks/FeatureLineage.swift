/// Where a feature comes from: what a person declares once, so that no statistic has to guess it.
package struct FeatureLineage: Equatable, Sendable {
    package var name: String
    /// Features that it is made from; `FeatureLineages.label` where the label itself is one. Empty: made from the lines.
    package var parents: [String]
    /// Whether it reads where on the calendar events lie: a date, an age, a distance of days, a number that grows with
    /// time, or a count over a stretch of the calendar. How many, how much and at what hour of the day do not say it.
    package var readsCalendar: Bool
    /// Whether it reads lines at or after the cutoff, or cannot rule it out.
    package var readsAfterCutoff: Bool
    /// What it reads, for a message: "dates the last purchase".
    package var reads: String

    package init(
        name: String,
        parents: [String] = [],
        readsCalendar: Bool,
        readsAfterCutoff: Bool = false,
        reads: String
    ) {
        self.name = name
        self.parents = parents
        self.readsCalendar = readsCalendar
        self.readsAfterCutoff = readsAfterCutoff
        self.reads = reads
    }
}

/// The lineages of all features there are, by name.
package struct FeatureLineages: Equatable, Sendable {
    /// The name of the label as a parent.
    package static let label = "(label)"

    private var byName: [String: FeatureLineage] = [:]

    /// - Throws: `duplicateInput` for a name declared twice; `unknownFeature` for a parent that is not declared (before or
    ///   after its child).
    package init(_ lineages: [FeatureLineage]) throws(TrainingError) {
        try declare(lineages)
    }

    private init(unchecked lineages: [FeatureLineage]) {
        for lineage in lineages { byName[lineage.name] = lineage }
    }

    /// Adds features.
    ///
    /// - Throws: as `init`.
    package mutating func declare(_ lineages: [FeatureLineage]) throws(TrainingError) {
        for lineage in lineages {
            guard byName[lineage.name] == nil, lineage.name != Self.label else { throw .duplicateInput(lineage.name) }
            byName[lineage.name] = lineage
        }
        for lineage in lineages {
            for parent in lineage.parents where parent != Self.label && byName[parent] == nil {
                throw .unknownFeature(parent)
            }
        }
    }

    /// Nil: nothing is known of it.
    package func lineage(of name: String) -> FeatureLineage? { byName[name] }

    /// The way from a feature to the nearest ancestor (itself first) that meets the condition: the names along it. Nil when
    /// there is none.
    func path(
        from name: String,
        to condition: (FeatureLineage) -> Bool
    ) -> [String]? {
        var paths = [[name]]
        var seen: Set<String> = [name]
        while !paths.isEmpty {
            let path = paths.removeFirst()
            guard let last = path.last, let lineage = byName[last] else { continue }
            if condition(lineage) { return path }
            for parent in lineage.parents where seen.insert(parent).inserted { paths.append(path + [parent]) }
        }
        return nil
    }

    /// Of `FeatureSchema.current`.
    package static let schema = FeatureLineages(unchecked: [
        FeatureLineage(name: "Frequency", readsCalendar: false, reads: "counts invoices"),
        FeatureLineage(name: "Monetary", readsCalendar: false, reads: "sums amounts"),
        FeatureLineage(
            name: "AvgOrderValue",
            parents: ["Monetary", "Frequency"],
            readsCalendar: false,
            reads: "divides sums"
        ),
        FeatureLineage(name: "recency_24h", readsCalendar: true, reads: "dates the last purchase"),
        FeatureLineage(name: "recency_days", readsCalendar: true, reads: "dates the last purchase"),
        FeatureLineage(
            name: "tenure_days",
            readsCalendar: true,
            reads: "dates the first purchase, which the last one follows"
        ),
        FeatureLineage(
            name: "purchase_days",
            readsCalendar: true,
            reads: "counts distinct days, which bounds the span from the first purchase to the last"
        ),
        FeatureLineage(
            name: "purchase_days_60d",
            readsCalendar: true,
            reads: "counts purchases of the last 60 days"
        ),
        FeatureLineage(
            name: "decayed_purchase_days_180d",
            readsCalendar: true,
            reads: "weighs purchase days by their age"
        ),
        FeatureLineage(name: "units", readsCalendar: false, reads: "sums quantities"),
        FeatureLineage(name: "max_quantity", readsCalendar: false, reads: "finds the largest quantity"),
        FeatureLineage(name: "distinct_products", readsCalendar: false, reads: "counts products"),
        FeatureLineage(
            name: "last_day_products",
            readsCalendar: false,
            reads: "counts products of the last purchase day, wherever that lies"
        ),
        FeatureLineage(name: "mean_hour", readsCalendar: false, reads: "averages hours of the day"),
        FeatureLineage(
            name: "gap_days",
            parents: ["tenure_days", "purchase_days"],
            readsCalendar: true,
            reads: "divides the span from the first purchase to the last"
        ),
        FeatureLineage(
            name: "gap_std_days",
            parents: ["gap_days"],
            readsCalendar: true,
            reads: "measures distances of days"
        ),
        FeatureLineage(
            name: "recency_gap_ratio",
            parents: ["recency_days", "gap_days"],
            readsCalendar: true,
            reads: "divides the age of the last purchase"
        ),
        FeatureLineage(name: "cancel_rate", parents: ["Frequency"], readsCalendar: false, reads: "divides counts"),
        FeatureLineage(name: "net_monetary", parents: ["Monetary"], readsCalendar: false, reads: "subtracts sums"),
        FeatureLineage(name: "net_units", parents: ["units"], readsCalendar: false, reads: "subtracts sums"),
    ])
}
