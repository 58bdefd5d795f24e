internal import ChurnModel

extension ReportPage {
    // MARK: Ranking

    var rankingSection: Section {
        let auc = report.test.metrics.areaUnderROC
        var body = "<p>Take one customer who left and one who stayed, at random: in "
        body +=
            "\(ReportText.number(100 * auc, decimals: 0)) of 100 such pairs the model gives the higher score to the one "
        body += "who left."
        if let comparison = report.comparison, report.inputSet != comparison.other {
            let difference = comparison.difference.areaUnderROC
            body += " The prototype’s three inputs, trained and tested the same way, reach "
            body += "\(ReportText.number(comparison.metrics.areaUnderROC, decimals: 3)): a difference of "
            body += "\(ReportText.signed(difference.estimate, decimals: 3)) (95 % interval "
            body += "\(intervalText(difference, decimals: 3, isSigned: true)))."
        }
        body += "</p>\n"
        body += pair(
            figure(
                rocPlot,
                title: "Churners found for false alarms raised",
                caption: "ROC curve with its 95 % band. The dashed line is guessing; the ring is the threshold in use."
            ),
            figure(
                precisionPlot,
                title: "How many of those named are churners",
                caption: "Precision over recall with its 95 % band. The dashed line is the base rate: naming everybody."
            )
        )
        return Section(
            id: "ranking",
            name: "Ranking",
            title: "Does it put the right customers first?",
            body: body + metricTable
        )
    }

    private var rocPlot: String {
        var plot = Plot("ROC curve")
        plot.shareAxes(x: "customers who stayed, named by mistake")
        plot.line([.init(x: 0, y: 0), .init(x: 1, y: 1)], "chance")
        draw(report.test.bands.roc, in: &plot)
        let confusion = report.test.confusion
        let stayed = confusion.falsePositives + confusion.trueNegatives
        let mark = Plot.Point(
            x: Double(confusion.falsePositives) / Double(max(1, stayed)),
            y: confusion.recall
        )
        plot.dot(mark, radius: 5, "ring")
        plot.label("threshold \(ReportText.percent(report.model.threshold))", at: mark, dx: 10, dy: 16)
        plot.label(
            "AUC \(ReportText.number(report.test.metrics.areaUnderROC, decimals: 3))",
            at: .init(x: 0.97, y: 0.07),
            .end,
            "label-model"
        )
        return plot.svg
    }

    private var precisionPlot: String {
        var plot = Plot("Precision over recall")
        plot.shareAxes(x: "churners found")
        let base = report.test.metrics.baseRate
        plot.line([.init(x: 0, y: base), .init(x: 1, y: base)], "chance")
        draw(report.test.bands.precisionRecall, in: &plot)
        let confusion = report.test.confusion
        let mark = Plot.Point(x: confusion.recall, y: confusion.precision)
        plot.dot(mark, radius: 5, "ring")
        plot.label("base rate \(ReportText.percent(base))", at: .init(x: 0.02, y: base), dy: 16, .start, "label-faint")
        plot.label(
            "average precision \(ReportText.number(report.test.metrics.averagePrecision, decimals: 3))",
            at: .init(x: 0.97, y: 0.07),
            .end,
            "label-model"
        )
        return plot.svg
    }

    func draw(_ band: CurveBand, in plot: inout Plot) {
        plot.band(band.points.map { ($0.x, $0.lower, $0.upper) }, "wash")
        plot.line(band.points.map { .init(x: $0.x, y: $0.estimate) }, "model")
    }

    private var metricTable: String {
        let others = report.comparison.flatMap { $0.other == report.inputSet ? nil : $0 }
        var table = MarkupTable(
            [.text("Measure"), .number("Model"), .number("95 % interval")]
                + (others == nil ? [] : [.number("Prototype’s inputs")])
        )
        let rows: [(String, String, String, Int)] = [
            ("AUC", "roc_auc", "area under the ROC curve; higher is better", 4),
            ("Average precision", "average_precision", "of the precision and recall curve; higher is better", 4),
            ("Log-loss", "log_loss", "price of being sure and wrong; lower is better", 4),
            ("Brier score", "brier", "mean squared error of the probabilities; lower is better", 4),
            ("Calibration error", "ece_10_equal_width", "mean distance of probability and rate; lower is better", 4),
            ("Lift of the best tenth", "lift_at_10pct", "churn rate there over the base rate; higher is better", 2),
        ]
        let figures = report.test.metrics.figures
        let otherFigures = others?.metrics.figures ?? [:]
        for (name, key, note, decimals) in rows {
            table.add(
                [
                    "\(name)<small>\(note)</small>", ReportText.number(figures[key] ?? .nan, decimals: decimals),
                    intervalText(report.test.intervals[key], decimals: decimals),
                ] + (others == nil ? [] : [ReportText.number(otherFigures[key] ?? .nan, decimals: decimals)])
            )
        }
        return table.text
    }

