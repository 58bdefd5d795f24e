internal import ChurnBase
internal import ChurnClient

/// Predictions as the program shows them.
enum PredictionText {
    static func object(_ prediction: Prediction) -> JSON {
        let names = prediction.featureNames
        var members: [(String, JSON)] = [
            customer(prediction),
            ("features", .object(zip(names, prediction.features).map { ($0, .number($1)) })),
            (
                "prediction",
                .object([
                    ("churn_probability", .number(prediction.probability)),
                    ("churn_prediction", .integer(prediction.isChurn ? 1 : 0)),
                    ("log_odds", .number(prediction.logOdds)), ("threshold", .number(prediction.threshold)),
                ])
            ),
            (
                "model",
                .object([("name", .string(prediction.model.name)), ("version", .string(prediction.model.version))])
            ),
            ("feature_time", .string(isoText(second: prediction.featureTime))),
        ]
        if !prediction.segment.isEmpty { members.append(("segment", .string(prediction.segment))) }
        if !prediction.contributions.isEmpty {
            members.append(("baseline", .number(prediction.baseline)))
            let parts = zip(names, prediction.contributions).map { ($0, JSON.number($1)) }
            members.append(("contributions", .object(parts)))
        }
        return .object(members)
    }

    /// A customer whose id is a text has another member, so that no reader takes one for the other.
    private static func customer(_ prediction: Prediction) -> (String, JSON) {
        guard prediction.customerID == 0 else { return ("customer_id", .integer(prediction.customerID)) }
        return ("customer", .string(prediction.customer ?? ""))
    }

    private static func name(_ prediction: Prediction) -> String {
        prediction.customerID == 0 ? (prediction.customer ?? "").oneLine : "\(prediction.customerID)"
    }

    /// A table with a row a customer, and with `contributions` one more for each of them.
    static func text(_ predictions: [Prediction], contributions: Bool) -> String {
        guard let first = predictions.first else { return "" }
        let hasSegments = predictions.contains { !$0.segment.isEmpty }
        var table = Table(
            [("customer", .right), ("churn", .right), ("decision", .left)]
                + (hasSegments ? [("segment", .left)] : [])
                + first.featureNames.map { ($0.oneLine, .right) }
        )
        for prediction in predictions {
            // All come of one model, unless the server changed it meanwhile.
            guard prediction.features.count == first.featureNames.count else { continue }
            table.add(
                [
                    name(prediction), percentText(prediction.probability),
                    prediction.isChurn ? "likely to leave" : "likely to stay",
                ]
                    + (hasSegments ? [prediction.segment.oneLine] : [])
                    + prediction.features.map { roundedText($0, decimals: 2) }
            )
        }
        var text = table.text()
        text += "\(first.model.name)@\(first.model.version), threshold \(percentText(first.threshold)), "
        text += "features as of \(timeText(second: first.featureTime))\n"
        guard contributions else { return text }
        for prediction in predictions { text += "\n" + contributionsText(prediction) }
        return text
    }

    private static func contributionsText(_ prediction: Prediction) -> String {
        var table = Table([("customer \(name(prediction))", .left), ("log-odds", .right), ("", .left)])
        table.add(["baseline", signedText(prediction.baseline), ""])
        for (name, value) in zip(prediction.featureNames, prediction.contributions) {
            let length = Int(min(30, (10 * value.magnitude).rounded()))
            table.add([name.oneLine, signedText(value), String(repeating: value < 0 ? "-" : "+", count: length)])
        }
        table.add(["sum", signedText(prediction.logOdds), ""])
        return table.text()
    }

    private static func percentText(_ share: Double) -> String { roundedText(100 * share, decimals: 1) + " %" }

    private static func signedText(_ value: Double) -> String {
        (value < 0 ? "" : "+") + roundedText(value, decimals: 3)
    }
}
