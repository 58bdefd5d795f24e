internal import ChurnBase
package import ChurnFeatures

/// A finished feature build.
package struct FeatureBuild: Equatable, Sendable {
    /// 1 for the first build of a store, then one more each.
    package var generation: Int64
    package var context: BuildContext
    /// Customers with a purchase in the history.
    package var customers: Int64
    /// `FactsHash` of the records.
    package var hash: UInt64
    /// Seconds since 1970-01-01 00:00 UTC by the clock of the machine that built.
    package var builtAtSeconds: Int64
    /// How often the build was segmented: with the generation it says whether a reader has what is newest.
    package var segmentation: Int64
    package var place: BuildPlace

    package init(
        generation: Int64,
        context: BuildContext,
        customers: Int64,
        hash: UInt64,
        builtAtSeconds: Int64,
        segmentation: Int64 = 0,
        place: BuildPlace = BuildPlace()
    ) {
        self.place = place
        self.segmentation = segmentation
        self.generation = generation
        self.context = context
        self.customers = customers
        self.hash = hash
        self.builtAtSeconds = builtAtSeconds
    }
}

extension FeatureBuild {
    /// Tells builds apart, and segmentations of one build, across stores. No two give different answers with the same.
    package var identity: UInt64 {
        var identity = StableHash()
        identity.combine(hash)
        identity.combine(generation)
        identity.combine(context.asOfMinute)
        identity.combine(context.lastPurchaseMinute)
        identity.combine(builtAtSeconds)
        identity.combine(segmentation)
        return identity.value
    }

    /// Whether it can be a build at all. Its moment lies within the days that facts can have, so that no reader's
    /// arithmetic on it can overflow. (A hash that does not parse shows when the features are loaded.)
    var isConsistent: Bool {
        let asOf = CivilTime.split(minute: context.asOfMinute)
        return asOf.minuteOfDay == 0 && Int32(exactly: asOf.day) != nil && generation > 0 && customers > 0
            && context.lastPurchaseMinute < context.asOfMinute
    }
}

/// Where a store keeps the records of a build. Made and read by the store that the build came from; opaque to all others.
package struct BuildPlace: Sendable {
    private let contents: (any Equatable & Sendable)?

    /// Of a store that has one place for all.
    package init() {
        contents = nil
    }

    init(_ contents: some Equatable & Sendable) {
        self.contents = contents
    }

    /// What the store put in; nil when it was another kind of store.
    func contents<Contents>(as type: Contents.Type) -> Contents? { contents as? Contents }
}

extension BuildPlace: Equatable {
    package static func == (left: BuildPlace, right: BuildPlace) -> Bool {
        func isEqual<Contents: Equatable>(_ contents: Contents) -> Bool { right.contents as? Contents == contents }
        guard let contents = left.contents else { return right.contents == nil }
        return isEqual(contents)
    }
}

/// One customer's facts and the build they belong to.
package struct CustomerRecord: Equatable, Sendable {
    package var build: FeatureBuild
    package var facts: CustomerFacts
    /// The name of the customer's segment; nil when it has none.
    package var segment: String?

    package init(build: FeatureBuild, facts: CustomerFacts, segment: String? = nil) {
        self.build = build
        self.facts = facts
        self.segment = segment
    }
}

/// What a store has of some customers.
package struct CustomerRecords: Equatable, Sendable {
    package var found: [CustomerRecord] = []
    /// The numbers of those whose record cannot be: the others are none the worse for it.
    package var damaged: [Int64] = []

    package init() {}
}

/// A segment for each customer of a build.
package struct SegmentAssignment: Equatable, Sendable {
    /// The build that was segmented.
    package var generation: Int64
    /// Distinct, not empty; at most `FeatureTable.segmentLimit`.
    package var names: [String]
    /// Of each customer, a position in `names`.
    package var segments: [(customer: Int64, segment: Int)]

    package init(generation: Int64, names: [String], segments: [(customer: Int64, segment: Int)]) {
        self.generation = generation
        self.names = names
        self.segments = segments
    }

    package static func == (left: SegmentAssignment, right: SegmentAssignment) -> Bool {
        left.generation == right.generation && left.names == right.names
            && left.segments.elementsEqual(right.segments, by: ==)
    }
}

/// What a feature build found.
package struct FeatureBuildReport: Equatable, Sendable {
    package var build: FeatureBuild
    package var purchaseLines: Int64
    /// Of these, the ones with an empty stock code, whose files have no column with the product.
    package var linesWithoutProduct: Int64
    package var cancelLines: Int64
    /// Distinct purchase invoices, counted customer by customer.
    package var purchaseInvoices: Int64
    /// In thousandths of the currency; the largest integer when it is more.
    package var revenueMilli: Int64
    /// Customers left out because their history has cancellations only.
    package var cancelOnlyCustomers: Int64
    /// Customers left out because their sums do not fit 64 bits. Their lines are counted nowhere else.
    package var leftOut: LeftOutCustomers
    /// Customers whose facts were taken over from the build before, since their lines were the same; 0 when everybody's
    /// had to be made, nil when that was not to be tried.
    package var takenOver: Int64?

    package init(
        build: FeatureBuild,
        purchaseLines: Int64,
        linesWithoutProduct: Int64,
        cancelLines: Int64,
        purchaseInvoices: Int64,
        revenueMilli: Int64,
        cancelOnlyCustomers: Int64,
        leftOut: LeftOutCustomers
    ) {
        self.build = build
        self.purchaseLines = purchaseLines
        self.linesWithoutProduct = linesWithoutProduct
        self.cancelLines = cancelLines
        self.purchaseInvoices = purchaseInvoices
        self.revenueMilli = revenueMilli
        self.cancelOnlyCustomers = cancelOnlyCustomers
        self.leftOut = leftOut
    }
}
