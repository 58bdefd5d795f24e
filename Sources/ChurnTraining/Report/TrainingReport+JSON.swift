internal import ChurnBase
internal import ChurnFeatures
internal import ChurnModel

extension TrainingReport {
    private static let format = "churn.training-report"
    private static let formatVersion = 1

    var contents: JSON {
        .object([
            ("format", .string(Self.format)),
            ("format_version", .integer(Self.formatVersion)),
            ("model", modelJSON),
            ("protocol", kindJSON),
            ("data", dataJSON),
            ("training", trainingJSON),
            ("test", test.json),
            ("comparison", .optional(comparison, \.json)),
            ("cutoffs", .optional(following, \.json)),
            ("candidates", .array(candidates.map(\.json))),
            ("coefficient_errors", .string(Self.coefficientErrors)),
            ("coefficients", .array(coefficients.map(\.json))),
            ("permutation_importance", .array(importance.map(\.json))),
            ("drop_one", .optional(dropOne, \.json)),
            ("segments", .optional(segments, \.json)),
            ("leaks", .array(leaks.map(\.json))),
            ("resamples", .integer(resamples)),
            ("procedure", .string(procedure)),
            ("notes", .array(notes.map { .string($0) })),
        ])
    }

    private var modelJSON: JSON {
        let intercept =
            switch model {
            case .logistic(let model): model.intercept
            }
        return .object([
            ("name", .string(model.name)),
            ("version", .integer(model.version)),
            ("input_set", .string(inputSet)),
            ("inputs", .array(model.row.features.map(JSON.string))),
            ("l2", .number(l2)),
            ("intercept", .number(intercept)),
            ("threshold", .number(model.threshold)),
            ("threshold_rule", .string(thresholdRule)),
            ("threshold_chosen_at", .optional(thresholdConfusion) { .figures($0.figures) }),
        ])
    }

    private var kindJSON: JSON {
        switch kind {
        case .temporal(let testCutoff, let horizonDays):
            .row([
                ("name", .string("temporal")), ("test_cutoff", .string(testCutoff)),
                ("horizon_days", .integer(horizonDays)),
            ])
        case .seed(let recency):
            .row([("name", .string("seed")), ("recency_above_days", .integer(recency))])
        }
    }

    private var dataJSON: JSON {
        .object([
            ("lines", .integer(data.lines)), ("purchase_lines", .integer(data.purchaseLines)),
            ("cancel_lines", .integer(data.cancelLines)), ("customers", .integer(data.customers)),
            ("purchasers", .integer(data.purchasers)), ("purchase_invoices", .integer(data.purchaseInvoices)),
            ("revenue_milli", .integer(data.revenueMilli)),
            ("first", .string(CivilTime.format(minute: data.firstMinute))),
            ("last", .string(CivilTime.format(minute: data.lastMinute))),
            ("fingerprint", .string(data.fingerprint)),
        ])
    }

    private var trainingJSON: JSON {
        .object([
            ("rows", .integer(trainingRows)), ("positives", .integer(trainingPositives)),
            ("customers", .integer(trainingCustomers)),
            (
                "cutoffs",
                .array(
                    trainingCutoffs.map {
                        .row([
                            ("cutoff", .string($0.cutoff)), ("rows", .integer($0.rows)),
                            ("positives", .integer($0.positives)),
                        ])
                    }
                )
            ),
        ])
    }
}

extension Interval {
    fileprivate var json: JSON {
        .row([("estimate", .number(estimate)), ("lower", .number(lower)), ("upper", .number(upper))])
    }
}

extension Bootstrap.Pair {
    fileprivate var json: JSON { .object([("roc_auc", areaUnderROC.json), ("log_loss", logLoss.json)]) }
}

extension CurveBand {
    fileprivate func json(_ x: String, _ y: String) -> JSON {
        .array(
            points.map {
                .row([
                    (x, .number($0.x)), (y, .number($0.estimate)), ("lower", .number($0.lower)),
                    ("upper", .number($0.upper)),
                ])
            }
        )
    }
}

extension Calibration.Bin {
    fileprivate var json: JSON {
        .row([
            ("lower", .number(lower)), ("upper", .number(upper)), ("rows", .integer(rowCount)),
            ("positives", .integer(positiveCount)), ("mean_p", .optional(meanProbability) { .number($0) }),
            ("rate", .optional(rate) { .number($0) }),
        ])
    }
}

extension TrainingReport.Evaluation {
    fileprivate var json: JSON {
        .object([
            ("metrics", .figures(metrics.figures)),
            ("intervals_95", .object(intervals.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })),
            ("at_threshold", .figures(confusion.figures)),
            ("roc_curve", bands.roc.json("false_positive_rate", "true_positive_rate")),
            ("precision_recall_curve", bands.precisionRecall.json("recall", "precision")),
            ("gain_curve", bands.gain.json("contacted", "found")),
            ("reliability", .array(calibration.map(\.json))),
            ("score_counts", .array(scoreCounts.map(\.json))),
            ("decile_churn_rates", .array(decileRates.map { .number($0) })),
        ])
    }
}

