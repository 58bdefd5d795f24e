internal import ChurnFeatures

extension ReportPage {
    // MARK: Over time

    var followingSection: Section? {
        guard let following = report.following, following.cutoffs.count > 1 else { return nil }
        let isOther = report.inputSet != InputSet.seed3.name
        var body =
            "<p>One test could be luck. So the same inputs were trained again and again, each time with what was "
        body += "known by then, and tested on \(following.cutoffs.count) cutoffs. Mean AUC: "
        body += "<strong>\(ReportText.number(following.model.areaUnderROC.estimate, decimals: 3))</strong> "
        body += "(\(intervalText(following.model.areaUnderROC, decimals: 3)))"
        if isOther {
            body += "; with the prototype’s inputs "
            body += "\(ReportText.number(following.prototype.areaUnderROC.estimate, decimals: 3)), a difference of "
            body += "\(ReportText.signed(following.difference.areaUnderROC.estimate, decimals: 3)) "
            body += "(\(intervalText(following.difference.areaUnderROC, decimals: 3, isSigned: true)))"
        }
        body += ".</p>\n"
        body += pair(
            figure(
                plot(following, "AUC by cutoff", \.areaUnderROC, isOther),
                title: "AUC by cutoff (higher is better)"
            ),
            figure(
                plot(following, "Log-loss by cutoff", \.logLoss, isOther),
                title: "Log-loss by cutoff (lower is better)"
            )
        )
        if isOther {
            body += "<p class=\"legend\"><span><i></i>this model’s inputs (\(escaped(report.inputSet)))</span>"
            body += "<span><i class=\"other\"></i>the prototype’s three inputs</span></p>\n"
        }
        return Section(
            id: "time",
            name: "Over time",
            title: "Would it have worked at other times?",
            body: body + table(following)
        )
    }

    private func plot(
        _ following: TrainingReport.Following,
        _ name: String,
        _ value: KeyPath<Metrics, Double>,
        _ isOther: Bool
    ) -> String {
        let days = following.cutoffs.compactMap { CivilTime.parseDay($0.cutoff).map(Double.init) }
        let ours = following.cutoffs.map { $0.model[keyPath: value] }
        let theirs = following.cutoffs.map { $0.prototype[keyPath: value] }
        let all = ours + (isOther ? theirs : [])
        guard days.count == ours.count, let first = days.first, let last = days.last, let low = all.min(),
            let high = all.max()
        else { return "" }
        let room = max(0.004, (high - low) * 0.18)
        let range = (low - room)...(high + room)
        var plot = Plot(name, height: 260, x: first...last, y: range, left: 52, right: 20)
        let ticks = roundTicks(range, about: 5)
        plot.yAxis(ticks.values.map { ($0, ReportText.number($0, decimals: max(2, ticks.decimals))) })
        let stride = max(1, (days.count + 3) / 4)
        plot.xAxis(
            days.enumerated().filter { $0.offset % stride == 0 }
                .map { ($0.element, shortDate(day: Int64($0.element))) },
            title: "cutoff"
        )
        if isOther {
            plot.line(zip(days, theirs).map { .init(x: $0, y: $1) }, "other")
            for (x, y) in zip(days, theirs) { plot.dot(.init(x: x, y: y), "dot-other") }
        }
        plot.line(zip(days, ours).map { .init(x: $0, y: $1) }, "model")
        for (x, y) in zip(days, ours) { plot.dot(.init(x: x, y: y), radius: 4, "dot") }
        return plot.svg
    }

    private func table(_ following: TrainingReport.Following) -> String {
        var table = MarkupTable([
            .text("Cutoff"), .text("Trained until"), .number("Customers"), .number("Left"), .number("AUC"),
            .number("Prototype’s"), .number("Log-loss"), .number("Prototype’s"),
        ])
        for cutoff in following.cutoffs {
            table.add([
                longDate(cutoff.cutoff), longDate(cutoff.lastTrainingCutoff), ReportText.count(cutoff.rows),
                ReportText.percent(cutoff.baseRate), ReportText.number(cutoff.model.areaUnderROC, decimals: 4),
                ReportText.number(cutoff.prototype.areaUnderROC, decimals: 4),
                ReportText.number(cutoff.model.logLoss, decimals: 4),
                ReportText.number(cutoff.prototype.logLoss, decimals: 4),
            ])
        }
        return table.text
    }

