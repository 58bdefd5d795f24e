package import ChurnModel

/// The optimum that `LogisticRegression` found, with what intervals need.
package struct FittedLogistic: Equatable, Sendable {
    package let inputs: [String]
    /// `[C]`, of the training rows.
    package let means: [Double]
    /// `[C]`, population standard deviations, 1 for constant columns.
    package let scales: [Double]
    /// `[1 + C]`: the intercept, then the coefficients, in log-odds per standard deviation.
    let weights: [Double]
    /// λ of the fit.
    package let l2: Double
    /// Sum of the rows' log-losses plus the penalty.
    package let objective: Double
    /// Largest magnitude of an element of the objective's gradient.
    package let gradientNorm: Double
    /// Of the objective, `[n * n]` with n = 1 + C, row by row; only `i <= j` counts.
    let hessian: [Double]
    /// Newton steps.
    package let iterations: Int
    package let rowCount: Int
    package let positiveCount: Int

    package var intercept: Double { weights[0] }
    /// `[C]`, log-odds per standard deviation.
    package var coefficients: ArraySlice<Double> { weights[1...] }

    /// The fit as a model that can be scored and written.
    ///
    /// - Parameter definitions: how each input is made, in the order of `inputs`; identities when nil.
    /// - Throws: `wrongShape`; `model` when a number is beyond what a model may hold, or a name is none.
    package func model(
        name: String = "fit",
        version: Int = 1,
        definitions: [InputDefinition]? = nil,
        threshold: Double = 0.5
    ) throws(TrainingError) -> LogisticModel {
        if let definitions, definitions.count != inputs.count {
            throw .wrongShape(what: "definitions", expected: inputs.count, found: definitions.count)
        }
        let modelInputs = inputs.indices.map { index in
            ModelInput(
                definitions?[index] ?? InputDefinition(inputs[index]),
                LogisticTerm(mean: means[index], scale: scales[index], coefficient: weights[index + 1])
            )
        }
        do throws(ModelError) {
            return try LogisticModel(
                name: name,
                version: version,
                inputs: modelInputs,
                intercept: intercept,
                threshold: threshold
            )
        } catch {
            throw .model(error)
        }
    }

    /// Probabilities of a data set's rows, by the scorer that serves, on the baseline: what comes of training does not
    /// depend on the machine.
    ///
    /// - Throws: `wrongShape` when the inputs are not those of the fit.
    package func probabilities(_ dataset: Dataset) throws(TrainingError) -> [Double] {
        guard dataset.inputs == inputs else {
            throw .wrongShape(what: "inputs", expected: inputs.count, found: dataset.inputs.count)
        }
        return try Scorer(model(), level: .baseline).probabilities(dataset)
    }
}

extension Scorer {
    /// Probabilities of rows whose inputs are transformed already, in the order of the model's inputs.
    func probabilities(_ dataset: Dataset) -> [Double] {
        precondition(dataset.inputs.count == inputCount)
        return [Double](unsafeUninitializedCapacity: dataset.rowCount) { out, count in
            dataset.values.withUnsafeBufferPointer { values in
                guard let base = values.baseAddress, let out = out.baseAddress else { return }
                let columns = (0..<inputCount).map { base + $0 * dataset.rowCount }
                score(columns: columns, rows: dataset.rowCount, probabilities: out)
                count = dataset.rowCount
            }
        }
    }
}
