import ChurnTraining
import Foundation
import TestSupport
import Testing

@Suite struct MetricsTests {
    /// Few distinct scores, so that ties are everywhere.
    private func tiedRows(seed: UInt64, rows: Int, scores: Int) throws -> ScoredRows {
        var random = SplitMix64(seed: seed)
        var labels = (0..<rows).map { _ in Bool.random(using: &random) }
        labels[0] = true
        labels[1] = false
        return try ScoredRows(
            probabilities: (0..<rows).map { _ in Double(Int.random(in: 0...scores, using: &random)) / Double(scores) },
            labels: labels,
            customers: (0..<rows).map { _ in Int64.random(in: 1...1_000_000, using: &random) }
        )
    }

    @Test("agree with the definitions spelled out, ties and all", arguments: 1...20)
    func definitions(seed: UInt64) throws {
        let rows = try tiedRows(seed: seed, rows: 5 + Int(seed) * 7, scores: seed % 2 == 0 ? 4 : 40)
        let metrics = Metrics(rows)
        let n = rows.rowCount
        let (p, y) = (rows.probabilities, rows.labels)
        let positives = (0..<n).filter { y[$0] }
        let negatives = (0..<n).filter { !y[$0] }

        var pairs = 0.0
        for i in positives {
            for j in negatives { pairs += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0 }
        }
        #expect(abs(metrics.areaUnderROC - pairs / Double(positives.count * negatives.count)) < 1e-12)

        var average = 0.0
        var trapezoids = 0.0
        var last = (recall: 0.0, precision: 1.0)
        for threshold in Set(p).sorted(by: >) {
            let confusion = Confusion(rows, threshold: threshold)
            average += (confusion.recall - last.recall) * confusion.precision
            trapezoids += (confusion.recall - last.recall) * (confusion.precision + last.precision) / 2
            last = (confusion.recall, confusion.precision)
        }
        #expect(abs(metrics.averagePrecision - average) < 1e-12)
        #expect(abs(metrics.areaUnderPR - trapezoids) < 1e-12)
        #expect(metrics.distinctScores == Set(p).count)

        let losses = (0..<n).map { row in
            let given = y[row] ? p[row] : 1 - p[row]
            return -log(max(0x1p-52, min(1 - 0x1p-52, given)))
        }
        #expect(abs(metrics.logLoss - losses.reduce(0, +) / Double(n)) < 1e-9)
        let misses = (0..<n).map { y[$0] ? 1 - p[$0] : p[$0] }
        let squares: Double = misses.reduce(0) { $0 + $1 * $1 }
        #expect(abs(metrics.brier - squares / Double(n)) < 1e-12)

        func calibration(_ bin: (Int) -> Int) -> Double {
            var error = 0.0
            for group in Dictionary(grouping: 0..<n, by: bin).values {
                let rate = Double(group.count { y[$0] }) / Double(group.count)
                let mean = group.reduce(0) { $0 + p[$1] } / Double(group.count)
                error += Double(group.count) / Double(n) * abs(rate - mean)
            }
            return error
        }
        let widthError = calibration { row in (0..<10).last { p[row] >= Double($0) / 10 } ?? 0 }
        #expect(abs(metrics.calibrationError - widthError) < 1e-12)
        let ranks = (0..<n).sorted { (p[$0], $0) < (p[$1], $1) }
        let rankOf = Dictionary(uniqueKeysWithValues: ranks.enumerated().map { ($1, $0) })
        let massError = calibration { (rankOf[$0] ?? 0) * 10 / n }
        #expect(abs(metrics.calibrationErrorEqualMass - massError) < 1e-12)

        let best = (0..<n).sorted { (p[$1], rows.customers[$0]) < (p[$0], rows.customers[$1]) }.prefix(max(1, n / 10))
        let lift = Double(best.count { y[$0] }) / Double(best.count) / rows.baseRate
        #expect(abs(metrics.liftAtTenPercent - lift) < 1e-12)
    }

