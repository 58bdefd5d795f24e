package import ChurnFeatures
package import ChurnModel

/// Why something was not fitted or measured. `description` is one line: what is wrong and the next step.
package enum TrainingError: Error, Equatable {
    // Data
    case wrongShape(what: String, expected: Int, found: Int)
    case noRows(of: String)
    case tooManyRows(found: Int)
    case tooManyInputs(found: Int)
    case duplicateInput(String)
    case unknownFeature(String)
    /// Inputs that need products, where no line has one. `inputs`: an input set or a model.
    case noProducts(inputs: String, features: [String])
    /// NaN, infinite or beyond `TrainingLimits.magnitude`. Rows count from 0.
    case unusableValue(row: Int, input: String, found: String)
    case unusableScore(row: Int, found: String)
    /// Every row has this label; there is nothing to tell apart.
    case oneClass(isChurn: Bool, rows: Int)

    // Settings
    case invalidSetting(name: String, expected: String, found: String)

    // Fitting
    case collinear(input: String)
    case separable(largestCoefficient: String)
    case notConverged(iterations: Int, gradient: String)

    // Snapshots
    case linesNotGrouped(customer: Int64)
    case facts(FactsError)
    case windowBeyondData(cutoff: String, neededUntil: String, dataUntil: String)
    case missingSnapshot(cutoff: String)
    /// Cutoff: nil where the table has none.
    case missingImport(customer: Int64, cutoff: String?)
    case noTrainingCutoff(for: String, horizonDays: Int)
    case overlappingTest(trainingCutoff: String, testCutoff: String, horizonDays: Int)

    // Judgement
    case leaks([LeakFinding])
    case model(ModelError)
}

extension TrainingError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .wrongShape(let what, let expected, let found):
            "\(what): expected \(expected) values, found \(found); every column, label and customer has one value a row"
        case .noRows(let what): "\(what): no rows; check the data and the cutoffs"
        case .tooManyRows(let found):
            "\(found) rows, at most \(TrainingLimits.rows) are possible; train on fewer cutoffs"
        case .tooManyInputs(let found): "\(found) inputs, at most \(TrainingLimits.inputs) are possible; choose fewer"
        case .duplicateInput(let name): "input \"\(name)\" is there twice; keep one"
        case .unknownFeature(let name): "there is no feature \"\(name)\"; name one of the schema's features"
        case .noProducts(let inputs, let features):
            "\(inputs) reads \(features.joined(separator: ", ")), and the transactions name no products; use inputs without "
                + "these (`churn train --inputs auto` leaves them out), or ingest files that have a column with the product"
        case .unusableValue(let row, let input, let found):
            "row \(row), input \"\(input)\" is \(found); every value must be a finite number of magnitude at most "
                + "\(TrainingLimits.magnitude): leave the row out or fill the value in"
        case .unusableScore(let row, let found):
            "the probability of row \(row) is \(found), expected a number from 0 to 1; check the model that made it"
        case .oneClass(let isChurn, let rows):
            "all \(rows) rows are \(isChurn ? "churned" : "not churned"); there is nothing to tell apart: "
                + "check the label, or choose other cutoffs"
        case .invalidSetting(let name, let expected, let found):
            "\(name) is \(found), expected \(expected); correct it"
        case .collinear(let input):
            "input \"\(input)\" is a linear combination of others, so the fit without a penalty has no single answer; "
                + "remove it or set a penalty above 0"
        case .separable(let coefficient):
            "the inputs separate the classes (perfectly, or but for rows on the border), so without a penalty the "
                + "coefficients grow without end (now \(coefficient)); set a penalty above 0, and look for a leak"
        case .notConverged(let iterations, let gradient):
            "after \(iterations) iterations the gradient is \(gradient); allow more, loosen the tolerance, or raise "
                + "the penalty"
        case .linesNotGrouped(let customer):
            "customer \(customer) came after a later one; give the lines with customers ascending"
        case .facts(let error): error.description
        case .windowBeyondData(let cutoff, let neededUntil, let dataUntil):
            "cutoff \(cutoff): its label needs the data until \(neededUntil), they end at \(dataUntil); choose an "
                + "earlier cutoff or a shorter horizon"
        case .missingSnapshot(let cutoff): "cutoff \(cutoff) was not collected; add it to the cutoffs"
        case .missingImport(let customer, let cutoff):
            "the imported columns have no row of customer \(customer)\(cutoff.map { " at cutoff \($0)" } ?? ""); give every "
                + "customer with a purchase before it one"
        case .noTrainingCutoff(let cutoff, let horizonDays):
            "no training cutoff lies \(horizonDays) days or more before \(cutoff); add earlier ones"
        case .overlappingTest(let training, let test, let horizonDays):
            "the label of training cutoff \(training) looks \(horizonDays) days ahead, beyond the test cutoff \(test); "
                + "leave it out"
        case .leaks(let findings):
            findings.map(\.description).joined(separator: "; ")
                + "; leave these inputs out, or allow each by name if you know better"
        case .model(let error): error.description
        }
    }
}
