internal import ChurnBase
internal import ChurnModel
internal import ChurnTraining

/// What training and evaluating tell, for people and for programs.
enum TrainingText {
    static func object(_ result: TrainingRun.Result, folder: String) -> JSON {
        let model = result.artefact.model
        let test = result.report.test
        return .object([
            ("model", .string(model.selector)), ("folder", .string(folder)),
            ("input_set", .string(result.report.inputSet)),
            ("inputs", .array(model.row.features.map(JSON.string))), ("l2", .number(result.report.l2)),
            ("threshold", .number(model.threshold)), ("test", .figures(test.metrics.figures)),
            ("test_at_threshold", .figures(test.confusion.figures)),
            (
                "mean_roc_auc_over_cutoffs",
                .optional(result.report.following) { .number($0.model.areaUnderROC.estimate) }
            ),
        ])
    }

    static func text(_ result: TrainingRun.Result, folder: String) -> String {
        let report = result.report
        let model = result.artefact.model
        var text =
            "\(model.selector): \(report.inputSet), \(model.row.count) inputs, penalty \(shortText(report.l2)), "
        text += "\(groupedText(Int64(report.trainingRows))) rows of "
        text += "\(groupedText(Int64(report.trainingCustomers))) customers\n"
        switch report.kind {
        case .temporal(let cutoff, let days):
            text += "test cutoff \(cutoff), \(days) days ahead: \(population(report.test.metrics))\n\n"
        case .seed:
            text += "prototype's split, no forecast: \(population(report.test.metrics))\n\n"
        }
        text += measures(report)
        let confusion = report.test.confusion
        text += "\nthreshold \(roundedText(model.threshold, decimals: 4)): recall "
        text += "\(roundedText(confusion.recall, decimals: 3)), precision "
        text += "\(roundedText(confusion.precision, decimals: 3)); "
        text += "\(groupedText(Int64(confusion.truePositives))) found, "
        text += "\(groupedText(Int64(confusion.falseNegatives))) missed, "
        text += "\(groupedText(Int64(confusion.falsePositives))) named in vain\n"
        if let following = report.following { text += "\n" + cutoffs(following) }
        if report.candidates.count > 1 { text += "\n" + candidates(report) }
        return text + "\nwritten to \(folder): model.json, report.json, report.html\n"
    }

    private static func population(_ metrics: Metrics) -> String {
        "\(groupedText(Int64(metrics.rowCount))) customers, \(roundedText(100 * metrics.baseRate, decimals: 1)) % churned"
    }

    private static func measures(_ report: TrainingReport) -> String {
        let other = report.comparison.flatMap { $0.other == report.inputSet ? nil : $0 }
        var table = Table(
            [("measure", .left), ("test", .right), ("95 % interval", .right)]
                + (other == nil ? [] : [("prototype's inputs", .right)])
        )
        let figures = report.test.metrics.figures
        for (title, name) in [
            ("AUC", "roc_auc"), ("average precision", "average_precision"), ("log-loss", "log_loss"),
            ("Brier score", "brier"), ("calibration error", "ece_10_equal_width"),
            ("lift of the best tenth", "lift_at_10pct"),
        ] {
            guard let value = figures[name], let interval = report.test.intervals[name] else { continue }
            table.add(
                [
                    title, roundedText(value, decimals: 4),
                    "\(roundedText(interval.lower, decimals: 4)) to \(roundedText(interval.upper, decimals: 4))",
                ] + (other.map { [roundedText($0.metrics.figures[name] ?? .nan, decimals: 4)] } ?? [])
            )
        }
        return table.text()
    }

    /// The model's inputs and the prototype's, fitted anew at each cutoff to what was known by then.
    private static func cutoffs(_ following: TrainingReport.Following) -> String {
        var table = Table([
            ("cutoff", .left), ("training rows", .right), ("customers", .right), ("churned", .right), ("AUC", .right),
            ("log-loss", .right), ("prototype's AUC", .right),
        ])
        for cutoff in following.cutoffs {
            table.add([
                cutoff.cutoff, groupedText(Int64(cutoff.trainingRows)), groupedText(Int64(cutoff.rows)),
                roundedText(100 * cutoff.baseRate, decimals: 1) + " %",
                roundedText(cutoff.model.areaUnderROC, decimals: 4), roundedText(cutoff.model.logLoss, decimals: 4),
                roundedText(cutoff.prototype.areaUnderROC, decimals: 4),
            ])
        }
        table.add([
            "mean", "", "", "", roundedText(following.model.areaUnderROC.estimate, decimals: 4),
            roundedText(following.model.logLoss.estimate, decimals: 4),
            roundedText(following.prototype.areaUnderROC.estimate, decimals: 4),
        ])
        return table.text()
    }

    private static func candidates(_ report: TrainingReport) -> String {
        var table = Table([
            ("inputs", .left), ("number", .right), ("penalty", .right), ("CV AUC", .right), ("CV log-loss", .right),
            ("better by", .right), ("standard error", .right), ("", .left),
        ])
        for candidate in report.candidates {
            table.add([
                candidate.name, "\(candidate.inputs.count)", shortText(candidate.l2),
                roundedText(candidate.areaUnderROC, decimals: 4), roundedText(candidate.logLoss, decimals: 5),
                candidate.isBaseline ? "-" : roundedText(candidate.improvement, decimals: 5),
                candidate.isBaseline ? "-" : roundedText(candidate.standardError, decimals: 5),
                candidate.isChosen ? "chosen" : "",
            ])
        }
        return table.text()
    }
}