    // MARK: Calibration

    var calibrationSection: Section {
        let metrics = report.test.metrics
        let gap = metrics.meanProbability - metrics.baseRate
        var body = "<p>On average the model said \(ReportText.percent(metrics.meanProbability)); "
        body += "\(ReportText.percent(metrics.baseRate)) left. "
        if gap.magnitude < 0.02 {
            body += "Over all customers the probabilities can be taken at their word."
        } else {
            body += "It was \(gap > 0 ? "too gloomy" : "too hopeful") by "
            body += "\(ReportText.number(100 * gap.magnitude, decimals: 1)) points"
            let learnt = Double(report.trainingPositives) / Double(max(1, report.trainingRows))
            body += "; of the rows it learnt from, \(ReportText.percent(learnt)) had churned."
            body += " The order of the customers is not touched by that; the size of the probabilities is."
        }
        body += "</p>\n"
        body += pair(
            figure(
                reliabilityPlot,
                title: "What was said, and what happened",
                caption:
                    "Ten groups of equally many customers by score, with 95 % intervals of the rate. On the dashed line "
                    + "probability and rate are the same; below it fewer left than was said."
            ),
            figure(
                scorePlot,
                title: "The scores that were given",
                caption: "Customers by score; the full colour are those who left. The line is the threshold."
            )
        )
        return Section(
            id: "calibration",
            name: "Probabilities",
            title: "Can its probabilities be believed?",
            body: body
        )
    }

    private var reliabilityPlot: String {
        var plot = Plot("Reliability diagram")
        plot.shareAxes(x: "probability given")
        plot.line([.init(x: 0, y: 0), .init(x: 1, y: 1)], "chance")
        var points: [Plot.Point] = []
        for bin in report.test.calibration {
            guard let mean = bin.meanProbability, let rate = bin.rate else { continue }
            let interval = wilson(positives: bin.positiveCount, rows: bin.rowCount)
            plot.line([.init(x: mean, y: interval.lower), .init(x: mean, y: interval.upper)], "model-thin")
            points.append(.init(x: mean, y: rate))
        }
        plot.line(points, "model")
        for point in points { plot.dot(point, radius: 4, "dot") }
        return plot.svg
    }

    /// Wilson's interval of a rate (1927), 95 %.
    private func wilson(positives: Int, rows: Int) -> (lower: Double, upper: Double) {
        let (n, z) = (Double(rows), CoefficientTable.normalQuantile)
        guard n > 0 else { return (0, 1) }
        let p = Double(positives) / n
        let centre = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return (max(0, centre - half), min(1, centre + half))
    }

    private var scorePlot: String {
        let bins = report.test.scoreCounts
        let most = Double(bins.map(\.rowCount).max() ?? 1)
        var plot = Plot("Customers by score", y: 0...max(1, most * 1.08))
        let ticks = roundTicks(0...most, about: 5)
        plot.yAxis(ticks.values.map { ($0, ReportText.number($0, decimals: 0)) })
        plot.xAxis(
            [0.0, 0.25, 0.5, 0.75, 1].map { ($0, ReportText.percent($0, decimals: 0)) },
            title: "probability given"
        )
        for bin in bins where bin.rowCount > 0 {
            let (left, right) = (plot.x(bin.lower) + 1, plot.x(bin.upper) - 1)
            let top = plot.y(Double(bin.rowCount))
            plot.box(x: left, y: top, width: right - left, height: plot.bottom - top, radius: 2, "bar-soft")
            let churned = plot.y(Double(bin.positiveCount))
            plot.box(x: left, y: churned, width: right - left, height: plot.bottom - churned, radius: 2, "bar")
        }
        let threshold = report.model.threshold
        plot.segment(
            x1: plot.x(threshold),
            y1: plot.top,
            x2: plot.x(threshold),
            y2: plot.bottom,
            "rule"
        )
        let isRight = threshold > 0.6
        plot.text(
            "threshold \(ReportText.percent(threshold))",
            x: plot.x(threshold) + (isRight ? -7 : 7),
            y: plot.top + 10,
            isRight ? .end : .start,
            "label"
        )
        return plot.svg
    }
}
