internal import ChurnModel

extension ReportPage {
    // MARK: Whom to contact

    var contactSection: Section {
        let gain = report.test.bands.gain.points
        func found(_ step: Int) -> String {
            ReportText.percent(gain.indices.contains(step) ? gain[step].estimate : .nan, decimals: 0)
        }
        var body = "<p>Suppose there is time to call only some of the customers, those with the highest scores first. "
        body +=
            "Calling a tenth reaches \(found(10)) of all churners, a quarter \(found(25)), half \(found(50)). Calling at "
        body += "random would reach as many as are called.</p>\n"
        body += pair(
            figure(
                gainPlot,
                title: "Churners reached by customers contacted",
                caption: "Gain curve with its 95 % band. The upper dashed line is what perfect knowledge would reach."
            ),
            figure(
                decilePlot,
                title: "Churn rate by tenth of the ranking",
                caption:
                    "Customers in ten groups from the highest scores to the lowest, and how many of each group left."
            )
        )
        return Section(id: "contact", name: "Whom to contact", title: "Whom to call first?", body: body)
    }

    private var gainPlot: String {
        var plot = Plot("Gain curve")
        plot.shareAxes(x: "customers contacted")
        plot.line([.init(x: 0, y: 0), .init(x: 1, y: 1)], "chance")
        plot.line([.init(x: 0, y: 0), .init(x: report.test.metrics.baseRate, y: 1), .init(x: 1, y: 1)], "chance")
        draw(report.test.bands.gain, in: &plot)
        return plot.svg
    }

    private var decilePlot: String {
        let rates = report.test.decileRates
        let base = report.test.metrics.baseRate
        var plot = Plot("Churn rate by tenth", x: 0...Double(max(1, rates.count)))
        plot.yAxis([0.0, 0.25, 0.5, 0.75, 1].map { ($0, ReportText.percent($0, decimals: 0)) })
        for (index, rate) in rates.enumerated() {
            let (left, right) = (plot.x(Double(index)) + 3, plot.x(Double(index + 1)) - 3)
            plot.box(
                x: left,
                y: plot.y(rate),
                width: right - left,
                height: plot.bottom - plot.y(rate),
                radius: 3,
                rate >= base ? "bar" : "bar-soft"
            )
            plot.text(
                ReportText.number(100 * rate, decimals: 0),
                x: (left + right) / 2,
                y: plot.y(rate) - 6,
                .middle,
                "label"
            )
            plot.text("\(index + 1)", x: (left + right) / 2, y: plot.bottom + 17, .middle)
        }
        plot.segment(x1: plot.left, y1: plot.y(base), x2: plot.right, y2: plot.y(base), "chance")
        plot.text(
            "base rate \(ReportText.percent(base))",
            x: plot.right,
            y: plot.y(base) - 6,
            .end,
            "label-faint"
        )
        plot.text(
            "tenth of the ranking, highest scores first",
            x: (plot.left + plot.right) / 2,
            y: 324,
            .middle,
            "axis"
        )
        return plot.svg
    }

    // MARK: The decision

    var decisionSection: Section {
        let confusion = report.test.confusion
        let named = confusion.truePositives + confusion.falsePositives
        let churned = confusion.truePositives + confusion.falseNegatives
        var body =
            "<p>A customer is named when the probability is \(ReportText.percent(report.model.threshold)) or more. "
        body += escaped(report.thresholdRule)
        if let chosen = report.thresholdConfusion {
            body += " There it found \(ReportText.percent(chosen.recall)) of the churners; on the test "
            body += "\(ReportText.percent(confusion.recall))."
        }
        body += "</p>\n"
        var text = "<p>Of \(ReportText.count(churned)) customers who left, the model names "
        text += "<strong>\(ReportText.count(confusion.truePositives))</strong> and misses "
        text +=
            "\(ReportText.count(confusion.falseNegatives)).</p>\n<p>Of \(ReportText.count(named)) customers it names, "
        text += "\(ReportText.count(confusion.falsePositives)) stay anyway: "
        text += "<strong>\(ReportText.number(100 * confusion.precision, decimals: 0)) of 100</strong> calls reach "
        text += "somebody who was leaving.</p>\n"
        var table = MarkupTable([.text("At the threshold"), .number("Test"), .number("95 % interval")])
        let figures = confusion.figures
        for (name, key) in [
            ("Recall", "recall"), ("Precision", "precision"), ("Accuracy", "accuracy"), ("F1", "f1"),
        ] {
            table.add([
                name, ReportText.number(figures[key] ?? .nan, decimals: 3),
                intervalText(report.test.intervals[key], decimals: 3),
            ])
        }
        body += pair(
            figure(mosaic, title: "Who was named, and who left"),
            "<div>\n\(text)\(table.text)</div>\n"
        )
        return Section(id: "decision", name: "Decision", title: "Where to draw the line?", body: body)
    }