    @Test("counting rows is the same as repeating them", arguments: 1...5)
    func counts(seed: UInt64) throws {
        let rows = try tiedRows(seed: seed, rows: 60, scores: 20)
        var random = SplitMix64(seed: seed + 100)
        var counts = (0..<60).map { _ in Int32.random(in: 0...3, using: &random) }
        counts[0] = 1
        counts[1] = 1
        let repeated = zip(0..<60, counts).flatMap { row, count in [Int](repeating: row, count: Int(count)) }
        let long = try ScoredRows(
            probabilities: repeated.map { rows.probabilities[$0] },
            labels: repeated.map { rows.labels[$0] },
            customers: repeated.map { rows.customers[$0] }
        )
        let (counted, expected) = (Metrics(rows, counts: counts).figures, Metrics(long).figures)
        for (name, value) in expected { #expect(abs((counted[name] ?? .nan) - value) < 1e-12, "\(name)") }
        #expect(Confusion(rows, threshold: 0.5, counts: counts) == Confusion(long, threshold: 0.5))
    }

    @Test("curves of a small case by hand")
    func curves() throws {
        let rows = try ScoredRows(
            probabilities: [0.9, 0.8, 0.8, 0.3, 0.1],
            labels: [true, true, false, false, false]
        )
        let roc = ROCCurve(rows)
        let third = 1.0 / 3
        let twoThirds = 2.0 / 3
        #expect(roc.points.map(\.truePositiveRate) == [0, 0.5, 1, 1, 1])
        #expect(roc.points.map(\.falsePositiveRate) == [0, 0, third, twoThirds, 1])
        #expect(roc.points.map(\.threshold) == [.infinity, 0.9, 0.8, 0.3, 0.1])
        #expect(roc.corners.map(\.threshold) == [.infinity, 0.9, 0.8, 0.1])
        let curve = PrecisionRecallCurve(rows)
        #expect(curve.points.map(\.recall) == [0, 0.5, 1, 1, 1])
        #expect(curve.points.map(\.precision) == [1, 1, twoThirds, 0.5, 0.4])
        let gain = Lift.gainCurve(rows)
        #expect(gain.map(\.contacted) == [0, 0.2, 0.6, 0.8, 1])
        #expect(gain.map(\.found) == [0, 0.5, 1, 1, 1])
        #expect(gain[1].lift == 2.5)
        #expect(try Lift.lift(rows, atShare: 0.4) == 2.5)
        #expect(Lift.rates(rows, groups: 5) == [1, 1, 0, 0, 0])
        #expect(throws: TrainingError.self) { try Lift.lift(rows, atShare: 0) }
    }

    @Test("reliability bins hold every row, at their borders too")
    func bins() throws {
        let scores = (0...100).map { Double($0) / 100 }
        let rows = try ScoredRows(probabilities: scores, labels: scores.map { $0 > 0.5 })
        let bins = Calibration.equalWidthBins(rows)
        #expect(bins.map(\.rowCount) == [10, 10, 10, 10, 10, 10, 10, 10, 10, 11])
        #expect(bins[0].rate == 0)
        #expect(bins[9].rate == 1)
        let mass = Calibration.equalMassBins(rows, count: 4)
        #expect(mass.map(\.rowCount) == [26, 25, 25, 25])
        #expect(mass[0].lower == 0 && mass[3].upper == 1)
        // The number below a border: ten times it may round to the border's bin.
        for border in 1...9 {
            let score = (Double(border) / 10).nextDown
            let pair = try ScoredRows(probabilities: [score, 1], labels: [false, true])
            #expect(Calibration.equalWidthBins(pair)[border - 1].rowCount == 1)
        }
        let few = try ScoredRows(probabilities: [0.05, 0.95], labels: [false, true])
        #expect(Calibration.equalWidthBins(few)[5].rate == nil)
        #expect(Calibration.equalMassBins(few).count == 2)
        #expect(abs(Calibration.error(Calibration.equalWidthBins(few)) - 0.05) < 1e-12)
    }

    @Test("refuses scores that are no probabilities, one class, and shapes", arguments: [-0.1, 1.1, .nan])
    func refusals(score: Double) {
        #expect(throws: TrainingError.unusableScore(row: 1, found: "\(score)")) {
            try ScoredRows(probabilities: [0.5, score], labels: [true, false])
        }
        #expect(throws: TrainingError.oneClass(isChurn: true, rows: 2)) {
            try ScoredRows(probabilities: [0.5, 0.6], labels: [true, true])
        }
        #expect(throws: TrainingError.wrongShape(what: "probabilities", expected: 2, found: 1)) {
            try ScoredRows(probabilities: [0.5], labels: [true, false])
        }
        #expect(throws: TrainingError.noRows(of: "scored rows")) { try ScoredRows(probabilities: [], labels: []) }
    }
}

@Suite struct ThresholdTests {
    private let rows = Result {
        try ScoredRows(
            probabilities: [0.9, 0.8, 0.8, 0.6, 0.3, 0.1],
            labels: [true, true, false, true, false, true]
        )
    }

    @Test(
        "the largest threshold that finds enough churners",
        arguments: [(0.01, 0.9), (0.25, 0.9), (0.26, 0.8), (0.5, 0.8), (0.75, 0.6), (0.76, 0.1), (1, 0.1)]
    )
    func recall(target: Double, expected: Double) throws {
        let choice = try ThresholdChoice(.recall(target), on: rows.get())
        #expect(choice.threshold == expected)
        #expect(choice.confusion.recall >= target)
    }

    @Test("the threshold of least cost is the best of all thresholds", arguments: 1...10)
    func cost(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let scores = (0..<50).map { _ in Double(Int.random(in: 0...20, using: &random)) / 20 }
        let rows = try ScoredRows(
            probabilities: scores,
            labels: scores.map { Double.random(in: 0...1, using: &random) < $0 }
        )
        for (miss, contact) in [(1.0, 1.0), (10, 1), (1, 10), (0, 1), (1, 0)] {
            let choice = try ThresholdChoice(.leastCost(miss: miss, contact: contact), on: rows)
            func cost(_ threshold: Double) -> Double {
                let c = Confusion(rows, threshold: threshold)
                return miss * Double(c.falseNegatives) + contact * Double(c.truePositives + c.falsePositives)
            }
            let best = (Set(scores).union([1])).map(cost).min() ?? .nan
            #expect(cost(choice.threshold) == best)
            #expect(abs((choice.costPerRow ?? .nan) - best / 50) < 1e-12)
        }
    }

