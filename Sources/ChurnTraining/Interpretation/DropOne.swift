/// How much worse cross-validation gets without each input, fitted anew without it.
package struct DropOne: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package var input: String
        /// Of the out-of-fold scores without the input.
        package var areaUnderROC: Double
        package var logLoss: Double
    }

    /// Of the out-of-fold scores with all inputs.
    package let areaUnderROC: Double
    package let logLoss: Double
    /// In the order of the inputs.
    package let rows: [Row]

    /// - Throws: what fitting throws; `noRows` when there is only one input.
    package init(_ dataset: Dataset, l2: Double, validation: CrossValidation) throws(TrainingError) {
        func outOfFold(_ dataset: Dataset) throws(TrainingError) -> OutOfFold {
            // One penalty in, one out.
            try validation.scores(dataset, l2: [l2])[0]
        }
        let whole = try outOfFold(dataset)
        areaUnderROC = whole.areaUnderROC
        logLoss = whole.logLoss
        var rows: [Row] = []
        for (index, input) in dataset.inputs.enumerated() {
            let without = try outOfFold(dataset.dropping(input: index))
            rows.append(Row(input: input, areaUnderROC: without.areaUnderROC, logLoss: without.logLoss))
        }
        self.rows = rows
    }
}