    /// Columns as wide as the classes, split by the decision: areas are customers.
    private var mosaic: String {
        let confusion = report.test.confusion
        var plot = Plot("Decisions against what happened", height: 320, left: 0, right: 0, top: 26, bottom: 4)
        let total = Double(report.test.metrics.rowCount)
        let gap = 4.0
        let churners = Double(confusion.truePositives + confusion.falseNegatives)
        let split = plot.left + (plot.right - plot.left - gap) * churners / max(1, total)
        struct Column {
            var left: Double
            var right: Double
            var title: String
            var named: (count: Int, text: String, style: String)
            var others: (count: Int, text: String, style: String)
        }
        let columns = [
            Column(
                left: plot.left,
                right: split,
                title: "left",
                named: (confusion.truePositives, "found", "tile-warm"),
                others: (confusion.falseNegatives, "missed", "tile-hush")
            ),
            Column(
                left: split + gap,
                right: plot.right,
                title: "stayed",
                named: (confusion.falsePositives, "false alarm", "tile-hush"),
                others: (confusion.trueNegatives, "not named, stayed", "tile-cool")
            ),
        ]
        for column in columns {
            let all = Double(column.named.count + column.others.count)
            let centre = (column.left + column.right) / 2
            let border = plot.top + (plot.bottom - plot.top - gap) * Double(column.named.count) / max(1, all)
            plot.text("\(column.title): \(ReportText.count(Int(all)))", x: centre, y: 16, .middle, "label")
            for (part, top, bottom) in [
                (column.named, plot.top, border), (column.others, border + gap, plot.bottom),
            ] {
                plot.box(
                    x: column.left,
                    y: top,
                    width: column.right - column.left,
                    height: bottom - top,
                    radius: 6,
                    part.style
                )
                guard bottom - top > 44 else { continue }
                plot.text(ReportText.count(part.count), x: centre, y: (top + bottom) / 2 + 2, .middle, "big")
                plot.text(part.text, x: centre, y: (top + bottom) / 2 + 20, .middle)
            }
        }
        return plot.svg
    }

    // MARK: Inputs

    var inputsSection: Section {
        var body =
            "<p>The model adds up \(report.model.row.count) numbers about a customer. Each dot says how the odds "
        body +=
            "of leaving change when one of them is a usual step (a standard deviation) higher and the others stay the "
        body += "same: left of the line they fall, right of it they rise. Inputs that say nearly the same share their "
        body += "weight, so an effect near the line is no proof of a useless input.</p>\n"
        body += silenceRemark
        body += figure(
            forestPlot,
            title: "Odds ratio of one standard deviation more, with 95 % intervals",
            caption: TrainingReport.coefficientErrors
                + " The bars on the right are the AUC lost when the input’s values are dealt out at random among the "
                + "test customers."
        )
        return Section(
            id: "inputs",
            name: "What drives it",
            title: "What does it look at?",
            body: body + coefficientTable
        )
    }

    /// One dot of several correlated inputs invites a wrong story; this tells the right one.
    private var silenceRemark: String {
        let names = report.model.row.features
            .filter(FeatureWords.lastPurchase.contains).map { "“\(escaped(FeatureWords($0).label))”" }
        guard names.count > 1 else { return "" }
        let list = names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
        return "<p>\(list) all depend on how long ago a customer bought, and move together. None of their dots is the "
            + "effect of silence by itself: it is what the input adds once the others are known, and can point the other "
            + "way. Read them as one group: only their sum says what a silence means, and it differs from customer to "
            + "customer.</p>\n"
    }