extension TrainingReport.Comparison {
    fileprivate var json: JSON {
        .object([
            ("other", .string(other)), ("metrics", .figures(metrics.figures)), ("model_minus_other", difference.json),
        ])
    }
}

extension TrainingReport.Following {
    fileprivate var json: JSON {
        .object([
            (
                "evaluations",
                .array(
                    cutoffs.map {
                        .object([
                            ("cutoff", .string($0.cutoff)), ("training_rows", .integer($0.trainingRows)),
                            ("last_training_cutoff", .string($0.lastTrainingCutoff)),
                            ("model", .figures($0.model.figures)), ("seed3", .figures($0.prototype.figures)),
                        ])
                    }
                )
            ),
            ("mean_model", model.json), ("mean_seed3", prototype.json), ("mean_model_minus_seed3", difference.json),
        ])
    }
}

extension TrainingReport.Candidate {
    fileprivate var json: JSON {
        .object([
            ("name", .string(name)), ("inputs", .array(inputs.map { .string($0) })), ("l2", .number(l2)),
            ("log_loss", .number(logLoss)), ("roc_auc", .number(areaUnderROC)),
            ("improvement_on_baseline", .number(improvement)), ("standard_error", .number(standardError)),
            ("is_baseline", .bool(isBaseline)), ("is_chosen", .bool(isChosen)),
            (
                "penalties",
                .array(
                    trials.map {
                        .row([
                            ("l2", .number($0.l2)), ("log_loss", .number($0.logLoss)),
                            ("roc_auc", .number($0.areaUnderROC)),
                        ])
                    }
                )
            ),
        ])
    }
}

extension CoefficientTable.Row {
    fileprivate var json: JSON {
        .object([
            ("input", .string(input)), ("coefficient", .number(coefficient)),
            ("standard_error", .optional(standardError) { .number($0) }),
            ("odds_ratio", .optional(oddsRatio, \.json)),
        ])
    }
}

extension PermutationImportance.Row {
    fileprivate var json: JSON {
        .row([
            ("input", .string(input)), ("roc_auc_lost", .number(areaLost)),
            ("roc_auc_deviation", .number(areaDeviation)), ("log_loss_gained", .number(lossGained)),
            ("log_loss_deviation", .number(lossDeviation)),
        ])
    }
}

extension DropOne {
    fileprivate var json: JSON {
        .object([
            ("roc_auc", .number(areaUnderROC)), ("log_loss", .number(logLoss)),
            (
                "without",
                .array(
                    rows.map {
                        .row([
                            ("input", .string($0.input)), ("roc_auc", .number($0.areaUnderROC)),
                            ("log_loss", .number($0.logLoss)),
                        ])
                    }
                )
            ),
        ])
    }
}

extension TrainingReport.Segments {
    fileprivate var json: JSON {
        .object([
            ("k", .integer(profiles.count)), ("inertia", .number(inertia)),
            ("silhouette", .optional(silhouette) { .number($0) }), ("knee", .integer(knee)),
            (
                "profiles",
                .array(
                    profiles.enumerated().map { index, profile in
                        .row([
                            ("name", .string(profile.name)), ("customers", .integer(profile.count)),
                            ("share", .number(profile.share)), ("mean_recency", .number(profile.meanRecency)),
                            ("mean_frequency", .number(profile.meanFrequency)),
                            ("mean_monetary", .number(profile.meanMonetary)),
                            ("median_monetary", .number(profile.medianMonetary)),
                            (
                                "silhouette",
                                silhouettes.indices.contains(index) ? .number(silhouettes[index]) : .null
                            ),
                        ])
                    }
                )
            ),
            (
                "by_k",
                .array(
                    counts.map {
                        .row([
                            ("k", .integer($0.segments)), ("inertia", .number($0.inertia)),
                            ("silhouette", .optional($0.silhouette) { .number($0) }),
                        ])
                    }
                )
            ),
        ])
    }
}

extension TrainingReport.LeakRow {
    fileprivate var json: JSON {
        .object([
            ("feature", .string(feature)), ("is_input", .bool(isInput)), ("reads", .string(reads)),
            ("refused_in_a_shared_window", .optional(sharedWindow) { .string($0) }),
            ("refused_in_disjoint_windows", .optional(disjointWindow) { .string($0) }),
            ("roc_auc_alone_at_the_test", .optional(areaAlone) { .number($0) }),
            ("roc_auc_alone_in_a_shared_window", .optional(areaAloneShared) { .number($0) }),
        ])
    }
}
