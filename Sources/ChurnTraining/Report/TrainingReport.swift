internal import ChurnBase
package import ChurnModel

/// Everything that a report of one training shows, as values: no texts that a chart would have to take apart again.
///
/// Made from data and settings alone. When it was made, where and how long it took are not in it, so that the same
/// training gives the same bytes.
package struct TrainingReport: Equatable, Sendable {
    /// How label and features were cut.
    package enum Kind: Equatable, Sendable {
        /// Features from before the cutoff, label from the days after it.
        case temporal(testCutoff: String, horizonDays: Int)
        /// The prototype's: both from the whole history.
        case seed(recencyAbove: Int)
    }

    /// What was in the store.
    package struct DataSummary: Equatable, Sendable {
        package var lines: Int64
        package var purchaseLines: Int64
        package var cancelLines: Int64
        package var customers: Int64
        package var purchasers: Int64
        package var purchaseInvoices: Int64
        /// In thousandths of the currency.
        package var revenueMilli: Int64
        /// Of the first and the last line, in minutes since 1970-01-01.
        package var firstMinute: Int64
        package var lastMinute: Int64
        package var fingerprint: String

        package init(
            lines: Int64,
            purchaseLines: Int64,
            cancelLines: Int64,
            customers: Int64,
            purchasers: Int64,
            purchaseInvoices: Int64,
            revenueMilli: Int64,
            firstMinute: Int64,
            lastMinute: Int64,
            fingerprint: String
        ) {
            self.lines = lines
            self.purchaseLines = purchaseLines
            self.cancelLines = cancelLines
            self.customers = customers
            self.purchasers = purchasers
            self.purchaseInvoices = purchaseInvoices
            self.revenueMilli = revenueMilli
            self.firstMinute = firstMinute
            self.lastMinute = lastMinute
            self.fingerprint = fingerprint
        }
    }

    /// Customers of one training cutoff.
    package struct CutoffRows: Equatable, Sendable {
        package var cutoff: String
        package var rows: Int
        package var positives: Int
    }

    /// The model on rows it was not fitted to.
    package struct Evaluation: Equatable, Sendable {
        package var metrics: Metrics
        /// By the names of `Metrics.figures`, and of recall, precision, accuracy and f1 at the threshold.
        package var intervals: [String: Interval]
        package var confusion: Confusion
        package var bands: CurveBands
        /// Bins of equal numbers of rows.
        package var calibration: [Calibration.Bin]
        /// Rows by score, in 20 bins of equal width.
        package var scoreCounts: [Calibration.Bin]
        /// Churn rates of ten groups of equal numbers of rows, highest scores first.
        package var decileRates: [Double]

        init(_ rows: ScoredRows, threshold: Double, bootstrap: Bootstrap) {
            metrics = Metrics(rows)
            intervals = bootstrap.intervals(rows, threshold: threshold)
            confusion = Confusion(rows, threshold: threshold)
            bands = CurveBands(rows, bootstrap: bootstrap)
            calibration = Calibration.equalMassBins(rows)
            scoreCounts = Calibration.equalWidthBins(rows, count: 20)
            decileRates = Lift.rates(rows)
        }
    }

    /// The model against the prototype's three inputs, on the same rows.
    package struct Comparison: Equatable, Sendable {
        package var other: String
        package var metrics: Metrics
        /// The model minus the other: AUC above 0 and log-loss below 0 are better.
        package var difference: Bootstrap.Pair
    }

    /// One cutoff of several, the model fitted anew to what was known by then.
    package struct FollowedCutoff: Equatable, Sendable {
        package var cutoff: String
        package var rows: Int
        package var baseRate: Double
        package var trainingRows: Int
        package var lastTrainingCutoff: String
        package var model: Metrics
        package var prototype: Metrics
    }

    package struct Following: Equatable, Sendable {
        package var cutoffs: [FollowedCutoff]
        /// Means over the cutoffs.
        package var model: Bootstrap.Pair
        package var prototype: Bootstrap.Pair
        package var difference: Bootstrap.Pair
    }

    /// One input set that was in the race.
    package struct Candidate: Equatable, Sendable {
        package var name: String
        package var inputs: [String]
        package var trials: [TemporalProtocol.Candidate.Trial]
        package var l2: Double
        package var logLoss: Double
        package var areaUnderROC: Double
        /// Log-loss of the baseline minus this one's.
        package var improvement: Double
        package var standardError: Double
        package var isBaseline: Bool
        package var isChosen: Bool
    }

    package struct Segments: Equatable, Sendable {
        package var profiles: [SegmentProfile]
        package var silhouette: Double?
        package var silhouettes: [Double]
        package var inertia: Double
        package var counts: [SegmentCount]
        package var knee: Int

        package init(_ segmented: SegmentedCustomers, _ comparison: SegmentCountComparison) {
            profiles = segmented.profiles
            silhouette = segmented.silhouette?.mean
            silhouettes = segmented.silhouette?.clusterMeans ?? []
            inertia = segmented.fit.inertia
            counts = comparison.counts
            knee = comparison.elbow.clusters
        }
    }

    /// What the guard says of one feature of the schema.
    package struct LeakRow: Equatable, Sendable {
        package var feature: String
        package var isInput: Bool
        package var reads: String
        /// Why it would be refused where label and features share a window; nil when it would not.
        package var sharedWindow: String?
        /// The same where the windows are disjoint.
        package var disjointWindow: String?
        /// Area under the ROC curve of the feature alone on the rows of the test, in the better direction.
        package var areaAlone: Double?
        /// The same where label and features share a window; near 1 the feature is the label.
        package var areaAloneShared: Double?
    }

    package var kind: Kind
    package var model: Model
    package var inputSet: String
    package var l2: Double
    package var thresholdRule: String
    /// Of the rows that the threshold was chosen on; nil when it was given.
    package var thresholdConfusion: Confusion?
    package var data: DataSummary
    package var trainingRows: Int
    package var trainingPositives: Int
    package var trainingCustomers: Int
    package var trainingCutoffs: [CutoffRows]
    package var test: Evaluation
    package var comparison: Comparison?
    package var following: Following?
    package var candidates: [Candidate]
    package var coefficients: [CoefficientTable.Row]
    package var importance: [PermutationImportance.Row]
    package var dropOne: DropOne?
    package var segments: Segments?
    package var leaks: [LeakRow]
    /// How often the test customers were drawn again for intervals.
    package var resamples: Int
    package var procedure: String
    package var notes: [String]
}

extension TrainingReport {
    /// What the errors and intervals of the coefficients are, for whoever reads them.
    static let coefficientErrors =
        "Errors are clustered by customer (a sandwich estimate): a customer’s rows at several cutoffs are nearly the same "
        + "and are taken together, so intervals are wider than if every row were a new customer. They are 95 % intervals "
        + "about the penalised coefficients, for the inputs as chosen."

    /// `report.json`: all figures, in a fixed order.
    package var json: [UInt8] { contents.document }

    /// `report.html`: one page that needs nothing else.
    package var html: [UInt8] { Array(ReportPage(self).text.utf8) }
}