    // MARK: The choice

    var choiceSection: Section? {
        guard let chosen = report.candidates.first(where: \.isChosen) else { return nil }
        let baseline = report.candidates.first(where: \.isBaseline)?.name ?? ""
        var body = "<p>"
        if report.candidates.count > 1 {
            body +=
                "\(report.candidates.count) sets of inputs were compared by cross-validation on the training cutoffs "
            body +=
                "alone, all rows of a customer in the same fold. Another set has to beat \(escaped(baseline)) by more "
            body += "than one standard error. "
            body +=
                chosen.isBaseline
                ? "None did, so \(escaped(baseline)) it is." : "\(escaped(chosen.name)) did, and was chosen."
        } else {
            body +=
                "The inputs were given (\(escaped(chosen.name))); their penalty was chosen by cross-validation on the "
            body += "training cutoffs, all rows of a customer in the same fold."
        }
        body += " The test was opened once, after that.</p>\n"
        var table = MarkupTable([
            .text("Inputs"), .number("Number"), .number("Penalty"), .number("CV AUC"), .number("CV log-loss"),
            .number("Better than \(baseline) by"), .number("Standard error"),
        ])
        for candidate in report.candidates {
            table.add(
                [
                    escaped(candidate.name) + (candidate.isChosen ? " ✓" : ""), "\(candidate.inputs.count)",
                    ReportText.number(candidate.l2, decimals: candidate.l2 == candidate.l2.rounded() ? 0 : 2),
                    ReportText.number(candidate.areaUnderROC, decimals: 4),
                    ReportText.number(candidate.logLoss, decimals: 5),
                    candidate.isBaseline ? "–" : ReportText.signed(candidate.improvement, decimals: 5),
                    candidate.isBaseline ? "–" : ReportText.number(candidate.standardError, decimals: 5),
                ],
                isEmphasised: candidate.isChosen
            )
        }
        body += table.text
        if chosen.trials.count > 1 {
            body += figure(
                penaltyPlot(chosen),
                title: "Cross-validated log-loss by penalty, \(escaped(chosen.name))",
                caption:
                    "The strongest penalty within one standard error of the least loss is taken: the curve is flat "
                    + "there, and the simpler model is the safer one."
            )
        }
        return Section(id: "choice", name: "Choice", title: "How was it chosen?", body: body)
    }

    private func penaltyPlot(_ candidate: TrainingReport.Candidate) -> String {
        let trials = candidate.trials.filter { $0.l2 > 0 }.sorted { $0.l2 < $1.l2 }
        let points = trials.map { Plot.Point(x: naturalLogarithm($0.l2), y: $0.logLoss) }
        guard let first = points.first, let last = points.last, let low = points.map(\.y).min(),
            let high = points.map(\.y).max()
        else { return "" }
        let room = max(0.0002, (high - low) * 0.25)
        let range = (low - room)...(high + room)
        var plot = Plot(
            "Log-loss by penalty",
            width: 900,
            height: 220,
            x: first.x...last.x,
            y: range,
            left: 62,
            right: 30
        )
        let ticks = roundTicks(range, about: 4)
        plot.yAxis(ticks.values.map { ($0, ReportText.number($0, decimals: max(3, ticks.decimals))) })
        plot.xAxis(
            trials.map {
                (naturalLogarithm($0.l2), ReportText.number($0.l2, decimals: $0.l2 == $0.l2.rounded() ? 0 : 2))
            },
            title: "penalty λ"
        )
        plot.line(points, "model")
        for (trial, point) in zip(trials, points) {
            plot.dot(point, radius: trial.l2 == candidate.l2 ? 6 : 4, trial.l2 == candidate.l2 ? "ring" : "dot")
        }
        return plot.svg
    }
}