    @Test("refuses targets and costs that mean nothing")
    func refusals() throws {
        let rows = try rows.get()
        for rule: ThresholdRule in [
            .recall(0), .recall(1.1), .recall(.nan), .leastCost(miss: 0, contact: 0), .leastCost(miss: -1, contact: 1),
            .leastCost(miss: .infinity, contact: 1),
        ] {
            #expect(throws: TrainingError.self) { try ThresholdChoice(rule, on: rows) }
        }
    }
}

@Suite struct BootstrapTests {
    private func testRows(_ inputs: InputSet = .t10) throws -> ScoredRows {
        let reference = try Reference.temporal.get()
        let proto = try TemporalProtocol(
            trainingCutoffs: reference.train_cutoffs.texts.map(day),
            testCutoff: day(reference.test_cutoff.text),
            validation: CrossValidation(regression: LogisticRegression())
        )
        return try proto.evaluate(inputs, l2: 100, over: [proto.testCutoff], RealData.snapshots.get())[0].scored
    }

    /// Other random numbers than the reference's, so the ends agree within the resampling error of 1,000 draws.
    @Test("intervals agree with the reference's")
    func intervals() throws {
        let expected = try Reference.temporal.get().recommended_T10.test_bootstrap95_1000
        let intervals = try Bootstrap(threads: 2).intervals(testRows(), threshold: 0.4465458704623242)
        let names = [
            "base": "base_rate", "auc": "roc_auc", "pr_auc": "average_precision", "lift10": "lift_at_10pct",
            "logloss": "log_loss", "brier": "brier", "ece": "ece_10_equal_width", "ece_mass": "ece_10_equal_mass",
            "mean_p": "mean_p", "precision": "precision", "accuracy": "accuracy",
        ]
        for (name, ours) in names {
            let interval = try #require(intervals[ours])
            let ends = expected[name].numbers
            let width = ends[1] - ends[0]
            #expect(abs(interval.lower - ends[0]) < 0.15 * width, "\(name)")
            #expect(abs(interval.upper - ends[1]) < 0.15 * width, "\(name)")
            #expect(interval.lower <= interval.upper)
        }
        #expect(abs((intervals["roc_auc"]?.estimate ?? 0) - 0.7503136145527208) < 1e-9)
    }

    @Test("the paired difference of two models is the reference's")
    func paired() throws {
        let expected = try Reference.temporal.get().paired_auc_T10_minus_seed3.numbers
        let difference = try Bootstrap(threads: 2).difference(testRows(), minus: testRows(.seed3)).areaUnderROC
        #expect(abs(difference.estimate - expected[0]) < 1e-9)
        #expect(abs(difference.lower - expected[1]) < 0.002)
        #expect(abs(difference.upper - expected[2]) < 0.002)
        #expect(throws: TrainingError.self) {
            try Bootstrap().difference(
                testRows(),
                minus: ScoredRows(probabilities: [0.5, 0.5], labels: [true, false])
            )
        }
    }

    @Test("any number of threads gives the same intervals; another seed gives others")
    func threads() throws {
        let rows = try testRows()
        let one = try Bootstrap(resamples: 50, seed: 3, threads: 1).intervals(rows)
        #expect(try Bootstrap(resamples: 50, seed: 3, threads: 3).intervals(rows) == one)
        #expect(try Bootstrap(resamples: 50, seed: 4).intervals(rows) != one)
    }

    @Test("over several cutoffs a customer's rows are drawn together")
    func clusters() throws {
        // The same rows at four cutoffs tell no more than at one.
        let rows = try testRows()
        let one = try Bootstrap(resamples: 100).means(over: [rows])
        let four = try Bootstrap(resamples: 100).means(over: [rows, rows, rows, rows])
        #expect(abs(one.areaUnderROC.lower - four.areaUnderROC.lower) < 1e-12)
        let other = try testRows(.seed3)
        let difference = try Bootstrap(resamples: 100).difference(over: [rows, rows], minus: [other, other])
        #expect(difference.areaUnderROC.lower > 0)
        #expect(throws: TrainingError.noRows(of: "list of cutoffs")) { try Bootstrap().means(over: []) }
    }

    @Test("rows with a single churner still have both classes in every resample")
    func rareClass() throws {
        let rows = try ScoredRows(
            probabilities: (0..<20).map { Double($0) / 20 },
            labels: (0..<20).map { $0 == 15 }
        )
        let intervals = try Bootstrap(resamples: 200).intervals(rows)
        #expect(intervals.values.allSatisfy { $0.lower.isFinite && $0.upper.isFinite })
    }
}
