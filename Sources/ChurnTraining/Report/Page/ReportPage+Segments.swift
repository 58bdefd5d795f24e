internal import ChurnFeatures

extension ReportPage {
    var segmentSection: Section? {
        guard let segments = report.segments else { return nil }
        var body =
            "<p>All customers with a purchase, in \(segments.profiles.count) groups by how long they have been silent, "
        body +=
            "how often they ordered and how much they spent. A group says what customers are like today; the score says "
        body += "what they will do. Neither is an input of the other.</p>\n"
        var table = MarkupTable([
            .text("Segment"), .text("Share"), .number("Customers"), .number("Days silent"), .number("Orders"),
            .number("Money, mean"), .number("Money, median"), .number("Silhouette"),
        ])
        for (index, profile) in segments.profiles.enumerated() {
            let share = ReportText.number(100 * profile.share, decimals: 0)
            table.add([
                "<strong>\(escaped(profile.name))</strong>",
                "<span class=\"meter\"><i style=\"width:\(Plot.coordinate(100 * profile.share))%\"></i></span>\(share) %",
                ReportText.count(profile.count), ReportText.number(profile.meanRecency, decimals: 1),
                ReportText.number(profile.meanFrequency, decimals: 1),
                ReportText.number(profile.meanMonetary, decimals: 0),
                ReportText.number(profile.medianMonetary, decimals: 0),
                segments.silhouettes.indices.contains(index)
                    ? ReportText.number(segments.silhouettes[index], decimals: 2) : "–",
            ])
        }
        body += table.text
        let mean = segments.silhouette.map { ReportText.number($0, decimals: 3) } ?? "–"
        body += pair(
            figure(
                countPlot(segments, "Inertia by number of segments", marked: segments.knee) { $0.inertia },
                title: "Elbow: what another segment gains",
                caption:
                    "Inertia, the squared distance of customers to the middle of their segment. The ring is the knee, "
                    + "\(segments.knee): after it another segment gains little."
            ),
            figure(
                countPlot(segments, "Silhouette by number of segments", marked: segments.profiles.count) {
                    $0.silhouette
                },
                title: "Silhouette: how clearly they part",
                caption: "1 is clear-cut, 0 is a border drawn through a crowd. The ring is what is used, "
                    + "\(segments.profiles.count) segments: \(mean)."
            )
        )
        return Section(id: "segments", name: "Segments", title: "What kinds of customers are there?", body: body)
    }

    private func countPlot(
        _ segments: TrainingReport.Segments,
        _ name: String,
        marked: Int,
        _ value: (SegmentCount) -> Double?
    ) -> String {
        let points = segments.counts.compactMap { count in
            value(count).map { Plot.Point(x: Double(count.segments), y: $0) }
        }
        guard let first = segments.counts.first, let last = segments.counts.last, let high = points.map(\.y).max(),
            high > 0
        else { return "" }
        var plot = Plot(
            name,
            height: 260,
            x: Double(first.segments)...Double(last.segments),
            y: 0...high * 1.08,
            left: 56,
            right: 18
        )
        let ticks = roundTicks(0...high, about: 5)
        plot.yAxis(ticks.values.map { ($0, ReportText.number($0, decimals: ticks.decimals)) })
        plot.xAxis(
            segments.counts.map { (Double($0.segments), "\($0.segments)") },
            title: "segments"
        )
        plot.line(points, "model")
        for point in points {
            let isMarked = Int(point.x) == marked
            plot.dot(point, radius: isMarked ? 6 : 4, isMarked ? "ring" : "dot")
        }
        return plot.svg
    }

    // MARK: Leaks

    var leakSection: Section {
        var body =
            "<p>The commonest way to a wonderful and worthless churn model is an input that already knows the answer. "
        body +=
            "Where label and features are cut from the same days, as in the prototype, anything that says <em>when</em> a "
        body += "customer bought gives the label away; such inputs are refused there. "
        body +=
            isForecast
            ? "Here the label begins where the features end, so they may be used: at the test they are good, not perfect. The "
                + "last column shows what the same inputs would reach in the prototype’s way of counting.</p>\n"
            : "What this model uses does not say when.</p>\n"
        var columns: [MarkupTable.Column] = [.text("Feature"), .text("Here"), .text("Where windows are shared")]
        if isForecast { columns.append(.number("AUC alone, test")) }
        columns.append(.number("AUC alone, shared"))
        var table = MarkupTable(columns)
        for row in report.leaks {
            let here = isForecast ? row.disjointWindow : row.sharedWindow
            let input = row.isInput ? "<span class=\"tag good\">input</span>" : "<span class=\"tag\">not used</span>"
            let refusal = "<span class=\"tag bad\">refused</span>"
            var cells = [
                "\(escaped(FeatureWords(row.feature).label))<small>\(escaped(row.feature)): \(escaped(row.reads))</small>",
                here == nil ? input : (row.isInput ? "<span class=\"tag bad\">allowed by name</span>" : refusal),
                row.sharedWindow == nil ? "<span class=\"tag\">may be used</span>" : refusal,
            ]
            if isForecast { cells.append(ReportText.number(row.areaAlone ?? .nan, decimals: 3)) }
            cells.append(ReportText.number(row.areaAloneShared ?? .nan, decimals: 3))
            table.add(cells)
        }
        return Section(id: "leaks", name: "Leaks", title: "Does it cheat?", body: body + table.text)
    }

    // MARK: How to read it

    var guideSection: Section {
        let metrics = report.test.metrics
        var entries: [(String, String)] = [
            (
                "A score is a probability",
                "60 % means: of a hundred customers like this one about sixty leave. It is no verdict on one person."
            ),
            (
                "AUC",
                "How often a churner is put before somebody who stays. It does not say whether the probabilities are right; "
                    + "the reliability diagram does. Compare it only at the same cutoff and base rate "
                    + "(\(ReportText.percent(metrics.baseRate)) here)."
            ),
            (
                "95 % intervals",
                "How far chance alone could move a figure: the test customers were drawn again "
                    + "\(ReportText.count(report.resamples)) times. They do not cover what another season, another price list or another shop would change."
            ),
            (
                "The threshold",
                "A trade. Lower, and more churners are found for more calls in vain; higher, the other way round. It was set "
                    + "before the test was looked at."
            ),
            (
                "Odds ratio",
                "0.5 means that the odds of leaving halve when the input is one usual step higher. It describes what goes "
                    + "together, not what causes what: making a customer order at another hour keeps nobody."
            ),
            (
                "Lift",
                "How many times more churners there are among the first customers of the ranking than among all. With a "
                    + "base rate of \(ReportText.percent(metrics.baseRate)) it can be "
                    + "\(ReportText.number(1 / metrics.baseRate, decimals: 2)) at most."
            ),
        ]
        if isForecast {
            entries.append(
                (
                    "When to worry",
                    "A sudden gain is more often a leak than a discovery. And when the base rate or the mean score drifts "
                        + "from what stands here, it is time to train again."
                )
            )
        }
        let text = entries.map { "<div><h3>\($0.0)</h3><p>\($0.1)</p></div>\n" }.joined()
        return Section(
            id: "guide",
            name: "How to read this",
            title: "How to read this",
            body: "<div class=\"guide\">\n\(text)</div>\n"
        )
    }
}