    private var forestPlot: String {
        let rows = report.coefficients.dropFirst().sorted {
            ($0.coefficient.magnitude, $1.input) > ($1.coefficient.magnitude, $0.input)
        }
        let limits = rows.compactMap(\.oddsRatio).flatMap { [$0.lower, $0.upper] }
        // On the scale of log-odds, and symmetric: equal distances are equal effects.
        let reach = max(0.2, (limits.map { naturalLogarithm(max($0, 1e-6)).magnitude }.max() ?? 1) * 1.06)
        let step = 36.0
        var plot = Plot(
            "Odds ratios of the inputs",
            width: 900,
            height: 52 + step * Double(rows.count) + 30,
            x: -reach...reach,
            left: 250,
            right: 300,
            top: 20,
            bottom: 46
        )
        let ratios = [0.1, 0.2, 0.33, 0.5, 0.75, 1, 1.33, 2, 3, 5, 10].filter {
            naturalLogarithm($0).magnitude <= reach
        }
        plot.xAxis(
            ratios.map { (naturalLogarithm($0), ReportText.number($0, decimals: $0 == $0.rounded() ? 0 : 2)) },
            title: "odds of leaving, times",
            hasGrid: true
        )
        plot.segment(x1: plot.x(0), y1: plot.top, x2: plot.x(0), y2: plot.bottom, "rule")
        plot.text("odds ratio", x: 650, y: 14, .end, "axis")
        plot.text("95 % interval", x: 660, y: 14, .start, "axis")
        plot.text("AUC lost", x: 768, y: 14, .start, "axis")
        let most = max(1e-9, report.importance.map(\.areaLost).max() ?? 0)
        for (index, row) in rows.enumerated() {
            let y = plot.top + 20 + step * Double(index)
            let isUp = row.coefficient > 0
            plot.text(FeatureWords(row.input).label, x: 236, y: y + 4, .end, "label")
            if let ratio = row.oddsRatio {
                plot.segment(
                    x1: plot.x(naturalLogarithm(ratio.lower)),
                    y1: y,
                    x2: plot.x(naturalLogarithm(ratio.upper)),
                    y2: y,
                    isUp ? "up" : "down"
                )
                plot.text(ReportText.number(ratio.estimate, decimals: 2), x: 650, y: y + 4, .end, "label")
                plot.text("\(intervalText(ratio, decimals: 2))", x: 660, y: y + 4)
            }
            plot.circle(x: plot.x(row.coefficient), y: y, radius: 5, isUp ? "dot-up" : "dot-down")
            if let lost = report.importance.first(where: { $0.input == row.input })?.areaLost {
                let length = 84 * max(0, lost) / most
                plot.box(x: 768, y: y - 5, width: max(1, length), height: 10, radius: 3, "bar-soft")
                plot.text(ReportText.number(lost, decimals: 3), x: 774 + max(1, length), y: y + 4)
            }
        }
        return plot.svg
    }

    private var coefficientTable: String {
        var table = MarkupTable([
            .text("Input"), .text("Enters as"), .number("Coefficient"), .number("Error"), .number("Odds ratio"),
            .number("CV log-loss without"),
        ])
        for row in report.coefficients.dropFirst() {
            let words = FeatureWords(row.input)
            let input = report.model.row.inputs.first { $0.feature == row.input }
            let without = report.dropOne?.rows.first { $0.input == row.input }?.logLoss
            let change = without.flatMap { loss in report.dropOne.map { loss - $0.logLoss } }
            table.add([
                "\(escaped(words.label))<small>\(escaped(words.meaning))</small>",
                "<small>\(formula(row.input, input?.transform ?? .identity))</small>",
                ReportText.signed(row.coefficient, decimals: 4),
                row.standardError.map { ReportText.number($0, decimals: 4) } ?? "–",
                row.oddsRatio.map { ReportText.number($0.estimate, decimals: 3) } ?? "–",
                change.map { ReportText.signed($0, decimals: 5) } ?? "–",
            ])
        }
        return table.text
    }

    private func formula(_ feature: String, _ transform: Transform) -> String {
        let name = escaped(feature)
        return switch transform {
        case .identity: name
        case .log1p: "ln(1 + \(name))"
        case .log(let offset): "ln(\(offset) + \(name))"
        }
    }
}
